# The arguments of optimizers and schedulers, checked and ready for Python. What each must
# be stands in gen-optimizers.R.
# Tests: test-optim-optimizer.R.

# The arguments of a call that the user gave: PyTorch has the others' defaults itself. `further` are
# the names of what goes through `...`.
given_arguments <- function(match, frame, call, further = NULL) {
  generator <- sys.function(-2L)
  names <- intersect(as.character(names(match)[-1L]), names(formals(generator)))
  values <- mget(names, envir = frame)
  if (!is.null(further)) {
    dots <- eval(quote(rlang::list2(...)), frame)
    values <- c(values, matched_further(dots, further, generator, call))
  }
  for (name in names(values)) {
    values[name] <- list(check_option(values[[name]], argument_kinds[[name]], name, call))
  }
  missing <- setdiff(required(formals(generator)), c(names, "..."))
  if (length(missing) > 0L) {
    abort(call, "`", missing[1L], "` is missing, with no default.")
  }
  values
}

required <- function(formals) {
  names(formals)[vapply(formals, function(x) is.symbol(x) && !nzchar(as.character(x)), NA)]
}

check_option <- function(x, kind, name, call) {
  if (is.null(x) && endsWith(kind, "?")) return(NULL)
  wrong <- function(what) {
    given <- if (is_number(x)) format(x) else friendly_type(x)
    abort(call, "`", name, "` must be ", what, ", not ", given, ".")
  }
  kind <- sub("?", "", kind, fixed = TRUE)
  switch(kind,
    number = if (is_number(x) || is_tensor(x)) x else wrong("a number"),
    whole = if (is_whole(x)) as.integer(x) else wrong("a whole number"),
    wholes = as.list(if (is_wholes(x)) as.integer(x) else wrong("whole numbers")),
    flag = if (isTRUE(x) || isFALSE(x)) x else wrong("`TRUE` or `FALSE`"),
    string = if (is_string(x)) x else wrong("a string"),
    `function` = if (is.function(x)) x else wrong("a function"),
    functions = if (all_are(x, is.function)) x else wrong("a function or a list of functions"),
    numbers = if (are_numbers(x)) x else wrong("a number, or several"),
    numbers2 = if (are_numbers(x, 2L)) x else wrong("two numbers"),
    numbers3 = if (are_numbers(x, 3L)) x else wrong("three numbers"),
    optimizer = if (inherits(x, "torch_optimizer")) x else wrong("an optimizer"),
    schedulers = if (is.list(x) && all_are(x, is_python_scheduler)) {
      unname(x)
    } else {
      wrong("a list of schedulers of PyTorch's")
    },
    params = params_for_python(x, call)
  )
}

is_number <- function(x) is.numeric(x) && length(x) == 1L && !is.na(x)

is_whole <- function(x) is_wholes(x) && length(x) == 1L

is_wholes <- function(x) {
  is.numeric(x) && length(x) > 0L && !anyNA(x) && all(x == trunc(x)) && all(abs(x) < 2^31)
}

# Numbers, in a vector or a list (where one may be NULL).
are_numbers <- function(x, n = NULL) {
  right <- if (is.list(x)) {
    all(vapply(x, function(e) is.null(e) || is_number(e) || is_tensor(e), NA))
  } else {
    is.numeric(x) && !anyNA(x) && length(x) > 0L
  }
  right && (is.null(n) || length(x) == n)
}

all_are <- function(x, test) test(x) || (is.list(x) && length(x) > 0L && all(vapply(x, test, NA)))

# One of PyTorch's, and not one that R wrote.
is_python_scheduler <- function(x) inherits(x, "lr_scheduler") && !is.environment(x)

# Tensors, or groups of tensors with options of their own.
params_for_python <- function(x, call) {
  if (is_tensor(x)) return(list(x))
  if (!is.list(x) || inherits(x, "python_object")) {
    hint <- if (is.environment(x) || is.function(x)) " Did you mean its `$parameters`?"
    abort_as(
      "value_error", call, "`params` must be a list of tensors, such as `model$parameters`, not ",
      friendly_type(x), ".", hint
    )
  }
  if (length(x) == 0L) {
    abort_as(
      "value_error", call, "`params` is empty: it must have length 1 at least, ",
      "there is nothing to optimize."
    )
  }
  grouped <- vapply(x, function(element) is.list(element) && !is_tensor(element), NA)
  if (all(grouped)) return(unname(Map(group_for_python, x, seq_along(x), list(call))))
  unname(tensor_list(x, "params", call))
}

group_for_python <- function(group, position, call) {
  where <- paste0("params[[", position, "]]")
  if (is.null(group$params)) {
    abort(call, "`", where, "` must be a list with an element `params` and options.")
  }
  options <- group[names(group) != "params"]
  for (name in names(options)) {
    if (!name %in% names(argument_kinds)) {
      abort(call, "`", where, "` has an unknown option `", name, "`.")
    }
    value <- check_option(options[[name]], argument_kinds[[name]], paste0(where, "$", name), call)
    options[name] <- list(value)
  }
  c(list(params = unname(tensor_list(group$params, paste0(where, "$params"), call))), options)
}
