test_that("gaps, categories, scales", {
  expect_identical(unname(means[c("C", "D")]), c(7.5, 6))
  expect_identical(as.integer(clothes$size), 1:3)
  expect_identical(c(one_hot), c(by_python))
  expect_identical(colnames(without_first), c("colourgreen", "colourred"))
  expect_lt(
    max(abs(scaled$standard - c(-1.46385, -.87831, -.29277, .29277, .87831, 1.46385))), 5.1e-6
  )
  expect_identical(range(scaled$range), c(0, 1))
})

test_that("wine", {
  expect_identical(dim(wine$data), c(178L, 13L))
  expect_identical(
    names(top)[1:5],
    c("proline", "flavanoids", "color_intensity", "od280/od315_of_diluted_wines", "alcohol")
  )
  expect_lt(max(abs(top[1:5] - c(.1855, .1748, .1439, .1362, .1185))), 5.1e-5)
})
