close_to <- function(x, expected, digits = 4) {
  expect_lte(max(abs(as.array(x) - expected)), 0.5001 * 10^-digits)
}

test_that("seed 1234", {
  close_to(u[1:2, ], rbind(c(.0290, .4019, .2598), c(.3666, .0583, .7006)))
  close_to((m %*% v)[1, ], c(3.1459, 3.0472, 1.5210, 4.0324))
})

test_that("seed 2021, as the R torch of 2021 had it", {
  close_to(b, rbind(c(.5134, .7426, .7159), c(.5705, .1653, .0443)))
  close_to(c$view(-1)[1:6], c(.9628, .2943, .0992, .8096, .0169, .8222))
  expect_identical(as.array(a), matrix(c(1, 2, 3, 4, 5, 6), 2, byrow = TRUE))
  close_to(a + b, rbind(c(1.5134, 2.7426, 3.7159), c(4.5705, 5.1653, 6.0443)))
  expect_equal(as.array(b^2), as.array(b)^2, tolerance = 1e-7)
  expect_identical(as.array(a %/% 3), rbind(c(0, 0, 1), c(1, 1, 2)))
  expect_identical(as.array(a %% 3), rbind(c(1, 2, 0), c(1, 2, 0)))
  expect_equal(as.array(sqrt(a)), sqrt(as.array(a)), tolerance = 1e-15)
  close_to(log(b), rbind(c(-.6667, -.2977, -.3342), c(-.5613, -1.8002, -3.1166)))
  close_to(torch_matmul(b, c[1, , ]), rbind(c(.5800, 1.3409), c(.5664, .3381)))
  expect_identical(as.array(torch_transpose(a, 1, 2)), t(as.array(a)))
})

test_that("broadcasting", {
  expect_identical(as.array(by_row), rbind(c(2, 4, 6), c(5, 7, 9)))
  expect_identical(as.array(by_column), rbind(c(3, 4, 5), c(7, 8, 9)))
  expect_match(no_sum, "size of tensor a \\(6\\) must match the size of tensor b \\(3\\)")
  expect_match(no_product, "1D tensors expected")
})

test_that("products and arrays", {
  expect_identical(as.integer(inner), 91L)
  expect_equal(as.array(outer_product), outer(1:6, 1:6))
  expect_identical(as.array(as_it_is), stacked)
  expect_identical(as.array(as_it_is[1, , ]), rbind(c(1L, 7L), c(2L, 8L), c(3L, 9L)))
  expect_identical(dim(matrices_first), c(2L, 2L, 3L))
  expect_identical(as.array(matrices_first[1, , ]), matrix(1:6, 2, byrow = TRUE))
  expect_identical(as.array(matrices_first[2, , ]), matrix(7:12, 2, byrow = TRUE))
})
