# What model.frame() and model.matrix() of stats give where every variable is a plain column, which
# takes these a third of a millisecond each: as long as the fit of a small table. NULL where they
# must be asked.
# Tests: test-fit-frame.R.

# model.frame(terms, data, na.action = na.pass), of new data with `xlev = xlevels`; but for the
# terms, which are those that are given.
plain_frame <- function(terms, data, xlevels = NULL) {
  variables <- as.list(attr(terms, "variables"))[-1L]
  if (!is.null(attr(terms, "offset")) || length(variables) == 0L) return(NULL)
  names <- character(length(variables))
  for (i in seq_along(variables)) {
    variable <- variables[[i]]
    if (!is.symbol(variable)) return(NULL)
    names[[i]] <- as.character(variable)
  }
  columns <- unclass(data)[names]
  n <- .row_names_info(data, 2L)
  for (i in seq_along(columns)) {
    x <- .subset2(columns, i)
    if (n == 0L || length(x) != n) return(NULL)
    if (is.factor(x)) {
      if (length(attributes(x)) != 2L) return(NULL)
      if (!is.null(xlevels) && !identical(levels(x), xlevels[[names[[i]]]])) return(NULL)
    } else if (!(is.numeric(x) || is.logical(x)) || !is.null(attributes(x))) {
      return(NULL)
    }
  }
  rows <- .row_names_info(data, 0L)
  # As model.frame() has numbers: not as what R has made up.
  if (is.integer(rows) && is.na(rows[[1L]])) rows <- c(NA, n)
  attributes(columns) <- list(names = names, terms = terms, row.names = rows, class = "data.frame")
  columns
}

# With the terms of a fit's own frame, from which new data are read.
first_plain_frame <- function(terms, data) {
  frame <- plain_frame(terms, data)
  if (is.null(frame)) return(NULL)
  attr(terms, "predvars") <- attr(terms, "variables")
  attr(terms, "dataClasses") <- vapply(frame, plain_class, "") # nolint: object_name_linter.
  attr(frame, "terms") <- terms
  frame
}

# As .MFclass() of stats, of what plain_frame() takes.
plain_class <- function(x) {
  if (is.factor(x)) return(if (is.ordered(x)) "ordered" else "factor")
  if (is.logical(x)) "logical" else "numeric"
}

# model.matrix(predictors, frame, contrasts.arg = contrasts) of sums of numbers and factors, with an
# intercept and the columns of contr.treatment().
plain_design <- function(predictors, frame, contrasts = NULL) {
  if (attr(predictors, "intercept") != 1L || any(attr(predictors, "order") > 1L)) return(NULL)
  # (The label of a name that needs backticks has them: there is no such column.)
  labels <- attr(predictors, "term.labels")
  columns <- unclass(frame)[labels]
  n <- nrow(frame)
  of_treatment <- getOption("contrasts")[[1L]] == "contr.treatment"
  parts <- names <- vector("list", length(labels))
  coded <- list()
  for (i in seq_along(labels)) {
    x <- columns[[i]]
    if (is.factor(x)) {
      own <- contrasts[[labels[[i]]]]
      is_treatment <- if (is.null(own)) of_treatment else identical(own, "contr.treatment")
      if (!is_treatment || length(attributes(x)) != 2L || is.ordered(x)) return(NULL)
      if (nlevels(x) < 2L || anyNA(x)) return(NULL)
      coded[[labels[[i]]]] <- "contr.treatment"
      parts[[i]] <- treatment_columns(x)
      names[[i]] <- paste0(labels[[i]], levels(x)[-1L])
    } else {
      if (!is.numeric(x) || !is.null(attributes(x))) return(NULL)
      parts[[i]] <- as.double(x)
      names[[i]] <- labels[[i]]
    }
  }
  # Contrasts for what is no factor are an error.
  if (!all(names(contrasts) %in% names(coded))) return(NULL)
  design <- c(rep.int(1, n), unlist(parts))
  names_of_columns <- c("(Intercept)", unlist(names))
  dim(design) <- c(n, length(names_of_columns))
  dimnames(design) <- list(row.names(frame), names_of_columns)
  attr(design, "assign") <- c(0L, rep.int(seq_along(labels), lengths(names)))
  if (length(coded) > 0L) attr(design, "contrasts") <- coded
  design
}

# A factor's columns of contr.treatment(), one for each level but the first, one after the other.
treatment_columns <- function(x) {
  others <- seq_len(nlevels(x))[-1L]
  as.double(rep.int(as.integer(x), length(others)) == rep(others, each = length(x)))
}
