test_that("the data and their split", {
  expect_equal(
    study$study_time[1:6], c(4.376114, 9.305141, 3.790936, 5.879647, 1.166191, 9.976015),
    tolerance = 1e-6
  )
  expect_identical(study$n_question[1:6], c(9L, 15L, 9L, 7L, 7L, 11L))
  expect_identical(study$pass[1:6], c(0L, 1L, 0L, 0L, 0L, 1L))
  expect_identical(unname(c(table(test$pass))), c(87L, 63L))
  expect_identical(batch_rows, rep(c(8L, 6L), c(43, 1)))
})

test_that("training", {
  expect_lt(abs(history$loss[100] - 0.256948), 2e-6)
  expect_identical(sum(confusion), 150L)
  expect_gt(sum(diag(confusion)) / 150, 0.9)
})
