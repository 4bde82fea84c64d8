test_that("objects", {
  expect_identical(c(first$total(), second$total()), c(58, 136))
  expect_identical(c(second$average, third$average), c(68, 80))
  expect_error(first$average <- 1, "read-only")
  expect_null(third$name)
  expect_output(print(third), "Bomi has 80")
})

test_that("modules", {
  expect_identical(names(line$parameters), c("slope", "start"))
  expect_equal(predicted, c(31, 58), tolerance = 1e-7)
})
