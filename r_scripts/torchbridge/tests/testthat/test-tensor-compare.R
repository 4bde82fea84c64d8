test_that("waldo compares tensors by what they hold", {
  skip_if_not_installed("waldo")
  x <- torch_tensor(1)
  expect_length(waldo::compare(x, torch_tensor(1)), 0L)
  expect_gt(length(waldo::compare(x, torch_tensor(2))), 0L)
  expect_gt(length(waldo::compare(x, torch_tensor(1, requires_grad = TRUE))), 0L)
})

test_that("all.equal() compares tensors by dtype, shape and values", {
  x <- torch_tensor(c(1, NaN))
  expect_true(all.equal(x, x$clone()))
  expect_true(all.equal(x, torch_tensor(c(1, NaN), requires_grad = TRUE)))
  expect_match(
    all.equal(x, torch_tensor(c(3, NaN))), "^Component .values.: Mean relative difference: 2$"
  )
  expect_match(all.equal(x, x$double()), "dtype", all = FALSE)
  expect_match(all.equal(torch_ones(2), torch_ones(2, 1)), "shape", all = FALSE)
  expect_true(all.equal(torch_tensor(1), torch_tensor(1.01), tolerance = 0.1))
  expect_identical(all.equal(x, 1), "target is torch_tensor, current is numeric")
  sparse <- torch_tensor(diag(2))$to_sparse()
  expect_true(all.equal(sparse, torch_tensor(diag(2))$to_sparse()))
  expect_match(all.equal(sparse, sparse * 3), "difference: 2", all = FALSE)
  expect_match(all.equal(list(x), list(x * 2)), "Component 1", all = FALSE)
})

test_that("all.equal() knows how far numbers of a dtype can be told apart", {
  near <- function(dtype, by, ...) {
    x <- torch_tensor(c(1, 2), dtype = dtype)
    isTRUE(all.equal(x, x * (1 + by), ...))
  }
  expect_true(near("float32", 1e-6))
  expect_false(near("float32", 2e-6))
  expect_false(near("float32", 1e-6, tolerance = 1e-8))
  expect_false(near("float64", 1e-6))
  expect_true(near("float64", 1e-9))
  expect_true(near("float16", 9.8e-4))
  expect_false(near("bfloat16", 0.05))
  x <- nn_linear(2, 1)
  y <- x$clone(deep = TRUE)
  with_no_grad(y$weight$mul_(1 + 1e-6))
  expect_true(all.equal(x, y))
  expect_false(isTRUE(all.equal(x, y, tolerance = 1e-8)))
})
