# Times that may be censored: responses Surv(), strata, and what cox() and aft() predict.
# Tests: test-fit-survival.R.

# As of as_response(): what Surv() of package survival says, as cox(), aft() and networks take it.
survival_response <- function(y, takes, model, options, found, call) {
  if (!inherits(y, "Surv")) {
    abort(
      call, "The response is ", friendly_type(y), ", and ", model_label(model), " takes times and ",
      "events: Surv(time, event), of package survival."
    )
  }
  if (takes != "survival" && is_exact_model(model)) {
    abort(
      call, "The response is a <Surv> object, of times that may be censored, and ",
      model_label(model), " takes others: cox(), aft() and networks take it."
    )
  }
  if (!is_exact_model(model) && is_string(options$loss) && options$loss != "cox_loss") {
    abort(
      call, "The response is a <Surv> object, and loss \"", options$loss, "\" takes others: ",
      "\"cox_loss\", the default, takes it."
    )
  }
  type <- attr(y, "type")
  values <- unclass(y)
  attributes(values) <- list(dim = dim(y), dimnames = list(NULL, colnames(y)))
  found$tensor <- if (identical(model$name, "aft")) {
    as_tensor(time_bounds(values, type, model, call))
  } else {
    as_tensor(times_and_events(values, type, model, call))
  }
  found$values <- y
  found
}

# Between which times each lies.
time_bounds <- function(values, type, model, call) {
  if (!type %in% c("right", "left", "interval")) {
    abort(call, "aft() takes Surv(time, event), or of type \"left\" or \"interval\", not \"", type,
      "\".")
  }
  first <- values[, 1L]
  status <- values[, "status"]
  if (type == "left") status <- ifelse(status == 1, 1, 2) # as "interval" has them
  last <- if (type == "interval") values[, 2L] else first
  cbind(
    ifelse(status == 2, -Inf, first), ifelse(status == 0, Inf, ifelse(status == 3, last, first)),
    deparse.level = 0
  )
}

# (time, event), or (start, time, event).
times_and_events <- function(values, type, model, call) {
  known <- if (identical(model$name, "cox")) c("right", "counting") else "right"
  if (!type %in% known) {
    abort(
      call, model_label(model), " takes Surv(time, event)",
      if (length(known) > 1L) " or Surv(start, stop, event)", ", not one of type \"", type, "\"."
    )
  }
  unname(values)
}

# list(formula, strata): the formula without its terms strata(), and these as one call.
split_strata <- function(formula, model, call) {
  takes <- length(formula) == 3L && "Surv" %in% all.names(formula[[2L]]) && !is.null(model) &&
    (!is_exact_model(model) || model_row(model)$takes_strata)
  if (!takes) return(list(formula = formula))
  found <- list()
  without <- function(x) {
    if (!"strata" %in% all.names(x)) return(x)
    head <- if (is.call(x)) deparse1(x[[1L]]) else ""
    if (head %in% c("strata", "survival::strata")) {
      found <<- c(found, x)
      return(NULL)
    }
    if (head == "(") {
      inner <- without(x[[2L]])
      return(if (!is.null(inner)) call("(", inner))
    }
    if (head != "+" || length(x) != 3L) {
      abort(call, "`formula`: strata() must be a term of its own, not in ", deparse1(x), ".")
    }
    left <- without(x[[2L]])
    right <- without(x[[3L]])
    if (is.null(left) || is.null(right)) c(left, right)[[1L]] else call("+", left, right)
  }
  rest <- if (is.call(formula[[3L]])) without(formula[[3L]]) else formula[[3L]]
  if (length(found) == 0L) return(list(formula = formula))
  formula[[3L]] <- if (is.null(rest)) 1 else rest
  arguments <- unlist(lapply(found, function(x) as.list(x)[-1L]))
  list(formula = formula, strata = as.call(c(found[[1L]][[1L]], arguments)))
}

# Of new data, or of the fit's own, the number of each row's stratum; NULL where there are none.
strata_of <- function(fit, newdata, call) {
  if (is.null(fit$strata)) return(NULL)
  if (is.null(newdata)) return(as.integer(fit$strata))
  found <- tryCatch(
    eval(fit$preparation$strata, newdata, environment(fit$terms)),
    error = function(condition) abort(call, "`newdata`: ", conditionMessage(condition), ".")
  )
  codes <- match(as.character(found), levels(fit$strata))
  new <- is.na(codes) & !is.na(found)
  if (any(new)) {
    abort(
      call, "`newdata` has strata that the fit has not: ",
      name_list(unique(as.character(found)[new])), "."
    )
  }
  codes
}

# ---- predictions ----

check_curve <- function(fit, type, times, p, call) {
  if (is.null(times) != (type != "survival")) {
    abort(call, if (is.null(times)) "`times` must be given for `type` \"survival\"." else
      "`times` is for `type` \"survival\".")
  }
  if (is.null(p) != (type != "quantile")) {
    abort(call, if (is.null(p)) "`p` must be given for `type` \"quantile\"." else
      "`p` is for `type` \"quantile\".")
  }
  if (!type %in% c("survival", "quantile")) return(invisible())
  having <- if (type == "survival") c("cox", "aft") else "aft"
  if (!fit$model$name %in% having) {
    abort(call, "`type` \"", type, "\" is for ", if (type == "survival") "cox() and ", "aft().")
  }
  if (!is.null(times) && (!is.numeric(times) || anyNA(times))) {
    abort(call, "`times` must be numbers, not ", friendly_type(times), ".")
  }
  if (!is.null(p) && (!is.numeric(p) || anyNA(p) || any(p <= 0 | p >= 1))) {
    abort(call, "`p` must be numbers above 0 and below 1, not ", friendly_type(p), ".")
  }
}

# A matrix: a row a row of the data, a column a time or a share.
predict_curve <- function(fit, newdata, type, times, p, offset, tibble, call) {
  own <- is.null(newdata)
  given <- rows_of(fit, newdata, offset, call)
  eta <- predict_rows(fit, given, "link")
  strata <- strata_of(fit, newdata, call)
  found <- if (type == "quantile") {
    aft_quantiles(fit$exact, eta, strata, p)
  } else if (fit$exact$family == "cox") {
    cox_survival(fit$exact, eta, strata, times)
  } else {
    aft_survival(fit$exact, eta, strata, times)
  }
  dimnames(found) <- list(given$row_names, format(if (is.null(p)) times else p, trim = TRUE))
  if (own) found <- stats::napredict(fit$na.action, found)
  if (!tibble) return(found)
  tibble::as_tibble(stats::setNames(
    as.data.frame(unname(found)), paste0(".pred_", colnames(found))
  ))
}

cox_survival <- function(exact, eta, strata, times) {
  if (is.null(strata)) strata <- rep(1L, length(eta))
  found <- matrix(NA_real_, length(eta), length(times))
  for (stratum in unique(strata[!is.na(strata)])) {
    curve <- exact$baseline[exact$baseline[, 1L] == stratum - 1, , drop = FALSE]
    hazard <- c(0, curve[, 3L])[findInterval(times, curve[, 2L]) + 1L]
    rows <- which(strata == stratum)
    found[rows, ] <- exp(-outer(exp(eta[rows]), hazard))
  }
  found
}

aft_survival <- function(exact, eta, strata, times) {
  if (exact$link == "log") times <- log(pmax(times, 0))
  z <- outer(eta, times, function(eta, at) at - eta) / aft_scales(exact, strata, length(eta))
  above <- switch(aft_shape(exact),
    normal = stats::pnorm(z, lower.tail = FALSE),
    logistic = stats::plogis(z, lower.tail = FALSE),
    smallest = exp(-exp(z))
  )
  matrix(above, length(eta))
}

aft_quantiles <- function(exact, eta, strata, p) {
  z <- switch(aft_shape(exact),
    normal = stats::qnorm(p), logistic = stats::qlogis(p), smallest = log(-log1p(-p))
  )
  at <- eta + outer(aft_scales(exact, strata, length(eta)), z)
  if (exact$link == "log") exp(at) else at
}

aft_scales <- function(exact, strata, n) {
  scale <- as.vector(exact$scale)
  if (is.null(strata)) rep(scale[1L], n) else scale[strata]
}

aft_shape <- function(exact) {
  switch(exact$distribution,
    lognormal = , gaussian = "normal", loglogistic = , logistic = "logistic", "smallest"
  )
}

# ---- residuals ----

survival_residuals <- function(fit, type, call) {
  exact <- need_exact(fit, paste0("Residuals of type \"", type, "\""), call)
  if (exact$family != "cox") {
    if (type != "response") {
      abort(call, "`type` must be \"response\" for ", exact_name(exact), ", not \"", type, "\".")
    }
    return(residuals_of(fit))
  }
  if (!type %in% c("response", "martingale", "deviance")) {
    abort(call, "`type` must be \"martingale\" or \"deviance\" for cox(), not \"", type, "\".")
  }
  martingale <- residuals_of(fit)
  if (type != "deviance") return(martingale)
  # Therneau, Grambsch and Fleming, 1990, Martingale-based residuals for survival models.
  event <- unclass(fit$response)[, "status"]
  expected <- event - martingale
  gain <- ifelse(event == 0, 0, event * log(pmax(expected, 1e-300)))
  sign(martingale) * sqrt(pmax(0, -2 * (martingale + gain)))
}

# Of cox() events minus those expected; of aft() the time that is known minus the fitted one.
surv_residuals <- function(fit) {
  if (identical(fit$exact$family, "cox")) {
    return(stats::setNames(as.vector(fit$exact$martingale), names(fit$fitted.values)))
  }
  if (is.null(fit$exact)) return(NULL)
  unclass(fit$response)[, 1L] - fit$fitted.values
}
