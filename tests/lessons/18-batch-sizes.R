test_that("steps of an epoch", {
  expect_identical(steps$steps, c(44L, 12L, 3L, 3L))
  expect_identical(steps$last, c(6L, 12L, 108L, 1L))
  expect_identical(steps$dropped, c(43L, 11L, 2L, 2L))
  expect_identical(vapply(batches, sum, 0L), as.integer(steps$rows))
})

test_that("whole batches are gradient descent, small ones come nearer lm() in as many epochs", {
  expect_equal(fits$whole$history$train_loss, by_formula, tolerance = 1e-6)
  expect_equal(unname(drop(coef(fits$whole)$weight)), b[2:3], tolerance = 1e-5)
  last <- vapply(fits, function(fit) deviance(fit) / 32, 0)
  expect_lt(last[["eights"]], last[["whole"]])
  expect_gt(min(last), mean(resid(exact)^2))
})
