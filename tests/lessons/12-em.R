test_that("linkage", {
  expect_lt(max(abs(theta[2:5] - c(.608247, .624321, .626489, .626777))), 5.1e-7)
  expect_lt(abs(limit - .6268214980), 2e-10)
  expect_equal(limit, root, tolerance = 1e-12)
  expect_lt(
    max(abs(log_lik(theta[1:5]) - c(-208.47024, -205.77982, -205.71706, -205.71591, -205.71589))),
    5.1e-6
  )
  expect_lt(abs(slope), 1e-8)
  expect_true(all(diff(log_lik(theta)) > -1e-12))
})

test_that("Old Faithful", {
  expect_lt(
    max(abs(unlist(p) - c(.36089, 54.61486, 80.09107, 5.87122, 5.86773))), 5.1e-6
  )
  expect_true(all(diff(climb) > -1e-9))
  expect_equal(unname(coef(direct)), unname(unlist(p)), tolerance = 1e-6)
  expect_equal(c(logLik(direct)), climb[200], tolerance = 1e-10, ignore_attr = TRUE)
  expect_equal(by_logsumexp, climb[200], tolerance = 1e-12)
})
