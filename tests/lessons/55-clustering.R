test_that("k-means", {
  expect_lt(abs(by_r$tot.withinss - 72.48), 5.1e-3)
  expect_equal(by_python$inertia_, by_r$tot.withinss, tolerance = 1e-10)
  expect_identical(by_r$size, c(50L, 50L, 50L))
  expect_lt(
    max(abs(centers - rbind(c(-1.5947, 2.9224), c(.9330, 4.3542), c(2.0652, .9614)))), 5.1e-5
  )
  expect_lt(max(abs(silhouettes - c(.58487, .71434))), 5.1e-6)
  expect_lt(max(abs(elbow - c(713.7, 283.5, 72.5, 62.9, 54.3))), .051)
})

test_that("tree and moons", {
  expect_lt(max(abs(tree$height - c(3.835396, 4.347073, 5.899885, 8.316594))), 5.1e-7)
  expect_equal(linkage[, 3], tree$height, tolerance = 1e-12)
  groups <- cutree(tree, 3)
  expect_true(groups[1] == groups[5] && groups[2] == groups[3])
  expect_length(unique(groups[c(1, 2, 4)]), 3)
  expect_lt(max(abs(agreement - c(.256, .433, 1))), 5.1e-4)
})
