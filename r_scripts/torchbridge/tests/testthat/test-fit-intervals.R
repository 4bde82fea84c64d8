skip_without_python()

rows <- transform(warpbreaks, w = rep(c(1, 2, 3), 18), high = breaks > 25)

test_that("intervals of predictions are those of predict.lm()", {
  fit <- torch_fit(breaks ~ wool * tension, data = rows, model = linear(), weights = w)
  expected <- lm(breaks ~ wool * tension, rows, weights = w)
  new <- rows[c(1, 20, 50), ]
  for (interval in c("confidence", "prediction")) {
    theirs <- suppressWarnings(predict(expected, new, interval = interval, level = 0.9))
    expect_equal(predict(fit, new, interval = interval, level = 0.9), theirs, tolerance = 1e-10)
    expect_equal(
      unname(predict(fit, interval = interval)),
      unname(suppressWarnings(predict(expected, interval = interval))), tolerance = 1e-10
    )
  }
  both <- predict(fit, new, interval = "confidence", se.fit = TRUE)
  expect_equal(
    predict(fit, new, se.fit = TRUE), predict(expected, new, se.fit = TRUE), tolerance = 1e-10
  )
  expect_equal(both$se.fit, predict(expected, new, se.fit = TRUE)$se.fit, tolerance = 1e-10)
  found <- predict(fit, new, interval = "confidence", tibble = TRUE)
  expect_named(found, c(".pred", ".pred_lower", ".pred_upper"))
})

test_that("limits of a mean are those of the link, and rows left out are NA", {
  missing <- replace(rows, cbind(2, 1), NA)
  fit <- torch_fit(
    breaks ~ tension, data = missing, model = Gamma(), na.action = na.exclude
  )
  theirs <- glm(breaks ~ tension, Gamma(), missing, na.action = na.exclude, epsilon = 1e-14)
  link <- predict(theirs, se.fit = TRUE)
  half <- qt(0.975, df.residual(theirs)) * link$se.fit
  expected <- cbind(fit = 1 / link$fit, lwr = 1 / (link$fit + half), upr = 1 / (link$fit - half))
  found <- predict(fit, interval = "confidence")
  expect_equal(unname(found), unname(expected), tolerance = 1e-8)
  expect_true(all(is.na(found[2, ])))
  expect_error(predict(fit, interval = "prediction"), "\"prediction\" is for linear\\(\\)")
  expect_error(predict(fit, interval = "both"), "`interval`: \"both\" is not known")
  expect_error(predict(fit, type = "terms", interval = "confidence"), "`interval` is for types")
})

test_that("profile intervals hold what defines them, and are those that R interpolates", {
  fit <- torch_fit(high ~ wool + tension, data = rows, model = logistic())
  theirs <- glm(high ~ wool + tension, binomial(), rows, epsilon = 1e-14)
  found <- confint(fit)
  expect_equal(found, suppressMessages(confint(theirs)), tolerance = 2e-3)
  held <- glm(high ~ tension + offset(found["woolB", 1] * (wool == "B")), binomial(), rows)
  expect_equal(deviance(held) - deviance(theirs), qchisq(0.95, 1), tolerance = 1e-8)
  expect_equal(confint(fit, 2), found[2, , drop = FALSE])
  expect_equal(confint(fit, "woolB", method = "wald"), confint.default(theirs, "woolB"))
  expect_equal(tidy(fit, conf.int = TRUE)$conf.low, unname(found[, 1]))
  linear <- torch_fit(breaks ~ tension, data = rows, model = linear())
  expect_equal(confint(linear), confint(lm(breaks ~ tension, rows)), tolerance = 1e-10)
  expect_error(confint(fit, method = "exact"), "`method`: \"exact\" is not known")
  classes <- torch_fit(tension ~ breaks, data = rows, model = multinomial())
  expect_error(confint(classes, method = "profile"), "`method` must be \"wald\"")
})
