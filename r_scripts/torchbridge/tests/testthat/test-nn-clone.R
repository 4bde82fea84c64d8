skip_without_python()

test_that("a deep copy has tensors of its own, another the very same", {
  net <- nn_module(
    initialize = function() {
      self$a <- nn_linear(1, 1)
      self$b <- self$a
      self$k <- 1
    }
  )()
  copy <- clone_module(net)
  expect_identical(copy$a$weight$data_ptr(), net$a$weight$data_ptr())
  copy$k <- 2
  expect_identical(net$k, 1)
  copy$c <- nn_relu()
  expect_null(net$c)
  deep <- net$clone(deep = TRUE)
  expect_false(identical(deep$a$weight$data_ptr(), net$a$weight$data_ptr()))
  expect_identical(deep$a, deep$b)
  expect_error(clone_module(1), "`module` must be an nn_module")
  layer <- nn_linear(1, 1)
  expect_identical(clone_module(layer)$weight$data_ptr(), layer$weight$data_ptr())
  kept <- layer$clone(deep = TRUE, replace_values = FALSE)
  expect_identical(kept$weight$data_ptr(), layer$weight$data_ptr())
})

test_that("a class finishes its deep copies itself", {
  net <- nn_module(
    private = list(finalize_deep_clone = function() self$new_value <- 1)
  )()
  expect_identical(net$clone(deep = TRUE)$new_value, 1)
  expect_null(net$clone()$new_value)
  expect_null(net$new_value)
})
