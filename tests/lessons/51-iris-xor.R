test_that("iris", {
  expect_lt(max(abs(probabilities - c(.0900, .2447, .6652))), 5.1e-5)
  expect_equal(fit$n_parameters, 131)
  expect_gte(sum(diag(confusion)), 48)
  expect_identical(levels(predict(fit, test, type = "class")), levels(iris$Species))
  expect_identical(predict(again, test, type = "prob"), predict(fit, test, type = "prob"))
})

test_that("XOR", {
  expect_lt(max(abs(points[1, ] - c(-.16595599, .44064899))), 5.1e-9)
  expect_identical(c(sum(learn$same), sum(judge$same)), c(53, 53))
  expect_equal(c(length(coef(line)), deep$n_parameters), c(3, 57))
  expect_lt(accuracy[["line"]], .75)
  expect_gt(accuracy[["deep"]], .9)
})
