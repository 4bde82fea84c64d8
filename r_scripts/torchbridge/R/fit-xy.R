# Predictors and responses as they are, and recipes: what is prepared is as of prepare_formula().
# Tests: test-fit-fit.R.

prepare_xy <- function(x, y, weights, offset, model, na_action, call) {
  if (isS4(x) && methods::is(x, "Matrix")) x <- as_plain_matrix(x, "x", model, call)
  check_sound(x, "x", call)
  if (is.data.frame(x)) check_sound_columns(x, call)
  check_sound(y, "y", call)
  n <- NROW(x)
  if (n == 0L) abort(call, "`x` has no rows.")
  if (is.null(y) && takes_response(model)) abort(call, "`y` is missing.")
  y <- response_of_xy(y, call)
  check_n_rows(y, "y", n, call)
  check_n_rows(weights, "weights", n, call)
  check_n_rows(offset, "offset", n, call)
  if (is.data.frame(x)) {
    columns <- as_predictors(x, call)
    preparation <- list(
      kind = "xy", ptype = columns_ptype(columns), column_names = names(columns),
      xlevels = lapply(Filter(is.factor, columns), levels), intercept = TRUE
    )
    check_levels(preparation$xlevels, call)
    prepared <- prepare_table(columns, y, weights, offset, na_action, preparation, model, call)
    prepared$digest <- data_digest(x)
    return(prepared)
  }
  if (!is_tensor(x) && !is.numeric(x) && !is.logical(x) && !is_sparse(x)) {
    abort(call, "`x` must be numeric, not ", friendly_type(x), ".")
  }
  missing <- if (is_sparse(x)) length(sparse_na_rows(x)) > 0L else !is_tensor(x) && anyNA(x)
  if (missing) abort(call, "`x` has missing values.")
  if (anyNA(y)) abort(call, "`y` has missing values.")
  names <- if (length(dim(x)) == 2L && !is_tensor(x)) matrix_names(x)
  list(
    columns = x, response = y, weights = weights, offset = offset, na.action = NULL, n = n,
    row_names = if (!is_tensor(x)) rownames(x),
    preparation = list(
      kind = "array", dims = dim(x)[-1L], column_names = names, named = !is.null(colnames_of(x)),
      intercept = TRUE, has_offset = !is.null(offset)
    ),
    digest = data_digest(x)
  )
}

# A vector, factor or matrix: of one column of a data frame, a tibble or a matrix the column.
response_of_xy <- function(y, call) {
  if (is_tensor(y)) y <- to_r(y)
  if (is.data.frame(y)) {
    if (length(y) == 0L) abort(call, "`y` has no columns.")
    numbers <- vapply(y, function(x) has_numbers(x) || is.logical(x), NA)
    if (length(y) > 1L && !all(numbers)) {
      abort(
        call, "`y` must be one column of classes or columns of numbers: ",
        name_list(names(y)[!numbers]), " is not."
      )
    }
    y <- if (length(y) == 1L) y[[1L]] else as.matrix(y)
  }
  if (length(dim(y)) == 2L && ncol(y) == 1L) y <- drop(unname(y))
  if (is.list(y)) abort(call, "`y` must be a vector, a factor or a matrix, not a list.")
  y
}

prepare_recipe <- function(recipe, data, weights, offset, model, na_action, call) {
  if (missing(data) || !is.data.frame(data)) {
    abort(
      call, "`data` must be a data frame, not ",
      if (missing(data)) "missing" else friendly_type(data), "."
    )
  }
  check_sound(data, "data", call)
  check_sound_columns(data, call)
  if (nrow(data) == 0L) abort(call, "`data` has no rows.")
  if (!requireNamespace("recipes", quietly = TRUE)) {
    abort(call, "A recipe needs the package recipes: install.packages(\"recipes\").")
  }
  molded <- hardhat::mold(recipe, data)
  if (nrow(molded$predictors) != nrow(data) && !(is.null(weights) && is.null(offset))) {
    abort(call, "`weights` and `offset` must be NULL where the recipe leaves out rows.")
  }
  check_n_rows(weights, "weights", nrow(data), call)
  check_n_rows(offset, "offset", nrow(data), call)
  columns <- as_predictors(molded$predictors, call)
  outcomes <- molded$outcomes
  response <- if (ncol(outcomes) == 1L) outcomes[[1L]] else if (ncol(outcomes) > 1L) as.matrix(
    outcomes
  )
  if (is.null(response) && takes_response(model)) {
    abort(call, "`x`: the recipe has no outcome.")
  }
  preparation <- list(
    kind = "recipe", blueprint = kept_list(molded$blueprint), column_names = names(columns),
    xlevels = lapply(Filter(is.factor, columns), levels), intercept = TRUE
  )
  check_levels(preparation$xlevels, call)
  prepared <- prepare_table(
    columns, response, weights, offset, na_action, preparation, model, call
  )
  prepared$digest <- data_digest(data)
  prepared
}

# Columns and what stands beside them, without the rows that have NA.
prepare_table <- function(columns, y, weights, offset, na_action, preparation, model, call) {
  n <- length(columns[[1L]])
  beside <- list(.y = y, .weights = weights, .offset = offset)
  frame <- as_frame(c(columns, beside[!vapply(beside, is.null, NA)]), n)
  handled <- handle_na(frame, na_action, call)
  frame <- handled$frame
  columns <- unclass(frame)[preparation$column_names]
  is_wide <- is_exact_model(model) && any(vapply(columns, function(x) !is_plain_numeric(x), NA))
  preparation$design <- is_wide
  if (is_wide) {
    # R's contrasts, as of lm(y ~ ., x).
    preparation$predictors <- stats::terms(~., data = as_frame(columns, nrow(frame)))
    design <- design_matrix(preparation$predictors, as_frame(columns, nrow(frame)))
    preparation$contrasts <- attr(design, "contrasts")
    columns <- design[, -1L, drop = FALSE]
    preparation$coefficient_names <- colnames(columns)
    preparation$assign <- attr(design, "assign")[-1L]
  }
  preparation$has_offset <- !is.null(offset)
  list(
    columns = if (is_wide) columns else lapply(columns, plain_column), response = frame$.y,
    weights = frame$.weights, offset = frame$.offset, na.action = handled$na.action,
    n = nrow(frame), row_names = NULL, preparation = preparation
  )
}

# Without the copies that data.frame() makes.
as_frame <- function(columns, n) {
  structure(columns, class = "data.frame", row.names = .set_row_names(n))
}

new_table_columns <- function(preparation, newdata, call) {
  if (preparation$kind == "recipe") {
    check_sound(newdata, "newdata", call)
    if (is.data.frame(newdata)) check_sound_columns(newdata, call)
    checked <- hardhat::forge(newdata, preparation$blueprint)$predictors
  } else {
    if (!is.data.frame(newdata)) {
      abort(call, "`newdata` must be a data frame, not ", friendly_type(newdata), ".")
    }
    checked <- checked_new_data(newdata, preparation$ptype, call)
  }
  columns <- as_predictors(checked, call)
  n <- nrow(checked)
  if (!preparation$design) {
    columns <- lapply(columns, plain_column)
  } else {
    frame <- stats::model.frame(
      preparation$predictors, as_frame(columns, n), na.action = stats::na.pass,
      xlev = preparation$xlevels
    )
    design <- design_matrix(preparation$predictors, frame, preparation$contrasts)
    columns <- design[, -1L, drop = FALSE]
  }
  list(columns = columns, n = n, row_names = plain_row_names(newdata))
}

new_array <- function(preparation, newdata, call) {
  check_sound(newdata, "newdata", call)
  if (isS4(newdata) && methods::is(newdata, "Matrix")) {
    newdata <- as_plain_matrix(newdata, "newdata", NULL, call)
  }
  if (is.data.frame(newdata)) newdata <- as.matrix(newdata)
  numbers <- is_tensor(newdata) || is.numeric(newdata) || is.logical(newdata) || is_sparse(newdata)
  if (!numbers) {
    abort(
      call, "`newdata` must be numeric, as the `x` of the fit, not ", friendly_type(newdata), "."
    )
  }
  if (preparation$named && !is_tensor(newdata) && !is.null(colnames(newdata))) {
    absent <- setdiff(preparation$column_names, colnames(newdata))
    if (length(absent) > 0L) abort(call, "`newdata` lacks the columns ", name_list(absent), ".")
    newdata <- newdata[, preparation$column_names, drop = FALSE]
  }
  if (!identical(as.integer(dim(newdata)[-1L]), as.integer(preparation$dims))) {
    abort(
      call, "`newdata` must have dims (n, ", paste(preparation$dims, collapse = ", "), "), not (",
      paste(dim(newdata), collapse = ", "), ")."
    )
  }
  list(
    columns = newdata, n = dim(newdata)[1L],
    row_names = if (!is_tensor(newdata)) rownames(newdata)
  )
}

# Of whatever kind the fit was.
new_columns <- function(preparation, newdata, offset, call) {
  if (preparation$kind == "formula") {
    found <- new_formula_columns(preparation, newdata, offset, call)
  } else {
    if (is.null(offset) && isTRUE(preparation$has_offset)) {
      abort(call, "`offset` must be given for new data: the fit has one.")
    }
    new <- if (preparation$kind == "array") new_array else new_table_columns
    found <- new(preparation, newdata, call)
    found$offset <- offset
  }
  check_n_rows(offset, "offset", found$n, call)
  found
}

# ---- what x may hold ----

# A list of plain columns: numbers, logicals and factors.
as_predictors <- function(x, call) {
  if (length(x) == 0L) abort(call, "`x` has no columns.")
  columns <- as.list(x)
  arrays <- !vapply(columns, function(x) is.null(dim(x)), NA)
  if (any(arrays)) {
    abort(call, "`", names(columns)[arrays][1L], "` must be a plain column, not a matrix.")
  }
  text <- vapply(columns, is.character, NA)
  columns[text] <- lapply(columns[text], factor)
  columns
}

columns_ptype <- function(columns) {
  tibble::as_tibble(lapply(columns, function(x) ptype_of(x, x[0L])))
}

colnames_of <- function(x) if (!is_tensor(x) && length(dim(x)) == 2L) colnames(x)

matrix_names <- function(x) if (is.null(colnames(x))) paste0("x", seq_len(ncol(x))) else colnames(x)

check_n_rows <- function(x, name, n, call) {
  if (is.null(x)) return(invisible())
  if (NROW(x) != n) {
    abort(call, "`", name, "` must have ", n, " rows, as `x` has, not ", NROW(x), ".")
  }
}
