# The random effects of a formula, `(lhs | group)`, in the notation of lme4 (D. Bates, M. Maechler,
# B. Bolker and S. Walker, 2015, Fitting linear mixed-effects models using lme4, section 2): what
# the bars say, and the columns that they give. A row has the same few columns in each term, so that
# Z is kept by rows: `places` (n, K) says which random effects, `values` (n, K) with which factor.
# Tests: test-fit-mixed-terms.R.

# Is there a term of random effects, in parentheses, in this formula?
has_bars <- function(formula) {
  if (!any(c("|", "||") %in% all.names(formula))) return(FALSE)
  look <- function(e) {
    if (!is.call(e) || !is_name(e[[1L]], c("(", "+", "-", "*", ":", "^", "%in%"))) return(FALSE)
    is_name(e[[1L]], "(") && is_bar(inside_parentheses(e)) || any(vapply(as.list(e)[-1L], look, NA))
  }
  look(formula[[length(formula)]])
}

# list(fixed, variables: formulas; bars: a list of list(lhs, group), one a term of random effects).
split_bars <- function(formula, call) {
  fixed <- variables <- formula
  right <- length(formula)
  left <- without_bars(formula[[right]])
  fixed[[right]] <- if (is.null(left)) 1 else left
  variables[[right]] <- bars_as_sums(formula[[right]])
  if (has_bars(fixed)) {
    abort(
      call, "`formula`: a term of random effects must be added in parentheses, as in ",
      "y ~ x + (1 | g)."
    )
  }
  bars <- expanded_bars(formula[[right]], call)
  list(fixed = fixed, variables = variables, bars = bars)
}

# The terms of random effects of a model frame: for each its group (a name and a factor), its
# matrix, and how to make that of new rows; and `places`, `values`, `n_effects`.
mixed_design <- function(bars, frame, call) {
  terms <- lapply(bars, mixed_term, frame = frame, call = call)
  sizes <- vapply(terms, function(term) ncol(term$matrix), 0L)
  counts <- vapply(terms, function(term) nlevels(term$group), 0L)
  # Those of most levels come first: it is the better order of elimination (mle-cholesky.R).
  by_size <- order(-counts)
  starts <- integer(length(terms))
  starts[by_size] <- cumsum(c(0L, (sizes * counts)[by_size]))[seq_along(terms)]
  ends <- cumsum(sizes * (sizes + 1L) / 2L)
  columns <- cumsum(c(0L, sizes))
  for (t in seq_along(terms)) {
    terms[[t]]$columns <- columns[t] + seq_len(sizes[t])
    terms[[t]]$theta <- ends[t] - rev(seq_len(sizes[t] * (sizes[t] + 1L) / 2L)) + 1L
    terms[[t]]$effects <- starts[t] + seq_len(sizes[t] * counts[t])
  }
  places <- do.call(base::cbind, Map(function(term, start, size) {
    base::outer((as.integer(term$group) - 1L) * size, seq_len(size), `+`) + start
  }, terms, starts, sizes))
  storage.mode(places) <- "integer"
  values <- do.call(base::cbind, lapply(terms, function(term) unname(term$matrix)))
  list(
    terms = terms, places = places, values = values, n_effects = sum(sizes * counts),
    n_theta = ends[length(ends)]
  )
}

# The lower triangle of a term's relative covariance factor, column by column in theta.
factor_of <- function(term, theta) {
  size <- ncol(term$matrix)
  lower <- base::matrix(0, size, size)
  lower[lower.tri(lower, diag = TRUE)] <- theta[term$theta]
  lower
}

# Z Lambda by rows, as `values`.
scaled_values <- function(design, theta) {
  for (term in design$terms) {
    design$values[, term$columns] <-
      design$values[, term$columns, drop = FALSE] %*% factor_of(term, theta)
  }
  design$values
}

# Where theta is a diagonal: 1; its bound is 0, and it starts there.
theta_diagonal <- function(design) {
  unlist(lapply(design$terms, function(term) {
    size <- ncol(term$matrix)
    base::diag(size)[lower.tri(base::diag(size), diag = TRUE)]
  }))
}

# Roots of the deviance's second derivatives in theta, as they are near 1 where the data tell the
# effects well: twice the number of levels.
theta_scale <- function(design) {
  unlist(lapply(design$terms, function(term) {
    rep(sqrt(2 * nlevels(term$group)), length(term$theta))
  }))
}

# The derivative in theta of a sum whose derivatives in the scaled values (n, K) are `slopes`.
theta_gradient <- function(design, slopes) {
  unlist(lapply(design$terms, function(term) {
    found <- base::crossprod(
      design$values[, term$columns, drop = FALSE], slopes[, term$columns, drop = FALSE]
    )
    found[lower.tri(found, diag = TRUE)]
  }))
}

# Z u (n), of scaled values or not.
times_effects <- function(values, places, u) base::rowSums(values * u[places])

# Z' x: of a vector (n), or of the columns of a matrix.
effects_crossprod <- function(design, values, x) {
  drop(as.matrix(effects_matrix(design, values) %*% x))
}

# t(Z Lambda), sparse.
effects_matrix <- function(design, values) {
  k <- ncol(values)
  n <- nrow(values)
  Matrix::sparseMatrix(
    i = as.vector(t(design$places)), p = seq.int(0L, by = k, length.out = n + 1L),
    x = as.vector(t(values)), dims = c(design$n_effects, n), check = FALSE
  )
}

# ---- the formula ----

is_bar <- function(e) is.call(e) && length(e) == 3L && is_name(e[[1L]], c("|", "||"))

is_name <- function(x, names) is.symbol(x) && as.character(x) %in% names

inside_parentheses <- function(e) {
  while (is.call(e) && is_name(e[[1L]], "(")) e <- e[[2L]]
  e
}

# Without terms in parentheses that have a bar; NULL where nothing is left.
without_bars <- function(e) {
  if (is_bar(inside_parentheses(e))) return(NULL)
  if (!is.call(e) || !is_name(e[[1L]], c("+", "-"))) return(e)
  parts <- lapply(as.list(e)[-1L], without_bars)
  kept <- Filter(Negate(is.null), parts)
  if (length(parts) == length(kept)) return(as.call(c(e[[1L]], kept)))
  if (length(kept) == 0L) return(NULL)
  # Of `(1 | g) - 1` the right side keeps its sign.
  if (is.null(parts[[1L]]) && is_name(e[[1L]], "-")) return(as.call(c(e[[1L]], kept)))
  kept[[1L]]
}

# Bars, slashes within them too, as sums: all variables, for model.frame().
bars_as_sums <- function(e) {
  if (is_bar(e)) {
    return(call("+", bars_as_sums(e[[2L]]), group_variables(e[[3L]])))
  }
  if (is.call(e) && is_name(e[[1L]], c("+", "-", "("))) {
    return(as.call(c(e[[1L]], lapply(as.list(e)[-1L], bars_as_sums))))
  }
  e
}

group_variables <- function(e) {
  if (is.call(e) && is_name(e[[1L]], c("/", ":", "("))) {
    parts <- lapply(as.list(e)[-1L], group_variables)
    return(if (length(parts) == 1L) parts[[1L]] else call("+", parts[[1L]], parts[[2L]]))
  }
  e
}

expanded_bars <- function(e, call) {
  inner <- inside_parentheses(e)
  if (is_bar(inner)) {
    lhs <- list(inner[[2L]])
    if (is_name(inner[[1L]], "||")) lhs <- apart(inner[[2L]])
    groups <- nested_groups(inner[[3L]])
    return(unlist(lapply(groups, function(group) {
      lapply(lhs, function(left) list(lhs = left, group = group))
    }), recursive = FALSE))
  }
  if (is.call(e) && is_name(e[[1L]], "-") && has_bars(call("~", e[[length(e)]]))) {
    abort(call, "`formula`: a term of random effects cannot be taken away: ", deparse1(e), ".")
  }
  if (is.call(e) && is_name(e[[1L]], c("+", "-"))) {
    return(unlist(lapply(as.list(e)[-1L], expanded_bars, call = call), recursive = FALSE))
  }
  list()
}

# The terms of the left side of `||`, each by itself.
apart <- function(e) {
  terms <- stats::terms(stats::as.formula(call("~", e)))
  slopes <- lapply(attr(terms, "term.labels"), function(label) call("+", 0, str2lang(label)))
  c(if (attr(terms, "intercept") == 1L) list(1), slopes)
}

# a/b is b within a, and a.
nested_groups <- function(e) {
  e <- inside_parentheses(e)
  if (!is.call(e) || !is_name(e[[1L]], "/")) return(list(e))
  outer <- nested_groups(e[[2L]])
  c(list(call(":", e[[3L]], outer[[1L]])), outer)
}

# ---- a term ----

mixed_term <- function(bar, frame, call) {
  label <- deparse1(bar$group)
  group <- droplevels(group_factor(bar$group, frame, call))
  if (nlevels(group) < 2L) {
    abort(
      call, "`formula`: the grouping `", label, "` has ", nlevels(group), " level; ",
      "random effects need two or more."
    )
  }
  terms <- tryCatch(stats::terms(stats::as.formula(call("~", bar$lhs))), error = function(e) {
    abort(call, "`formula`: ", conditionMessage(e))
  })
  terms <- with_predvars(terms, frame)
  matrix <- stats::model.matrix(terms, frame)
  if (ncol(matrix) == 0L) {
    abort(
      call, "`formula`: the term of `", label, "` has no random effects; write (1 | ", label, ")."
    )
  }
  xlevels <- stats::.getXlevels(terms, frame)
  contrasts <- attr(matrix, "contrasts")
  attributes(matrix) <- attributes(matrix)[c("dim", "dimnames")]
  list(
    label = label, by = bar$group, bar = bar, group = group, matrix = matrix, terms = terms,
    xlevels = xlevels, contrasts = contrasts, names = colnames(matrix)
  )
}

# Terms of some of a model frame's variables, which know how poly() and scale() were made there.
with_predvars <- function(terms, frame) {
  all <- attr(frame, "terms")
  known <- variable_names(all)
  own <- match(variable_names(terms), known)
  attr(terms, "predvars") <- as.call(c(quote(list), as.list(attr(all, "predvars"))[own + 1L]))
  attr(terms, "dataClasses") <- attr(all, "dataClasses")[known[own]] # nolint
  terms
}

# The levels of `a:b` are "level of a:level of b".
group_factor <- function(e, frame, call) {
  e <- inside_parentheses(e)
  if (is.call(e) && is_name(e[[1L]], ":")) {
    return(interaction(
      group_factor(e[[2L]], frame, call), group_factor(e[[3L]], frame, call),
      sep = ":", drop = TRUE, lex.order = TRUE
    ))
  }
  found <- frame[[deparse1(e)]]
  if (is.null(found)) found <- tryCatch(eval(e, frame), error = function(condition) NULL)
  if (is.null(found) || is.matrix(found) || length(found) != nrow(frame)) {
    abort(
      call, "`formula`: the grouping `", deparse1(e), "` must be a column, or columns with `:` or ",
      "`/` between them."
    )
  }
  as.factor(found)
}
