# Predictions and simulated responses of models with random effects.
# Tests: test-fit-mixed-methods.R.

#' @rdname torch_mixed
#' @export
predict.torch_mixed <- function(object, newdata = NULL, re.form = NULL, type = "response", # nolint
                                allow.new.levels = FALSE, se.fit = FALSE, ...) { # nolint
  check_no_dots(...)
  call <- sys.call()
  check_choice(type, "type", c("response", "link", "conditional", "zero"))
  check_flag(allow.new.levels, "allow.new.levels")
  check_flag(se.fit, "se.fit")
  if (type == "zero" && is.null(object$zero)) {
    abort(call, "`type` \"zero\" is for fits with `zero_inflation`.")
  }
  chosen <- chosen_terms(object, re.form, call)
  if (se.fit && (length(chosen) > 0L || type != "link")) {
    abort(call, "`se.fit` is for the fixed part: re.form = NA, type = \"link\".")
  }
  x <- fixed_rows(object, newdata, call)
  eta <- drop(x %*% object$coefficients) + offset_rows(object, newdata, nrow(x), call)
  for (t in chosen) eta <- eta + random_rows(object, t, newdata, allow.new.levels, call)
  zero <- if (!is.null(object$zero) && type != "link") {
    stats::plogis(drop(zero_rows(object, newdata, call) %*% object$zero))
  }
  found <- switch(type,
    link = eta, conditional = family_mean(object, eta), zero = zero,
    response = family_mean(object, eta) * (1 - (zero %||% 0))
  )
  names(found) <- rownames(x)
  padded <- function(values) {
    if (is.null(newdata)) stats::napredict(object$na.action, values) else values
  }
  if (!se.fit) return(padded(found))
  error <- sqrt(base::rowSums((x %*% object$vcov) * x))
  list(fit = padded(found), se.fit = padded(error))
}

#' @rdname torch_mixed
#' @importFrom stats simulate
#' @export
simulate.torch_mixed <- function(object, nsim = 1, seed = NULL, re.form = NA, ...) { # nolint
  check_no_dots(...)
  call <- sys.call()
  check_count(nsim, "nsim", 1)
  if (!is.null(seed)) {
    before <- get0(".Random.seed", envir = globalenv(), inherits = FALSE)
    set.seed(seed)
    on.exit(restore_seed(before))
  }
  kept <- chosen_terms(object, re.form, call)
  drawn <- setdiff(seq_along(object$random), kept)
  fixed <- predict.torch_mixed(
    list_without_na(object), re.form = NA, type = "link"
  )
  for (t in kept) fixed <- fixed + random_rows(object, t, NULL, FALSE, call)
  draws <- lapply(seq_len(nsim), function(i) {
    eta <- fixed
    for (t in drawn) eta <- eta + drawn_rows(object, t)
    y <- drawn_response(object, eta)
    zeros <- object$zero_probability
    if (!is.null(zeros)) y[stats::runif(length(y)) < zeros] <- 0
    if (object$family == "binomial" && is.matrix(stats::model.response(object$frame, "any"))) {
      names <- colnames(stats::model.response(object$frame, "any"))
      return(array(c(y, object$trials - y), c(length(y), 2L), list(NULL, names)))
    }
    y
  })
  names(draws) <- paste0("sim_", seq_len(nsim))
  found <- data.frame(row.names = row.names(object$frame))
  for (name in names(draws)) found[[name]] <- draws[[name]]
  found
}

# ---- helpers ----

list_without_na <- function(object) {
  object$na.action <- NULL
  object
}

restore_seed <- function(before) {
  if (is.null(before)) {
    rm(".Random.seed", envir = globalenv())
  } else {
    assign(".Random.seed", before, envir = globalenv())
  }
}

# Numbers of the terms that `re.form` asks for.
chosen_terms <- function(fit, form, call) {
  if (is.null(form)) return(seq_along(fit$random))
  if (length(form) == 1L && is.atomic(form) && is.na(form)) return(integer())
  if (!inherits(form, "formula") || length(form) != 2L) {
    abort(
      call, "`re.form` must be NULL (all random effects), NA (none) or a formula such as ",
      "~ (1 | g), not ", friendly_type(form), "."
    )
  }
  if (!has_bars(form)) return(integer())
  label <- function(bar) paste(deparse1(bar$lhs), "|", deparse1(bar$group))
  known <- vapply(fit$random, function(term) label(term$bar), "")
  asked <- vapply(split_bars(form, call)$bars, label, "")
  if (!all(asked %in% known)) {
    abort(
      call, "`re.form`: (", setdiff(asked, known)[1L], ") is no term of the fit, which has ",
      paste0("(", known, ")", collapse = ", "), "."
    )
  }
  match(asked, known)
}

# The model frame of some terms in new data, or of the fit's rows.
mixed_rows <- function(terms, xlevels, fit, newdata, call) {
  if (is.null(newdata)) return(fit$frame)
  if (!is.data.frame(newdata)) {
    abort(call, "`newdata` must be a data frame, not ", friendly_type(newdata), ".")
  }
  tryCatch(
    stats::model.frame(terms, newdata, na.action = stats::na.pass, xlev = xlevels),
    error = function(condition) abort(call, "`newdata`: ", conditionMessage(condition), ".")
  )
}

fixed_rows <- function(fit, newdata, call) {
  frame <- mixed_rows(fit$terms, fit$xlevels, fit, newdata, call)
  x <- stats::model.matrix(fit$terms, frame, contrasts.arg = fit$contrasts)
  x[, names(fit$coefficients), drop = FALSE]
}

zero_rows <- function(fit, newdata, call) {
  frame <- mixed_rows(fit$zero_terms, NULL, fit, newdata, call)
  stats::model.matrix(fit$zero_terms, frame)[, names(fit$zero), drop = FALSE]
}

offset_rows <- function(fit, newdata, n, call) {
  if (is.null(newdata)) return(stats::model.offset(fit$frame) %||% numeric(n))
  own <- stats::model.offset(mixed_rows(fit$terms, fit$xlevels, fit, newdata, call)) %||% numeric(n)
  if (is.null(fit$given)) return(own)
  own + tryCatch(
    eval(fit$given, newdata, environment(fit$terms)),
    error = function(condition) {
      abort(call, "`newdata` has not what the fit's offset needs: ", conditionMessage(condition))
    }
  )
}

# A term's part of the linear predictor.
random_rows <- function(fit, t, newdata, allow_new, call) {
  term <- fit$random[[t]]
  frame <- mixed_rows(term$terms, term$xlevels, fit, newdata, call)
  matrix <- stats::model.matrix(term$terms, frame, contrasts.arg = term$contrasts)
  groups <- group_factor(term$by, if (is.null(newdata)) fit$frame else newdata, call)
  at <- match(as.character(groups), term$levels)
  unknown <- is.na(at) & !is.na(groups)
  if (any(unknown) && !allow_new) {
    abort(
      call, "`newdata` has a level of `", term$label, "` that the fit has not met: \"",
      as.character(groups)[unknown][1L], "\". With allow.new.levels = TRUE its effects are 0."
    )
  }
  effects <- fit$effects[[t]][at, , drop = FALSE]
  effects[is.na(at), ] <- if (allow_new) 0 else NA
  unname(base::rowSums(matrix * effects))
}

# New random effects of the fit's groups.
drawn_rows <- function(fit, t) {
  term <- fit$random[[t]]
  matrix <- stats::model.matrix(term$terms, fit$frame, contrasts.arg = term$contrasts)
  factor <- relative_scale(fit) * lower_factor(term, fit$theta)
  at <- match(as.character(group_factor(term$by, fit$frame, NULL)), term$levels)
  normal <- base::matrix(stats::rnorm(length(term$levels) * ncol(matrix)), ncol = ncol(matrix))
  base::rowSums(matrix * (normal %*% t(factor))[at, , drop = FALSE])
}

drawn_response <- function(fit, eta) {
  n <- length(eta)
  mu <- family_mean(fit, eta)
  s <- fit$sigma
  switch(fit$family,
    gaussian = stats::rnorm(n, mu, s / sqrt(fit$weights)), poisson = stats::rpois(n, mu),
    binomial = stats::rbinom(n, fit$trials, mu),
    negative_binomial = stats::rnbinom(n, size = s, mu = mu),
    beta = stats::rbeta(n, mu * s, (1 - mu) * s),
    gamma = stats::rgamma(n, shape = 1 / s^2, scale = mu * s^2)
  )
}
