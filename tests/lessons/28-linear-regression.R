test_that("y = x", {
  expect_lt(max(abs(same$costs[c(1, 101, 1001)] - c(4.666667, .012043, .000158))), 1e-6)
  expect_lt(max(abs(c(one_step$w, one_step$b) - c(.0933, .0400))), 5.1e-5)
  expect_lt(max(abs(c(same$w, same$b) - c(.985, .033))), 5.1e-4)
})

test_that("the other tables", {
  expect_lt(max(abs(c(hours$w, hours$b) - c(1.9709, .0663))), 5.1e-5)
  expect_lt(abs(4 * hours$w + hours$b - 7.95), 5.1e-3)
  expect_equal(unname(predict(exact, data.frame(hours = 4))), 8, tolerance = 1e-12)
  expect_equal(c(shifted$costs[1], shifted$cost), c(25.6667, .005358), tolerance = 1e-4)
  expect_lt(max(abs(c(shifted$w, shifted$b) - c(1.0848, 2.8072))), 5.1e-5)
  expect_lt(abs(4 * shifted$w + shifted$b - 7.146), 5.1e-4)
})

test_that("nn_linear", {
  expect_lt(max(abs(start - c(.51526, -.44138))), 5.1e-6)
  expect_lt(abs(first_mse - 2.1471), 5.1e-5)
})
