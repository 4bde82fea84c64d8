close_to <- function(x, expected, within) expect_true(all(abs(x - expected) < within))

test_that("y = x", {
  close_to(same$history$train_loss[c(1, 101, 1001)], c(4.666667, .012043, .000158), 5.1e-7)
  close_to(line_of(train(c(1, 2, 3), 1)), c(.0933, .0400), 5.1e-5)
  close_to(line_of(same), c(.985, .033), 5.1e-4)
})

test_that("the other tables", {
  close_to(line_of(hours), c(1.9709, .0663), 5.1e-5)
  close_to(predict(hours, matrix(4)), 7.95, 5.1e-3)
  expect_equal(predict(lm(points ~ hours, points), four)[[1]], 8, tolerance = 1e-14)
  expect_equal(
    predict(torch_fit(points ~ hours, points, linear()), four)[[1]], 8, tolerance = 1e-14
  )
  close_to(shifted$history$train_loss[c(1, 1001)], c(25.6667, .005358), c(5.1e-5, 1e-5))
  close_to(line_of(shifted), c(1.0848, 2.8072), 5.1e-5)
  close_to(predict(shifted, matrix(4)), 7.146, 5.1e-4)
})

test_that("nn_linear", {
  close_to(start, c(.51526, -.44138), 5.1e-6)
  close_to(first_mse, 2.1471, 5.1e-5)
})
