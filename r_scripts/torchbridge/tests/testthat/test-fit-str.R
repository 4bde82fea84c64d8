test_that("a fit is one line", {
  exact <- torch_fit(mpg ~ wt, mtcars, linear())
  expect_output(str(exact), "^ <torch_fit> linear, mpg ~ wt, 32 rows, completed$")
  trained <- torch_fit(mpg ~ wt, mtcars, mlp(2), epochs = 1)
  expect_output(str(list(trained)), "<torch_fit> mlp, mpg ~ wt, 32 rows, 7 parameters, completed")
  rate <- torch_mle(function(m, y) -sum(dpois(y, m, log = TRUE)), list(m = 1), list(y = c(1, 3)))
  expect_output(str(rate), "^ <torch_mle> m = 2$")
})
