# What is asked of a model with random effects.
# Tests: test-fit-mixed-methods.R.

#' @rdname torch_mixed
#' @export
fixef <- function(object, ...) UseMethod("fixef")

#' @export
fixef.default <- function(object, ...) nlme::fixef(object, ...)

#' @rdname torch_mixed
#' @export
fixef.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  object$coefficients
}

#' @rdname torch_mixed
#' @export
ranef <- function(object, ...) UseMethod("ranef")

#' @export
ranef.default <- function(object, ...) nlme::ranef(object, ...)

#' @rdname torch_mixed
#' @export
ranef.torch_mixed <- function(object, condVar = FALSE, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  check_flag(condVar, "condVar")
  labels <- vapply(object$random, `[[`, "", "label")
  lapply(split(seq_along(labels), factor(labels, unique(labels))), function(of) {
    frame <- data.frame(do.call(base::cbind, object$effects[of]), check.names = FALSE)
    if (condVar) attr(frame, "condVar") <- joined_variances(object$effect_variances[of]) # nolint
    frame
  })
}

#' @rdname torch_mixed
#' @export
VarCorr <- function(x, ...) UseMethod("VarCorr") # nolint: object_name_linter.

#' @export
VarCorr.default <- function(x, ...) nlme::VarCorr(x, ...) # nolint: object_name_linter.

#' @rdname torch_mixed
#' @export
VarCorr.torch_mixed <- function(x, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  scale <- relative_scale(x)
  found <- lapply(x$random, function(term) {
    factor <- scale * lower_factor(term, x$theta)
    covariance <- named_square(factor %*% t(factor), term$names)
    deviation <- sqrt(base::diag(covariance))
    # (Of a deviation of 0 there is no correlation.)
    correlation <- covariance / base::outer(deviation, deviation)
    structure(covariance, stddev = deviation, correlation = correlation)
  })
  names(found) <- make.unique(vapply(x$random, `[[`, "", "label"))
  structure(
    found, sc = if (x$family == "gaussian") x$sigma, class = "VarCorr_torch_mixed"
  )
}

#' @export
as.data.frame.VarCorr_torch_mixed <- function(x, row.names = NULL, optional = FALSE, ...) { # nolint
  check_no_dots(...)
  rows <- Map(function(covariance, group) {
    names <- rownames(covariance)
    pairs <- which(lower.tri(covariance), arr.ind = TRUE)
    data.frame(
      grp = group, var1 = c(names, names[pairs[, 2L]]),
      var2 = c(rep(NA, length(names)), names[pairs[, 1L]]),
      vcov = c(base::diag(covariance), covariance[pairs]),
      sdcor = c(attr(covariance, "stddev"), attr(covariance, "correlation")[pairs])
    )
  }, unclass(x)[seq_along(x)], names(x))
  scale <- attr(x, "sc")
  if (!is.null(scale)) {
    rows <- c(rows, list(data.frame(
      grp = "Residual", var1 = NA, var2 = NA, vcov = scale^2, sdcor = scale
    )))
  }
  found <- do.call(base::rbind, unname(rows))
  row.names(found) <- row.names
  found
}

#' @export
print.VarCorr_torch_mixed <- function(x, digits = 5L, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  rows <- Map(function(covariance, group) {
    size <- nrow(covariance)
    correlation <- attr(covariance, "correlation")
    shown <- vapply(seq_len(size), function(i) {
      paste(formatC(correlation[i, seq_len(i - 1L)], digits = 3L, format = "f"), collapse = " ")
    }, "")
    data.frame(
      Groups = c(group, rep("", size - 1L)), Name = rownames(covariance),
      Std.Dev. = format(attr(covariance, "stddev"), digits = digits), Corr = shown
    )
  }, unclass(x)[seq_along(x)], names(x))
  table <- do.call(base::rbind, unname(rows))
  if (!is.null(attr(x, "sc"))) {
    table <- base::rbind(
      table, list("Residual", "", format(attr(x, "sc"), digits = digits), "")
    )
  }
  print(table, row.names = FALSE, right = FALSE)
  invisible(x)
}

#' @rdname torch_mixed
#' @export
coef.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  fixed <- object$coefficients
  lapply(ranef.torch_mixed(object), function(effects) {
    own <- setdiff(names(effects), names(fixed))
    all <- c(fixed, stats::setNames(numeric(length(own)), own))
    found <- base::matrix(
      all, nrow(effects), length(all), byrow = TRUE, dimnames = list(rownames(effects), names(all))
    )
    found[, names(effects)] <- found[, names(effects), drop = FALSE] + as.matrix(effects)
    data.frame(found, check.names = FALSE)
  })
}

#' @rdname torch_mixed
#' @export
vcov.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  object$vcov
}

#' @rdname torch_mixed
#' @importFrom stats sigma
#' @export
sigma.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  object$sigma
}

#' @rdname torch_mixed
#' @export
logLik.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  # (REML's counts the rows that fixed effects leave, as of lme4 and nlme.)
  nobs <- object$nobs - if (object$REML) length(object$coefficients) else 0L
  structure(
    -object$deviance / 2, df = object$df, nall = object$nobs, nobs = nobs, REML = object$REML,
    class = "logLik"
  )
}

#' @rdname torch_mixed
#' @export
nobs.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  object$nobs
}

#' @rdname torch_mixed
#' @importFrom stats formula
#' @export
formula.torch_mixed <- function(x, ...) x$formula

#' @rdname torch_mixed
#' @export
model.frame.torch_mixed <- function(formula, ...) formula$frame # nolint: object_name_linter.

#' @rdname torch_mixed
#' @export
model.matrix.torch_mixed <- function(object, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  x <- stats::model.matrix(object$terms, object$frame, contrasts.arg = object$contrasts)
  x[, names(object$coefficients), drop = FALSE]
}

#' @rdname torch_mixed
#' @importFrom stats df.residual
#' @export
df.residual.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  object$nobs - object$df
}

#' @rdname torch_mixed
#' @importFrom stats fitted
#' @export
fitted.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  with_own_rows(object, object$fitted.values)
}

#' @rdname torch_mixed
#' @importFrom stats residuals
#' @export
residuals.torch_mixed <- function(object, type = "response", ...) {
  check_no_dots(...)
  check_choice(type, "type", c("response", "pearson"))
  y <- if (object$family == "binomial") object$y / object$trials else object$y
  found <- y - object$fitted.values
  if (type == "pearson") {
    if (!is.null(object$zero)) abort(sys.call(), "Pearson residuals are not for inflated zeros.")
    mu <- object$fitted.values
    s <- object$sigma
    variance <- switch(object$family,
      gaussian = 1, poisson = mu, binomial = mu * (1 - mu) / object$trials,
      negative_binomial = mu + mu^2 / s, beta = mu * (1 - mu) / (1 + s), gamma = mu^2
    )
    found <- found * sqrt(object$weights / variance)
  }
  stats::naresid(object$na.action, with_own_rows(object, found, padded = FALSE))
}

#' @rdname torch_mixed
#' @export
print.torch_mixed <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  mixed_heading(x)
  cat("Random effects:\n")
  print(VarCorr.torch_mixed(x))
  show_groups(x)
  cat("\nFixed effects:\n")
  print(x$coefficients, ...)
  if (!is.null(x$zero)) {
    cat("\nZero inflation:\n")
    print(x$zero, ...)
  }
  invisible(x)
}

#' @rdname torch_mixed
#' @export
summary.torch_mixed <- function(object, ...) {
  check_no_dots(...)
  structure(
    list(
      fit = object, coefficients = coefficient_table(object$coefficients, object$vcov),
      zero = if (!is.null(object$zero)) coefficient_table(object$zero, object$zero_vcov)
    ),
    class = "summary.torch_mixed"
  )
}

#' @export
print.summary.torch_mixed <- function(x, ...) {
  check_no_dots(..., except = c(names(formals(print.default)), names(formals(stats::printCoefmat))))
  mixed_heading(x$fit)
  cat("Random effects:\n")
  print(VarCorr.torch_mixed(x$fit))
  show_groups(x$fit)
  if (x$fit$family %in% c("negative_binomial", "beta", "gamma")) {
    cat("\nDispersion (sigma):", format(x$fit$sigma), "\n")
  }
  cat("\nFixed effects:\n")
  stats::printCoefmat(x$coefficients, ...)
  if (!is.null(x$zero)) {
    cat("\nZero inflation:\n")
    stats::printCoefmat(x$zero, ...)
  }
  invisible(x)
}

#' @rdname torch_mixed
#' @export
confint.torch_mixed <- function(object, parm, level = 0.95, ...) {
  check_no_dots(...)
  check_level(level)
  fixed <- base::cbind(object$coefficients, sqrt(base::diag(object$vcov)))
  zero <- if (!is.null(object$zero)) {
    found <- base::cbind(object$zero, sqrt(base::diag(object$zero_vcov)))
    rownames(found) <- paste0("zero_", names(object$zero))
    found
  }
  quantile <- stats::qnorm((1 + level) / 2)
  wald <- base::rbind(fixed, zero)
  limits <- base::rbind(
    wald[, 1L] + base::outer(wald[, 2L], c(-quantile, quantile)),
    variance_limits(object, quantile)
  )
  tail <- (1 - level) / 2
  colnames(limits) <- paste(format(100 * c(tail, 1 - tail), trim = TRUE, digits = 3), "%")
  if (missing(parm)) return(limits)
  chosen <- if (is.character(parm)) match(parm, rownames(limits)) else seq_len(nrow(limits))[parm]
  if (anyNA(chosen)) {
    abort(sys.call(), "`parm` must be among ", in_words(rownames(limits)), ".")
  }
  limits[chosen, , drop = FALSE]
}

#' @rdname torch_mixed
#' @export
anova.torch_mixed <- function(object, ...) {
  fits <- list(object, ...)
  call <- sys.call()
  if (length(fits) < 2L) abort(call, "anova() compares two fits or more.")
  if (!all(vapply(fits, inherits, NA, "torch_mixed"))) {
    abort(call, "`...` must be fits with random effects, to compare.")
  }
  if (length(unique(vapply(fits, `[[`, 0L, "nobs"))) > 1L) {
    abort(call, "The fits must be of the same rows.")
  }
  restricted <- vapply(fits, `[[`, NA, "REML")
  fixed <- lapply(fits, function(fit) names(fit$coefficients))
  if (any(restricted) && (!all(restricted) || length(unique(fixed)) > 1L)) {
    abort(
      call, "Restricted likelihoods of other fixed effects cannot be compared: fit with ",
      "`REML = FALSE`."
    )
  }
  names <- vapply(as.list(call)[-1L], function(e) paste(deparse(e), collapse = ""), "")
  df <- vapply(fits, function(fit) as.integer(fit$df), 0L)
  order <- order(df)
  minus2 <- vapply(fits, `[[`, 0, "deviance")[order]
  df <- df[order]
  aic <- vapply(fits[order], stats::AIC, 0)
  change <- c(NA, diff(df))
  statistic <- c(NA, -diff(minus2))
  p <- stats::pchisq(pmax(statistic, 0), change, lower.tail = FALSE)
  p[change == 0] <- NA
  table <- data.frame(df, aic, minus2, statistic, change, p)
  dimnames(table) <- list(
    make.unique(names[order]), c("npar", "AIC", "-2 log L", "Chisq", "Df", "Pr(>Chisq)")
  )
  structure(table, heading = "Likelihood ratio tests\n", class = c("anova", "data.frame"))
}

#' @rdname torch_mixed
#' @export
tidy.torch_mixed <- function(x, conf.int = FALSE, conf.level = 0.95, ...) { # nolint
  check_no_dots(...)
  check_flag(conf.int, "conf.int")
  check_level(conf.level)
  fixed <- coefficient_table(x$coefficients, x$vcov)
  varied <- as.data.frame(VarCorr.torch_mixed(x))
  prefix <- ifelse(is.na(varied$var2), "sd__", "cor__")
  terms <- ifelse(
    is.na(varied$var1), "Observation",
    ifelse(is.na(varied$var2), varied$var1, paste(varied$var1, varied$var2, sep = "."))
  )
  found <- data.frame(
    effect = rep(c("fixed", "ran_pars"), c(nrow(fixed), nrow(varied))),
    group = c(rep(NA, nrow(fixed)), varied$grp), term = c(rownames(fixed), paste0(prefix, terms)),
    estimate = c(fixed[, 1L], varied$sdcor),
    std.error = c(fixed[, 2L], rep(NA, nrow(varied))),
    statistic = c(fixed[, 3L], rep(NA, nrow(varied))),
    p.value = c(fixed[, 4L], rep(NA, nrow(varied))), row.names = NULL
  )
  if (conf.int) {
    limits <- confint.torch_mixed(x, level = conf.level)
    limits <- limits[!startsWith(rownames(limits), "zero_"), , drop = FALSE]
    of_sigma <- rownames(limits) == "sigma"
    rows <- base::rbind(limits[!of_sigma, , drop = FALSE], if (x$family == "gaussian") {
      limits[of_sigma, , drop = FALSE]
    })
    found$conf.low <- unname(rows[, 1L])
    found$conf.high <- unname(rows[, 2L])
  }
  found
}

#' @rdname torch_mixed
#' @export
glance.torch_mixed <- function(x, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  likelihood <- logLik.torch_mixed(x)
  data.frame(
    nobs = x$nobs, sigma = x$sigma, logLik = as.numeric(likelihood), AIC = stats::AIC(likelihood),
    BIC = stats::BIC(likelihood), deviance = x$deviance, df.residual = x$nobs - x$df
  )
}

# ---- helpers ----

# By what relative covariance factors are multiplied.
relative_scale <- function(fit) {
  if (fit$family == "gaussian" && fit$link == "identity") fit$sigma else 1
}

# As factor_of(), of a term without its matrix.
lower_factor <- function(term, theta) {
  size <- length(term$names)
  lower <- base::matrix(0, size, size)
  lower[lower.tri(lower, diag = TRUE)] <- theta[term$theta]
  lower
}

# Of terms with one grouping, in which levels are the same: blocks on the diagonal.
joined_variances <- function(parts) {
  if (length(parts) == 1L) return(parts[[1L]])
  sizes <- vapply(parts, nrow, 0L)
  found <- array(0, c(sum(sizes), sum(sizes), dim(parts[[1L]])[3L]))
  starts <- cumsum(c(0L, sizes))
  for (t in seq_along(parts)) {
    at <- starts[t] + seq_len(sizes[t])
    found[at, at, ] <- parts[[t]]
  }
  found
}

with_own_rows <- function(fit, values, padded = TRUE) {
  names(values) <- row.names(fit$frame)
  if (padded) stats::napredict(fit$na.action, values) else values
}

mixed_heading <- function(x) {
  how <- if (x$REML) {
    "restricted maximum likelihood"
  } else if (x$family == "gaussian" && x$link == "identity") {
    "maximum likelihood"
  } else {
    "maximum likelihood, Laplace's approximation"
  }
  cat("Mixed model, ", x$family, " (", x$link, "), by ", how, "\n", sep = "")
  cat("Formula: ", deparse1(x$formula), "\n", sep = "")
  if (!is.null(x$call$data)) cat("Data: ", deparse1(x$call$data), "\n", sep = "")
  cat(
    "Log-likelihood: ", format(-x$deviance / 2, digits = 8L), " on ", x$df, " parameters\n\n",
    sep = ""
  )
}

show_groups <- function(x) {
  counts <- vapply(x$random, function(term) length(term$levels), 0L)
  labels <- vapply(x$random, `[[`, "", "label")
  first <- !duplicated(labels)
  cat(
    x$nobs, " observations; groups: ",
    paste0(labels[first], ", ", counts[first], collapse = "; "), "\n", sep = ""
  )
}

# Intervals of standard deviations on the scale of their logarithms, of correlations on that of
# atanh, by the delta method; the names are lme4's.
variance_limits <- function(fit, quantile) {
  parameters <- c(fit$theta, log(fit$sigma)[has_sigma(fit)])
  if (fit$family %in% c("gamma") || fit$family == "gaussian" && fit$link != "identity") {
    # (The model's parameter is the logarithm of the square.)
    parameters[length(parameters)] <- 2 * parameters[length(parameters)]
  }
  found <- summaries_of_variance(fit, parameters)
  step <- 1e-6
  slopes <- vapply(seq_along(parameters), function(i) {
    ahead <- summaries_of_variance(fit, replace(parameters, i, parameters[i] + step))
    behind <- summaries_of_variance(fit, replace(parameters, i, parameters[i] - step))
    (ahead$free - behind$free) / (2 * step)
  }, numeric(length(found$free)))
  slopes <- base::matrix(slopes, length(found$free))
  variance <- fit$variance_vcov
  known <- !is.na(base::diag(variance))
  errors <- sqrt(base::rowSums(
    (slopes[, known, drop = FALSE] %*% variance[known, known, drop = FALSE]) *
      slopes[, known, drop = FALSE]
  ))
  # What stands at a bound has no interval.
  undecided <- base::rowSums(abs(slopes[, !known, drop = FALSE])) > 0 | !is.finite(found$free)
  errors[undecided] <- NA
  limits <- found$free + base::outer(errors, c(-quantile, quantile))
  correlated <- found$kind == "cor"
  limits[correlated, ] <- tanh(limits[correlated, ])
  limits[!correlated, ] <- exp(limits[!correlated, ])
  rownames(limits) <- found$names
  limits
}

has_sigma <- function(fit) !fit$family %in% c("binomial", "poisson")

# Standard deviations (log) and correlations (atanh) of theta and log(dispersion).
summaries_of_variance <- function(fit, parameters) {
  last <- parameters[length(parameters)]
  linear <- fit$family == "gaussian" && fit$link == "identity"
  scale <- if (linear) exp(last) else 1
  parts <- lapply(fit$random, function(term) {
    factor <- scale * lower_factor(term, parameters)
    covariance <- factor %*% t(factor)
    deviation <- sqrt(base::diag(covariance))
    pairs <- which(lower.tri(covariance), arr.ind = TRUE)
    correlation <- (covariance / base::outer(deviation, deviation))[pairs]
    list(
      free = c(log(deviation), atanh(correlation)),
      kind = rep(c("sd", "cor"), c(length(deviation), length(correlation))),
      names = c(
        paste0("sd_", term$names, "|", term$label),
        if (nrow(pairs) > 0L) {
          paste0("cor_", term$names[pairs[, 1L]], ".", term$names[pairs[, 2L]], "|", term$label)
        }
      )
    )
  })
  squared <- fit$family == "gamma" || fit$family == "gaussian" && !linear
  if (has_sigma(fit)) {
    log_sigma <- if (squared) last / 2 else last
    parts <- c(parts, list(list(free = log_sigma, kind = "sd", names = "sigma")))
  }
  list(
    free = unlist(lapply(parts, `[[`, "free")), kind = unlist(lapply(parts, `[[`, "kind")),
    names = unlist(lapply(parts, `[[`, "names"))
  )
}
