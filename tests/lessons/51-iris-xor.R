test_that("iris", {
  expect_lt(max(abs(probabilities - c(.0900, .2447, .6652))), 5.1e-5)
  expect_identical(n_parameters, 131)
  expect_gte(sum(diag(confusion)), 47)
  expect_identical(as.array(again(x)), as.array(net(x)))
})

test_that("XOR", {
  expect_lt(max(abs(xor[1, ] - c(-.16595599, .44064899))), 5.1e-9)
  expect_identical(tapply(class, rep(1:2, each = 100), sum), array(c(53L, 53L), 2, list(1:2)))
  expect_identical(c(count(line), count(deep)), c(3, 57))
  expect_lt(accuracy[["line"]], .7)
  expect_gt(accuracy[["deep"]], .9)
})
