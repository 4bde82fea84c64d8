test_that("iris", {
  expect_lt(max(abs(probabilities - c(.0900, .2447, .6652))), 5.1e-5)
  expect_identical(n_parameters, 131)
  expect_gte(sum(diag(confusion)), 47)
  expect_identical(as.array(again(x)), as.array(net(x)))
})

test_that("XOR", {
  expect_lt(max(abs(xor[1, ] - c(-.16595599, .44064899))), 5.1e-9)
  expect_identical(c(sum(class[1:100]), sum(class[101:200])), c(53L, 53L))
  expect_identical(c(count(line), count(deep)), c(3, 57))
  expect_lt(accuracy[["line"]], .7)
  expect_gt(accuracy[["deep"]], .9)
})
