test_that("modules are compared by what they are, not by where", {
  differ <- function(x, y) {
    unequal <- !isTRUE(all.equal(x, y))
    if (requireNamespace("waldo", quietly = TRUE)) {
      expect_identical(length(waldo::compare(x, y)) > 0L, unequal)
    }
    unequal
  }
  expect_false(differ(nn_cross_entropy_loss(), nn_cross_entropy_loss()))
  expect_true(differ(nn_cross_entropy_loss(), nn_cross_entropy_loss(label_smoothing = 0.1)))
  expect_true(differ(nn_cross_entropy_loss(), nn_cross_entropy_loss(weight = torch_ones(2))))
  expect_true(differ(nn_mse_loss(), nn_l1_loss()))
  scaled <- nn_module(
    "scaled", initialize = function(by) {
      self$by <- by
      self$line <- nn_linear(2, 1)
    }, forward = function(x) self$line(x) * self$by
  )
  net <- scaled(2)
  copy <- net$clone(deep = TRUE)
  expect_false(differ(net, copy))
  copy$by <- 3
  expect_true(differ(net, copy))
  copy$by <- 2
  expect_false(differ(net, copy))
  with_no_grad(copy$line$bias$add_(1))
  expect_true(differ(net, copy))
  other <- nn_module("scaled", inherit = scaled, forward = function(x) x)
  expect_true(differ(net, other(2)))
  expect_false(differ(scaled, scaled))
  # Without environments: functions.
  expect_true(all.equal(net, scaled(3), check.environment = FALSE))
  expect_false(isTRUE(all.equal(net, other(2), check.environment = FALSE)))
  expect_false(isTRUE(all.equal(nn_relu(), nn_tanh(), check.environment = FALSE)))
})

test_that("all.equal() says which parameter of which child differs", {
  net <- nn_sequential(nn_linear(2, 1), nn_relu())
  expect_true(all.equal(net, net$clone(deep = TRUE)))
  other <- net$clone(deep = TRUE)
  with_no_grad(other[[1]]$weight$mul_(3))
  expect_match(all.equal(net, other), paste0(
    "^Component .children.: Component .0.: Component .parameters.: Component .weight.: ",
    "Component .values.: Mean relative difference: 2$"
  ))
  expect_true(all.equal(net, other, tolerance = 10))
  expect_identical(all.equal(net, 1), "target is nn_sequential, current is numeric")
  expect_match(all.equal(nn_linear(2, 1), nn_linear(3, 1)), "in_features", all = FALSE)
  expect_true(all.equal(nn_linear, nn_linear))
})

test_that("methods with arguments that have no default are compared", {
  module <- function(body) {
    eval(bquote(nn_module("with_code", forward = function(x, y, ...) .(body))))()
  }
  expect_true(all.equal(module(quote(x + y)), module(quote(x + y))))
  expect_match(all.equal(module(quote(x + y)), module(quote(x - y))), "code", all = FALSE)
})
