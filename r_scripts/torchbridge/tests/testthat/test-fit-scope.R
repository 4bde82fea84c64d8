# What a fit keeps of the environment it was made in: enough for its verbs, and no more.

secret_in <- function(x) {
  text <- serialize(x, NULL)
  text[text == 0L] <- charToRaw(" ")
  grepl("hunter2", rawToChar(text), fixed = TRUE, useBytes = TRUE)
}

# As another session reads it.
again <- function(x) unserialize(serialize(x, NULL))

rows <- mtcars[1:4, ]

test_that("a fit holds no more of the function that made it than its formula names", {
  fitted_in_function <- function() {
    password <- "hunter2"
    power <- 2
    raised <- function(x) rescaled(x^power)
    rescaled <- function(x) x / 100
    d <- mtcars
    torch_fit(mpg ~ raised(wt) + poly(hp, 2), data = d, model = linear(), subset = cyl > power)
  }
  fit <- fitted_in_function()
  expect_identical(secret_in(fit), FALSE)
  kept <- environment(formula(fit))
  expect_identical(sort(ls(kept)), c("d", "power", "raised", "rescaled"))
  expect_identical(parent.env(kept), topenv(environment()))
  raised <- function(x) x^2 / 100
  reference <- lm(mpg ~ raised(wt) + poly(hp, 2), mtcars)
  read <- again(fit)
  expect_equal(predict(read, rows), predict(reference, rows), tolerance = 1e-8)
  expect_identical(predict(read, rows), predict(fit, rows))
  expect_equal(model.frame(read), model.frame(reference), ignore_attr = TRUE)
  expect_equal(predict(read), predict(reference), tolerance = 1e-8)
})

test_that("variables without data, offsets and closures with something in them are kept", {
  make_power <- function(k) {
    password <- "hunter2"
    function(x) x^k
  }
  fitted_in_function <- function() {
    password <- "hunter2"
    y <- mtcars$mpg
    x <- mtcars$wt
    shift <- 3
    third <- make_power(3)
    torch_fit(y ~ third(x) + offset(shift * x), model = linear())
  }
  fit <- again(fitted_in_function())
  expect_identical(secret_in(fit), FALSE)
  reference <- lm(mpg ~ I(wt^3) + offset(3 * wt), mtcars)
  expect_equal(unname(coef(fit)), unname(coef(reference)), tolerance = 1e-8)
  given <- predict(fit, data.frame(x = c(2, 3)))
  expected <- predict(reference, data.frame(wt = c(2, 3)))
  expect_equal(unname(given), unname(expected), tolerance = 1e-8)
  expect_equal(unname(predict(fit)), unname(predict(reference)), tolerance = 1e-8)
})

test_that("update() goes on from what was kept", {
  fitted_in_function <- function(d) {
    password <- "hunter2"
    half <- function(x) x / 2
    torch_fit(mpg ~ half(wt) + hp, data = d, model = linear())
  }
  fit <- again(fitted_in_function(mtcars))
  d <- mtcars
  smaller <- update(fit, . ~ . - hp)
  expect_equal(coef(smaller), coef(lm(mpg ~ I(wt / 2), mtcars)), ignore_attr = TRUE)
  expect_identical(secret_in(smaller), FALSE)
  expect_identical(secret_in(again(smaller)), FALSE)
})

test_that("fits of columns and of a formula that came as a value are alike", {
  by_columns <- function(x, y) {
    password <- "hunter2"
    torch_fit(x[, 1:2], y, model = linear())
  }
  fit <- by_columns(mtcars[c("wt", "hp", "qsec")], mtcars$mpg)
  expect_identical(secret_in(fit), FALSE)
  expect_identical(ls(fit$env), "x")
  expect_identical(predict(again(fit)), predict(fit))
  by_value <- function() {
    password <- "hunter2"
    form <- mpg ~ wt
    do.call(torch_fit, list(form, data = quote(mtcars), model = linear()))
  }
  expect_identical(secret_in(by_value()), FALSE)
})

test_that("an argument that was not given or that fails is nobody's variable", {
  fitted_in_function <- function(wt, hp = stop("not asked for")) {
    torch_fit(mpg ~ log(wt) + hp, data = mtcars, model = linear())
  }
  fit <- fitted_in_function()
  expect_equal(coef(fit), coef(lm(mpg ~ log(wt) + hp, mtcars)), tolerance = 1e-8)
  expect_identical(ls(environment(formula(fit))), character())
})

test_that("tuned fits, paths and maximum likelihood hold no more either", {
  tuned <- function() {
    password <- "hunter2"
    torch_tune(
      mpg ~ wt, list(lr = c(0.01, 0.1)), mtcars, mlp(2), n_trials = 1, epochs = 1, seed = 1
    )
  }
  expect_identical(secret_in(tuned()), FALSE)
  path <- function() {
    password <- "hunter2"
    torch_path(mpg ~ wt + hp, mtcars, n_penalties = 3)
  }
  expect_identical(secret_in(path()), FALSE)
  likelihood <- function() {
    password <- "hunter2"
    x <- c(1.2, 3.4, 2.2, 5.1)
    torch_mle(function(mu, s) -sum(dnorm(x, mu, exp(s), log = TRUE)), c(mu = 1, s = 0))
  }
  fit <- again(likelihood())
  expect_identical(secret_in(fit), FALSE)
  expect_equal(coef(fit)[["mu"]], mean(c(1.2, 3.4, 2.2, 5.1)), tolerance = 1e-8)
  expect_equal(dim(confint(fit)), c(2L, 2L))
})

test_that("a function that looks things up by name as text keeps all it could see", {
  fit <- local({
    x <- c(1, 2, 4)
    torch_mle(function(mu) sum((get("x") - mu)^2), c(mu = 0))
  })
  expect_identical(ls(environment(fit$model$minuslogl)), "x")
  expect_equal(coef(again(fit))[["mu"]], mean(c(1, 2, 4)), tolerance = 1e-8)
})

test_that("a recipe's steps keep what they name", {
  skip_if_not_installed("recipes")
  fitted_in_function <- function() {
    password <- "hunter2"
    factor <- 3
    recipe <- recipes::recipe(mpg ~ wt + hp, mtcars)
    recipe <- recipes::step_mutate(recipe, wt = wt * factor)
    torch_fit(recipe, mtcars, model = linear())
  }
  fit <- fitted_in_function()
  expect_identical(secret_in(fit), FALSE)
  expect_equal(
    predict(again(fit), rows), predict(lm(mpg ~ I(wt * 3) + hp, mtcars), rows), tolerance = 1e-8,
    ignore_attr = TRUE
  )
})
