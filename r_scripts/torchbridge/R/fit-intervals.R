# Intervals: of coefficients by the profile likelihood, of predictions of exact models.

# A row a coefficient; NA where the likelihood has no such point.
profile_intervals <- function(fit, level, chosen, call) {
  exact <- fit$exact
  given <- tryCatch(rows_of(fit, NULL, NULL, call), error = function(condition) {
    abort(
      call, conditionMessage(condition), "\nThe profile likelihood needs the data of the fit, ",
      "`method = \"wald\"` does not."
    )
  })
  call_python(
    "exact.profile", as_tensor(exact_design(fit, given)),
    as_tensor(as.double(numeric_response(fit))), exact$family, exact$link,
    as_tensor(fit$prior.weights), as_tensor(fit$offset), level, as.list(chosen - 1),
    call = call
  )
}

# A matrix of fit, lwr and upr, as of predict.lm().
prediction_intervals <- function(fit, given, eta, type, interval, level, own, call) {
  exact <- need_exact(fit, "Intervals of predictions", call)
  need_one_link(exact, "`interval` is", call)
  if (!is_number(level) || level <= 0 || level >= 1) {
    abort(call, "`level` must be a number between 0 and 1.")
  }
  error <- predicted_errors(fit, given, "link", call)
  if (interval == "prediction") {
    if (exact$family != "gaussian" || exact$link != "identity") {
      abort(
        call, "`interval` \"prediction\" is for linear(): take \"confidence\" for ",
        model_label(new_model(fit$model$name, fit$model$options)), "."
      )
    }
    # The rows of the fit have its weights, new ones weight 1.
    weights <- if (own && !is.null(fit$prior.weights)) fit$prior.weights else 1
    error <- sqrt(error^2 + exact$dispersion / weights)
  }
  tail <- (1 + level) / 2
  quantile <- if (uses_t(exact)) stats::qt(tail, exact$df_residual) else stats::qnorm(tail)
  found <- cbind(fit = eta, lwr = eta - quantile * error, upr = eta + quantile * error)
  rownames(found) <- given$row_names
  if (type == "link") return(found)
  found[] <- exact_link(exact)$linkinv(found)
  # An inverse link may fall.
  found[, 2:3] <- cbind(pmin(found[, 2L], found[, 3L]), pmax(found[, 2L], found[, 3L]))
  found
}
