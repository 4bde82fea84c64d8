# Members that R torch has otherwise than PyTorch; dtypes, devices and others as R values.

test_that("dtypes, devices and their kin have R torch's classes, text and comparison", {
  expect_s3_class(torch_float(), "torch_dtype")
  expect_identical(as.character(torch_float32()), "Float")
  expect_identical(paste("to", torch_long()), "to Long")
  expect_identical(torch_bool()$.type(), "Bool")
  expect_output(print(torch_double()), "^torch_Double$")
  expect_true(torch_float() == torch_float32() && torch_float() == "float32")
  expect_false(torch_float() == torch_double())
  expect_error(torch_float() == NULL, "can't be compared with NULL")
  device <- torch_device("cuda", 1)
  expect_s3_class(device, "torch_device")
  expect_identical(as.character(device), "cuda:1")
  expect_output(print(device), "torch_device(type='cuda', index=1)", fixed = TRUE)
  expect_true(torch_device("cpu") == torch_tensor(1)$device)
  expect_s3_class(torch_strided(), "torch_layout")
  expect_s3_class(torch_contiguous_format(), "torch_memory_format")
  expect_s3_class(torch_per_tensor_affine(), "torch_qscheme")
  expect_true(is_torch_qscheme(torch_per_tensor_affine()))
  skip_if_not_installed("bit64")
  generator <- torch_generator()
  generator$set_current_seed(123L)
  expect_identical(as.character(generator$current_seed()), "123")
  expect_error(generator$set_current_seed("a"), "`seed` must be one whole number")
})

test_that("the shape of a tensor without dims is integer(0)", {
  expect_identical(torch_tensor(1)$sum()$shape, integer())
  expect_identical(torch_tensor(1)$sum()$size(), integer())
})

test_that("methods of R's torch are methods", {
  x <- torch_ones(2, 3, requires_grad = TRUE)
  expect_false((x * 2)$data()$requires_grad)
  expect_false(x$is_sparse() || x$is_quantized() || x$retains_grad())
  expect_identical(x$stride(), c(3, 1))
  expect_identical(x$stride(2), 1)
  place <- x$storage()$data_ptr()
  expect_type(place, "character")
  expect_identical(x$view(-1)$storage()$data_ptr(), place)
  expect_true(x$to(other = torch_tensor(1L))$dtype == torch_long())
  expect_true(x$to(torch_int())$dtype == torch_int())
  expect_true(x$to("cpu", torch_int())$dtype == torch_int())
  expect_error(x$to(torch_int(), other = x), "other: has dtype and device")
  expect_error(x$rename("a"), "no named tensors")
  expect_output(print((x * 2)$grad_fn), "^MulBackward0$")
  expect_false(withVisible((x * 2)$retain_grad())$visible)
  x$set_grad_(torch_zeros(2, 3))
  expect_identical(as.array(x$grad), matrix(0, 2, 3))
  expect_identical(as.complex(torch_tensor(1i)), 1i)
})

test_that("next_functions are the nodes that a node hands its gradient on to", {
  x <- torch_ones(c(2, 2), requires_grad = TRUE)
  node <- ((x + 2)^2 * x)$mean()$grad_fn
  expect_s3_class(node, "autograd_node")
  name <- function(nodes) vapply(nodes, function(node) capture.output(print(node)), "")
  product <- node$next_functions
  expect_identical(name(product), "MulBackward0")
  leaf <- "torch::autograd::AccumulateGrad"
  expect_identical(name(product[[1]]$next_functions), c("PowBackward0", leaf))
  power <- product[[1]]$next_functions[[1]]
  expect_identical(name(power$next_functions), "AddBackward0")
  leaf <- power$next_functions[[1]]$next_functions[[1]]
  expect_identical(leaf$next_functions, list())
  # What asks for no gradient has no node.
  expect_null((x * torch_ones(2))$grad_fn$next_functions[[2]])
  expect_identical(node$name(), "MeanBackward0")
})

test_that("a hook that gives no tensor changes nothing", {
  x <- torch_tensor(2, requires_grad = TRUE)
  x$register_hook(function(gradient) "seen")
  (x * 3)$backward()
  expect_identical(as.array(x$grad), 3)
})

test_that("bytes become a tensor and come back", {
  bytes <- buffer_from_torch_tensor(torch_tensor(c(1, 2)))
  expect_identical(bytes, writeBin(c(1, 2), raw(), size = 4L))
  expect_identical(as.array(torch_tensor_from_buffer(bytes, 2)), c(1, 2))
  numbers <- c(1, 2, 3, 4)
  shared <- torch_tensor_from_buffer(numbers, c(2, 2), "float64")
  expect_identical(as.array(shared), matrix(numbers, 2, byrow = TRUE))
  expect_error(torch_tensor_from_buffer(bytes, 3), "has 8 bytes, and the shape needs 12")
  expect_error(torch_tensor_from_buffer("a", 1), "`buffer` must be a raw vector or numbers")
})

test_that("PyTorch's warnings are R warnings, each time", {
  loss <- function() nnf_mse_loss(torch_ones(2), torch_ones(2, 1))
  expect_warning(loss(), "Using a target size", class = "UserWarning")
  expect_warning(loss(), "Using a target size")
})

test_that("messages count dims and positions from 1", {
  x <- torch_ones(2, 3)
  expect_error(x$sum(dim = 4), "range of [-2, 2], but got 4)", fixed = TRUE, class = "IndexError")
  expect_error(x[3, 1], "index 3 is out of bounds for dimension 1 with size 2")
  expect_error(x[1, 4], "index 4 is out of bounds for dimension 2 with size 3")
  expect_error(x + torch_ones(4), "at non-singleton dimension 2", class = "runtime_error")
  expect_error(
    torch_select(x, 1, 5), "index 5 out of range for tensor of size [2, 3] at dimension 1",
    fixed = TRUE
  )
  y <- torch_tensor(2, requires_grad = TRUE)
  y$register_hook(function(gradient) torch_tensor(1)$sum(dim = 4))
  expect_error((2 * y)$backward(), "range of [-1, 1], but got 4)", fixed = TRUE)
  expect_error(x$permute(c(2, 0)), "Indexing starts at 1 but found a 0.", fixed = TRUE)
  expect_error(nnf_cross_entropy(torch_ones(1, 3), 4L), "Target 4 is out of bounds")
  expect_error(torch_cat(list(x, torch_ones(3, 4)), 1), "except in dimension 1")
})

test_that("a data frame is no tensor", {
  expect_error(torch_tensor(mtcars), "as.matrix(data), or frame_tensors(data)", fixed = TRUE)
  expect_true(torch_tensor(NULL)$dtype == torch_bool())
})

test_that("the external pointer of a tensor is the tensor", {
  x <- torch_tensor(1:2)
  expect_identical(x$ptr, x)
  bare <- function(pointer) {
    all <- attributes(pointer)
    on.exit(attributes(pointer) <- all)
    attributes(pointer) <- NULL
    identical(pointer, methods::new("externalptr"))
  }
  expect_false(bare(x$ptr))
  expect_identical(as.array(x), 1:2)
  expect_true(bare(unserialize(serialize(x, NULL))$ptr))
})

test_that("slice has a dim from 1, and places from 0 to before the end, as in R's torch", {
  x <- torch_tensor(matrix(1:20, 4))
  all <- as.array(x)
  expect_identical(as.array(x$slice(1, 1, 3)), all[2:3, ])
  expect_identical(as.array(x$slice(2, 0, 3)), all[, 1:3])
  expect_identical(as.array(x$slice(1, 0, -1)), all[1:3, ])
  expect_identical(as.array(x$slice(dim = 2, start = 1, end = 5, step = 2)), all[, c(2, 4)])
  expect_identical(as.array(x$slice(2, -2)), all[, 4:5])
  expect_identical(as.array(x$slice(-1, NULL, 2)), all[, 1:2])
  expect_identical(as.array(x$slice()), all)
  x$slice(1, 0, 1)$zero_()
  expect_identical(as.array(x[1, ]), rep(0L, 5))
  expect_error(x$slice(0), "count from 1")
})

test_that("a device that is to be chosen is the CPU, as in R's torch", {
  x <- torch_tensor(1:2)
  expect_identical(x$to(device = "auto")$device$type, "cpu")
  expect_identical(nn_linear(1, 1)$to(device = "auto")$weight$device$type, "cpu")
  expect_error(x$to(device = "gpu"), "gpu")
  expect_identical(as.matrix(x, device = "cpu"), matrix(1:2))
  expect_error(as.matrix(x, devise = "cpu"), "devise")
})
