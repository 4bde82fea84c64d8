test_that("one unit is lm()", {
  expect_equal(c(intercept, slope), unname(coef(line)), tolerance = 1e-6)
  expect_identical(unname(c(table(scores$gender))), c(16L, 14L))
  expect_gt(cor(scores$midterm, scores$final), .94)
  expect_identical(nrow(grid), 12L)
  expect_true(all(is.finite(grid$rmse)))
  expect_lt(lm_rmse, stats::median(grid$rmse))
})
