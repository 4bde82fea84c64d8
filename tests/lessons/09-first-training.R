test_that("the data and the line", {
  expect_equal(y[1:6], c(10.0714, 7.8920, 2.8775, 16.9806, 21.8566, 19.1346), tolerance = 5e-6)
  expect_lt(abs(mean(resid(line)^2) - 431.8235), 5e-5)
  expect_equal(unname(coef(line)), c(7.2662, .94904), tolerance = 1e-5)
  expect_lt(abs(summary(line)$r.squared - .63476), 5e-6)
  expect_lt(abs(mean((y - truth)^2) - 23.233), 5e-4)
})

test_that("the network", {
  expect_identical(n_parameters, 251)
  expect_lt(abs(losses$loss[1] - 4268.52), 5e-3)
  expect_true(all(diff(logged$loss) < 0))
  expect_lt(mean((y - fitted)^2), mean(resid(line)^2))
})
