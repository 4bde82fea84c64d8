# Whatever lm() and glm() read, torch_fit() reads, with the same numbers.

skip_without_python()

numbers <- local({
  set.seed(20)
  n <- 60
  d <- data.frame(
    y = rnorm(n), x = runif(n, 1, 3), z = rnorm(n), g = sample(c("a", "b", "c"), n, TRUE),
    l = runif(n) > 0.5, k = rpois(n, 2), b = rbinom(n, 1, 0.4), w = runif(n, 0.5, 2),
    e = runif(n, 0.5, 2), s = rbinom(n, 5, 0.5), i = sample(5L, n, TRUE)
  )
  d$f <- factor(sample(c("u", "v", "w"), n, TRUE), levels = c("w", "u", "v", "unused"))
  d$o <- factor(sample(1:4, n, TRUE), ordered = TRUE)
  d$day <- as.Date("2020-01-01") + sample(100, n)
  d$stamp <- as.POSIXct("2020-01-01", tz = "UTC") + 1e5 * sample(100, n)
  d$gap <- d$day - as.Date("2020-02-01")
  d[["my var"]] <- rnorm(n)
  d$M <- cbind(p = rnorm(n), q = rnorm(n))
  d$series <- ts(d$z)
  d$asis <- I(d$x * 2)
  d$own <- factor(d$g)
  contrasts(d$own) <- contr.sum(3)
  d
})
rows <- numbers[c(5, 2, 9, 30), ]
holed <- within(numbers, {
  y[1] <- NA
  x[3] <- NA
  g[5] <- NA
  z[7:9] <- NA
  w[11] <- NA
  e[13] <- NA
})

# Everything that the fit and lm() or glm() both say.
expect_same_fit <- function(fit, reference, new = rows, tolerance = 1e-7) {
  label <- deparse1(formula(reference))
  same <- function(actual, expected, tol = tolerance) {
    expect_equal(actual, expected, tolerance = tol, label = label, expected.label = "lm()'s")
  }
  kept <- !is.na(coef(reference))
  same(coef(fit), coef(reference))
  same(fitted(fit), fitted(reference))
  same(residuals(fit), residuals(reference, "response"))
  same(vcov(fit)[kept, kept], vcov(reference)[kept, kept, drop = FALSE][, ], 1e-6)
  same(deviance(fit), deviance(reference))
  same(df.residual(fit), df.residual(reference))
  same(as.numeric(logLik(fit)), as.numeric(logLik(reference)))
  same(predict(fit, new), suppressWarnings(predict(reference, new, type = "response")))
  own <- suppressWarnings(anova(fit))
  if (inherits(reference, "glm")) {
    same(own[["Resid. Dev"]], anova(reference)[["Resid. Dev"]])
  } else {
    theirs <- suppressWarnings(anova(reference))
    same(own$Deviance[-1], theirs[["Sum Sq"]][-nrow(theirs)], 1e-6)
  }
}

# To the last digits.
tight <- list(epsilon = 1e-14, maxit = 100)

exact_glm <- function(...) {
  call <- c(quote(glm), as.list(sys.call())[-1], list(control = tight))
  suppressWarnings(eval.parent(as.call(call)))
}

test_that("linear() reads the formulas that lm() reads", {
  elsewhere <- numbers$z^2
  formulas <- list(
    y ~ x + I(x^2), y ~ I(x > 2), y ~ I(g), y ~ g, y ~ g * x, y ~ l + l:z, y ~ f, y ~ o,
    y ~ own * o, y ~ `my var` + I(`my var`^2), y ~ `my var` * g, y ~ day, y ~ stamp, y ~ gap,
    y ~ poly(x, 2) + z, y ~ splines::ns(x, 3), y ~ splines::bs(x, df = 4), exp(y) ~ log(x),
    y ~ 0 + x, y ~ 0 + g, y ~ x - 1 + f, y ~ x:z, y ~ f / x, y ~ (x + z + g)^2,
    y ~ offset(z) + offset(2 * x) + g, y ~ factor(i), y ~ factor(g):x,
    y ~ cut(x, c(0, 1.5, 2, 4)), y ~ M * g, y ~ C(factor(g), contr.helmert), y ~ 1, y ~ asis,
    y ~ scale(x), y ~ ifelse(g == "a", 1, 0), y ~ interaction(g, l), y ~ relevel(f, "u"),
    y ~ format(day, "%m"), l ~ x, I(y^2) ~ x, y ~ I(cbind(x, z)), y ~ x * z - x:z,
    y ~ g + g:x - 1, y ~ x + I(x * 2) + z
  )
  for (formula in formulas) {
    expect_same_fit(torch_fit(formula, numbers, linear()), lm(formula, numbers))
  }
  expect_same_fit(
    torch_fit(y ~ elsewhere + series, numbers, linear()), lm(y ~ elsewhere + series, numbers),
    new = cbind(rows, elsewhere = 1:4)
  )
  some <- numbers[c("y", "my var", "g", "day", "l")]
  expect_same_fit(torch_fit(y ~ ., some, linear()), lm(y ~ ., some))
  expect_equal(coef(torch_fit(gap ~ x, numbers, linear())), coef(lm(gap ~ x, numbers)))
  expect_equal(coef(torch_fit("y ~ x", numbers, linear())), coef(lm(y ~ x, numbers)))
  expect_equal(
    coef(torch_fit(formula = y ~ x, numbers, linear())), coef(lm(y ~ x, numbers))
  )
  expect_equal(coef(torch_fit(y ~ x, as.list(numbers), linear())), coef(lm(y ~ x, numbers)))
})

test_that("subset, weights, offset, na.action and contrasts are lm()'s", {
  for (data in list(numbers, holed)) {
    expect_same_fit(
      torch_fit(y ~ g * x, data, linear(), subset = x > 1.4 & z < 2),
      lm(y ~ g * x, data, subset = x > 1.4 & z < 2)
    )
    expect_same_fit(
      torch_fit(y ~ g + x, data, linear(), subset = -(1:9), weights = w),
      lm(y ~ g + x, data, subset = -(1:9), weights = w)
    )
    expect_same_fit(
      torch_fit(y ~ o * z, data, linear(), offset = log(e), na.action = na.exclude),
      lm(y ~ o * z, data, offset = log(e), na.action = na.exclude)
    )
    sums <- list(g = "contr.sum", o = contr.treatment(4))
    expect_same_fit(
      torch_fit(y ~ g + o:x, data, linear(), contrasts = sums),
      lm(y ~ g + o:x, data, contrasts = sums)
    )
  }
  # A variable that is taken away leaves out rows.
  taken <- holed[c("y", "x", "z", "g")]
  fit <- torch_fit(y ~ . - z, taken, linear())
  expect_same_fit(fit, lm(y ~ . - z, taken))
  expect_equal(predict(fit, rows[c("x", "g")]), predict(fit, rows))
  old <- options(contrasts = c("contr.sum", "contr.helmert"))
  on.exit(options(old))
  fit <- torch_fit(y ~ g * o, numbers, linear())
  reference <- lm(y ~ g * o, numbers)
  options(old)
  expect_equal(predict(fit, rows), predict(reference, rows), tolerance = 1e-9)
  expect_error(torch_fit(y ~ g, numbers, linear(), contrasts = "contr.sum"), "`contrasts` must be")
})

test_that("the families of glm() are its numbers", {
  same <- function(formula, family, ...) {
    expect_same_fit(
      torch_fit(formula, numbers, family, ...),
      glm(formula, family, numbers, ..., control = tight), tolerance = 1e-6
    )
  }
  counts <- list(
    poisson(), poisson("sqrt"), quasipoisson(), quasi("log", "mu"), quasi(power(1 / 3), "mu"),
    quasi("identity", "constant")
  )
  for (family in counts) same(k ~ I(x^2) + g, family)
  for (family in list(binomial("cloglog"), quasibinomial(), quasi("logit", "mu(1-mu)"))) {
    same(b ~ x + l, family)
  }
  same(cbind(s, 6 - s) ~ x + f, quasibinomial("probit"))
  same(l ~ g, binomial())
  same(exp(y) ~ x + f, quasi("inverse", "mu^2"))
  same(exp(y / 8) ~ x, quasi("log", "mu^3"))
  same(exp(y) ~ x * f, Gamma("log"))
  expect_same_fit(
    torch_fit(k ~ x + g, holed, poisson(), offset = log(e), weights = w),
    glm(
      k ~ x + g, poisson(), holed, offset = log(e), weights = w, control = tight
    )
  )
  skip_if_not_installed("MASS")
  negative <- torch_fit(k ~ x + g, numbers, MASS::negative.binomial(2.123456))
  theirs <- glm(
    k ~ x + g, MASS::negative.binomial(2.123456), numbers, control = list(epsilon = 1e-14)
  )
  expect_same_fit(negative, theirs)
  expect_equal(AIC(negative), AIC(theirs), tolerance = 1e-8)
  expect_equal(
    unname(summary(negative)$coefficients), unname(coef(summary(theirs))), tolerance = 1e-6
  )
  expect_equal(family(negative)$variance(2), 2 + 4 / 2.123456)
})

# A random formula, of terms that may come together.
random_formula <- function(response) {
  terms <- c(
    "x", "z", "I(x^2)", "poly(z, 2)", "splines::ns(x, 3)", "g", "f", "o", "l", "own", "`my var`",
    "day", "M", "factor(i)", "log(x)", "offset(e)", "asis"
  )
  chosen <- sample(terms, sample(4L, 1L))
  main <- setdiff(chosen, "offset(e)")
  if (length(main) > 1L && runif(1) < 0.5) chosen <- c(chosen, paste(main[1:2], collapse = ":"))
  if (length(main) > 0L && runif(1) < 0.2) chosen <- c(chosen, "0")
  as.formula(paste(response, "~", paste(chosen, collapse = " + ")))
}

test_that("random frames and formulas are lm()'s and glm()'s", {
  set.seed(21)
  for (round in 1:24) {
    data <- if (runif(1) < 0.5) holed else numbers
    data <- data[sample(nrow(data), 55), ]
    kind <- round %% 4L
    formula <- random_formula(c("y", "k", "b", "y")[kind + 1L])
    environment(formula) <- environment()
    family <- list(gaussian(), poisson(), binomial(), gaussian())[[kind + 1L]]
    by <- sample(c("plain", "weights", "offset"), 1L)
    model <- list(linear(), poisson(), logistic(), linear())[[kind + 1L]]
    beside <- switch(by,
      plain = list(), offset = list(offset = quote(e / 4)),
      # (A weight of logistic() is a number of trials.)
      weights = if (kind == 2L) list() else list(weights = quote(w))
    )
    reference <- tryCatch(
      suppressWarnings(do.call(if (kind %in% c(0L, 3L)) lm else glm, c(
        list(formula, data = quote(data)),
        if (kind %in% 1:2) list(family = family, control = tight),
        beside
      ))),
      error = identity
    )
    # R has no such fit either, or it lies at infinity.
    if (inherits(reference, "error") || max(abs(coef(reference)), na.rm = TRUE) > 1e3) next
    fit <- suppressWarnings(do.call(torch_fit, c(list(formula, quote(data), model), beside)))
    expect_same_fit(fit, reference, tolerance = 1e-6)
  }
})

test_that("linear() takes several responses, as lm()'s mlm", {
  formulas <- list(cbind(y, z) ~ x + f, cbind(a = y, b = z, c = k) ~ g * x, M ~ 0 + I(x^2) + g)
  for (formula in formulas) {
    fit <- torch_fit(formula, numbers, linear())
    reference <- lm(formula, numbers)
    expect_equal(coef(fit), coef(reference), tolerance = 1e-9)
    expect_equal(vcov(fit), vcov(reference), tolerance = 1e-8)
    expect_equal(fitted(fit), fitted(reference), tolerance = 1e-9)
    expect_equal(residuals(fit), residuals(reference), tolerance = 1e-9)
    expect_equal(predict(fit, rows), predict(reference, rows), tolerance = 1e-9)
    expect_equal(sigma(fit), sigma(reference), tolerance = 1e-9)
    expect_equal(deviance(fit), deviance(reference), tolerance = 1e-9)
    found <- summary(fit)
    expected <- summary(reference)
    expect_equal(names(found), names(expected))
    for (i in seq_along(expected)) {
      expect_equal(found[[i]]$coefficients, coef(expected[[i]]), tolerance = 1e-8)
      expect_equal(found[[i]]$r.squared, expected[[i]]$r.squared, tolerance = 1e-9)
    }
  }
  expect_equal(tidy(fit)$response[c(1, 5)], c("p", "q"))
  expect_output(print(fit), "Deviance of p")
  expect_error(logLik(fit), "Log-likelihoods are for one response, and the fit has 2")
  expect_error(torch_fit(cbind(k, i) ~ x, numbers, poisson()), "takes one: linear() and networks",
    fixed = TRUE
  )
})

test_that("y may be a column of a data frame, a tibble or a matrix", {
  x <- numbers[c("x", "z", "day", "g")]
  reference <- coef(lm(y ~ x + z + day + g, numbers))
  ys <- list(numbers["y"], tibble::as_tibble(numbers["y"]), as.matrix(numbers["y"]), numbers$y)
  for (y in ys) {
    expect_equal(coef(torch_fit(x, y, linear())), reference, tolerance = 1e-9)
    expect_equal(dim(fitted(torch_fit(x, y, mlp(2), epochs = 1))), NULL)
  }
  two <- torch_fit(x, numbers[c("y", "w")], linear())
  expect_equal(coef(two)[, "w"], coef(lm(w ~ x + z + day + g, numbers)), tolerance = 1e-9)
  classes <- torch_fit(x["x"], data.frame(b = factor(numbers$b)), logistic())
  expect_equal(nobs(classes), 60L)
  expect_error(torch_fit(x, numbers[c("y", "g")], linear()), "`y` must be one column of classes")
  expect_error(torch_fit(x, list(1), linear()), "`y` must")
})

test_that("networks take text as factors, and dates and times as numbers", {
  fit <- function(formula, data = numbers, model = mlp(3)) {
    torch_fit(formula, data, model, epochs = 2, seed = 1)
  }
  plain <- transform(
    numbers, day = as.numeric(day), gap = as.numeric(gap), g = factor(g), asis = unclass(asis)
  )
  plain[["my var"]] <- numbers[["my var"]]
  for (formula in list(y ~ day + g, y ~ gap + asis, y ~ `my var` + g)) {
    expect_equal(fitted(fit(formula)), fitted(fit(formula, plain)))
    expect_equal(predict(fit(formula), rows), predict(fit(formula, plain), plain[c(5, 2, 9, 30), ]))
  }
  squared <- transform(numbers, xx = x^2)
  expect_equal(fitted(fit(y ~ I(x^2))), fitted(fit(y ~ xx, squared)))
  tabular <- fit(y ~ ., numbers[c("y", "g", "day", "my var", "series")], tabular(3))
  expect_equal(unname(predict(tabular, numbers)), unname(fitted(tabular)), tolerance = 1e-6)
  # The levels are those of the data, whatever the new rows have.
  expect_equal(
    predict(tabular, numbers[numbers$g == "b", ]), predict(tabular, numbers)[numbers$g == "b"]
  )
})

test_that("survival times are refused by models that take others", {
  skip_if_not_installed("survival")
  expect_error(
    torch_fit(survival::Surv(x, b) ~ z, numbers, linear()),
    "of times that may be censored, and linear\\(\\) takes others"
  )
})

test_that("predict() applies the fit's offset, as of glm()", {
  skip_if_not_installed("MASS")
  insured <- MASS::Insurance
  fit <- torch_fit(
    Claims ~ District + Group + Age, insured, poisson(), offset = log(Holders)
  )
  expect_equal(sum(predict(fit, insured)), 3151)
  expect_equal(unname(predict(fit, insured)), unname(fitted(fit)), tolerance = 1e-10)
  both <- torch_fit(k ~ x + offset(z), numbers, poisson(), offset = log(e))
  reference <- exact_glm(k ~ x + offset(z), poisson(), numbers, offset = log(e))
  expect_equal(predict(both, rows), predict(reference, rows, "response"), tolerance = 1e-8)
  expect_equal(predict(both, rows[c("x", "z")], offset = log(rows$e)), predict(both, rows))
  expect_error(predict(fit, insured[1:3, 1:3]), "log(Holders), needs", fixed = TRUE)
  network <- torch_fit(y ~ x, numbers, mlp(2), epochs = 1, offset = z, validation = rows, seed = 1)
  expect_equal(unname(predict(network, numbers)), unname(fitted(network)), tolerance = 1e-6)
  columns <- torch_fit(numbers["x"], numbers$k, poisson(), offset = log(numbers$e))
  expect_error(predict(columns, rows["x"]), "`offset` must be given for new data")
  expect_equal(
    unname(predict(columns, numbers["x"], offset = log(numbers$e))), unname(fitted(columns))
  )
})

test_that("columns and responses at the edges of what a number holds are lm()'s", {
  for (scale in c(1e-200, 1e160, 1e300)) {
    scaled <- transform(numbers, x = x * scale)
    fit <- torch_fit(y ~ x * g, scaled, linear())
    reference <- lm(y ~ x * g, scaled)
    expect_equal(fitted(fit), fitted(reference), tolerance = 1e-9)
    expect_equal(coef(fit) / coef(reference), coef(fit)^0, tolerance = 1e-9)
    expect_equal(predict(fit, scaled[1:3, ]), predict(reference, scaled[1:3, ]), tolerance = 1e-9)
    expect_equal(
      predict(fit, interval = "confidence"),
      predict(lm(y ~ x * g, numbers), interval = "confidence"), tolerance = 1e-8
    )
    expect_equal(
      unname(summary(fit)$coefficients[, 3:4]),
      unname(coef(summary(lm(y ~ x * g, numbers)))[, 3:4]), tolerance = 1e-7
    )
    expect_equal(
      fitted(torch_fit(k ~ x, scaled, poisson())), fitted(exact_glm(k ~ x, poisson(), scaled)),
      tolerance = 1e-9
    )
    large <- transform(numbers, y = y * scale)
    expect_equal(
      coef(torch_fit(y ~ x, large, linear())) / scale, coef(lm(y ~ x, large)) / scale,
      tolerance = 1e-9
    )
  }
})

test_that("rows of any kind that hold the same give the same predictions", {
  frame <- transform(numbers, g = factor(g), k = as.double(k))
  for (model in list(linear(), mlp(4))) {
    fit <- if (model$name == "mlp") {
      torch_fit(y ~ x + g + k, frame, model, epochs = 1, seed = 1)
    } else {
      torch_fit(y ~ x + g + k, frame, model)
    }
    row <- frame[5L, c("k", "g", "x")]
    expected <- predict(fit, row)
    others <- list(
      transform(row, g = as.character(g)), transform(row, k = as.integer(k)),
      transform(row, g = factor(as.character(g), rev(levels(g)))), tibble::as_tibble(row),
      transform(row, x = I(x)), cbind(row, other = "text")
    )
    for (other in others) expect_equal(unname(predict(fit, other)), unname(expected))
    expect_identical(unname(predict(fit, transform(row, g = NA_character_))), NA_real_)
    expect_warning(missing <- predict(fit, transform(row, g = "absent")), "absent")
    expect_identical(unname(missing), NA_real_)
    expect_error(predict(fit, transform(row, x = "text")), "x")
    expect_error(predict(fit, row["x"]), "g")
  }
})
