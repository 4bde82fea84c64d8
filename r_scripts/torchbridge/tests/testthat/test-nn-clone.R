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

test_that("a deep copy clones the R6 objects in fields", {
  counter <- R6::R6Class("counter", public = list(n = 1))
  alone <- R6::R6Class("alone", cloneable = FALSE)$new()
  part <- nn_module(
    initialize = function() {
      self$counter <- counter$new()
      self$held <- list(self$counter)
      self$alone <- alone
      private$inner <- self$counter
    },
    private = list(inner = NULL),
    active = list(inside = function() private$inner)
  )
  net <- nn_module(initialize = function() self$part <- part())()
  copy <- net$clone(deep = TRUE)
  copy$part$counter$n <- 2
  inner <- copy$part$inside
  inner$n <- 3
  expect_identical(net$part$counter$n, 1)
  # As in R6: neither in a list nor where the class forbids it.
  expect_identical(copy$part$held[[1]], net$part$counter)
  expect_identical(copy$part$alone, alone)
  expect_identical(net$clone()$part$counter, net$part$counter)
})

test_that("a class says how its fields are copied deeply", {
  net <- nn_module(
    initialize = function() self$n <- 1,
    private = list(m = 1, deep_clone = function(name, value) if (name == "n") self$n + 1 else 5),
    active = list(inside = function() private$m)
  )()
  copy <- net$clone(deep = TRUE)
  expect_identical(c(copy$n, copy$inside), c(2, 5))
  expect_identical(c(net$clone()$n, net$n, net$inside), c(1, 1, 1))
})
