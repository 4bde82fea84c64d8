# A formula and a data frame, as lm() reads them. What is prepared has: columns (a data frame of
# columns, or a matrix), response, weights, offset, na.action, n, row_names, and `preparation`,
# which is all that new data need.
# Tests: test-fit-formula.R.

# list(frame, with NA still in it; offset: what the argument says, for new data; digest: a function
# that gives by what the data are known again).
formula_frame <- function(formula, data, asked, env, call, model = NULL) {
  # lm() takes a list, too.
  if (is.list(data) && !is.object(data)) data <- listed_data(formula, data, call)
  if (!is.null(data) && !is.data.frame(data)) {
    abort(call, "`data` must be a data frame, not ", friendly_type(data), ".")
  }
  check_sound(data, "data", call)
  parts <- split_strata(formula, model, call)
  formula <- parts$formula
  asked$strata <- parts$strata
  given <- asked
  kept <- c("subset", "weights", "offset", "strata")
  asked <- asked[c(1L, which(names(asked) %in% kept))]
  asked[[1L]] <- quote(stats::model.frame)
  columns <- data
  if (is.null(data)) data <- environment(formula)
  terms <- tryCatch(
    stats::terms(formula, data = columns),
    error = function(condition) {
      words <- conditionMessage(condition)
      many <- is.data.frame(data) && grepl("protection stack|allocate", words)
      abort(
        call, "`formula`: ", words,
        if (many) ". R's formulas hold some 10,000 variables: give the columns as `x` and `y`."
      )
    }
  )
  # coxph() and polr() have a constant of their own, whatever the formula says.
  if (has_own_constant(model)) attr(terms, "intercept") <- 1L
  beside <- as.list(given[names(given) %in% kept])
  environment(terms) <- with_caller(environment(terms), beside, columns, env)
  asked$formula <- quote(.formula)
  asked$data <- quote(.data)
  asked$na.action <- quote(stats::na.pass)
  # A formula has no rows of its own where its variables are in its environment.
  frame <- if (length(beside) == 0L && is.data.frame(data)) first_plain_frame(terms, data)
  if (is.null(frame)) {
    scope <- list2env(list(.formula = terms, .data = data), parent = env)
    frame <- tryCatch(eval(asked, scope), error = function(condition) {
      abort(call, "`formula`: ", conditionMessage(condition))
    })
  }
  check_sound_columns(frame, call)
  frame <- without_unused_levels(frame)
  needed <- c(as.list(attr(terms, "variables"))[-1L], unname(beside))
  scope <- call_scope(kept_scope(environment(terms), needed, columns), given, env)
  environment(attr(frame, "terms")) <- scope
  digest <- function() {
    names <- unique(unlist(lapply(needed, all.vars)))
    data_digest(source_columns(names, columns, scope))
  }
  list(frame = frame, offset = given$offset, strata = parts$strata, digest = digest)
}

# As model.frame(drop.unused.levels = TRUE), which looks through the values of all rows.
without_unused_levels <- function(frame) {
  for (name in names(frame)) {
    x <- .subset2(frame, name)
    if (!is.factor(x) || all(tabulate(x, nlevels(x)) > 0L)) next
    kept <- x[, drop = TRUE]
    if (!identical(attr(kept, "contrasts"), attr(x, "contrasts"))) {
      warning("contrasts dropped from factor ", name, " due to missing levels", call. = FALSE)
    }
    frame[[name]] <- kept
  }
  frame
}

# The environment of the formula, and in it what `subset`, `weights` and `offset` name and only the
# caller has: a formula may come from elsewhere. (lm() finds no such names.)
with_caller <- function(env, beside, columns, caller) {
  if (length(beside) == 0L) return(env)
  names <- setdiff(unlist(lapply(beside, all.vars)), names(columns))
  absent <- Filter(function(name) !exists(name, env) && exists(name, caller), names)
  if (length(absent) == 0L) return(env)
  list2env(mget(absent, envir = caller, inherits = TRUE), parent = env)
}

# Of a list, the elements that the formula names.
listed_data <- function(formula, data, call) {
  named <- if ("." %in% all.vars(formula)) names(data) else all.vars(formula)
  tryCatch(
    as.data.frame(data[intersect(named, names(data))], optional = TRUE, stringsAsFactors = FALSE),
    error = function(condition) abort(call, "`data`: ", conditionMessage(condition), ".")
  )
}

# Only the variables that take part. Of `~ . - a` the NA of `a` have left out rows, as for lm(); its
# levels say nothing, and new data need none.
without_removed <- function(frame) {
  terms <- attr(frame, "terms")
  factors <- attr(terms, "factors")
  order <- attr(terms, "order")
  n_beside <- (attr(terms, "response") > 0L) + length(attr(terms, "offset"))
  # Of single variables, each is a term's own.
  if (all(order == 1L) && length(order) + n_beside + 1L == length(attr(terms, "variables"))) {
    return(frame)
  }
  used <- seq_len(length(attr(terms, "variables")) - 1L) %in%
    c(attr(terms, "response"), attr(terms, "offset"))
  if (length(factors) > 0L) used <- used | rowSums(factors) > 0
  if (all(used)) return(frame)
  kept <- terms
  for (name in c("variables", "predvars")) {
    attr(kept, name) <- attr(terms, name)[c(TRUE, used)]
  }
  if (length(factors) > 0L) attr(kept, "factors") <- factors[used, , drop = FALSE]
  if (!is.null(attr(terms, "offset"))) {
    attr(kept, "offset") <- match(attr(terms, "offset"), which(used))
  }
  frame <- frame[c(used, rep(TRUE, length(frame) - length(used)))]
  attr(kept, "dataClasses") <- attr(terms, "dataClasses")[names(frame)] # nolint
  attr(frame, "terms") <- kept
  frame
}

prepare_formula <- function(read, data, model, na_action, call, contrasts = NULL) {
  frame <- read$frame
  if (nrow(frame) == 0L) abort(call, "`data` has no rows.")
  check_formula(attr(frame, "terms"), model, call)
  handled <- handle_na(frame, na_action, call)
  frame <- without_removed(handled$frame)
  found <- formula_preparation(frame, data, read, model, contrasts, call)
  keeps_frame <- is_exact_model(model) && takes_response(model)
  list(
    columns = found$columns, terms = found$terms, response = stats::model.response(frame, "any"),
    weights = stats::model.weights(frame), offset = stats::model.offset(frame),
    strata = if (!is.null(read$strata)) droplevels(frame[["(strata)"]]),
    na.action = handled$na.action, n = nrow(frame), row_names = plain_row_names(frame),
    preparation = found$preparation, frame = if (keeps_frame) frame,
    digest = if (!keeps_frame) read$digest()
  )
}

# list(preparation = all that new data need, columns, terms: what these are for where they are no
# design), of a model frame without NA.
formula_preparation <- function(frame, data, read, model, contrasts, call) {
  terms <- attr(frame, "terms")
  predictors <- stats::delete.response(terms)
  preparation <- list(
    kind = "formula", terms = terms, predictors = predictors, offset = read$offset,
    xlevels = levels_of(predictors, frame), ptype = formula_ptype(terms, frame, data)
  )
  preparation$strata <- read$strata
  preparation$design <- !is.null(contrasts) || needs_design(predictors, frame, model)
  check_levels(preparation$xlevels, call)
  frame <- with_factors(frame, preparation$xlevels)
  design <- made <- NULL
  if (preparation$design) {
    is_large <- nrow(frame) >= 1000L
    few <- if (is_large) frame[1:2, , drop = FALSE] else frame
    design <- first_design(predictors, few, contrasts, call)
    if (is_large) {
      made <- design_terms(predictors, frame, design, model)
      if (is.null(made)) design <- first_design(predictors, frame, contrasts, call)
    }
  }
  preparation$contrasts <- attr(design, "contrasts")
  if (is_exact_model(model)) preparation$intercept <- attr(terms, "intercept") == 1L
  list(
    preparation = c(preparation, term_places(predictors, frame, design)),
    columns = if (is.null(made)) plain_columns(predictors, frame, design) else made$columns,
    terms = made$terms
  )
}

# As .getXlevels() of stats, which deparses each variable.
levels_of <- function(terms, frame) {
  names <- variable_names(terms)
  if (length(names) == 0L) return(NULL)
  columns <- unclass(frame)[names]
  has_levels <- vapply(columns, function(x) is.character(x) || !is.null(attr(x, "levels")), NA)
  lapply(columns[has_levels], function(x) levels(if (is.factor(x)) x else as.factor(x)))
}

check_formula <- function(terms, model, call) {
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
}

# Columns whose products or contrasts R must work out.
needs_design <- function(terms, frame, model) {
  if (any(attr(terms, "order") > 1L)) return(TRUE)
  # Of `y ~ 1` the design says how many rows there are.
  if (length(attr(terms, "term.labels")) == 0L) return(TRUE)
  is_exact_model(model) && !all(vapply(term_variables(terms, frame), is_plain_numeric, NA))
}

is_plain_numeric <- function(x) is.numeric(x) && is.null(dim(x)) && !is.factor(x)

# The variable of each term, of a formula without interactions. (The label of a name that needs
# backticks has them, the name of its column has not.)
term_variables <- function(terms, frame) {
  labels <- attr(terms, "term.labels")
  if (!anyNA(match(labels, names(frame)))) return(unclass(frame)[labels])
  factors <- attr(terms, "factors")
  of <- (which(factors > 0L) - 1L) %% nrow(factors) + 1L # one in each column
  variables <- unclass(frame)[variable_names(terms)[of]]
  names(variables) <- labels
  variables
}

# As model.frame() names them.
variable_names <- function(terms) {
  variables <- as.list(attr(terms, "variables"))[-1L]
  names <- character(length(variables))
  for (i in seq_along(variables)) {
    variable <- variables[[i]]
    names[[i]] <- if (is.symbol(variable)) {
      as.character(variable)
    } else {
      paste(deparse(variable, width.cutoff = 500L), collapse = " ")
    }
  }
  names
}

# As a network or an exact model sees them: without the intercept.
frame_columns <- function(preparation, frame) {
  frame <- with_factors(frame, preparation$xlevels)
  plain_columns(
    preparation$predictors, frame,
    if (preparation$design) design_matrix(preparation$predictors, frame, preparation$contrasts)
  )
}

# Those of a design, or of the variables themselves where there is none.
plain_columns <- function(predictors, frame, design) {
  if (is.null(design)) {
    return(lapply(spread_matrices(term_variables(predictors, frame)), plain_column))
  }
  if (attr(predictors, "intercept") == 1L) design[, -1L, drop = FALSE] else design
}

# Text as factors of the levels that the fit met: the rows at hand may have fewer.
with_factors <- function(frame, xlevels) {
  columns <- unclass(frame)
  text <- names(xlevels)[vapply(columns[names(xlevels)], is.character, NA)]
  if (length(text) > 0L) frame[text] <- Map(factor, columns[text], xlevels[text])
  for (i in seq_along(columns)) {
    x <- columns[[i]]
    if (is.object(x) && inherits(x, "integer64")) frame[[i]] <- plain_column(x)
  }
  frame
}

# The numbers of a column, whatever their class: I(), Date, POSIXct, difftime, ts.
plain_column <- function(x) {
  if (!is.object(x) || is.factor(x)) return(x)
  if (inherits(x, "integer64") && requireNamespace("bit64", quietly = TRUE)) return(as.double(x))
  if (is.logical(x) || has_numbers(x)) plain_vector(x) else x
}

# What model.matrix() takes as numbers.
has_numbers <- function(x) {
  typeof(x) %in% c("double", "integer") && !is.factor(x) && !inherits(x, "integer64")
}

# The design of the fit, by the contrasts of the caller where there are any. It names those that it
# took.
first_design <- function(predictors, frame, contrasts, call) {
  if (!is.null(contrasts) && (!is.list(contrasts) || is.null(names(contrasts)))) {
    abort(
      call, "`contrasts` must be a list with the names of factors, such as ",
      "list(g = \"contr.sum\"), not ", friendly_type(contrasts), "."
    )
  }
  design <- plain_design(predictors, frame, contrasts)
  if (!is.null(design)) return(design)
  tryCatch(
    stats::model.matrix(predictors, frame, contrasts.arg = contrasts),
    error = function(condition) abort(call, "`contrasts`: ", conditionMessage(condition), ".")
  )
}

design_matrix <- function(terms, frame, contrasts = NULL) {
  design <- plain_design(terms, frame, contrasts)
  if (is.null(design)) stats::model.matrix(terms, frame, contrasts.arg = contrasts) else design
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
term_places <- function(predictors, frame, design) {
  if (!is.null(design)) {
    assign <- attr(design, "assign")
    names <- colnames(design)[assign > 0L]
    assign <- assign[assign > 0L] # 0 is the intercept's
  } else {
    variables <- term_variables(predictors, frame)
    wide <- vapply(variables, is.matrix, NA)
    variables[wide] <- lapply(variables[wide], function(x) x[1L, , drop = FALSE])
    names <- names(spread_matrices(variables))
    assign <- rep(seq_along(variables), vapply(variables, NCOL, 1L))
  }
  list(column_names = as.character(names), assign = as.integer(assign))
}

# What the columns of new data must be, for hardhat.
formula_ptype <- function(terms, frame, data) {
  env <- environment(terms)
  variables <- attr(terms, "variables")
  response <- attr(terms, "response")
  names <- all.vars(if (response > 0L) variables[-(response + 1L)] else variables)
  found <- source_columns(names, data, env)
  outside <- setdiff(names(found), names(data))
  if (length(outside) > 0L) {
    # Constants such as pi or a degree of poly() are no columns.
    n <- NROW(eval(variables[[2L]], data, env))
    found[outside[vapply(found[outside], NROW, 1L) != n]] <- NULL
  }
  columns <- unclass(frame)[match(names(found), names(frame))]
  types <- found
  for (i in seq_along(types)) types[[i]] <- ptype_of(columns[[i]], found[[i]])
  attributes(types) <- list(
    names = names(found), class = c("tbl_df", "tbl", "data.frame"), row.names = integer()
  )
  types
}

# Whole numbers may come as doubles; characters that are columns of the model are factors.
ptype_of <- function(column, given) {
  if (is.null(attributes(given)) && is.numeric(given)) return(double())
  if (is.character(given)) {
    return(if (is.null(column)) character() else factor(character(), sort(unique(column))))
  }
  if (is.factor(given)) {
    if (is.null(column)) column <- given
    labels <- levels(column)
    if (anyNA(labels) || !is.null(attributes(labels))) {
      return(factor(character(), labels, ordered = is.ordered(column)))
    }
    # (Levels of its own: package vctrs takes two factors that share them for the same.)
    none <- integer()
    attributes(none) <- list(
      levels = labels[seq_along(labels)],
      class = if (is.ordered(column)) c("ordered", "factor") else "factor"
    )
    return(none)
  }
  given <- if (length(dim(given)) == 2L) given[0L, , drop = FALSE] else given[0L]
  given <- classless(given)
  if (is.integer(given) && !is.object(given)) storage.mode(given) <- "double"
  given
}

# Without the classes that only say how numbers are to be taken.
classless <- function(x) {
  if (stats::is.ts(x)) {
    x <- plain_vector(x)
  } else if (inherits(x, "AsIs")) {
    class(x) <- setdiff(class(x), "AsIs")
  }
  x
}

new_formula_columns <- function(preparation, newdata, offset, call) {
  checked <- checked_new_data(newdata, preparation$ptype, call)
  frame <- plain_frame(preparation$predictors, checked, preparation$xlevels)
  if (is.null(frame)) {
    frame <- tryCatch(
      stats::model.frame(
        preparation$predictors, checked, na.action = stats::na.pass, xlev = preparation$xlevels
      ),
      error = function(condition) abort(call, "`newdata`: ", conditionMessage(condition), ".")
    )
  }
  own <- stats::model.offset(frame)
  if (is.null(offset)) offset <- new_offset(preparation, newdata, nrow(frame), call)
  list(
    columns = frame_columns(preparation, frame),
    offset = if (is.null(own) || is.null(offset)) c(own, offset) else own + offset,
    n = nrow(frame), row_names = plain_row_names(checked)
  )
}

# What the fit's argument `offset` is in new data, as predict() of a glm finds it.
new_offset <- function(preparation, newdata, n, call) {
  if (is.null(preparation$offset)) return(NULL)
  text <- deparse1(preparation$offset)
  found <- tryCatch(
    eval(preparation$offset, newdata, environment(preparation$terms)),
    error = function(condition) {
      abort(
        call, "`newdata` has not what the offset of the fit, ", text, ", needs (",
        conditionMessage(condition), "): add it, or give `offset`."
      )
    }
  )
  if (length(found) != n) {
    abort(
      call, "The offset of the fit, ", text, ", gives ", length(found), " numbers for the ", n,
      " rows of `newdata`: give `offset`."
    )
  }
  as.vector(found)
}

# hardhat's checks: the columns are there, of the right types and levels.
checked_new_data <- function(newdata, ptype, call) {
  if (!is.data.frame(newdata)) {
    abort(call, "`newdata` must be a data frame, not ", friendly_type(newdata), ".")
  }
  check_sound(newdata, "newdata", call)
  used <- intersect(names(ptype), names(newdata))
  check_sound_columns(unclass(newdata)[used], call)
  labels <- attr(newdata, "row.names")
  found <- columns_as_they_are(newdata, ptype)
  if (is.null(found)) {
    classes <- used[vapply(unclass(newdata)[used], is.object, NA)]
    if (length(classes) > 0L) newdata[classes] <- lapply(unclass(newdata)[classes], classless)
    found <- as.data.frame(hardhat::scream(hardhat::shrink(newdata, ptype), ptype))
  }
  attr(found, "row.names") <- labels # nolint: object_name_linter.
  found
}

# The columns as hardhat would give them back, which takes it a millisecond, where they are plainly
# what they should be. NULL where it has more to do, or something to say.
columns_as_they_are <- function(newdata, ptype) {
  newdata <- unclass(newdata)
  if (anyDuplicated(names(newdata)) > 0L) return(NULL)
  found <- newdata[names(ptype)]
  ptype <- unclass(ptype)
  for (i in seq_along(ptype)) {
    column <- column_as_it_is(found[[i]], ptype[[i]])
    if (is.null(column)) return(NULL)
    found[[i]] <- column
  }
  class(found) <- "data.frame"
  found
}

column_as_it_is <- function(given, asked) {
  if (is.factor(asked)) {
    if (identical(attributes(given), attributes(asked))) return(given)
    if (!is.character(given) || !is.null(attributes(given))) return(NULL)
    codes <- match(given, levels(asked))
    if (anyNA(codes) && !identical(is.na(codes), is.na(given))) return(NULL)
    attributes(codes) <- attributes(asked)
    return(codes)
  }
  if (!is.null(attributes(given)) || !is.null(attributes(asked))) return(NULL)
  if (typeof(given) == typeof(asked)) return(given)
  if (is.integer(given) && is.double(asked)) as.double(given)
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
  few <- which(lengths(xlevels) < 2L)
  if (length(few) > 0L) {
    abort(
      call, "`", names(xlevels)[few[1L]], "` has one level only (\"", xlevels[[few[1L]]],
      "\"): leave it out, a constant says nothing about the response."
    )
  }
}
