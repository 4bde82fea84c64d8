test_that("models print as calls", {
  expect_output(
    print(mlp(c(64, 32), dropout = 0.1)), "mlp(hidden = c(64, 32), dropout = 0.1)", fixed = TRUE
  )
  expect_output(print(logistic("probit")), "logistic(link = \"probit\")", fixed = TRUE)
})
