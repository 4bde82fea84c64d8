skip_without_python()

test_that("large tables with factors have lm()'s and glm()'s answers, with no column a level", {
  set.seed(1)
  n <- 20000L
  d <- data.frame(
    g = factor(sample(letters[1:20], n, TRUE)), x = rnorm(n), z = rnorm(n),
    h = sample(c(TRUE, FALSE), n, TRUE), t = sample(c("u", "v", "w"), n, TRUE),
    o = factor(sample(1:3, n, TRUE), ordered = TRUE), w = runif(n)
  )
  d$x[7] <- NA
  d$y <- as.integer(d$g) / 5 + d$z + rnorm(n)
  d$k <- rpois(n, exp(d$z / 4))
  d$b <- rbinom(n, 1, plogis(d$z)) == 1
  formulas <- list(
    y ~ g + x, y ~ g * z + x:h, y ~ h + poly(z, 2):g, y ~ C(g, contr.sum) * h + t + o,
    y ~ g + z + I(2 * z) + offset(w), y ~ t:g + o, log(y + 20) ~ g %in% h + z
  )
  for (formula in formulas) {
    fit <- suppressWarnings(torch_fit(formula, d, linear(), weights = w))
    reference <- suppressWarnings(lm(formula, d, weights = w))
    expect_equal(coef(fit), coef(reference), tolerance = 1e-9)
    expect_equal(vcov(fit), vcov(reference), tolerance = 1e-8)
    expect_equal(fitted(fit), fitted(reference), tolerance = 1e-9)
    expect_equal(
      suppressWarnings(predict(fit, d[3:6, ])), suppressWarnings(predict(reference, d[3:6, ])),
      tolerance = 1e-9
    )
  }
  fit <- torch_fit(y ~ g + h, d, linear(), contrasts = list(g = "contr.helmert"))
  expect_equal(
    coef(fit), coef(lm(y ~ g + h, d, contrasts = list(g = "contr.helmert"))), tolerance = 1e-9
  )
  tight <- glm.control(epsilon = 1e-14)
  expect_equal(
    coef(torch_fit(k ~ g + h, d, poisson())), coef(glm(k ~ g + h, poisson, d, control = tight)),
    tolerance = 1e-9
  )
  expect_equal(
    coef(torch_fit(b ~ g + z, d, logistic())), coef(glm(b ~ g + z, binomial, d, control = tight)),
    tolerance = 1e-9
  )
  expect_error(
    torch_fit(y ~ g + z, replace(d, "z", replace(d$z, 5, Inf)), linear()), "`z` holds infinite"
  )
})

test_that("large tables of numbers and factors stay columns, and have the digits of lm()", {
  set.seed(2)
  n <- 40000L
  d <- data.frame(
    x = rnorm(n), i = sample(9L, n, TRUE), far = 1e5 + rnorm(n), twice = 0, l = runif(n) > 0.3,
    g = factor(sample(c("a", "b", "c"), n, TRUE), levels = c("a", "none", "b", "c"))
  )
  d$twice <- 2 * d$x
  y <- d$x - d$i + d$far + d$l + rnorm(n)
  same_as_lm <- function(fit, reference) {
    expect_equal(unname(coef(fit)), unname(coef(reference)), tolerance = 1e-8)
    expect_equal(unname(vcov(fit)), unname(vcov(reference)), tolerance = 1e-8)
    expect_equal(unname(fitted(fit)), unname(fitted(reference)), tolerance = 1e-12)
    expect_equal(unname(rstandard(fit)[1:9]), unname(rstandard(reference)[1:9]), tolerance = 1e-8)
  }
  numbers <- d[c("x", "i", "far", "twice", "l", "x", "i")]
  names(numbers)[6:7] <- c("x2", "i2")
  numbers[6:7] <- list(d$x^2, d$i^2)
  reference <- lm(y ~ ., numbers)
  same_as_lm(torch_fit(y ~ ., cbind(numbers, y = y), linear()), reference)
  same_as_lm(torch_fit(as.matrix(numbers), y, linear()), reference)
  expect_equal(names(coef(torch_fit(numbers, y, linear())))[1:3], c("(Intercept)", "x", "i"))
  # A level that no row has is none of the model's.
  reference <- lm(y ~ ., cbind(d, z = d$x^3))
  same_as_lm(torch_fit(y ~ ., cbind(d, z = d$x^3, y = y), linear()), reference)
  same_as_lm(torch_fit(cbind(droplevels(d), z = d$x^3), y, linear()), reference)
  contrasts(d$g) <- contr.sum(4L)
  expect_warning(torch_fit(y ~ g + x, cbind(d, y = y), linear()), "contrasts dropped from factor g")
})
