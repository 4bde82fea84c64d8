skip_without_python()

# What a damaged file, or structure(), makes.
coded <- function(codes, levels = c("a", "b")) {
  structure(as.integer(codes), levels = levels, class = "factor")
}
framed <- function(b) {
  structure(list(a = c(1, 2, 3, 4), b = b), row.names = c(NA, -4L), class = "data.frame")
}
damaged <- list(
  list(coded(c(1, 2, 0, 1)), "element 3 has code 0, and there are 2 levels"),
  list(coded(c(1, -1, 2, 1)), "element 2 has code -1, and there are 2 levels"),
  list(coded(c(1, 2, 2, 3)), "element 4 has code 3, and there are 2 levels"),
  list(coded(c(1, 2, 1, 2), c("a", "a")), "a factor whose level 2 is there twice"),
  list(coded(c(1, 2, 1, 2), 1:2), "a factor whose levels are of type integer, not character"),
  list(structure(1:4, class = "integer64"), "class integer64 must be of type double, not integer"),
  list(structure(letters[1:4], class = "Date"), "class Date must be numeric, not character")
)

test_that("a damaged column is an error that names it, in every way into a fit", {
  y <- c(1, 2, 2, 4)
  for (case in damaged) {
    column <- case[[1]]
    named <- paste0("`b`: .*", case[[2]], ".*: this R object is damaged\\.$")
    for (model in list(linear(), mlp(2))) {
      expect_error(torch_fit(framed(column), y, model), named)
      expect_error(torch_fit(y ~ ., cbind(framed(column), y = y), model), named)
      expect_error(torch_fit(y ~ b, framed(column), model), named)
    }
    expect_error(torch_fit(b ~ a, framed(column), logistic()), named)
    as_y <- sub("`b`", "`y`", named)
    expect_error(torch_fit(framed(column)["a"], column, logistic()), as_y)
    data <- cbind(framed(column), y = y)
    expect_error(torch_tune(y ~ ., data, model = mlp(2), space = list(lr = 0.1)), named)
    expect_error(
      torch_fit(y ~ a, framed(column), linear(), weights = column), "`\\(weights\\)`: .* is damaged"
    )
  }
})

test_that("damaged new data are an error that names the column", {
  data <- cbind(framed(coded(c(1, 2, 2, 1))), y = c(1, 3, 2, 5))
  fits <- list(torch_fit(y ~ ., data, linear()), torch_fit(data[1:2], data$y, mlp(2), epochs = 1))
  for (fit in fits) {
    for (case in damaged[1:5]) {
      expect_error(predict(fit, framed(case[[1]])), paste0("`b`: .*", case[[2]]))
    }
  }
  new <- cbind(framed(damaged[[1]][[1]]), y = 1)
  expect_error(
    torch_fit(y ~ ., data, mlp(2), epochs = 1, validation = new), "`validation`: `b`: element 3"
  )
})

test_that("a damaged data frame is an error that says where", {
  unequal <- framed(1:2)
  long <- structure(list(a = 1:3), row.names = c(NA, -5L), class = "data.frame")
  nameless <- structure(list(1:3, 1:3), row.names = c(NA, -3L), class = "data.frame")
  fit <- torch_fit(y ~ a, data.frame(a = 1:3, y = c(1, 3, 2)), linear())
  for (case in list(
    list(unequal, "column 'b': 2 elements in a data frame of 4 rows"),
    list(long, "column 'a': 3 elements in a data frame of 5 rows"),
    list(nameless, "a data frame of 2 columns with 0 names")
  )) {
    expect_error(torch_fit(case[[1]], c(1, 3, 2), linear()), paste0("`x`: ", case[[2]]))
    expect_error(torch_fit(a ~ ., case[[1]], linear()), paste0("`data`: ", case[[2]]))
    expect_error(predict(fit, case[[1]]), paste0("`newdata`: ", case[[2]]))
    expect_error(as_py_frame(case[[1]]), case[[2]])
    expect_error(frame_tensors(case[[1]]), case[[2]])
    expect_error(torch_tensor(case[[1]]), "`data` must not be a data frame")
    expect_error(as_torch_tensor(case[[1]]), paste0("`x`: ", case[[2]]))
  }
})

test_that("64-bit integers are numbers, also as weights and offset", {
  skip_if_not_installed("bit64")
  wide <- bit64::as.integer64(c(1, 0, 3, 2))
  data <- data.frame(a = c(1, 2, 3, 4), y = c(1, 3, 2, 5))
  expect_equal(
    coef(torch_fit(y ~ a, data, linear(), offset = wide)),
    coef(lm(y ~ a, data, offset = c(1, 0, 3, 2)))
  )
  fit <- torch_fit(y ~ a, data, linear(), weights = wide)
  other <- lm(y ~ a, data, weights = c(1, 0, 3, 2))
  expect_equal(coef(fit), coef(other))
  expect_equal(vcov(fit), vcov(other))
})

test_that("columns are found by their place: a name is looked for among all of them", {
  names_asked <- 0L
  registerS3method("[[", "counted", function(x, i) {
    if (is.character(i)) names_asked <<- names_asked + 1L
    .subset2(x, i)
  }, envir = environment(torch_fit))
  counted <- structure(lapply(1:50, function(i) c(i, 1, 2)), names = paste0("x", 1:50))
  counted$text <- c("a", "b", "a")
  class(counted) <- "counted"
  columns <- torchbridge:::as_predictors(counted, quote(f()))
  torchbridge:::check_columns(columns, quote(f()))
  torchbridge:::check_sound_columns(columns, quote(f()))
  expect_identical(names_asked, 0L)
  expect_identical(columns[["text"]], factor(c("a", "b", "a")))
  expect_identical(names_asked, 1L) # it does count
  counted[["m"]] <- matrix(1:3)
  expect_error(torchbridge:::as_predictors(counted, quote(f())), "`m` must be a plain column")
})

# ---- sparse matrices ----

sparse_table <- function() {
  set.seed(1)
  x <- Matrix::rsparsematrix(120, 6, 0.3)
  colnames(x) <- paste0("v", 1:6)
  list(x = x, y = as.vector(as.matrix(x) %*% 1:6) + rnorm(120))
}

test_that("a sparse matrix of any class gives lm()'s and glm()'s numbers", {
  skip_if_not_installed("Matrix")
  table <- sparse_table()
  dense <- as.matrix(table$x)
  weights <- rep(c(0, 1, 2), 40)
  ours <- torch_fit(table$x, table$y, linear(), weights = weights)
  rs <- lm(table$y ~ dense, weights = weights)
  expect_equal(unname(coef(ours)), unname(coef(rs)), tolerance = 1e-12)
  expect_equal(unname(vcov(ours)), unname(vcov(rs)), tolerance = 1e-12)
  expect_equal(as.numeric(logLik(ours)), as.numeric(logLik(rs)), tolerance = 1e-12)
  expect_equal(names(coef(ours)), c("(Intercept)", colnames(dense)))
  for (class in c("RsparseMatrix", "TsparseMatrix")) {
    again <- torch_fit(methods::as(table$x, class), table$y, linear(), weights = weights)
    expect_identical(coef(again), coef(ours))
  }
  se <- predict(ours, table$x[1:5, ], se.fit = TRUE)
  theirs <- predict(rs, se.fit = TRUE)
  expect_equal(unname(se$fit), unname(theirs$fit[1:5]), tolerance = 1e-12)
  expect_equal(unname(se$se.fit), unname(theirs$se.fit[1:5]), tolerance = 1e-12)
  expect_equal(predict(ours, dense), predict(ours, table$x))

  y <- factor(table$y > 0)
  ours <- torch_fit(table$x, y, logistic())
  rs <- glm(y ~ dense, family = binomial, control = glm.control(1e-14, 100))
  expect_equal(unname(coef(ours)), unname(coef(rs)), tolerance = 1e-10)

  # Of logicals, and of places alone.
  for (x in list(table$x > 0, methods::as(table$x > 0, "nMatrix"))) {
    expect_equal(
      unname(coef(torch_fit(x, table$y, linear()))),
      unname(coef(lm(table$y ~ I(as.matrix(x) + 0)))),
      tolerance = 1e-12
    )
  }
})

test_that("a network of a sparse matrix is that of the dense one", {
  skip_if_not_installed("Matrix")
  table <- sparse_table()
  fit <- function(x, ...) {
    torch_fit(x, table$y, ..., epochs = 2, seed = 1, precision = "64-true")
  }
  ours <- fit(table$x, mlp(4))
  dense <- fit(as.matrix(table$x), mlp(4))
  expect_equal(fitted(ours), fitted(dense), tolerance = 1e-10)
  expect_equal(predict(ours, table$x[1:9, ]), fitted(dense)[1:9], tolerance = 1e-10)
  net <- nn_module(
    initialize = function() self$linear <- nn_linear(6, 1),
    forward = function(x) self$linear(x)
  )
  expect_length(predict(torch_fit(table$x, table$y, net(), epochs = 1), table$x), 120)
  tuned <- torch_tune(
    table$x, list(lr = c(0.01, 0.1)), table$y,
    model = mlp(2), epochs = 1, n_trials = 2, seed = 1
  )
  expect_equal(nrow(tuned$trials), 2)
})

test_that("what is wrong with a sparse matrix is said", {
  skip_if_not_installed("Matrix")
  table <- sparse_table()
  expect_error(torch_fit(table$x, table$y, tabular()), "`x` is sparse, and tabular")
  expect_error(torch_fit(table$x, table$y[1:5], linear()), "`y` must have 120 rows")
  fit <- torch_fit(table$x, table$y, linear())
  expect_error(predict(fit, table$x[, 1:2]), "`newdata` lacks the columns `v3`")
  expect_error(predict(fit, unname(table$x)[, 1:2]), "`newdata` must have dims \\(n, 6\\)")
  bad <- table$x
  bad@x[2] <- NA
  expect_error(torch_fit(bad, table$y, linear()), "`x` has missing values")
  expect_equal(sum(is.na(predict(fit, bad))), 1)
  bad@x[2] <- Inf
  expect_error(torch_fit(bad, table$y, linear()), "`x` holds infinite values")
  bad <- table$x
  bad@i[1] <- 1000L
  expect_error(torch_fit(bad, table$y, linear()), "`x`: this dgCMatrix is damaged")
  wide <- Matrix::sparseMatrix(i = 1:3, j = c(1, 5, 1e6), x = 1, dims = c(3, 1e6))
  expect_error(torch_fit(wide, 1:3, linear()), "x has 1000000 columns")
})
