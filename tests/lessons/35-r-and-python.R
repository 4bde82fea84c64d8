test_that("values", {
  expect_identical(second_of_second, 50)
  expect_identical(types, c("bool", "int", "float", "str", "NoneType", "list", "dict"))
  expect_identical(squares, c(1, 4, 9))
  expect_identical(total, 210)
})
