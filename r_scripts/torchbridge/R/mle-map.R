# Parameters of torch_mle() that are tied to one another, or held where they start: `map`, as
# package TMB has it.
# Tests: test-mle-map.R.

# The model with `map` in it: elements that follow another one are `fixed`, and `tied` has for each
# element the one whose value it has (itself, mostly). Tied ones start at their mean.
mapped_model <- function(model, map, call) {
  if (length(map) == 0L) return(model)
  if (inherits(model$minuslogl, "torch_compiled")) {
    abort(call, "`map` is not for a compiled `minuslogl`.")
  }
  skeleton <- model$skeleton
  if (!is.list(skeleton) && !is.list(map)) {
    groups <- list(check_groups(map, length(skeleton), "map", call))
    places <- list(seq_along(skeleton))
  } else {
    check_map(map, skeleton, call)
    owner <- rep(names(skeleton), lengths(skeleton))
    places <- lapply(names(map), function(name) which(owner == name))
    groups <- Map(function(name, at) {
      check_groups(map[[name]], length(at), paste0("map$", name), call)
    }, names(map), places)
  }
  begin <- flat_values(skeleton)
  tied <- seq_along(begin)
  held <- rep(FALSE, length(begin))
  for (k in seq_along(groups)) {
    at <- places[[k]]
    held[at[is.na(groups[[k]])]] <- TRUE
    for (members in split(at, groups[[k]])) {
      if (length(members) > 1L && any(model$fixed[members])) {
        abort(
          call, "`fixed` has ", in_words(names(begin)[members[model$fixed[members]]]), ", which ",
          "`map` ties to others: hold them in `map`, by NA."
        )
      }
      tied[members] <- members[1L]
      begin[members] <- mean(begin[members])
    }
  }
  model$fixed <- model$fixed | held | tied != seq_along(tied)
  if (all(model$fixed)) abort(call, "`map` leaves no parameter to estimate.")
  model$skeleton <- like_numbers(begin, skeleton)
  model$tied <- tied
  model
}

check_map <- function(map, skeleton, call) {
  if (!is.list(map) || is.null(names(map)) || !all(names(map) %in% names(skeleton))) {
    abort(
      call, "`map` must be a list with names among those of `start` (", in_words(names(skeleton)),
      "), not ",
      if (is.list(map)) in_words(setdiff(names(map), names(skeleton))) else friendly_type(map), "."
    )
  }
}

check_groups <- function(groups, n, name, call) {
  if (!is.factor(groups) || length(groups) != n) {
    abort(
      call, "`", name, "` must be a factor of length ", n, ": elements of one level are one ",
      "parameter, NA is held at `start`; not ", friendly_type(groups),
      if (is.factor(groups)) paste0(" of length ", length(groups)), "."
    )
  }
  groups
}

# Derivatives in all elements (columns), with those of tied ones at the one they follow.
untied_slopes <- function(model, slopes) {
  for (i in which(model$tied != seq_along(model$tied))) {
    to <- model$tied[i]
    slopes[, to] <- slopes[, to] + slopes[, i]
    slopes[, i] <- 0
  }
  slopes
}
