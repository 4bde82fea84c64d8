skip_without_python()

cars_data <- transform(
  mtcars, cyl = factor(cyl), gear = factor(gear), count = seq_len(32) %% 4 + 1, shift = qsec / 10,
  twice = 2 * wt
)
cars_data$hp[c(3, 20)] <- NA
tight <- list(epsilon = 1e-14, maxit = 100)

# Pairs of the same fit: this package's and R's.
pairs <- list(
  lm = list(
    torch_fit(mpg ~ wt + cyl, cars_data, linear()), lm(mpg ~ wt + cyl, cars_data)
  ),
  weights = list(
    torch_fit(
      mpg ~ wt * gear + log(hp), cars_data, linear(), weights = count, na.action = na.exclude
    ),
    lm(mpg ~ wt * gear + log(hp), cars_data, weights = count, na.action = na.exclude)
  ),
  aliased = list(
    torch_fit(mpg ~ wt + twice + qsec, cars_data, linear(), offset = shift),
    lm(mpg ~ wt + twice + qsec, cars_data, offset = shift)
  ),
  logistic = list(
    torch_fit(am ~ wt + hp, cars_data, logistic()),
    glm(am ~ wt + hp, binomial, cars_data, control = tight)
  ),
  poisson = list(
    torch_fit(carb ~ wt + cyl + offset(shift), cars_data, poisson(), weights = count),
    glm(carb ~ wt + cyl + offset(shift), poisson, cars_data, weights = count, control = tight)
  ),
  gamma = list(
    torch_fit(mpg ~ wt + gear, cars_data, Gamma("log")),
    glm(mpg ~ wt + gear, Gamma("log"), cars_data, control = tight)
  )
)

expect_rs_answer <- function(verb, tolerance = 1e-7, of = names(pairs)) {
  for (name in of) {
    pair <- pairs[[name]]
    info <- paste(name, deparse1(body(verb)))
    expect_equal(verb(pair[[1L]]), verb(pair[[2L]]), tolerance = tolerance, info = info)
  }
}

test_that("verbs of influence are those of lm() and glm()", {
  verbs <- list(
    hatvalues, rstandard, rstudent, cooks.distance, dfbeta, dfbetas, dffits, covratio,
    function(fit) influence(fit)[c("hat", "coefficients", "sigma", "wt.res")],
    function(fit) lm.influence(fit, do.coef = FALSE)$sigma,
    function(fit) influence.measures(fit)[c("infmat", "is.inf")],
    function(fit) influence.measures(fit, influence(fit))$infmat,
    function(fit) rstandard(fit, type = "predictive")
  )
  # The last has types of its own for glm().
  for (verb in verbs[-length(verbs)]) expect_rs_answer(verb, 1e-6)
  expect_rs_answer(verbs[[length(verbs)]], of = c("lm", "weights"))
  expect_rs_answer(function(fit) rstandard(fit, type = "pearson"), of = c("logistic", "gamma"))
})

test_that("what a fit says of its terms, rows and columns is what lm() says", {
  expect_rs_answer(case.names)
  expect_rs_answer(variable.names)
  expect_rs_answer(function(fit) variable.names(fit, full = TRUE))
  expect_rs_answer(labels)
  expect_rs_answer(dummy.coef, of = c("lm", "weights", "poisson", "gamma"))
  expect_rs_answer(function(fit) unclass(alias(fit))$Complete)
  expect_rs_answer(function(fit) unclass(effects(fit)), of = c("lm", "weights", "aliased"))
  expect_rs_answer(function(fit) proj(fit)[, ], of = c("lm", "weights"))
  expect_rs_answer(kappa)
  expect_rs_answer(function(fit) qr(fit)[c("rank", "pivot")])
  expect_rs_answer(model.matrix)
})

test_that("the same seed simulates the same", {
  expect_rs_answer(function(fit) simulate(fit, 3, seed = 4), of = c("lm", "weights", "aliased"))
  expect_rs_answer(function(fit) simulate(fit, seed = 4), of = c("logistic", "gamma"), 1e-6)
  set.seed(9)
  first <- simulate(pairs$logistic[[1L]])
  set.seed(9)
  expect_equal(first, simulate(pairs$logistic[[2L]]), tolerance = 1e-12)
})

test_that("classes that are separated have influences, though their weights are almost 0", {
  fit <- suppressWarnings(torch_fit(am ~ gear, mtcars, logistic()))
  expect_identical(qr(fit)$rank, 2L)
  expect_identical(dim(dfbeta(fit)), c(nrow(mtcars), 2L))
  # Those with 4 gears alone decide, of which 8 in 12 are of class 1.
  expect_equal(unname(fitted(fit)[mtcars$gear == 4]), rep(8 / 12, 12), tolerance = 1e-6)
})

test_that("coefficients that others explain are NA, in all that lm() has them", {
  fit <- pairs$aliased[[1L]]
  theirs <- pairs$aliased[[2L]]
  expect_equal(coef(fit), coef(theirs), tolerance = 1e-10)
  expect_equal(vcov(fit), vcov(theirs), tolerance = 1e-10)
  expect_equal(vcov(fit, complete = FALSE), vcov(theirs, complete = FALSE), tolerance = 1e-10)
  expect_equal(coef(summary(fit)), coef(summary(theirs)), tolerance = 1e-8)
  expect_identical(summary(fit)$aliased, summary(theirs)$aliased)
  expect_identical(summary(fit)$df, summary(theirs)$df)
  expect_output(print(summary(fit)), "(1 not defined because of singularities)", fixed = TRUE)
  expect_output(print(summary(fit)), "twice +NA +NA +NA +NA")
  expect_equal(confint(fit), confint(theirs), tolerance = 1e-8)
  expect_output(print(fit), "NA", fixed = TRUE)
  # NA and not NaN, which expect_equal() takes for the same.
  several <- cbind(mpg, hp) ~ wt + twice
  one_row <- list(
    torch_fit(mpg ~ wt, cars_data[1, ], linear()), lm(mpg ~ wt, cars_data[1, ])
  )
  two <- list(torch_fit(several, cars_data, linear()), lm(several, cars_data))
  for (pair in list(pairs$aliased, one_row, two)) {
    for (verb in c(coef, vcov)) {
      found <- lapply(pair, function(fit) unname(is.nan(verb(fit))))
      expect_identical(found[[1L]], found[[2L]])
    }
  }
  # In the words of this R, which differ by version.
  heard <- function(fit) {
    tryCatch(predict(fit, cars_data[1:3, ]), warning = conditionMessage)
  }
  expect_equal(heard(fit), heard(theirs), tolerance = 1e-10)
  expect_no_warning(predict(fit))
  expect_no_warning(predict(pairs$lm[[1L]], cars_data[1:3, ]))
})

test_that("fits of x and y have the verbs of rows and columns of lm() and glm()", {
  x <- as.matrix(mtcars[c("wt", "qsec")])
  weights <- seq_len(32) %% 3
  y <- mtcars$mpg
  shift <- mtcars$hp / 100
  with_gaps <- transform(mtcars[c("wt", "qsec")], cyl = factor(mtcars$cyl))
  with_gaps$wt[c(3, 20)] <- NA
  beside <- data.frame(with_gaps, y, shift, weights)
  pairs <- list(
    matrix = list(torch_fit(x, y, linear()), lm(y ~ ., data.frame(x))),
    unnamed = list(
      torch_fit(unname(x), y, linear(), weights = weights),
      lm(y ~ x1 + x2, data.frame(x1 = unname(x[, 1]), x2 = unname(x[, 2])), weights = weights)
    ),
    dependent = list(
      torch_fit(cbind(x, twice = 2 * x[, 1]), y, linear(), offset = shift),
      lm(y ~ . + offset(shift), data.frame(x, twice = 2 * x[, 1]))
    ),
    frame = list(
      torch_fit(with_gaps, y, linear(), weights = weights, na.action = na.exclude),
      lm(y ~ wt + qsec + cyl, beside, weights = weights, na.action = na.exclude)
    ),
    counts = list(
      torch_fit(x, mtcars$carb, poisson(), offset = shift),
      glm(mtcars$carb ~ . + offset(shift), poisson, data.frame(x), control = tight)
    ),
    classes = list(
      torch_fit(x[, "wt", drop = FALSE], factor(mtcars$am), logistic()),
      glm(factor(mtcars$am) ~ wt, binomial, data.frame(x), control = tight)
    ),
    numbers = list(
      torch_fit(x[, "wt", drop = FALSE], mtcars$am, logistic()),
      glm(am ~ wt, binomial, mtcars, control = tight)
    ),
    gamma = list(
      torch_fit(x, y, Gamma("log")), glm(y ~ ., Gamma("log"), data.frame(x), control = tight)
    )
  )
  verbs <- list(
    hatvalues, rstandard, rstudent, cooks.distance, dfbeta, dfbetas, dffits, covratio, case.names,
    variable.names, function(fit) influence(fit)[c("hat", "coefficients", "sigma", "wt.res")],
    function(fit) influence.measures(fit)[c("infmat", "is.inf")],
    function(fit) rstandard(fit, type = "pearson")
  )
  for (name in names(pairs)) {
    ours <- pairs[[name]][[1L]]
    theirs <- pairs[[name]][[2L]]
    least_squares <- !inherits(theirs, "glm")
    for (verb in verbs[seq_len(length(verbs) - least_squares)]) {
      expect_equal(
        verb(ours), verb(theirs), tolerance = if (least_squares) 1e-9 else 1e-6,
        info = paste(name, deparse1(body(verb)))
      )
    }
    # simulate() of a row of weight 0 is NaN, with a warning.
    if (name %in% c("unnamed", "frame")) next
    expect_equal(
      simulate(ours, 2, seed = 4), simulate(theirs, 2, seed = 4), tolerance = 1e-6, info = name
    )
  }
  for (verb in list(dummy.coef, proj, labels)) {
    expect_error(verb(pairs$matrix[[1L]]), "has no formula")
  }
})

test_that("networks, several classes and verbs of terms without a formula are refused in words", {
  network <- torch_fit(mpg ~ wt, cars_data, mlp(2), epochs = 1)
  expect_error(rstudent(network), "models fitted exactly")
  expect_error(influence.measures(network), "models fitted exactly")
  expect_error(simulate(torch_fit(cyl ~ wt, cars_data, multinomial())), "not for multinomial")
})

test_that("car tests the hypotheses that it tests of lm() and glm()", {
  skip_if_not_installed("car")
  table <- function(x) lapply(as.list(x), as.vector)
  full <- setdiff(names(pairs), "aliased")
  for (type in 2:3) {
    expect_rs_answer(function(fit) table(car::Anova(fit, type = type)), 1e-6, of = full)
  }
  expect_rs_answer(function(fit) table(car::linearHypothesis(fit, "wt = 1")), 1e-6, of = full)
  expect_rs_answer(car::vif, of = c("lm", "logistic", "gamma"))
  expect_rs_answer(car::hccm, of = c("lm", "weights"))
  expect_rs_answer(function(fit) car::ncvTest(fit)$p, of = "lm")
  expect_rs_answer(function(fit) car::outlierTest(fit)$p, 1e-6, of = c("lm", "logistic"))
  expect_rs_answer(function(fit) car::deltaMethod(fit, "wt^2"), 1e-6, of = c("lm", "logistic"))
})

test_that("lmtest, sandwich and multcomp find what they look for", {
  skip_if_not_installed("lmtest")
  skip_if_not_installed("sandwich")
  expect_rs_answer(function(fit) unclass(lmtest::coeftest(fit))[, ], 1e-6)
  expect_rs_answer(sandwich::vcovHC, 1e-6, of = c("lm", "logistic", "poisson", "gamma"))
  expect_rs_answer(sandwich::sandwich, 1e-6, of = c("lm", "logistic", "gamma"))
  expect_rs_answer(
    function(fit) sandwich::vcovCL(fit, cars_data$carb, "HC1"), 1e-6, of = c("lm", "gamma")
  )
  expect_rs_answer(
    function(fit) lmtest::waldtest(fit, update(fit, . ~ . - wt))$F, 1e-6, of = "lm"
  )
  expect_rs_answer(
    function(fit) unclass(lmtest::coeftest(fit, vcov. = sandwich::vcovHC))[, ], 1e-6,
    of = c("lm", "poisson")
  )
  expect_rs_answer(
    function(fit) lmtest::lrtest(fit, update(fit, . ~ . - wt))$Chisq, 1e-6, of = c("lm", "gamma")
  )
  skip_if_not_installed("multcomp")
  expect_rs_answer(function(fit) coef(multcomp::glht(fit, multcomp::mcp(cyl = "Tukey"))), of = "lm")
})

test_that("emmeans and effects average as they do over lm() and glm()", {
  skip_if_not_installed("emmeans")
  expect_rs_answer(
    function(fit) as.list(as.data.frame(emmeans::emmeans(fit, "cyl"))), 1e-6,
    of = c("lm", "poisson")
  )
  expect_rs_answer(
    function(fit) as.list(as.data.frame(emmeans::emmeans(fit, "gear", type = "response"))), 1e-6,
    of = "gamma"
  )
  skip_if_not_installed("effects")
  expect_rs_answer(
    function(fit) as.list(as.data.frame(effects::Effect("wt", fit))), 1e-6,
    of = c("lm", "logistic", "gamma")
  )
})
