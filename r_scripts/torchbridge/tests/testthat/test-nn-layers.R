skip_without_python()

x32 <- function(x) as_torch_tensor(x, dtype = "float32")
long <- function(x) as_torch_tensor(x, dtype = "int64")

exported <- function() grep("^nn_", getNamespaceExports("torchbridge"), value = TRUE)

test_that("every layer and loss of torch.nn is there under R's name", {
  names <- py_import("torchbridge.rtorch.layers")$names()
  expect_gt(length(names), 130)
  expect_identical(setdiff(names(names), exported()), character())
  namespace <- asNamespace("torchbridge")
  written_in_r <- c("nn_aum_loss", "nn_contrib_sparsemax")
  for (name in setdiff(exported(), c("nn_Module", written_in_r))) {
    definition <- attr(namespace[[name]], "definition")
    is_newer <- is.null(names[[name]]) && pytorch_before("2.13")
    if (!is.null(definition) && !is_newer) expect_identical(names[[name]], definition$python)
  }
})

test_that("names are those R users of torch know", {
  known <- c(
    "nn_linear", "nn_conv2d", "nn_conv_transpose1d", "nn_batch_norm1d", "nn_lstm", "nn_gru_cell",
    "nn_relu", "nn_relu6", "nn_leaky_relu", "nn_prelu", "nn_rrelu", "nn_elu", "nn_selu", "nn_gelu",
    "nn_glu", "nn_silu", "nn_log_sigmoid", "nn_softmax2d", "nn_cross_entropy_loss", "nn_nll_loss",
    "nn_bce_loss", "nn_bce_with_logits_loss", "nn_mse_loss", "nn_l1_loss", "nn_smooth_l1_loss",
    "nn_kl_div_loss", "nn_ctc_loss", "nn_poisson_nll_loss", "nn_multilabel_margin_loss",
    "nn_multilabel_soft_margin_loss", "nn_multi_margin_loss", "nn_multihead_attention",
    "nn_adaptive_log_softmax_with_loss", "nn_lp_pool1d", "nn_fractional_max_pool2d",
    "nn_embedding_bag", "nn_group_norm", "nn_local_response_norm", "nn_zero_pad2d"
  )
  expect_identical(setdiff(known, exported()), character())
})

test_that("defaults are Python's", {
  expect_identical(formals(nn_leaky_relu)$negative_slope, 0.01)
  expect_identical(formals(nn_batch_norm1d)$eps, 1e-05)
  expect_identical(formals(nn_rrelu)$upper, quote(1 / 3))
  expect_identical(formals(nn_flatten), as.pairlist(alist(start_dim = 2, end_dim = -1)))
  loss <- formals(nn_cross_entropy_loss)
  expect_identical(names(loss)[1:3], c("weight", "ignore_index", "reduction"))
  expect_identical(names(formals(nn_lstm))[1:3], c("input_size", "hidden_size", "num_layers"))
})

test_that("whole doubles are ints, also in vectors and by place", {
  expect_identical(nn_linear(3, 2)$in_features, 3L)
  expect_identical(nn_conv2d(1, 8, 3)$kernel_size, c(3L, 3L))
  expect_identical(nn_conv2d(1, 8, c(3, 5), stride = 2)$kernel_size, c(3L, 5L))
  expect_identical(nn_layer_norm(c(4, 5))$normalized_shape, 4:5)
  expect_identical(nn_lstm(2, 3, num_layers = 2)$num_layers, 2L)
  expect_identical(nn_multihead_attention(8, 2)$num_heads, 2L)
  x <- x32(array(1, c(1, 1, 5, 9)))
  expect_identical(dim(nn_adaptive_avg_pool2d(c(NA, 7))(x)), c(1L, 1L, 5L, 7L))
  expect_identical(nn_leaky_relu(1)$negative_slope, 1)
  expect_identical(nn_conv1d(1, 1, 3, padding = "same")$padding, "same")
})

test_that("what R's torch has not got goes through `...`, by name, its beginning or place", {
  expect_named(formals(nn_linear), c("in_features", "out_features", "bias", "..."))
  is_double <- function(layer) expect_true(layer$weight$dtype == torch_float64())
  is_double(nn_linear(3, 2, dtype = "float64"))
  is_double(nn_linear(3, 2, dt = "float64"))
  is_double(nn_linear(3, 2, TRUE, "cpu", "float64"))
  is_double(nn_linear(3, 2, TRUE, !!!list(dtype = "float64")))
  is_double((function(...) nn_linear(3, 2, ...))(dtype = "float64"))
  is_double(nn_module(inherit = nn_linear)(3, 2, dtype = "float64"))
  if (!pytorch_before("2.13")) expect_null(nn_batch_norm2d(3, bias = FALSE)$bias)
  expect_identical(nn_lstm(3, 4, proj_size = 2)$proj_size, 2L)
  expect_true(nn_hardswish(TRUE)$inplace)
  known <- "`in_features`, `out_features`, `bias`, `device`, `dtype`"
  expect_error(nn_linear(3, 2, bais = FALSE), paste0("argument \\(bais\\). There are ", known))
  expect_error(nn_linear(3, 2, TRUE, "cpu", "float64", 1), "argument \\(one without a name\\)")
  expect_error(nn_linear(3, 2, device = "cpu", device = "cpu"), "`device` is given twice")
})

test_that("dtype and device are names or Python's objects", {
  expect_match(nn_linear(1, 1, dtype = "float64")$weight$dtype$`__repr__`(), "float64")
  half <- py_import("torch")$float16
  expect_match(nn_linear(1, 1, dtype = half)$weight$dtype$`__repr__`(), "float16")
  expect_identical(nn_linear(1, 1, device = "meta")$weight$device$type, "meta")
})

test_that("bad arguments are named", {
  expect_error(nn_linear(2.5, 3), "`in_features` must be a whole number, not 2.5")
  expect_error(nn_linear(3), "`out_features` is missing")
  expect_error(nn_linear(3, 2, bais = FALSE), "unused argument")
  expect_error(nn_flatten(0), "`start_dim` counts dims from 1")
  expect_error(nn_linear(1, 1, dtype = "float33"), "float33")
  expect_error(nn_linear(1, 1, device = "nowhere"), "`device`")
  expect_error(nn_transformer_encoder(3, 2), "`encoder_layer` must be an nn_module")
  expect_identical(conditionCall(error_of(nn_linear(2.5, 3))), quote(nn_linear(2.5, 3)))
})

test_that("dims count from 1", {
  x <- x32(array(1:24, 2:4))
  expect_identical(dim(nn_flatten()(x)), c(2L, 12L))
  expect_identical(dim(nn_flatten(1)(x)), 24L)
  expect_identical(dim(nn_flatten(1, 2)(x)), c(6L, 4L))
  expect_identical(dim(nn_unflatten(3, c(2, 2))(x)), c(2L, 3L, 2L, 2L))
  y <- x32(matrix(1:6, 2))
  expect_equal(rowSums(as.array(nn_softmax(2)(y))), c(1, 1), tolerance = 1e-6)
  expect_equal(colSums(as.array(nn_softmax(dim = 1)(y))), c(1, 1, 1), tolerance = 1e-6)
  expect_equal(rowSums(exp(as.array(nn_log_softmax(-1)(y)))), c(1, 1), tolerance = 1e-6)
  expect_identical(dim(nn_cosine_similarity()(y, y)), 2L)
})

test_that("indices of embeddings count from 1", {
  words <- nn_embedding(10, 3)
  rows <- function(i) as.array(words$weight)[i, , drop = FALSE]
  values <- function(x) as.array(x$detach())
  expect_identical(values(words(long(c(1, 10)))), rows(c(1, 10)))
  expect_identical(values(words(input = long(2))), rows(2))
  expect_identical(values(nn_sequential(words, nn_flatten())(long(c(1, 3)))), rows(c(1, 3)))
  expect_identical(values(nn_sequential(nn_sequential(words))(long(4))), rows(4))
  expect_error(words(long(11)), "indices go from 1")
  expect_error(words(long(0)), "indices go from 1")
  expect_identical(as.array(nn_embedding(3, 2, padding_idx = 2)$weight)[2, ], c(0, 0))
  expect_identical(as.array(nn_embedding(3, 2, padding_idx = -1)$weight)[3, ], c(0, 0))
  expect_error(nn_embedding(3, 2, padding_idx = 0), "`padding_idx` counts from 1")
  bag <- nn_embedding_bag(5, 2, mode = "sum")
  expect_equal(
    values(bag(long(c(1, 2, 5)), long(c(1, 3)))),
    rbind(colSums(as.array(bag$weight)[1:2, ]), as.array(bag$weight)[5, ]),
    tolerance = 1e-6
  )
  # In Python they count from 0.
  expect_identical(values(torch_eval("lambda m: m(torch.tensor([0]))")(words)), rows(1))
  # A module of R takes what its layers take.
  wrapped <- nn_module(
    initialize = function() self$words <- words,
    forward = function(x) self$words(x)
  )
  expect_identical(values(nn_sequential(wrapped())(long(3))), rows(3))
})

test_that("classes of losses count from 1", {
  scores <- matrix(c(2, 0, 1, 0, 3, -1, 0.5, 0.2, 0.1), 3)
  log_p <- scores - log(rowSums(exp(scores)))
  target <- c(1, 2, 3)
  picked <- log_p[cbind(1:3, target)]
  x <- tensor(scores)
  loss <- nn_cross_entropy_loss()
  expect_equal(as.numeric(loss(x, long(target))), -mean(picked))
  expect_equal(as.numeric(loss(x, target = long(target))), -mean(picked))
  expect_equal(as.numeric(nn_nll_loss()(tensor(log_p), long(target))), -mean(picked))
  ignoring <- nn_cross_entropy_loss(ignore_index = 2)
  expect_equal(as.numeric(ignoring(x, long(target))), -mean(picked[-2]))
  expect_equal(as.numeric(loss(x, long(c(1, -100, 3)))), -mean(picked[-2]))
  expect_error(loss(x, long(c(1, 2, 4))), "Target 4 is out of bounds")
  expect_error(loss(x, long(0:2)), "Target 0 is out of bounds")
  # Probabilities stay probabilities.
  p <- matrix(1 / 3, 3, 3)
  expect_equal(as.numeric(loss(x, tensor(p))), -mean(rowSums(p * log_p)))
  margins <- function(i) sum(pmax(0, 1 - scores[i, i] + scores[i, -i])) / 3
  expect_equal(
    as.numeric(nn_multi_margin_loss()(tensor(scores), long(1:3))),
    mean(vapply(1:3, margins, 1))
  )
})

test_that("several labels end with -1", {
  x <- c(0.1, 0.2, 0.4, 0.8)
  right <- c(4, 1)
  terms <- outer(right, 2:3, function(i, j) pmax(0, 1 - (x[i] - x[j])))
  loss <- nn_multilabel_margin_loss()
  expect_equal(as.numeric(loss(tensor(x), long(c(right, -1, 2)))), sum(terms) / 4)
  expect_error(loss(tensor(x), long(c(right, 0, 2))))
})

test_that("positions of pooling count from 1 and go back", {
  x <- tensor(array(c(1, 5, 2, 4), c(1, 1, 4)))
  out <- nn_max_pool1d(2, return_indices = TRUE)(x)
  expect_equal(as.array(out[[1]]), array(c(5, 4), c(1, 1, 2)))
  expect_equal(as.array(out[[2]]), array(c(2L, 4L), c(1, 1, 2)))
  expect_equal(as.vector(as.array(nn_max_unpool1d(2)(out[[1]], out[[2]]))), c(0, 5, 0, 4))
  expect_s3_class(nn_max_pool1d(2)(x), "torch_tensor")
})

test_that("losses are what they say", {
  a <- c(1, 2, 4)
  b <- c(1.5, 0, 3)
  loss <- function(module) as.numeric(module(tensor(a), tensor(b)))
  expect_equal(loss(nn_mse_loss()), mean((a - b)^2))
  expect_equal(loss(nn_mse_loss(reduction = "sum")), sum((a - b)^2))
  expect_equal(loss(nn_mse_loss("none")), (a - b)^2)
  expect_equal(loss(nn_l1_loss()), mean(abs(a - b)))
  expect_equal(loss(nn_poisson_nll_loss()), mean(exp(a) - a * b))
  p <- c(0.2, 0.7)
  y <- c(0, 1)
  bce <- -mean(log(c(0.8, 0.7)))
  expect_equal(as.numeric(nn_bce_loss()(tensor(p), tensor(y))), bce)
  expect_equal(as.numeric(nn_bce_with_logits_loss()(tensor(qlogis(p)), tensor(y))), bce)
  manhattan <- nn_triplet_margin_with_distance_loss(distance_function = function(x, y) {
    (x - y)$abs()$sum(-1L)
  })
  one <- function(...) tensor(matrix(c(...), 1))
  expect_equal(as.numeric(manhattan(one(0, 0), one(1, 1), one(2, 2))), max(0, 2 - 4 + 1))
})

test_that("a layer learns its size from the first input", {
  net <- nn_sequential(nn_lazy_linear(16), nn_relu(), nn_lazy_linear(32))
  expect_identical(format(net)[1], "An `nn_module` containing 0 parameters.")
  first <- net[[1]] # what R holds keeps its class; PyTorch makes it an nn.Linear
  expect_error(as.array(first$weight))
  net(x32(matrix(0, 5, 4)))
  expect_s3_class(first, "nn_lazy_linear")
  expect_identical(dim(net$parameters[["0.weight"]]), c(16L, 4L))
  expect_identical(dim(net$parameters[["2.weight"]]), c(32L, 16L))
  expect_equal(sum(vapply(net$parameters, length, 1)), 624)
})

test_that("recurrent layers give lists and take states", {
  lstm <- nn_lstm(3, 5, num_layers = 2, batch_first = TRUE)
  x <- x32(array(0.1, c(2, 7, 3)))
  out <- lstm(x)
  expect_identical(dim(out[[1]]), c(2L, 7L, 5L))
  expect_identical(dim(out[[2]][[1]]), c(2L, 2L, 5L))
  again <- lstm(x, list(out[[2]][[1]], out[[2]][[2]]))
  expect_identical(dim(again[[1]]), c(2L, 7L, 5L))
  cell <- nn_gru_cell(3, 4)
  expect_identical(dim(cell(x32(matrix(0, 2, 3)))), c(2L, 4L))
})

test_that("attention and transformers run", {
  x <- x32(array(0.5, c(2, 5, 8)))
  attention <- nn_multihead_attention(8, 2, batch_first = TRUE)
  out <- attention(x, x, x)
  expect_identical(lapply(out, dim), list(c(2L, 5L, 8L), c(2L, 5L, 5L)))
  layer <- nn_transformer_encoder_layer(8, 2, dim_feedforward = 16, batch_first = TRUE)
  encoder <- nn_transformer_encoder(layer, num_layers = 2)
  expect_identical(dim(encoder(x)), c(2L, 5L, 8L))
  expect_length(encoder$layers, 2)
})

test_that("several results with names keep them", {
  loss <- nn_adaptive_log_softmax_with_loss(4, 10, cutoffs = c(2, 5))
  out <- loss(x32(matrix(0.1, 3, 4)), long(c(1, 5, 10)))
  expect_named(out, c("output", "loss"))
})

test_that("every layer without required arguments can be made", {
  namespace <- asNamespace("torchbridge")
  for (name in exported()) {
    generator <- namespace[[name]]
    if (!inherits(generator, "nn_module_generator") || name == "nn_Module") next
    required <- vapply(formals(generator), is.symbol, NA)
    if (any(required[names(required) != "..."])) next
    expect_s3_class(generator(), c(name, "nn_module"))
  }
})

test_that("a target of nn_bce_loss() may have dims of size 1 more or less, as in R's torch", {
  p <- tensor(matrix(c(0.2, 0.7, 0.9)))
  y <- tensor(c(0, 1, 1))
  right <- mean(-log(c(0.8, 0.7, 0.9)))
  expect_equal(nn_bce_loss()(p, y)$item(), right, tolerance = 1e-15)
  expect_equal(nnf_binary_cross_entropy(p, y)$item(), right, tolerance = 1e-15)
  expect_error(nnf_binary_cross_entropy(p, tensor(c(0, 1))), "target size")
})

test_that("output_size is whole numbers, which R has as doubles", {
  up <- nn_conv_transpose2d(1, 1, 3, stride = 2)
  expect_identical(dim(up(torch_randn(1, 1, 4, 4), output_size = c(10, 10))), c(1L, 1L, 10L, 10L))
  found <- nn_max_pool2d(2, stride = 2, return_indices = TRUE)(torch_randn(1, 1, 5, 5))
  unpool <- nn_max_unpool2d(2, stride = 2)
  expect_identical(
    dim(unpool(found[[1]], found[[2]], output_size = c(1, 1, 5, 5))), c(1L, 1L, 5L, 5L)
  )
})

test_that("R's numbers are tensors where a layer wants one", {
  expect_identical(as.array(nn_bce_with_logits_loss(pos_weight = 2)$pos_weight), 2)
  loss <- nn_cross_entropy_loss(weight = c(1, 3))
  scores <- x32(matrix(c(1, 2, 0, -1), 2))
  expect_identical(
    loss(scores, long(1:2))$item(),
    nn_cross_entropy_loss(weight = x32(c(1, 3)))(scores, long(1:2))$item()
  )
  rows <- matrix(1:6, 3)
  expect_equal(as.array(nn_embedding(3, 2, .weight = rows)$weight), rows)
})
