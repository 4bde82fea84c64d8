test_that("two loaders, one content", {
  expect_true(same)
  expect_identical(labels, rep(0:1, each = 20))
  expect_identical(unname(held), c(40, 16) * 256 * 4)
  expect_equal(unname(memory), c(3.7632, 15.0528, 19.267584), tolerance = 1e-12)
})

test_that("and one network", {
  expect_identical(from_memory$history, from_stream$history)
  expect_gt(mean(predicted == labels), .9)
  expect_gt(mean(predict(named, type = "class") == kind), .9)
})
