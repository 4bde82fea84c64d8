test_that("the rule", {
  expect_equal(rule, c(stopped = 6, best = 3))
  expect_equal(epoch - best, patience)
  expect_identical(restored_loss, min(history$valid))
})
