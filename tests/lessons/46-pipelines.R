test_that("batches", {
  expect_equal(batches, list(c(1.2, 3.4, 7.5), c(4.1, 5, 1)), tolerance = 1e-6)
  expect_identical(batch_then_repeat, c(3L, 1L, 3L, 1L))
  expect_identical(repeat_then_batch, c(3L, 3L, 2L))
})

test_that("leaks", {
  expect_length(leaky, 15)
  expect_setequal(seen, rows[1:10])
  expect_length(overlap, 0)
  for (epoch in 1:5) expect_setequal(order$row[order$epoch == epoch], 1:15)
})
