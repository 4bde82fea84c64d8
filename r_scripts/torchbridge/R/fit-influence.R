# Verbs that R and its packages answer for lm() and glm() alone: they get R's own object of the fit.
# Tests: test-fit-influence.R.

#' What R's verbs for linear models say of a fit
#'
#' For exact fits, the answers of `lm()` and `glm()`: R's own methods are called with R's own object
#' of the fit, put together of its estimates and model frame, without fitting again. Fits of `x` and
#' `y` have all but `dummy.coef()`, `proj()` and `labels()`, which are about the terms of a formula.
#'
#' For fits of a formula, the verbs of packages car (`Anova()`, `linearHypothesis()`, `vif()`, ...),
#' emmeans, effects, sandwich, lmtest and multcomp work in the same way.
#'
#' `dffits()` (generic from R 4.6 on), `covratio()`, `influence.measures()` and `lm.influence()`,
#' which are not generic in R, are R's own for everything else.
#'
#' @param model,object,x,z,qr A `torch_fit`.
#' @param ... More arguments of the same functions for `lm()` and `glm()`, such as `type` of
#'   `rstandard()`.
#' @param infl,res As of [stats::influence.measures()].
#' @param do.coef As of [stats::lm.influence()].
#' @param nsim,seed As of [stats::simulate()].
#' @return As of the same functions for `lm()` and `glm()`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + qsec, data = mtcars, model = linear())
#' head(rstudent(fit), 3)
#' summary(influence.measures(fit))
#' simulate(fit, nsim = 2, seed = 1)[1:3, ]
#' @name torch_fit_influence
NULL

#' @rdname torch_fit_influence
#' @importFrom stats influence
#' @export
influence.torch_fit <- function(model, ...) stats::influence(as_rs_of_rows(model), ...)

#' @rdname torch_fit_influence
#' @importFrom stats hatvalues
#' @export
hatvalues.torch_fit <- function(model, ...) stats::hatvalues(as_rs_of_rows(model), ...)

#' @rdname torch_fit_influence
#' @importFrom stats rstandard
#' @export
rstandard.torch_fit <- function(model, ...) stats::rstandard(as_rs_of_rows(model), ...)

#' @rdname torch_fit_influence
#' @importFrom stats rstudent
#' @export
rstudent.torch_fit <- function(model, ...) stats::rstudent(as_rs_of_rows(model), ...)

#' @rdname torch_fit_influence
#' @importFrom stats cooks.distance
#' @export
cooks.distance.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  stats::cooks.distance(as_rs_of_rows(model), ...)
}

#' @rdname torch_fit_influence
#' @importFrom stats dfbeta
#' @export
dfbeta.torch_fit <- function(model, ...) stats::dfbeta(as_rs_of_rows(model), ...)

#' @rdname torch_fit_influence
#' @importFrom stats dfbetas
#' @export
dfbetas.torch_fit <- function(model, ...) stats::dfbetas(as_rs_of_rows(model), ...)

#' @rdname torch_fit_influence
#' @importFrom stats simulate
#' @export
simulate.torch_fit <- function(object, nsim = 1, seed = NULL, ...) {
  stats::simulate(as_rs_of_rows(object), nsim, seed, ...)
}

#' @rdname torch_fit_influence
#' @importFrom stats alias
#' @export
alias.torch_fit <- function(object, ...) stats::alias(as_rs_of_rows(object), ...)

#' @rdname torch_fit_influence
#' @importFrom stats case.names
#' @export
case.names.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  stats::case.names(as_rs_of_rows(object), ...)
}

#' @rdname torch_fit_influence
#' @importFrom stats variable.names
#' @export
variable.names.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  stats::variable.names(as_rs_of_rows(object), ...)
}

#' @rdname torch_fit_influence
#' @importFrom stats dummy.coef
#' @export
dummy.coef.torch_fit <- function(object, ...) { # nolint: object_name_linter.
  stats::dummy.coef(as_rs(object), ...)
}

#' @rdname torch_fit_influence
#' @importFrom stats effects
#' @export
effects.torch_fit <- function(object, ...) stats::effects(as_rs_of_rows(object), ...)

#' @rdname torch_fit_influence
#' @importFrom stats proj
#' @export
proj.torch_fit <- function(object, ...) stats::proj(as_rs(object), ...)

#' @rdname torch_fit_influence
#' @export
labels.torch_fit <- function(object, ...) labels(as_rs(object), ...)

#' @rdname torch_fit_influence
#' @export
kappa.torch_fit <- function(z, ...) kappa(as_rs_of_rows(z), ...)

#' @rdname torch_fit_influence
#' @export
qr.torch_fit <- function(x, ...) qr(as_rs_of_rows(x), ...)

is_of_fit <- quote(!missing(model) && is.object(model) && inherits(model, "torch_fit"))

#' @rdname torch_fit_influence
#' @export
lm.influence <- mask("lm.influence", function(model, ...) { # nolint: object_name_linter.
  stats::lm.influence(as_rs_of_rows(model), ...)
}, "model", tensor = is_of_fit)

#' @rdname torch_fit_influence
#' @rawNamespace export(influence.measures)
influence.measures <- mask("influence.measures", function(model, infl, no_infl) { # nolint
  model <- as_rs_of_rows(model)
  if (no_infl) stats::influence.measures(model) else stats::influence.measures(model, infl)
}, "model", tensor = is_of_fit)

# R 4.6 has made it generic: its usage is that of the R that is here.
#' @rdname torch_fit_influence
#' @usage NULL
#' @rawNamespace if ("infl" %in% names(formals(stats::dffits))) export(dffits)
dffits <- if ("infl" %in% names(formals(stats::dffits))) {
  mask("dffits", function(model, infl, res, no_infl, no_res) {
    model <- as_rs_of_rows(model)
    if (no_infl) infl <- stats::lm.influence(model, do.coef = FALSE)
    if (no_res) res <- stats::weighted.residuals(model)
    stats::dffits(model, infl, res)
  }, "model", tensor = is_of_fit)
} else {
  stats::dffits
}

#' @noRd
#' @rawNamespace if (!"infl" %in% names(formals(stats::dffits))) S3method(stats::dffits, torch_fit)
dffits.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  stats::dffits(as_rs_of_rows(model), ...)
}

#' @rdname torch_fit_influence
#' @export
covratio <- mask("covratio", function(model, infl, res, no_infl, no_res) {
  model <- as_rs_of_rows(model)
  if (no_infl) infl <- stats::lm.influence(model, do.coef = FALSE)
  if (no_res) res <- stats::weighted.residuals(model)
  stats::covratio(model, infl, res)
}, "model", tensor = is_of_fit)

# ---- packages ----

#' @exportS3Method car::Anova
Anova.torch_fit <- function(mod, ...) car::Anova(as_rs(mod), ...) # nolint: object_name_linter.

#' @exportS3Method car::linearHypothesis
linearHypothesis.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  car::linearHypothesis(as_rs(model), ...)
}

#' @exportS3Method car::vif
vif.torch_fit <- function(mod, ...) car::vif(as_rs(mod), ...) # nolint

#' @exportS3Method car::hccm
hccm.torch_fit <- function(model, ...) car::hccm(as_rs(model), ...) # nolint

#' @exportS3Method car::ncvTest
ncvTest.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  car::ncvTest(as_rs(model), ...)
}

#' @exportS3Method car::outlierTest
outlierTest.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  car::outlierTest(as_rs(model), ...)
}

#' @exportS3Method car::durbinWatsonTest
durbinWatsonTest.torch_fit <- function(model, ...) { # nolint: object_name_linter.
  car::durbinWatsonTest(as_rs(model), ...)
}

#' @exportS3Method emmeans::recover_data
recover_data.torch_fit <- function(object, ...) emmeans::recover_data(as_rs(object), ...) # nolint

#' @exportS3Method emmeans::emm_basis
emm_basis.torch_fit <- function(object, trms, xlev, grid, ...) { # nolint
  emmeans::emm_basis(as_rs(object), trms, xlev, grid, ...)
}

#' @exportS3Method effects::Effect
Effect.torch_fit <- function(focal.predictors, mod, ...) { # nolint: object_name_linter.
  effects::Effect(focal.predictors, as_rs(mod), ...)
}

#' @exportS3Method sandwich::bread
bread.torch_fit <- function(x, ...) sandwich::bread(as_rs(x), ...) # nolint

#' @exportS3Method sandwich::estfun
estfun.torch_fit <- function(x, ...) sandwich::estfun(as_rs(x), ...) # nolint

#' @exportS3Method sandwich::vcovHC
vcovHC.torch_fit <- function(x, ...) { # nolint: object_name_linter.
  sandwich::vcovHC(as_rs(x), ...)
}

#' @exportS3Method lmtest::coeftest
coeftest.torch_fit <- function(x, ...) lmtest::coeftest(as_rs(x), ...) # nolint

#' @exportS3Method lmtest::waldtest
waldtest.torch_fit <- function(object, ...) { # nolint
  as_one <- function(x) if (inherits(x, "torch_fit")) as_rs(x) else x
  do.call(lmtest::waldtest, lapply(list(object, ...), as_one))
}

# ---- R's object ----

# Of class lm, or glm and lm, as lm() and glm() give it.
as_rs <- function(fit, call = sys.call(-1L)) {
  exact <- need_glm(fit, "Verbs of linear models", call)
  if (is.null(fit$terms)) {
    abort(call, "The fit has no formula: verbs of terms and their data are for fits of one.")
  }
  frame <- stats::model.frame(fit)
  x <- stats::model.matrix(fit)
  found <- list(assign = attr(x, "assign"), contrasts = attr(x, "contrasts"))
  xlevels <- fit$preparation$xlevels
  if (length(xlevels) > 0L) found$xlevels <- xlevels
  found <- c(found, list(call = rs_call(fit), terms = fit$terms, model = frame))
  if (!is_least_squares(exact)) {
    found$assign <- NULL # as of glm()
    found$formula <- stats::formula(fit$terms)
  }
  with_estimates(found, fit, x, row.names(frame))
}

# The same for verbs of rows and columns, which need no formula: without one it has no terms, and
# a frame of the response alone, which simulate() asks for its levels.
as_rs_of_rows <- function(fit, call = sys.call(-1L)) {
  need_glm(fit, "Verbs of linear models", call)
  if (!is.null(fit$terms)) return(as_rs(fit, call))
  x <- stats::model.matrix(fit)
  labels <- rownames(x)
  if (is.null(labels)) {
    labels <- setdiff(seq_len(nrow(x) + length(fit$na.action)), fit$na.action)
  } else if (!is.null(fit$na.action)) {
    names(fit$na.action) <- row.names(source_data(fit))[fit$na.action]
  }
  frame <- stats::model.frame(y ~ 1, list(y = fit$response))
  with_estimates(list(call = fit$call, model = frame), fit, x, as.character(labels))
}

# What lm() and glm() compute, beside what they say of the formula.
with_estimates <- function(described, fit, x, labels) {
  exact <- fit$exact
  y <- stats::setNames(as.numeric(numeric_response(fit)), labels)
  mu <- stats::setNames(as.vector(fit$fitted.values), labels)
  found <- list(
    coefficients = exact$coefficients, residuals = y - mu, fitted.values = mu, effects = NULL,
    rank = exact$rank, qr = NULL, df.residual = exact$df_residual
  )
  found$na.action <- fit$na.action
  found$offset <- fit$offset
  found <- c(found, described)
  if (!is_least_squares(exact)) return(as_rs_glm(fit, found, x, y, mu))
  if (!is.null(fit$prior.weights)) found$weights <- as.vector(fit$prior.weights)
  z <- y - if (is.null(fit$offset)) 0 else fit$offset
  structure(with_qr(found, x, z, fit$prior.weights), class = "lm")
}

as_rs_glm <- function(fit, found, x, y, mu) {
  exact <- fit$exact
  labels <- names(mu)
  family <- exact_family(exact)
  eta <- stats::setNames(as.vector(exact$linear_predictor), labels)
  found$residuals <- (y - mu) / family$mu.eta(eta)
  weights <- stats::setNames(working_weights(fit), labels)
  z <- eta - (if (is.null(fit$offset)) 0 else fit$offset) + found$residuals
  found <- with_qr(found, x, z, weights)
  found <- c(found, list(
    family = family, linear.predictors = eta, deviance = exact$deviance,
    aic = 2 * exact$df - 2 * exact$log_likelihood, null.deviance = exact$null_deviance,
    iter = exact$iterations, weights = weights, df.null = exact$df_null, y = y,
    prior.weights = stats::setNames(as.vector(row_weights(fit)), labels),
    converged = exact$converged, boundary = FALSE, control = stats::glm.control(),
    method = "glm.fit"
  ))
  structure(found, class = c("glm", "lm"))
}

# The decomposition of the rows that count, as lm.wfit() has it, of the columns that have estimates:
# weights near 0 (of classes that are separated) let qr() itself find others.
with_qr <- function(found, x, z, weights) {
  counts <- if (is.null(weights)) rep(TRUE, length(z)) else as.vector(weights) != 0
  root <- if (is.null(weights)) 1 else sqrt(as.vector(weights)[counts])
  aliased <- is.na(found$coefficients)
  order <- c(which(!aliased), which(aliased))
  decomposed <- qr(x[counts, order, drop = FALSE] * root, tol = 0)
  decomposed[c("rank", "pivot", "tol")] <- list(sum(!aliased), unname(order), 1e-7)
  found$qr <- decomposed
  found$effects <- qr.qty(decomposed, z[counts] * root)
  kept <- colnames(x)[decomposed$pivot[seq_len(decomposed$rank)]]
  names(found$effects) <- c(kept, character(length(found$effects) - length(kept)))
  found
}

# The call of lm() or glm() that would give the same.
rs_call <- function(fit) {
  exact <- fit$exact
  least_squares <- exact$family == "gaussian" && exact$link == "identity"
  given <- as.list(fit$call)[-1L]
  call <- list(if (least_squares) quote(lm) else quote(glm), formula = stats::formula(fit$terms))
  if (!least_squares) {
    family <- exact_family(exact)
    call$family <- family
  }
  as.call(c(call, given[intersect(names(given), c("data", "weights", "offset", "subset"))]))
}
