# The short ways to a model frame and a design give what model.frame() and model.matrix() give.

set.seed(1)
data <- data.frame(
  y = rnorm(12), x = rnorm(12), k = 1:12, yes = rep(c(TRUE, FALSE), 6),
  g = factor(rep(c("a", "b", "c"), 4)), h = factor(rep(c("u", "v"), each = 6)),
  o = factor(rep(c("low", "high"), 6), c("low", "high"), ordered = TRUE), text = letters[1:12]
)
data$`two words` <- rnorm(12)
data$own <- data$g
contrasts(data$own) <- "contr.sum"
data$date <- as.Date("2026-01-01") + 0:11
data$wide <- matrix(rnorm(24), 12)
named <- data
row.names(named) <- LETTERS[1:12]
gaps <- data
gaps$x[3] <- NA
gaps$g[5] <- NA

terms_of <- function(formula, data) stats::terms(formula, data = data)

test_that("a plain frame is model.frame()'s", {
  formulas <- list(
    y ~ x + g, y ~ ., y ~ x:g, ~ x + k, g ~ x, y ~ x - 1, y ~ `two words` + o, yes ~ x + yes, x ~ x
  )
  some <- c("y", "x", "k", "g", "h", "yes", "o", "two words")
  of_a_class <- structure(data, class = c("more", "data.frame"))
  for (given in list(data, named, gaps, data[5:1, ], of_a_class)) {
    given <- given[some]
    for (formula in formulas) {
      terms <- terms_of(formula, given)
      found <- first_plain_frame(terms, given)
      right <- stats::model.frame(terms, given, na.action = stats::na.pass)
      expect_identical(found, right)
      expect_identical(.row_names_info(found), .row_names_info(right)) # made up or not
    }
  }
  new <- stats::delete.response(attr(first_plain_frame(terms_of(y ~ x + g, data), data), "terms"))
  levels <- list(g = levels(data$g))
  found <- plain_frame(new, named[3, ], levels)
  right <- stats::model.frame(new, named[3, ], xlev = levels)
  attr(right, "terms") <- new # which has the classes of its own variables alone
  expect_identical(found, right)
})

test_that("what is no plain column of the data is left to model.frame()", {
  elsewhere <- rnorm(12)
  formulas <- list(
    y ~ log(k), y ~ x + offset(k), y ~ text, y ~ own, y ~ date, y ~ wide, y ~ elsewhere,
    I(y) ~ x, ~ 1
  )
  for (formula in formulas) expect_null(first_plain_frame(terms_of(formula, data), data))
  expect_null(first_plain_frame(terms_of(y ~ x, data), data[0, ]))
  new <- stats::delete.response(terms_of(y ~ g, data))
  expect_null(plain_frame(new, droplevels(data[1:2, ]), list(g = levels(data$g))))
})

test_that("a plain design is model.matrix()'s", {
  formulas <- list(y ~ x + g, y ~ g + k + h, ~ h, y ~ x + k, g ~ h)
  for (given in list(data, named, data[7, ])) {
    for (formula in formulas) {
      frame <- stats::model.frame(formula, given)
      terms <- stats::delete.response(attr(frame, "terms"))
      found <- plain_design(terms, frame)
      expect_identical(found, stats::model.matrix(terms, frame))
      coded <- attr(found, "contrasts")
      expect_identical(
        plain_design(terms, frame, coded), stats::model.matrix(terms, frame, contrasts.arg = coded)
      )
    }
  }
})

test_that("other codings, interactions and columns are left to model.matrix()", {
  found <- function(formula, given = data, contrasts = NULL) {
    frame <- stats::model.frame(formula, given, na.action = stats::na.pass)
    plain_design(stats::delete.response(attr(frame, "terms")), frame, contrasts)
  }
  for (formula in list(
    y ~ x - 1, y ~ x * g, y ~ own, y ~ o, y ~ yes, y ~ text, y ~ wide, y ~ log(k) + date,
    y ~ `two words`
  )) expect_null(found(formula))
  expect_null(found(y ~ g, gaps))
  expect_null(found(y ~ g, contrasts = list(g = "contr.sum")))
  expect_null(found(y ~ g, contrasts = list(h = "contr.treatment")))
  old <- options(contrasts = c("contr.sum", "contr.poly"))
  on.exit(options(old))
  expect_null(found(y ~ g))
  expect_false(is.null(found(y ~ g, contrasts = list(g = "contr.treatment"))))
})
