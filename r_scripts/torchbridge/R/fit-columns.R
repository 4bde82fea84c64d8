# How columns and responses cross into Python: as tensors over R's own memory where they can.
# Tests: test-fit-columns.R, test-fit-fit.R, test-fit-train.R.

# An object that says more than it holds (a damaged file, structure()) is an error that names it:
# R's own model.matrix() would read beyond the end of a factor's contrasts.
check_sound <- function(x, name, call) {
  damage <- if (is.object(x) && !inherits(x, "python_object")) api("damage", x)
  if (!is.null(damage)) abort(call, "`", name, "`: ", damage, ".")
}

check_sound_columns <- function(x, call) {
  for (i in which(vapply(x, is.object, NA))) check_sound(.subset2(x, i), names(x)[i], call)
}

# Numbers, logicals and factors, and nothing else; an error names the column.
check_columns <- function(columns, call) {
  if (!is.list(columns) || is_tensor(columns)) return(invisible())
  for (i in seq_along(columns)) { # by place: a name is looked for among all
    x <- columns[[i]]
    if (!(has_numbers(x) || is.logical(x) || is.factor(x))) {
      abort(
        call, "`", names(columns)[i], "` is ", friendly_type(x), ": predictors must be numbers, ",
        "logicals, factors or text. Make one of it, such as as.numeric(", names(columns)[i], ")."
      )
    }
    if (is.double(x) && !all_finite(x)) {
      abort(call, "`", names(columns)[i], "` holds infinite values.")
    }
  }
}

# Without the copies that range() makes: of a large table they are its size again.
all_finite <- function(x) is.finite(min(x)) && is.finite(max(x))

# list(columns = tensors, levels = numbers of levels, 0 for numbers).
crossing <- function(columns) {
  if (!is.list(columns) || is_tensor(columns)) {
    return(list(columns = list(as_tensor(columns)), levels = 0L))
  }
  levels <- vapply(columns, nlevels, 1L)
  list(columns = unname(lapply(columns, as_tensor)), levels = unname(levels))
}

# A tensor over the same memory, for reading; factors are codes from 1.
as_tensor <- function(x) {
  if (is.null(x) || is_tensor(x)) return(x)
  if (is_sparse(x)) return(api("sparse_to_read", x))
  if (is.factor(x)) return(api("tensor_to_read", plain_vector(x)))
  if (is.logical(x)) return(as_torch_tensor(plain_vector(x)))
  api("tensor_to_read", plain_vector(plain_column(x)))
}

# A sparse matrix of package Matrix.
is_sparse <- function(x) isS4(x) && methods::is(x, "sparseMatrix")

# Which rows of one have an NA: a dgCMatrix, or what becomes one.
sparse_na_rows <- function(x) {
  x <- methods::as(methods::as(x, "CsparseMatrix"), "generalMatrix")
  unique(x@i[is.na(x@x)]) + 1L
}

# A matrix of package Matrix as it can be taken: sparse, or R's own.
as_plain_matrix <- function(x, name, model, call) {
  loadNamespace("Matrix")
  check_sound(x, name, call)
  valid <- tryCatch(methods::validObject(x), error = conditionMessage)
  if (is.character(valid)) abort(call, "`", name, "`: this ", class(x), " is damaged: ", valid, ".")
  if (!is_sparse(x)) return(as.matrix(x))
  if (!is.null(model) && is.null(model$module) && !model_row(model)$takes_sparse) {
    abort(
      call, "`", name, "` is sparse, and ", model_label(model), " takes dense columns: ",
      "as.matrix(", name, "), or mlp(), linear(), logistic() or a family, which take it."
    )
  }
  if (!methods::.hasSlot(x, "x")) x <- methods::as(x, "dMatrix")
  if (!is.numeric(x@x) && !is.logical(x@x)) {
    abort(call, "`", name, "` must be numeric, not ", friendly_type(x), ".")
  }
  if (any(is.infinite(x@x))) abort(call, "`", name, "` holds infinite values.")
  x
}

# Without classes and names, copied only where there are any.
plain_vector <- function(x) {
  if (is.object(x)) x <- unclass(x)
  keep <- if (is.null(dim(x))) NULL else list(dim = dim(x))
  if (!identical(attributes(x), keep)) attributes(x) <- keep
  x
}

# ---- responses ----

# list(tensor, values (for residuals), levels, n_classes, weights).
as_response <- function(y, model, options, weights, call) {
  weights <- plain_column(weights)
  found <- list(tensor = NULL, values = NULL, levels = NULL, n_classes = NULL, weights = weights)
  check_weights(weights, call)
  if (!takes_response(model)) return(found)
  takes <- response_of(model, options)
  if (inherits(y, "Surv") || takes == "survival") {
    return(survival_response(y, takes, model, options, found, call))
  }
  # lm() counts TRUE as 1.
  if (is.logical(y) && takes == "numbers") y <- y + 0
  y <- plain_column(y)
  if (takes != "classes" && takes != "any" && takes != "binomial" && is_classes(y)) {
    abort(
      call, "The response is ", friendly_type(y), ", and ", takes_text(model, options),
      " takes numbers: logistic() and multinomial() take classes."
    )
  }
  if (identical(model$name, "ordinal") && !is.factor(y)) {
    abort(
      call, "The response is ", friendly_type(y), ", and ordinal() takes a factor, whose levels ",
      "have an order: ordered(y, levels = ...)."
    )
  }
  if (is_classes(y) || (takes == "classes" && is_code(y))) return(
    class_response(y, takes, found, call)
  )
  if (takes == "classes") {
    abort(
      call, "The response is ", friendly_type(y), ", and ", takes_text(model, options),
      " takes classes: make it a factor."
    )
  }
  if (!is.numeric(y)) {
    abort(call, "The response must be numbers or classes, not ", friendly_type(y), ".")
  }
  if (is.matrix(y) && takes == "binomial") return(binomial_response(y, found, call))
  if (is.matrix(y) && is_exact_model(model) && model$name != "linear") {
    abort(
      call, "The response has ", ncol(y), " columns, and ", model_label(model), " takes one: ",
      "linear() and networks take several."
    )
  }
  if (!all_finite(y)) abort(call, "The response holds infinite values.")
  found$values <- y
  found$tensor <- as_tensor(y)
  found
}

is_classes <- function(y) is.factor(y) || is.character(y) || is.logical(y)

is_code <- function(y) is.integer(y) && is.null(dim(y)) && min(y) == 0L

# "classes", "numbers", "binomial" (both) or "any".
response_of <- function(model, options) {
  family <- model$options$family
  if (!is.null(family)) {
    return(if (model_registry()$families[[base_family(family)]]$shares) "binomial" else "numbers")
  }
  takes <- model_row(model)$response
  if (takes != "any") return(takes)
  loss <- options$loss
  if (is.null(loss) || is.function(loss) || loss == "binary_cross_entropy_with_logits") return(
    "any"
  )
  if (loss %in% c("cross_entropy", "nll_loss")) "classes" else "numbers"
}

takes_text <- function(model, options) {
  if (is_exact_model(model)) return(model_label(model))
  paste0("loss \"", options$loss, "\"")
}

class_response <- function(y, takes, found, call) {
  if (!is.factor(y)) y <- as.factor(y)
  if (!all(tabulate(y, nlevels(y)))) y <- droplevels(y) # takes its time
  n <- nlevels(y)
  if (n < 2L) {
    abort(call, "The response has one class only (\"", levels(y), "\"): there is nothing to learn.")
  }
  if (takes == "binomial" && n > 2L) {
    abort(
      call, "The response has ", n, " classes, and this model takes two: multinomial() takes more."
    )
  }
  found$levels <- levels(y)
  found$values <- y
  found$n_classes <- n
  codes <- as.integer(y) - 1L
  found$tensor <- as_tensor(codes)
  found
}

# cbind(successes, failures), as of glm().
binomial_response <- function(y, found, call) {
  if (ncol(y) != 2L || any(y < 0)) {
    abort(call, "A response of several columns must be cbind(successes, failures) for this model.")
  }
  trials <- rowSums(y)
  found$values <- ifelse(trials > 0, y[, 1L] / trials, 0)
  found$weights <- trials * if (is.null(found$weights)) 1 else found$weights
  found$tensor <- as_tensor(found$values)
  found
}

check_weights <- function(weights, call) {
  if (is.null(weights)) return(invisible())
  if (!is.numeric(weights) || !is.null(dim(weights))) {
    abort(call, "`weights` must be a numeric vector, not ", friendly_type(weights), ".")
  }
  if (any(weights < 0) || all(weights == 0)) {
    abort(call, "`weights` must not be negative, and not all 0.")
  }
}

# ---- validation ----

crossing_validation <- function(validation, prepared, response, call) {
  if (is.null(validation)) return(NULL)
  if (is_number(validation)) {
    if (validation <= 0 || validation >= 1) {
      abort(call, "`validation` must be a share between 0 and 1, or data, not ", validation, ".")
    }
    return(validation)
  }
  preparation <- prepared$preparation
  # What is wrong with the columns is said in hardhat's words.
  blamed <- function(condition) abort(call, "`validation`: ", conditionMessage(condition))
  given <- tryCatch(validation_parts(validation, preparation, call), error = blamed)
  check_sound(given$y, "validation", call)
  found <- tryCatch(new_columns(preparation, given$x, NULL, call), error = blamed)
  if (is.list(found$columns) && !is_tensor(found$columns)) {
    if (any(vapply(found$columns, anyNA, NA))) abort(call, "`validation` has missing values.")
  }
  c(
    crossing(found$columns)["columns"],
    list(
      response = as_validation_response(given$y, response, call), offset = as_tensor(found$offset)
    )
  )
}

# list(x, y).
validation_parts <- function(validation, preparation, call) {
  if (is.data.frame(validation)) {
    if (preparation$kind == "formula") {
      response <- attr(preparation$terms, "response")
      expression <- attr(preparation$terms, "variables")[[response + 1L]]
      y <- eval(expression, validation, environment(preparation$terms))
      return(list(x = validation, y = if (response > 0L) y))
    }
    if (preparation$kind == "recipe") {
      outcomes <- hardhat::forge(validation, preparation$blueprint, outcomes = TRUE)$outcomes
      return(
        list(x = validation, y = if (ncol(outcomes) == 1L) outcomes[[1L]] else as.matrix(outcomes))
      )
    }
  }
  if (!is.list(validation) || is.object(validation) || length(validation) != 2L) {
    abort(
      call, "must be a share between 0 and 1 or ",
      if (preparation$kind %in% c("formula", "recipe")) "a data frame" else "list(x, y)", ", not ",
      friendly_type(validation), "."
    )
  }
  list(x = validation[[1L]], y = validation[[2L]])
}

as_validation_response <- function(y, response, call) {
  if (is.null(response$tensor)) return(NULL)
  if (anyNA(y)) abort(call, "`validation` has missing values in the response.")
  if (is.null(response$levels)) return(as_tensor(y))
  codes <- match(as.character(y), response$levels)
  if (anyNA(codes)) {
    new <- setdiff(as.character(y), response$levels)
    abort(
      call, "`validation`: the response has classes that the fit has not: ", name_list(new), "."
    )
  }
  as_tensor(codes - 1L)
}
