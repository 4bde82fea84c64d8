test_that("softmax", {
  expect_lt(max(abs(soft - c(.0900, .2447, .6652))), 5.1e-5)
  expect_equal(soft, exp(1:3) / sum(exp(1:3)), tolerance = 1e-15)
  expect_equal(pair[2], plogis(0.7), tolerance = 1e-15)
})

test_that("the response decides head and loss", {
  expect_identical(c(two$loss, three$loss, number$loss), rep(c("cross_entropy", "mse_loss"), 2:1))
  expect_identical(two$levels, c("FALSE", "TRUE"))
  expect_identical(three$levels, levels(iris$Species))
  expect_null(number$levels)
})

test_that("levels come back", {
  probabilities <- predict(three, iris, type = "prob")
  expect_equal(unname(rowSums(probabilities)), rep(1, 150), tolerance = 1e-6)
  expect_identical(
    levels(iris$Species)[max.col(probabilities)],
    as.character(predict(three, iris, type = "class"))
  )
  expect_identical(levels(back), rev(levels(iris$Species)))
  expect_gt(mean(as.character(back) == iris$Species), .9)
})
