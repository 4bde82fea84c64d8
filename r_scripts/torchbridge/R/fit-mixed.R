# torch_fit() of a formula with random effects.
# Tests: test-fit-mixed.R, test-fit-mixed-glmm.R.

#' Models with random effects
#'
#' A term `(x | g)` in the formula of [torch_fit()] gives each level of `g` coefficients of its own,
#' which are draws from a normal distribution (D. Bates, M. Maechler, B. Bolker and S. Walker, 2015,
#' Fitting linear mixed-effects models using lme4). `(1 | a/b)` is `(1 | b:a) + (1 | a)`,
#' `(1 + x || g)` is `(1 | g) + (0 + x | g)`, and terms may cross.
#'
#' `model` is `linear()` (or `gaussian()`), `logistic()`, a family (`binomial()`, `poisson()`,
#' `Gamma()`), `negative_binomial()` or `beta_regression()`. Linear models are fitted by the
#' profiled deviance of lme4, restricted (REML) unless `REML = FALSE`. The others are fitted by
#' maximum likelihood, random effects being integrated out by Laplace's approximation with observed
#' curvature, as glmmTMB does it. Both use exact gradients, sparse Cholesky factors (package Matrix)
#' and Newton's steps at the end.
#'
#' @section Options:
#' \describe{
#' \item{`REML`}{Of linear models: `FALSE` for maximum likelihood, as comparisons of fixed effects
#'   need.}
#' \item{`zero_inflation`}{A one-sided formula, such as `~ 1`, for the logit of the probability that
#'   a zero is one of its own; for counts and `binomial()`.}
#' }
#' `weights` multiply the precision of linear models and the log-likelihood of others; with shares
#' as the response of `binomial()` they are numbers of trials.
#'
#' @param link `"log"`, `"sqrt"` or `"identity"` for counts; `"logit"`, `"probit"`, `"cloglog"` or
#'   `"cauchit"` for shares.
#' @param object,x,formula A fit.
#' @param condVar `TRUE` adds the conditional variances, as the attribute `condVar` of each data
#'   frame: an array with a matrix for each level.
#' @param parm Names or numbers of rows; all where it is missing.
#' @param level,conf.level Coverage.
#' @param conf.int `TRUE` adds [stats::confint()]'s limits to the rows of `tidy()`.
#' @param newdata A data frame; `NULL` for the rows of the fit.
#' @param re.form `NULL`: all random effects. `NA` or `~ 0`: none. A formula of some of the fit's
#'   terms: these.
#' @param type `"response"`, with the share of zeros of its own taken off; `"conditional"`, without;
#'   `"zero"`, the probability of such a zero; `"link"`.
#' @param allow.new.levels `TRUE` predicts groups that the fit has not met with random effects of 0.
#' @param se.fit `TRUE` adds standard errors of the fixed part, for `re.form = NA` and `type =
#'   "link"`.
#' @param nsim,seed How many responses to draw, and R's seed for them. Random effects are drawn too.
#' @param ... For `anova()` more fits; otherwise not used.
#' @return `torch_fit()`: an object of class `torch_mixed`. `fixef()`: fixed effects. `ranef()`: a
#'   list with a data frame for each grouping, a row a level. `VarCorr()`: a list of covariance
#'   matrices, with attributes `stddev` and `correlation`; as a data frame, a row a parameter.
#'   `sigma()`: the residual standard deviation (`gaussian()`), the size (`negative_binomial()`),
#'   the precision (`beta_regression()`), the coefficient of variation (`Gamma()`). `confint()`:
#'   Wald intervals of fixed effects, and of standard deviations and correlations on the scales log
#'   and atanh. `coef()`: the sum of fixed and random effects for each grouping.
#' @seealso [torch_fit()], [torch_mle()] for one's own likelihood.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(weight ~ Time + (Time | Chick), ChickWeight, linear())
#' summary(fit)
#' head(ranef(fit)$Chick)
#' @rawNamespace S3method(nlme::fixef, torch_mixed)
#' @rawNamespace S3method(nlme::ranef, torch_mixed)
#' @rawNamespace S3method(nlme::VarCorr, torch_mixed)
#' @name torch_mixed
NULL

#' @rdname torch_mixed
#' @export
negative_binomial <- function(link = "log") mixed_family("negative_binomial", link)

#' @rdname torch_mixed
#' @export
beta_regression <- function(link = "logit") mixed_family("beta", link)

mixed_family <- function(name, link) {
  structure(list(name = name, link = link), class = "mixed_family")
}

#' @export
print.mixed_family <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  shown <- c(negative_binomial = "negative_binomial", beta = "beta_regression")[[x$name]]
  cat(shown, "(link = \"", x$link, "\")\n", sep = "")
  invisible(x)
}

fit_mixed <- function(formula, data, model, given, asked, na_action, contrasts, env, call) {
  need_matrix()
  if (is_streamed(data)) abort(call, "`data` must be a data frame for random effects.")
  family <- as_mixed_family(model, call)
  options <- mixed_options(given, family, call)
  split <- split_bars(formula, call)
  variables <- with_zero_variables(split$variables, options$zero_inflation)
  environment(variables) <- environment(split$fixed) <- environment(formula)
  read <- formula_frame(variables, data, asked, env, call)
  if (nrow(read$frame) == 0L) abort(call, "`data` has no rows.")
  if (length(formula) < 3L) abort(call, "`formula` has no response: write it before the `~`.")
  handled <- handle_na(read$frame, na_action, call)
  frame <- handled$frame
  parts <- mixed_parts(frame, split, options, contrasts, call)
  response <- mixed_response(frame, family, call)
  task <- c(
    parts, response, family[c("family", "link")],
    list(offset = stats::model.offset(frame) %||% numeric(nrow(frame)))
  )
  estimates <- if (is_linear_family(family)) {
    estimate_linear(task, options$REML, call)
  } else {
    estimate_generalized(task, family, call)
  }
  structure(
    c(
      list(
        call = as.call(kept_list(as.list(call))), formula = kept_list(formula),
        family = family$family, link = family$link
      ),
      estimates,
      list(
        frame = frame, na.action = handled$na.action, nobs = nrow(frame),
        terms = parts$terms, contrasts = parts$contrasts, xlevels = parts$xlevels,
        random = random_parts(parts$design), zero_terms = parts$zero_terms, given = read$offset,
        y = response$y, trials = response$trials, weights = response$weights
      )
    ),
    class = "torch_mixed"
  )
}

# ---- what was asked ----

# list(family, link, dispersion).
as_mixed_family <- function(model, call) {
  if (is.function(model) && identical(formals(model)$link, "log") ||
        is.function(model) && identical(formals(model)$link, "logit")) {
    model <- tryCatch(model(), error = function(condition) model)
  }
  found <- if (inherits(model, "mixed_family")) {
    list(family = model$name, link = model$link)
  } else if (inherits(model, "family") && model$family %in% c("nbinom2", "beta")) {
    # Those of glmmTMB.
    list(family = c(nbinom2 = "negative_binomial", beta = "beta")[[model$family]],
      link = model$link)
  } else {
    model <- as_model(model, call)
    switch(model$name,
      linear = list(family = "gaussian", link = "identity"),
      logistic = list(family = "binomial", link = model$options$link %||% "logit"),
      glm = list(family = model$options$family, link = model$options$link),
      abort(
        call, "`model`: a formula with random effects, such as (1 | g), is fitted by linear(), ",
        "logistic(), poisson(), Gamma(), negative_binomial() or beta_regression(), not ",
        model_label(model), "."
      )
    )
  }
  known <- mixed_links[[found$family]]
  if (is.null(known)) {
    abort(
      call, "`model`: the family \"", found$family, "\" is not known with random effects; it can ",
      "be ", paste0("\"", names(mixed_links), "\"", collapse = ", "), "."
    )
  }
  if (!is_string(found$link) || !found$link %in% known) {
    abort(
      call, "`model`: the link of \"", found$family, "\" can be ",
      paste0("\"", known, "\"", collapse = ", "), " with random effects, not ",
      if (is_string(found$link)) paste0("\"", found$link, "\"") else friendly_type(found$link), "."
    )
  }
  c(found, list(dispersion = !found$family %in% c("binomial", "poisson")))
}

# As mixed_families.py has them.
mixed_links <- list(
  gaussian = c("identity", "log", "inverse"), poisson = c("log", "identity", "sqrt"),
  binomial = c("logit", "probit", "cloglog", "cauchit"),
  negative_binomial = c("log", "identity", "sqrt"),
  beta = c("logit", "probit", "cloglog", "cauchit"), gamma = c("log", "identity", "inverse")
)

is_linear_family <- function(family) family$family == "gaussian" && family$link == "identity"

mixed_options <- function(given, family, call) {
  names <- names(given) %||% character(length(given))
  unknown <- setdiff(names, c("REML", "zero_inflation"))
  if (length(unknown) > 0L) {
    abort(
      call, "Unknown argument: ", name_list(unknown), ". Models with random effects take `REML` ",
      "and `zero_inflation`."
    )
  }
  options <- utils::modifyList(list(REML = TRUE), given)
  check_flag(options$REML, "REML", call)
  if ("REML" %in% names && options$REML && !is_linear_family(family)) {
    abort(call, "`REML` is for linear(); other families are fitted by maximum likelihood.")
  }
  zero <- options$zero_inflation
  if (!is.null(zero)) {
    if (!inherits(zero, "formula") || length(zero) != 2L) {
      abort(
        call, "`zero_inflation` must be a formula such as ~ 1 or ~ x, not ", friendly_type(zero),
        "."
      )
    }
    if (has_bars(zero)) abort(call, "`zero_inflation` can have no random effects.")
    if (!family$family %in% c("poisson", "negative_binomial", "binomial")) {
      abort(call, "`zero_inflation` is for counts: poisson(), negative_binomial(), binomial().")
    }
  }
  options
}

with_zero_variables <- function(variables, zero) {
  if (!is.null(zero)) variables[[3L]] <- call("+", variables[[3L]], zero[[2L]])
  variables
}

# ---- the data ----

# list(x, terms, xlevels, contrasts, design, x_zero, zero_terms).
mixed_parts <- function(frame, split, options, contrasts, call) {
  if (!is.null(contrasts) && (!is.list(contrasts) || is.null(names(contrasts)))) {
    abort(call, "`contrasts` must be a list with the names of factors.")
  }
  terms <- with_predvars(stats::delete.response(stats::terms(split$fixed)), frame)
  x <- tryCatch(stats::model.matrix(terms, frame, contrasts.arg = contrasts), error = function(e) {
    abort(call, "`formula`: ", conditionMessage(e))
  })
  found <- list(
    x = without_aliased(x, call), terms = terms, xlevels = stats::.getXlevels(terms, frame),
    contrasts = attr(x, "contrasts"), design = mixed_design(split$bars, frame, call)
  )
  if (!is.null(options$zero_inflation)) {
    found$zero_terms <- with_predvars(stats::terms(options$zero_inflation), frame)
    found$x_zero <- without_aliased(stats::model.matrix(found$zero_terms, frame), call)
  }
  found
}

# As lme4, without columns that others explain.
without_aliased <- function(x, call) {
  attributes(x) <- attributes(x)[c("dim", "dimnames")]
  decomposed <- qr(x)
  if (decomposed$rank == ncol(x)) return(x)
  kept <- sort(decomposed$pivot[seq_len(decomposed$rank)])
  warning(warningCondition(
    paste0("left out, for others explain them: ", name_list(colnames(x)[-kept])), call = call
  ))
  x[, kept, drop = FALSE]
}

# list(y, trials, weights), numbers.
mixed_response <- function(frame, family, call) {
  y <- stats::model.response(frame, "any")
  n <- nrow(frame)
  weights <- as.double(stats::model.weights(frame) %||% rep(1, n))
  if (!all(is.finite(weights)) || any(weights <= 0)) {
    abort(call, "`weights` must be above 0 in a model with random effects.")
  }
  trials <- rep(1, n)
  if (family$family == "binomial") {
    if (is.matrix(y) && ncol(y) == 2L) {
      trials <- rowSums(y)
      y <- y[, 1L]
    } else if (is.factor(y) || is.character(y)) {
      y <- as.factor(y)
      y <- as.double(y != levels(y)[1L])
    } else if (is.numeric(y) && !all(y %in% c(0, 1))) {
      if (!is.null(stats::model.weights(frame))) {
        trials <- weights
        weights <- rep(1, n)
      }
      y <- y * trials
    }
    if (!is.logical(y) && (!is.numeric(y) || any(y < 0 | y > trials))) {
      abort(
        call, "The response must be shares between 0 and 1 for binomial(), two classes, or ",
        "cbind(successes, failures)."
      )
    }
  }
  if (!is.null(dim(y)) && NCOL(y) != 1L || !is.numeric(y) && !is.logical(y)) {
    abort(call, "The response must be one column of numbers, not ", friendly_type(y), ".")
  }
  y <- as.double(y)
  range <- switch(family$family,
    poisson = , negative_binomial = list(y >= 0 & y == round(y), "counts: 0, 1, 2, ..."),
    beta = list(y > 0 & y < 1, "between 0 and 1, and neither of them"),
    gamma = list(y > 0, "above 0"), list(is.finite(y), "finite")
  )
  if (!all(range[[1L]])) {
    abort(
      call, "The response must be ", range[[2L]], " for the family \"", family$family, "\"; ",
      "element ", which(!range[[1L]])[1L], " is not."
    )
  }
  list(y = y, trials = as.double(trials), weights = weights)
}

# What methods need of the terms.
random_parts <- function(design) {
  lapply(design$terms, function(term) {
    term$levels <- levels(term$group)
    term$matrix <- term$group <- NULL
    term
  })
}
