test_that("rooms", {
  expect_lt(max(abs(c(costs[c(1, 20)], slope) - c(253, 130.668, .695))), 6e-4)
  expect_lt(abs(five_rooms - 10.840), 6e-4)
  expect_lt(max(abs(coef(exact) - c(-34.671, 9.102))), 5.1e-4)
  expect_lt(max(abs(robust - c(-44.089, 10.735))), 5.1e-4)
})

test_that("all columns and curves", {
  expect_lt(difference, 1e-9)
  expect_lt(train_mse, test_mse)
  expect_identical(names(boston)[-14][lasso$coef_ == 0], "nox")
  mse <- vapply(bends, function(fit) mean(resid(fit)^2), 0)
  expect_lt(max(abs(mse - c(569.780, 61.330))), 5.1e-4)
  r2 <- vapply(bends, function(fit) summary(fit)$r.squared, 0)
  expect_lt(max(abs(r2 - c(.832, .982))), 5.1e-4)
  expect_lt(max(abs(degrees - c(.54, .64, .66, .69))), 5.1e-3)
})
