# What a differentiated function says on its way reads as R's numbers do.

skip_without_python()

f <- function(x) {
  cat("x =", x, "and", x[1] / 3, "\n", sep = " ")
  cat(sprintf("%.2f|%5.1f", x[1], x), gettextf("%s", x[2]), formatC(x, digits = 3), "\n")
  cat(paste("p", x), paste0("q", x[1]), format(x, nsmall = 2), toString(x), "\n")
  cat(as.character(x), prettyNum(x * 1e6, big.mark = ","), format(x[1] / 7, digits = 3), "\n")
  message("at ", x[1])
  sum(x^2)
}

test_that("text of tensors is text of their numbers", {
  x <- c(a = 1.5, b = 2.25)
  said <- function(f) capture.output(capture.output(f, type = "message") |> cat(sep = "\n"))
  expect_identical(said(gradient <- grad(f, x)), said(invisible(f(x))))
  expect_identical(gradient, 2 * x)
})
