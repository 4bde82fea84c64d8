test_that("the scores have the design of the class", {
  expect_identical(unname(c(table(scores$gender))), c(16L, 14L))
  expect_gt(cor(scores$midterm, scores$final), .94)
})

test_that("one unit is lm()", {
  expect_equal(predict(unit, ends), predict(line, ends), tolerance = 1e-12)
})

test_that("every network of the grid is there once", {
  expect_identical(nrow(unique(trials[c("activation", "optimizer", "hidden")])), 12L)
  expect_true(all(trials$state == "complete"))
  # The best of sixty epochs, chosen on the held-out rows themselves, flatters a network.
  expect_lt(lm_error, stats::median(trials$error))
})
