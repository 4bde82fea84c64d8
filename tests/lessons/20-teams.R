test_that("five teams", {
  expect_setequal(team, 1:5)
  expect_true(all(tabulate(team) > 0))
  together <- function(labels) outer(labels, labels, "==")
  expect_identical(unname(together(unname(split_half(larger, 3)))), together(c(by_python)))
})
