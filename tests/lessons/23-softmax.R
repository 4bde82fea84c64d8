test_that("softmax and four routes", {
  expect_lt(max(abs(soft - c(.0900, .2447, .6652))), 5.1e-5)
  expect_lt(max(abs(as.numeric(p[1, ]) - c(.2645, .1639, .1855, .2585, .1277))), 5.1e-5)
  expect_lt(max(abs(routes - 1.4689)), 5.1e-5)
})

test_that("training", {
  expect_lt(max(abs(right$costs[c(1, 101, 1001)] - c(1.098612, .761050, .399962))), 2e-6)
  expect_lt(abs(twice$costs[1001] - .738749), 2e-6)
  expect_gte(sum(predicted == class), 6)
})
