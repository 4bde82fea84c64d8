# Exact models equal lm(), glm() and nnet::multinom().

skip_without_python()

cars_na <- local({
  found <- mtcars
  found$wt[3] <- NA
  found$w <- seq_len(32) / 10
  found$cyl <- factor(found$cyl)
  found
})

expect_same_fit <- function(fit, other, tolerance = 1e-8) {
  expect_equal(coef(fit), coef(other), tolerance = tolerance)
  expect_equal(vcov(fit), vcov(other), tolerance = tolerance)
  expect_equal(c(logLik(fit)), c(logLik(other)), tolerance = tolerance)
  expect_equal(attr(logLik(fit), "df"), attr(logLik(other), "df"))
  expect_equal(c(AIC(fit), BIC(fit)), c(AIC(other), BIC(other)), tolerance = tolerance)
  expect_equal(deviance(fit), deviance(other), tolerance = tolerance)
  expect_equal(nobs(fit), nobs(other))
  expect_equal(df.residual(fit), df.residual(other))
  expect_equal(fitted(fit), fitted(other), tolerance = tolerance)
  expect_equal(residuals(fit, "response"), residuals(other, "response"), tolerance = tolerance)
}

# glm() itself stops earlier by default.
exact_glm <- function(...) glm(..., epsilon = 1e-14, maxit = 100)

test_that("linear() equals lm(): factors, interactions, functions", {
  for (formula in c(
    mpg ~ wt + factor(cyl) * hp, mpg ~ poly(wt, 2) + log(hp), log(mpg) ~ ., mpg ~ 1,
    mpg ~ factor(cyl) + hp - 1
  )) {
    fit <- torch_fit(formula, data = mtcars, model = linear())
    other <- lm(formula, mtcars)
    expect_same_fit(fit, other)
    expect_equal(confint(fit), confint(other))
    expect_equal(summary(fit)$coefficients, summary(other)$coefficients)
    expect_equal(summary(fit)$r.squared, summary(other)$r.squared)
    expect_equal(sigma(fit), sigma(other))
    expect_equal(predict(fit, mtcars[3:7, ]), predict(other, mtcars[3:7, ]))
  }
})

test_that("weights, offsets, subset and na.action are those of lm()", {
  for (action in list(na.omit, na.exclude)) {
    fit <- torch_fit(
      mpg ~ wt + cyl + offset(0.1 * hp), data = cars_na, model = "linear", weights = w,
      subset = gear < 5, na.action = action
    )
    other <- lm(
      mpg ~ wt + cyl + offset(0.1 * hp), cars_na, weights = w, subset = gear < 5,
      na.action = action
    )
    expect_same_fit(fit, other)
    expect_equal(predict(fit, cars_na), predict(other, cars_na))
    expect_equal(unname(weights(fit)), unname(weights(other)))
  }
  expect_error(
    torch_fit(mpg ~ wt, data = cars_na, model = "linear", na.action = na.fail),
    "missing values, in `wt`"
  )
})

test_that("columns that depend on others are NA, as of lm()", {
  data <- transform(mtcars, twice = 2 * wt)
  fit <- torch_fit(mpg ~ wt + twice, data = data, model = linear())
  expect_equal(coef(fit), coef(lm(mpg ~ wt + twice, data)))
  found <- suppressWarnings(predict(fit, data))
  expect_equal(found, suppressWarnings(predict(lm(mpg ~ wt + twice, data), data)))
})

test_that("logistic(), poisson() and other families equal glm()", {
  expect_same_fit(
    torch_fit(am ~ wt + factor(gear == 4), data = mtcars, model = logistic()),
    exact_glm(am ~ wt + factor(gear == 4), binomial, mtcars), 1e-6
  )
  grouped <- torch_fit(cbind(ncases, ncontrols) ~ agegp, data = esoph, model = logistic())
  expect_same_fit(grouped, exact_glm(cbind(ncases, ncontrols) ~ agegp, binomial, esoph), 1e-6)
  probit <- torch_fit(am ~ wt, data = mtcars, model = logistic(link = "probit"))
  other <- exact_glm(am ~ wt, binomial("probit"), mtcars)
  expect_same_fit(probit, other, 1e-6)
  expect_equal(
    predict(probit, mtcars[1:3, ], "link"), predict(other, mtcars[1:3, ]), tolerance = 1e-6
  )
  expect_same_fit(
    torch_fit(carb ~ wt + offset(log(cyl)), data = mtcars, model = poisson(), weights = gear),
    glm(
      carb ~ wt + offset(log(cyl)), poisson, mtcars,
      weights = gear, epsilon = 1e-14, maxit = 100
    ), 1e-6
  )
  expect_same_fit(
    torch_fit(mpg ~ wt, data = mtcars, model = Gamma("log")),
    exact_glm(mpg ~ wt, Gamma("log"), data = mtcars), 1e-6
  )
})

test_that("residuals of every type, standard errors and terms are those of glm()", {
  fit <- torch_fit(am ~ wt + hp, data = mtcars, model = "logistic")
  other <- exact_glm(am ~ wt + hp, binomial, mtcars)
  for (type in c("response", "deviance", "pearson", "working")) {
    expect_equal(residuals(fit, type), residuals(other, type), tolerance = 1e-6)
  }
  for (type in c("link", "response")) {
    expect_equal(
      predict(fit, mtcars[1:4, ], type, se.fit = TRUE)[1:2],
      predict(other, mtcars[1:4, ], type, se.fit = TRUE)[1:2], tolerance = 1e-6
    )
  }
  expect_equal(predict(fit, type = "terms"), predict(other, type = "terms"), tolerance = 1e-6)
  new <- mtcars[5:9, ]
  expect_equal(predict(fit, new, "terms"), predict(other, new, "terms"), tolerance = 1e-6)
  expect_s3_class(family(fit), "family")
})

test_that("a factor with two levels is as its 0 and 1", {
  data <- transform(mtcars, am = factor(am, labels = c("auto", "manual")))
  fit <- torch_fit(am ~ wt, data = data, model = logistic())
  expect_equal(coef(fit), coef(torch_fit(am ~ wt, data = mtcars, model = logistic())))
  expect_equal(levels(predict(fit, data, "class")), c("auto", "manual"))
  probabilities <- predict(fit, data, "prob")
  expect_equal(probabilities[, "manual"], predict(fit, data))
  expect_equal(unname(rowSums(probabilities)), rep(1, 32))
})

test_that("multinomial() equals nnet::multinom()", {
  skip_if_not_installed("nnet")
  data <- transform(mtcars, gear = factor(gear), w = rep(1:2, 16))
  fit <- torch_fit(gear ~ wt, data = data, model = multinomial(), weights = w)
  other <- nnet::multinom(
    gear ~ wt, data, weights = w, trace = FALSE, maxit = 1000, abstol = 1e-14, reltol = 1e-14
  )
  # multinom() stops at about 6 digits; its gradient at our estimates says the rest.
  expect_equal(coef(fit), coef(other), tolerance = 1e-4)
  expect_equal(c(logLik(fit)), c(logLik(other)), tolerance = 1e-8)
  expect_gte(c(logLik(fit)), c(logLik(other)) - 1e-10)
  x <- cbind(1, data$wt)
  observed <- outer(data$gear, levels(data$gear), "==")
  gradient <- crossprod(x, data$w * (observed - fitted(fit)))
  expect_lt(max(abs(gradient)), 1e-6)
  expect_equal(vcov(fit), vcov(other), tolerance = 1e-3)
  expect_equal(dimnames(vcov(fit)), dimnames(vcov(other)))
  expect_equal(
    predict(fit, data[1:3, ], "prob"), predict(other, data[1:3, ], "probs"), tolerance = 1e-4
  )
})

test_that("multinomial() has columns of any scale, and standard errors beside their classes", {
  data <- transform(mtcars, gear = factor(gear), large = wt * 2^900)
  plain <- torch_fit(gear ~ mpg + wt, data, multinomial())
  scaled <- torch_fit(gear ~ mpg + large, data, multinomial())
  units <- rep(c(1, 1, 2^900), 2)
  table <- coef(summary(plain))
  back <- coef(summary(scaled))[, 1:2] * units
  expect_equal(table[, 2L], sqrt(diag(vcov(plain))), tolerance = 1e-12)
  expect_equal(unname(back), unname(table[, 1:2]), tolerance = 1e-10)
  expect_equal(fitted(scaled), fitted(plain), tolerance = 1e-10)
})

test_that("x and y, matrices and recipes give what a formula gives", {
  other <- lm(mpg ~ ., mtcars)
  from_matrix <- torch_fit(as.matrix(mtcars[-1]), mtcars$mpg, model = "linear")
  expect_equal(coef(from_matrix), coef(other))
  expect_equal(predict(from_matrix, as.matrix(mtcars[1:3, -1])), predict(other, mtcars[1:3, ]))
  frame <- cars_na[-3, c("wt", "cyl")]
  from_frame <- torch_fit(frame, cars_na$mpg[-3], model = "linear")
  expect_equal(coef(from_frame), coef(lm(mpg ~ wt + cyl, cars_na)))
  skip_if_not_installed("recipes")
  recipe <- recipes::recipe(mpg ~ ., data = mtcars)
  recipe <- recipes::step_log(recipe, wt)
  from_recipe <- torch_fit(recipe, mtcars, model = linear())
  other <- lm(mpg ~ . - wt + log(wt), mtcars)
  expect_equal(unname(predict(from_recipe, mtcars)), unname(predict(other)))
  expect_error(predict(from_recipe, mtcars[1:4]), "missing")
})

test_that("update(), formula() and print() are R's", {
  fit <- torch_fit(mpg ~ wt, data = mtcars, model = linear())
  expect_equal(coef(update(fit, . ~ . + hp)), coef(lm(mpg ~ wt + hp, mtcars)))
  expect_equal(formula(fit), mpg ~ wt, ignore_formula_env = TRUE)
  expect_output(print(fit), "Coefficients:.*37.285")
  expect_output(print(summary(fit)), "Multiple R-squared: 0.7528")
})

test_that("a row by itself gives what it gives among others", {
  data <- data.frame(
    a = c(1.5, 2, -1, 0.25), n = c(16777217L, 3L, 5L, -2L), f = factor(c("u", "v", "u", "w")),
    y = c(1, 2, 0, 1)
  )
  several <- do.call(rbind, rep(list(data), 30L))
  for (formula in list(y ~ a + n, y ~ n, y ~ a + f, y ~ log1p(abs(a)) + n + offset(a))) {
    fit <- torch_fit(formula, data, mlp(3), epochs = 2, seed = 1)
    whole <- predict(fit, several)[1:4]
    for (i in 1:4) expect_equal(predict(fit, data[i, ]), whole[i], tolerance = 1e-6)
  }
  fit <- torch_fit(y ~ a + n, data, mlp(3), epochs = 2, seed = 1)
  expect_identical(unname(predict(fit, data.frame(n = c(1L, NA), a = 1))[2]), NA_real_)
  expect_identical(unname(predict(fit, data.frame(n = 3, a = 2))), unname(predict(fit, data[2, ])))
  expect_error(predict(fit, data["a"]), "n")
})
