test_that("the log is the history", {
  expect_length(logged, 60)
  expect_equal(logged, history$train_loss, tolerance = 1e-6)
  expect_length(list.files(folder, pattern = "events"), 1)
})
