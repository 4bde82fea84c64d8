# A formula and a data frame, as lm() reads them. What is prepared has: columns (a data frame of
# columns, or a matrix), response, weights, offset, na.action, n, row_names, and `preparation`,
# which is all that new data need.
# Tests: test-fit-fit.R, test-fit-classical.R.

# The model frame, NA still in it.
formula_frame <- function(formula, data, asked, env, call) {
  if (!is.null(data) && !is.data.frame(data)) {
    abort(call, "`data` must be a data frame, not ", friendly_type(data), ".")
  }
  given <- asked
  kept <- c("subset", "weights", "offset")
  asked <- asked[c(1L, which(names(asked) %in% kept))]
  asked[[1L]] <- quote(stats::model.frame)
  if (is.null(data)) data <- environment(formula)
  terms <- tryCatch(
    stats::terms(formula, data = if (is.data.frame(data)) data),
    error = function(condition) abort(call, "`formula`: ", conditionMessage(condition))
  )
  terms <- without_removed(terms)
  asked$formula <- quote(.formula)
  asked$data <- quote(.data)
  asked$na.action <- quote(stats::na.pass)
  asked$drop.unused.levels <- TRUE
  # A formula has no rows of its own where its variables are in its environment.
  scope <- list2env(list(.formula = terms, .data = data), parent = env)
  frame <- tryCatch(eval(asked, scope), error = function(condition) {
    abort(call, "`formula`: ", conditionMessage(condition))
  })
  needed <- list(terms, given$data, given$subset)
  columns <- if (is.data.frame(data)) data
  environment(attr(frame, "terms")) <- kept_scope(environment(terms), needed, columns)
  frame
}

# Terms whose variables are those that take part: `~ . - a` has nothing to do with `a`, not with
# its NA and not with its levels, and needs none to predict.
without_removed <- function(terms) {
  factors <- attr(terms, "factors")
  if (length(factors) == 0L) return(terms)
  parts <- as.list(attr(terms, "variables"))[-1L]
  special <- c(attr(terms, "response"), attr(terms, "offset"))
  if (all(rowSums(factors > 0L) > 0L | seq_along(parts) %in% special)) return(terms)
  formula <- stats::reformulate(
    c(attr(terms, "term.labels"), vapply(parts[attr(terms, "offset")], deparse1, "")),
    if (attr(terms, "response") > 0L) parts[[attr(terms, "response")]],
    attr(terms, "intercept") == 1L, environment(terms)
  )
  stats::terms(formula)
}

prepare_formula <- function(frame, data, model, na_action, call) {
  if (nrow(frame) == 0L) abort(call, "`data` has no rows.")
  terms <- attr(frame, "terms")
  if (attr(terms, "response") == 0L && takes_response(model)) {
    abort(call, "`formula` has no response: write it before the `~`.")
  }
  if (attr(terms, "response") > 0L && !takes_response(model)) {
    abort(call, "`formula` must have no response for ", model_label(model), ", such as ~ a + b.")
  }
  if (length(attr(terms, "term.labels")) == 0L &&
        !(is_exact_model(model) && takes_response(model) && attr(terms, "intercept") == 1L)) {
    abort(call, "`formula` has no predictors.")
  }
  handled <- handle_na(frame, na_action, call)
  frame <- handled$frame
  predictors <- stats::delete.response(terms)
  response <- stats::model.response(frame, "any")
  preparation <- list(
    kind = "formula", terms = terms, predictors = predictors,
    xlevels = stats::.getXlevels(predictors, frame),
    ptype = formula_ptype(predictors, frame, data), design = needs_design(predictors, frame, model)
  )
  check_levels(preparation$xlevels, call)
  if (preparation$design) {
    preparation$contrasts <- attr(design_matrix(predictors, frame[1L, , drop = FALSE]), "contrasts")
  }
  if (is_exact_model(model)) preparation$intercept <- attr(terms, "intercept") == 1L
  preparation <- c(preparation, term_places(predictors, frame, preparation))
  list(
    columns = frame_columns(preparation, frame), response = response,
    weights = stats::model.weights(frame), offset = stats::model.offset(frame),
    na.action = handled$na.action, n = nrow(frame), row_names = plain_row_names(frame),
    preparation = preparation
  )
}

# Columns whose products or contrasts R must work out.
needs_design <- function(terms, frame, model) {
  if (any(attr(terms, "order") > 1L)) return(TRUE)
  # Of `y ~ 1` the design says how many rows there are.
  if (length(attr(terms, "term.labels")) == 0L) return(TRUE)
  variables <- frame[attr(terms, "term.labels")]
  is_exact_model(model) && !all(vapply(variables, is_plain_numeric, NA))
}

is_plain_numeric <- function(x) is.numeric(x) && is.null(dim(x)) && !is.factor(x)

# As a network or an exact model sees them: without the intercept.
frame_columns <- function(preparation, frame) {
  if (!preparation$design) {
    columns <- unclass(frame)[attr(preparation$predictors, "term.labels")]
    return(spread_matrices(columns))
  }
  design <- design_matrix(preparation$predictors, frame, preparation$contrasts)
  if (attr(preparation$predictors, "intercept") == 1L) {
    design <- design[, -1L, drop = FALSE]
  }
  design
}

design_matrix <- function(terms, frame, contrasts = NULL) {
  stats::model.matrix(terms, frame, contrasts.arg = contrasts)
}

# poly(x, 2) and the like give several columns.
spread_matrices <- function(columns) {
  is_matrix <- vapply(columns, function(x) length(dim(x)) == 2L, NA)
  if (!any(is_matrix)) return(columns)
  parts <- Map(function(column, name) {
    if (length(dim(column)) != 2L) return(stats::setNames(list(column), name))
    labels <- colnames(column)
    if (is.null(labels)) labels <- seq_len(ncol(column))
    stats::setNames(lapply(seq_len(ncol(column)), function(j) column[, j]), paste0(name, labels))
  }, columns, names(columns))
  do.call(c, unname(parts))
}

# Names of the coefficients, and to which term each belongs.
term_places <- function(terms, frame, preparation) {
  columns <- frame_columns(preparation, frame[seq_len(min(1L, nrow(frame))), , drop = FALSE])
  assign <- if (preparation$design) {
    found <- attr(design_matrix(terms, frame[1L, , drop = FALSE], preparation$contrasts), "assign")
    found[found > 0L]
  } else {
    sizes <- vapply(frame[attr(terms, "term.labels")], function(x) NCOL(x), 1L)
    rep(seq_along(sizes), sizes)
  }
  names <- if (is.matrix(columns)) colnames(columns) else names(columns)
  list(column_names = as.character(names), assign = as.integer(assign))
}

# What the columns of new data must be, for hardhat.
formula_ptype <- function(terms, frame, data) {
  variables <- all.vars(terms)
  # Constants such as pi or a degree of poly() are no columns.
  if (is.data.frame(data)) {
    variables <- intersect(variables, names(data))
    found <- data[0L, variables, drop = FALSE]
  } else {
    env <- environment(terms)
    found <- lapply(stats::setNames(nm = variables), get0, envir = env)
    found <- Filter(function(x) NROW(x) == nrow(frame), found)
    found <- as.data.frame(lapply(found, utils::head, 0L), stringsAsFactors = FALSE)
  }
  for (name in names(found)) {
    used <- attr(terms, "term.labels") == name
    column <- if (any(used)) frame[[name]] else found[[name]]
    found[[name]] <- ptype_of(column, found[[name]])
  }
  tibble::as_tibble(found)
}

# Whole numbers may come as doubles; characters are factors.
ptype_of <- function(column, given) {
  if (is.character(given) && is.character(column)) return(factor(character(), sort(unique(column))))
  if (is.character(given) || is.factor(given)) {
    return(factor(character(), levels(column), ordered = is.ordered(column)))
  }
  if (is.integer(given) && !is.object(given)) return(double())
  given
}

new_formula_columns <- function(preparation, newdata, call) {
  newdata <- checked_new_data(newdata, preparation$ptype, call)
  frame <- tryCatch(
    stats::model.frame(
      preparation$predictors, newdata, na.action = stats::na.pass, xlev = preparation$xlevels
    ),
    error = function(condition) abort(call, "`newdata`: ", conditionMessage(condition), ".")
  )
  list(
    columns = frame_columns(preparation, frame), offset = stats::model.offset(frame),
    n = nrow(frame), row_names = plain_row_names(newdata)
  )
}

# hardhat's checks: the columns are there, of the right types and levels.
checked_new_data <- function(newdata, ptype, call) {
  if (!is.data.frame(newdata)) {
    abort(call, "`newdata` must be a data frame, not ", friendly_type(newdata), ".")
  }
  labels <- attr(newdata, "row.names")
  checked <- hardhat::scream(hardhat::shrink(newdata, ptype), ptype)
  found <- as.data.frame(checked)
  attr(found, "row.names") <- labels # nolint: object_name_linter.
  found
}

# ---- rows with NA ----

handle_na <- function(frame, na_action, call) {
  if (all(stats::complete.cases(frame))) return(list(frame = frame, na.action = NULL))
  if (is.null(na_action)) na_action <- getOption("na.action", "na.omit")
  if (is_string(na_action)) {
    na_action <- get0(na_action, mode = "function", ifnotfound = na_action)
  }
  if (!is.function(na_action)) {
    abort(
      call, "`na.action` must be na.omit, na.exclude or na.fail, not ", friendly_type(na_action),
      "."
    )
  }
  incomplete <- vapply(frame, anyNA, NA)
  found <- tryCatch(na_action(frame), error = function(condition) {
    abort(call, "`data` has missing values, in ", name_list(names(frame)[incomplete]), ".")
  })
  if (!all(stats::complete.cases(found))) {
    abort(
      call, "`na.action` left missing values in ", name_list(names(frame)[incomplete]),
      ": use na.omit or na.exclude."
    )
  }
  if (nrow(found) == 0L) abort(call, "`data` has no row without missing values.")
  list(frame = found, na.action = attr(found, "na.action"))
}

name_list <- function(names) paste0("`", names, "`", collapse = ", ")

# NULL where they are only numbers, so that a million rows have no names.
plain_row_names <- function(frame) {
  if (.row_names_info(frame) > 0L) return(row.names(frame))
  NULL
}

check_levels <- function(xlevels, call) {
  for (name in names(xlevels)) {
    if (length(xlevels[[name]]) < 2L) {
      abort(
        call, "`", name, "` has one level only (\"", xlevels[[name]], "\"): leave it out, a ",
        "constant says nothing about the response."
      )
    }
  }
}
