# The terms of a large table with factors, as what Python makes their columns of, a block of rows at
# a time: model.matrix() would write a column a level, of a million rows 8 MB each.
# Tests: test-fit-terms.R.

# From so many numbers on a design is made in Python.
large_design <- 2^18

# list(columns = the variables, terms = what Terms takes in Python); NULL where model.matrix() must
# be asked. `design` is that of a row or two, which says how each factor is coded.
design_terms <- function(predictors, frame, design, model) {
  response <- stats::model.response(frame, "any")
  family <- family_of(model)
  is_one <- is.null(dim(response)) && !is.null(family) && is_glm(list(family = family))
  if (!is_one || nrow(frame) * ncol(design) < large_design) return(NULL)
  # Without an intercept the first factor has a column for each level, which `factors` doesn't say.
  factors <- attr(predictors, "factors")
  if (attr(predictors, "intercept") != 1L || length(factors) == 0L) return(NULL)
  names <- variable_names(predictors)[rowSums(factors) > 0]
  factors <- factors[rowSums(factors) > 0, , drop = FALSE]
  variables <- unclass(frame)[names]
  variables <- lapply(variables, function(x) if (is.logical(x)) factor(x, c(FALSE, TRUE)) else x)
  known <- vapply(variables, function(x) is.factor(x) || has_numbers(x), NA)
  if (!all(known)) return(NULL)
  contrasts <- Map(contrast_table, variables, attr(design, "contrasts")[names])
  parts <- lapply(seq_len(ncol(factors)), function(j) which(factors[, j] > 0L))
  tables <- lapply(seq_along(parts), function(j) {
    lapply(parts[[j]], function(i) {
      if (!is.factor(variables[[i]])) return(NULL)
      if (factors[i, j] == 1L) contrasts[[i]] else diag(nlevels(variables[[i]]))
    })
  })
  widths <- vapply(variables, NCOL, 1L)
  found <- mapply(function(part, table) {
    prod(mapply(function(i, x) if (is.null(x)) widths[[i]] else ncol(x), part, table))
  }, parts, tables)
  if (!identical(as.integer(found), tabulate(attr(design, "assign"), ncol(factors)))) return(NULL)
  list(
    columns = lapply(variables, plain_column),
    terms = list(places = lapply(parts, function(i) as.list(unname(i) - 1L)), tables = tables)
  )
}

# A row a level, as model.matrix() has taken them.
contrast_table <- function(x, contrasts) {
  if (!is.factor(x)) return(NULL)
  of <- factor(levels(x), levels(x), ordered = is.ordered(x))
  if (!is.null(contrasts)) stats::contrasts(of) <- contrasts
  unname(stats::contrasts(of))
}

# As the task has them.
crossing_terms <- function(prepared) {
  tables <- lapply(prepared$terms$tables, function(table) unname(lapply(table, as_tensor)))
  list(
    columns = list(), levels = list(),
    terms = list(
      variables = unname(lapply(prepared$columns, as_tensor)), places = prepared$terms$places,
      tables = tables
    )
  )
}
