# The data that a fit was made of: read again where a verb needs more than the fit keeps, and known
# again by a digest, so that no verb takes other data for them.
# Tests: test-fit-source.R.

# The variables of these names: columns, or vectors that the environment has.
source_columns <- function(names, data, env) {
  inside <- names %in% names(data)
  found <- vector("list", length(names))
  names(found) <- names
  found[inside] <- unclass(data)[names[inside]]
  if (!all(inside)) found[!inside] <- lapply(names[!inside], get0, env)
  plain <- vapply(found, function(x) is.atomic(x) && !is.null(x) || is.data.frame(x), NA)
  if (all(plain)) found else found[plain]
}

# By which columns are known again, whatever R keeps beside their values.
data_digest <- function(columns) {
  if (is_tensor(columns)) return(NULL)
  if (!is.list(columns)) columns <- list(columns)
  rlang::hash(lapply(unclass(columns), column_digest))
}

# Of copies, which are plain vectors: R's sequences, and what it has wrapped, are written otherwise.
# Long ones in blocks, which take no memory to speak of; short ones as they are, for data_digest().
column_digest <- function(x, block = 5e6, short = 1e4) {
  if (is_tensor(x)) return(NULL)
  if (is_sparse(x)) {
    slots <- setdiff(methods::slotNames(x), "factors")
    return(list(class(x)[1L], lapply(slots, function(name) column_digest(methods::slot(x, name)))))
  }
  if (is.list(x)) return(lapply(unclass(x), column_digest))
  about <- list(class(x), dim(x), levels(x), attr(x, "units"), attr(x, "contrasts"))
  if (is.object(x)) x <- unclass(x)
  if (is.character(x)) {
    values <- unique(as.vector(x))
    about <- c(about, list(paste0(values), is.na(values)))
    x <- match(x, values)
  }
  if (length(x) <= block) {
    if (is.numeric(x) || is.logical(x)) x <- x + 0L
    attributes(x) <- NULL
    return(list(about, if (length(x) <= short) x else rlang::hash(x)))
  }
  starts <- seq(1, length(x), by = block)
  list(about, vapply(starts, function(start) {
    rlang::hash(x[start:min(start + block - 1, length(x))])
  }, ""))
}

# The data of the fit where the call finds them, all rows, or what an error of theirs says.
source_data <- function(fit) {
  expression <- if (fit$preparation$kind %in% c("formula", "recipe")) fit$call$data else fit$call$x
  if (is.null(expression)) return(NULL)
  eval(expression, if (is.null(fit$terms)) fit$env else environment(fit$terms))
}

# Are they other data than those of the fit? It has their digest, or a model frame that must come
# out again. (A fit of an earlier version can't tell.)
has_changed <- function(fit, data) {
  if (is.null(fit$digest) && is.null(fit$frame)) return(FALSE)
  found <- tryCatch(
    if (is.null(fit$frame)) source_digest(fit, data) else data_digest(frame_again(fit, data)),
    error = function(condition) ""
  )
  !identical(found, if (is.null(fit$frame)) fit$digest else data_digest(fit$frame))
}

source_digest <- function(fit, data) {
  if (is.null(fit$terms)) return(data_digest(data))
  parts <- c(list(attr(fit$terms, "variables")), unname(beside_formula(fit)))
  names <- unique(unlist(lapply(parts, all.vars)))
  data_digest(source_columns(names, data, environment(fit$terms)))
}

# What the fit read beside its formula, as it was written.
beside_formula <- function(fit) {
  found <- as.list(fit$call[intersect(names(fit$call), c("subset", "weights", "offset"))])
  c(found, if (!is.null(fit$preparation$strata)) list(strata = fit$preparation$strata))
}

# The model frame of the fit, of the data as they are.
frame_again <- function(fit, data) {
  terms <- fit$terms
  attr(terms, "predvars") <- NULL
  asked <- c(
    list(quote(stats::model.frame), terms, data = data, na.action = quote(stats::na.pass)),
    beside_formula(fit), list(drop.unused.levels = TRUE)
  )
  frame <- eval(as.call(asked), environment(terms))
  if (is.null(fit$na.action)) frame else frame[-fit$na.action, , drop = FALSE]
}

# The data of the fit without the rows left out; an error where they have changed since.
own_data <- function(fit, call) {
  check_not_streamed(fit, call)
  data <- tryCatch(source_data(fit), error = function(condition) {
    abort(call, "The data of the fit are not there any more: give `newdata`.")
  })
  if (has_changed(fit, data)) {
    abort(call, "The data of the fit have changed since: give `newdata`.")
  }
  if (is.null(data)) data <- stats::get_all_vars(stats::delete.response(fit$terms))
  if (is.list(data) && !is.object(data)) data <- listed_data(fit$terms, data, call)
  if (!is.null(fit$call$subset)) {
    rows <- stats::setNames(seq_len(NROW(data)), row.names(data))
    rows <- rows[eval(fit$call$subset, data, environment(fit$terms))]
    data <- data[unname(rows), , drop = FALSE]
  }
  if (!is.null(fit$na.action)) data <- data[-fit$na.action, , drop = FALSE]
  if (NROW(data) != fit$nobs) {
    abort(call, "The data of the fit have changed since: give `newdata`.")
  }
  data
}

#' @rdname torch_fit_classical
#' @importFrom stats update
#' @param formula. What to change in the formula, as of [stats::update.formula()].
#' @param evaluate `FALSE` gives the call.
#' @export
update.torch_fit <- function(object, formula., ..., evaluate = TRUE) { # nolint: object_name_linter.
  asked <- sys.call()
  call <- object$call
  if (is.null(call)) abort(asked, "The fit has no call to update.")
  changes <- match.call(expand.dots = FALSE)$...
  if (!is.null(object$terms)) {
    now <- stats::formula(object)
    call$formula <- if (missing(formula.)) now else stats::update.formula(now, formula.)
  } else if (!missing(formula.)) {
    abort(asked, "`formula.` is for fits of a formula: this one is of x and y.")
  }
  if (length(changes) > 0L && (is.null(names(changes)) || !all(nzchar(names(changes))))) {
    abort(asked, "`...` must be arguments of torch_fit() by name.")
  }
  given <- setdiff(names(call), c("", "formula", "weights", "subset", "offset", names(changes)))
  if (any(c("data", "x") %in% given) && data_are_others(object)) {
    warning(warningCondition(
      "The data of the fit have changed since: update() reads them as they are now.", call = asked
    ))
  }
  env <- if (is.null(object$terms)) object$env else environment(object$terms)
  for (name in given) call[[name]] <- looked_up(call[[name]], env)
  for (name in names(changes)) call[[name]] <- changes[[name]]
  if (evaluate) eval(call, parent.frame()) else call
}

data_are_others <- function(fit) {
  data <- tryCatch(source_data(fit), error = identity)
  !inherits(data, "error") && has_changed(fit, data)
}
