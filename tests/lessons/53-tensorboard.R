test_that("the log is the history", {
  expect_length(logged, 60)
  expect_equal(logged, fit$history$train_loss, tolerance = 1e-6)
  expect_true(any(grepl("valid_loss", tags)))
  expect_length(list.files(folder, pattern = "events"), 1)
})
