# Draws whose distribution depends on parameters: R's numbers, and the derivative along them.

skip_without_python()
skip_if_not_installed("numDeriv")

draws <- alist(
  rnorm(3, x[1], x[2]), rnorm(3, sd = x), runif(4, x[1], x[1] + x[2]), rexp(3, x[2]),
  rexp(2, x), rlnorm(3, x[1], x[2]), rlogis(3, x[1], x[2]), rcauchy(3, x[1], x[2]),
  rweibull(3, x[1], x[2]), rnorm(c(5, 6), x[1]), rnorm(2, 1, 2) * x
)

test_that("draws are R's, and so are their derivatives", {
  x <- c(1.3, 0.7)
  for (draw in draws) {
    f <- function(x) NULL
    body(f) <- bquote({
      set.seed(7)
      y <- .(draw)
      sum(y * seq_len(length(y)))
    })
    got <- value_and_grad(f, x)
    expect_equal(got$value, f(x), tolerance = 1e-14, info = deparse(draw))
    expect_equal(got$gradient, numDeriv::grad(f, x), tolerance = 1e-8, info = deparse(draw))
  }
})
