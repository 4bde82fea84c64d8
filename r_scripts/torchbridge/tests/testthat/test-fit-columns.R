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
