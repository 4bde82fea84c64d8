test_that("sums, and two rules", {
  expect_identical(as.numeric(a + b), c(4, 6, 8))
  expect_identical(as.numeric(a * b), c(3, 8, 15))
  expect_identical(inner$item(), 26)
  expect_identical(recycled, rbind(c(1, 3, 2), c(2, 1, 3)))
  expect_identical(broadcast, rbind(1:3, 1:3) + 0)
  expect_error(torch_tensor(t(m)) + torch_tensor(v), "size of tensor")
  expect_identical(dim(t(m) + v), c(3L, 2L))
})
