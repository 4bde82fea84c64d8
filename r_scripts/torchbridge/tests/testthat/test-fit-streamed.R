# Fits to files and streams: those of the same rows in a data frame.

skip_without_python()

set.seed(1)
n <- 240
d <- data.frame(
  x = rnorm(n, 3), z = rexp(n), g = sample(c("b", "a", "C"), n, TRUE), t = runif(n) < 0.3,
  day = as.Date("2024-01-01") + seq_len(n), o = rnorm(n), w = sample(1:3, n, TRUE)
)
d$f <- factor(sample(c("lo", "hi"), n, TRUE), c("lo", "no", "hi"))
d$y <- d$x + log(d$z) + (d$g == "a") + rnorm(n)
d$k <- factor(ifelse(d$y > 3, "hi", "lo"), c("lo", "hi"))
d$x[c(3, 50)] <- NA
d$g[c(7, 50)] <- NA

folder <- tempfile("data")
dir.create(folder)
withr::defer(unlink(folder, recursive = TRUE), teardown_env())
write_parquet <- function(frame, file) {
  py_import("pyarrow.parquet")$write_table(as_py_frame(frame, "arrow"), file, row_group_size = 70L)
}
write_parquet(d[1:150, ], file.path(folder, "1.parquet"))
write_parquet(d[151:n, ], file.path(folder, "2.parquet"))

fit_to <- function(formula, data, ..., model = mlp(6)) {
  torch_fit(formula, data, model, epochs = 2, shuffle = FALSE, seed = 1, verbose = FALSE, ...)
}
expect_same_fit <- function(a, b) {
  expect_equal(b$history, a$history, tolerance = 1e-5)
  expect_identical(b$preparation$column_names, a$preparation$column_names)
  expect_identical(b$preparation$xlevels, a$preparation$xlevels)
  expect_identical(b$levels, a$levels)
  expect_identical(as.integer(b$nobs), a$nobs)
  expect_equal(predict(b, d), predict(a, d), tolerance = 1e-5)
  expect_equal(unname(predict(b, folder)), unname(predict(b, d)), tolerance = 1e-6)
}

test_that("a fit to a folder is that to the data frame", {
  half <- 2
  formulas <- list(
    y ~ x + log(z) + g, y ~ x * g + t:f + I(z^2), k ~ x + t + day, y ~ . - k - day, g ~ x + f,
    I(y / half) ~ I(x * half) + offset(o), t ~ x
  )
  for (formula in formulas) expect_same_fit(fit_to(formula, d), fit_to(formula, folder))
  expect_same_fit(
    fit_to(y ~ x + g + f, d, model = tabular(4)), fit_to(y ~ x + g + f, folder, model = tabular(4))
  )
  expect_same_fit(
    torch_fit(y ~ x, d, mlp(4), weights = w, offset = o / 2, epochs = 2, shuffle = FALSE, seed = 1,
              validation = d[51:100, ], verbose = FALSE),
    torch_fit(y ~ x, folder, mlp(4), weights = w, offset = o / 2, epochs = 2, shuffle = FALSE,
              seed = 1, validation = d[51:100, ], verbose = FALSE)
  )
})

test_that("queries, patterns, CSV, streams and frame_batches() are read, too", {
  expected <- fit_to(y ~ x + g, d)$history
  csv <- tempfile(fileext = ".csv")
  write.csv(d, csv, row.names = FALSE)
  given <- list(
    file.path(folder, "*.parquet"), file.path(folder, c("1.parquet", "2.parquet")), csv,
    frame_batches(folder), as_py_frame(d, "arrow")$to_reader()
  )
  if (can_import("duckdb")) {
    given <- c(given, sprintf("select * from '%s/*.parquet' order by day", folder))
  }
  for (data in given) {
    expect_equal(fit_to(y ~ x + g, data)$history, expected, tolerance = 1e-5)
  }
})

test_that("a module of the user's trains, and a fit survives a file", {
  net <- nn_module(
    initialize = function() self$line <- nn_linear(3, 1), forward = function(x) self$line(x)
  )
  torch_manual_seed(1)
  module <- net()
  a <- fit_to(y ~ x + g, d, model = module)
  b <- fit_to(y ~ x + g, folder, model = module)
  expect_same_fit(a, b)
  file <- tempfile(fileext = ".rds")
  saveRDS(fit_to(k ~ x + g, folder), file)
  expect_identical(predict(readRDS(file), d), predict(fit_to(k ~ x + g, folder), d))
})

test_that("predictions are written in the order of the rows", {
  fit <- fit_to(k ~ x + g, folder)
  to <- tempfile("out")
  expect_identical(predict(fit, folder, type = "prob", to = to), to)
  read <- function(path) as.data.frame(py_import("pyarrow.parquet")$read_table(path))
  expected <- as.data.frame(predict(fit, d, type = "prob", tibble = TRUE))
  expect_equal(read(to), expected, tolerance = 1e-6)
  one <- tempfile(fileext = ".parquet")
  predict(fit, folder, to = one)
  expect_equal(read(one)$.pred, unname(predict(fit, d)), tolerance = 1e-6)
  expect_identical(
    predict(fit, folder, type = "class"), unname(predict(fit, d, type = "class"))
  )
  # Of a fit in memory, too.
  memory <- fit_to(y ~ x * g + t, d)
  expect_equal(predict(memory, folder), unname(predict(memory, d)), tolerance = 1e-6)
})

test_that("what is wrong is named", {
  expect_error(fit_to(y ~ x, "nothing.parquet"), "no file or folder nothing.parquet")
  expect_error(fit_to(y ~ q, folder), "no column \"q\"")
  expect_error(fit_to(y ~ poly(x, 2), folder), "poly\\(\\) is not known")
  expect_error(fit_to(y ~ x, folder, subset = z > 1), "`subset` is for data in memory")
  expect_error(fit_to(y ~ x, folder, na.action = na.fail), "missing values, in 2 rows")
  expect_error(fit_to(y ~ x, folder, validation = 3), "validation must be a share")
  expect_error(fit_to(y ~ x, d, shuffle_buffer = 9), "shuffle_buffer")
  fit <- fit_to(y ~ x, folder)
  for (verb in list(predict, fitted, torch_importance)) {
    expect_error(verb(fit), "keeps no rows of data that was read batch by batch: give `newdata`")
  }
  expect_error(predict(fit, d, to = "out"), "`to` is for `newdata` that is read batch by batch")
  expect_error(predict(fit, folder, to = folder), "must be a folder that is empty or not there")
  other <- tempfile(fileext = ".parquet")
  write_parquet(transform(d, g = "zz"), other)
  expect_error(predict(fit_to(y ~ g, folder), other), "new level \"zz\"")
})

test_that("exact models of a folder have lm()'s and glm()'s numbers", {
  expect_same <- function(ours, theirs) {
    expect_equal(coef(ours), coef(theirs), tolerance = 1e-9)
    # (glm() has the weights of the step before its last.)
    expect_equal(vcov(ours), vcov(theirs), tolerance = if (inherits(theirs, "glm")) 1e-6 else 1e-9)
    expect_equal(deviance(ours), deviance(theirs), tolerance = 1e-11)
    expect_equal(as.numeric(logLik(ours)), as.numeric(logLik(theirs)), tolerance = 1e-11)
    expect_equal(df.residual(ours), df.residual(theirs))
    expect_equal(predict(ours, d), predict(theirs, d, type = "response"), tolerance = 1e-9)
    expect_equal(predict(ours, folder), unname(predict(ours, d)), tolerance = 1e-9)
  }
  ours <- torch_fit(y ~ x + log(z) * g + t, folder, linear())
  theirs <- lm(y ~ x + log(z) * g + t, d)
  expect_same(ours, theirs)
  expect_equal(summary(ours)$r.squared, summary(theirs)$r.squared, tolerance = 1e-12)
  expect_equal(
    confint(ours, level = 0.9), confint(theirs, level = 0.9), tolerance = 1e-9
  )
  expect_same(
    torch_fit(y ~ x + g - 1 + offset(o), folder, linear(), weights = w),
    lm(y ~ x + g - 1 + offset(o), d, weights = w)
  )
  tight <- glm.control(1e-14, 50)
  expect_same(
    torch_fit(k ~ x + f, folder, logistic()), glm(k ~ x + f, binomial, d, control = tight)
  )
  expect_same(
    torch_fit(w ~ x + g, folder, poisson()), glm(w ~ x + g, poisson, d, control = tight)
  )
  expect_error(torch_fit(g ~ x, folder, multinomial()), "takes a data frame in memory")
  expect_error(fitted(ours), "keeps no rows of data that was read batch by batch")
})
