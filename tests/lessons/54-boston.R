rounds_to <- function(x, expected, digits = 3) {
  expect_lte(max(abs(x - expected)), 0.5001 * 10^-digits)
}

test_that("rooms", {
  rounds_to(costs[c(1, 20)], c(253, 130.668))
  rounds_to(slope, .695)
  expect_lt(abs(coef(descent)$bias), 1e-14)
  rounds_to(five_rooms, 10.840)
  rounds_to(coef(exact), c(-34.671, 9.102))
  expect_equal(coef(exact), coef(lm(medv ~ rm, boston)), tolerance = 1e-12)
  rounds_to(robust, c(-44.089, 10.735))
})

test_that("all columns", {
  expect_equal(found["torch_fit", ], found["sklearn", ], tolerance = 1e-11)
  rounds_to(found["torch_fit", ], c(19.958, 27.196, .765, .673))
  expect_identical(dropped, "nox")
})

test_that("curves and forest", {
  rounds_to(vapply(bends, function(fit) mean(resid(fit)^2), 0), c(569.780, 61.330))
  rounds_to(vapply(bends, function(fit) summary(fit)$r.squared, 0), c(.832, .982))
  rounds_to(degrees, c(.54, .64, .66, .69), 2)
})

test_that("scikit-learn's forest", {
  skip_if(py_import("sklearn")$`__version__` < "1.9", "its trees have changed since")
  # That of the book gave 1.644 and 11.085; its trees have changed since.
  expect_lt(max(abs(by_forest - c(1.638, 11.096, .980, .877))), 1.1e-3)
})
