# How an R function runs on tensors: its parameters come as one flat tensor and are given the
# shape, names and class that the function expects.
# Tests: test-autodiff-derivatives.R.

# The parts that every verb needs: `f`, which Python calls with a flat tensor (an R function, or
# the graph of a compiled one), `x`, that tensor, and `skeleton`, the user's own x.
differentiable <- function(func, x, ..., call = sys.call(-1L)) {
  target_of(func, x, list(...), FALSE, call)
}

# `lasting`: many derivatives will be asked of it.
target_of <- function(func, x, extra, lasting, call) {
  if (isTRUE(the$differentiating)) {
    abort(
      call, "A derivative inside a function that is itself differentiated would be a constant. ",
      "Use hessian(), hvp() or jacobian() of the whole function."
    )
  }
  skeleton <- check_parameters(x, "x", call)
  if (inherits(func, "torch_compiled")) {
    if (length(extra) > 0L) {
      abort(call, "A compiled function takes no further arguments: they are in the graph.")
    }
    f <- graph_at(skeleton, attr(func, "graph"), attr(func, "skeleton"), call)
    return(list2env(
      list(f = f, x = flat_tensor(skeleton), skeleton = skeleton),
      parent = emptyenv()
    ))
  }
  if (!is.function(func)) {
    abort(call, "`func` must be a function, not ", friendly_type(func), ".")
  }
  target <- list2env(
    list(func = func, skeleton = skeleton, extra = extra, lasting = lasting), parent = emptyenv()
  )
  # (A replay may do without.)
  delayedAssign("f", do.call("runner", c(list(func, skeleton), extra), quote = TRUE),
    assign.env = target
  )
  delayedAssign("x", flat_tensor(skeleton), assign.env = target)
  take_replay(target)
  target
}

check_parameters <- function(x, name, call) {
  fine <- function(v) (is.numeric(v) && !is.factor(v)) || is_tensor(v)
  if (is.list(x) && !is.data.frame(x)) {
    wrong <- which(!vapply(x, fine, NA))
    if (length(wrong) > 0L) {
      abort(
        call, "`", name, "[[", wrong[1L], "]]` must be numbers, not ",
        friendly_type(x[[wrong[1L]]]), "."
      )
    }
    if (length(x) == 0L || is.null(names(x)) || !all(nzchar(names(x)))) {
      abort(call, "`", name, "` must be numbers or a list of them in which all have names.")
    }
  } else if (!fine(x)) {
    abort(call, "`", name, "` must be numbers or a named list of them, not ", friendly_type(x), ".")
  }
  if (sum(lengths(as_parts(x))) == 0L) abort(call, "`", name, "` must have at least one number.")
  x
}

shapes_of <- function(x) lapply(unname(as_parts(x)), function(p) as.integer(shape_of(p)))

as_parts <- function(x) if (is.list(x)) x else list(x)

# The numbers of a target that is replayed, in R's order.
flat_numbers <- function(target) {
  if (is.null(target$replay)) return(NULL)
  as.double(if (is.list(target$skeleton)) unlist(target$skeleton) else target$skeleton)
}

# The numbers of x in R's order as one tensor, on the device of its tensors.
flat_tensor <- function(x) {
  parts <- lapply(unname(as_parts(x)), function(p) if (is_tensor(p)) p else lifted(p))
  fresh_plain(bare_rule("combine", parts))
}

fresh_plain <- function(x) {
  attr(x, "class") <- numeric_class[-1L]
  x
}

# A function of one flat tensor that runs func(x, ...).
runner <- function(func, skeleton, ...) running(func, skeleton, list(...))

running <- function(func, skeleton, extra, tape = NULL) {
  func <- with_constructs(func, tape)
  extra <- lapply(extra, function(v) if (is_tensor(v)) fresh_numeric(v) else v)
  extra <- observe_arguments(with_users_functions(extra, func), tape)
  missing <- any(vapply(extra, function(v) is_tensor(v) && any_nan(v), NA))
  # `...` as such, so that calls in error messages hold no data.
  call_func <- do.call(function(...) function(x) func(x, ...), extra, quote = TRUE)
  memo <- new.env(parent = emptyenv())
  function(flat) {
    before <- list(memo = the$memo, differentiating = the$differentiating)
    on.exit(end_run(before))
    the$memo <- memo
    the$differentiating <- TRUE
    if (missing) beware()
    x <- in_shape(as_numeric(flat), skeleton)
    value <- withCallingHandlers(call_func(x), error = explain_construct)
    check_value(value)
  }
}

end_run <- function(before) {
  list2env(before, the)
  if (isTRUE(the$beware)) {
    the$beware <- FALSE
    python_rule("missing.beware", FALSE)
  }
}

any_nan <- function(x) isTRUE(as.vector(plain_values(x$detach()$isnan()$any())))

# For torchbridge.autograd: functions of a script, found by name, as Python calls them.

runner_of_script <- function(environment, name, skeleton, ...) {
  runner(get(name, envir = environment, mode = "function"), skeleton, ...)
}

body_on_tensors <- function(environment, name) {
  func <- with_constructs(get(name, envir = environment, mode = "function"))
  function(...) {
    arguments <- lapply(list(...), function(v) if (is_tensor(v)) fresh_numeric(v) else v)
    arguments <- with_users_functions(arguments, func)
    value <- withCallingHandlers(
      do.call("func", arguments, quote = TRUE),
      error = explain_construct
    )
    check_value(value)
  }
}

check_value <- function(value) {
  if (is_tensor(value)) return(fresh_plain(value))
  if (is.numeric(value) || is.logical(value)) {
    return(if (length(value) == 1L) as.double(value) else lifted(value))
  }
  if (is.list(value) && length(value) > 0L && any(vapply(value, is_tensor, NA))) {
    stop("`func` must give numbers, not a list: join them with c() or do.call(c, x)", call. = FALSE)
  }
  stop("`func` must give numbers, not ", friendly_type(value), call. = FALSE)
}

# The flat parameters as the function knows them.
in_shape <- function(flat, skeleton) by_part(flat, skeleton, rule, part_of)

# shape(piece, part) of a flat tensor, or of each piece of it where the skeleton is a list; `take`
# is rule() or bare_rule().
by_part <- function(flat, skeleton, take, shape) {
  if (!is.list(skeleton)) return(shape(flat, skeleton))
  at <- 0
  lapply(skeleton, function(part) {
    size <- length(part)
    piece <- take("take", flat, list(list(at, size)), FALSE)
    at <<- at + size
    shape(piece, part)
  })
}

part_of <- function(flat, part) {
  if (length(dim(part)) > 1L) {
    return(with_dimnames(rule("array", flat, as.list(dim(part))), dimnames_of(part)))
  }
  names <- r_names(part)
  if (!is.null(names)) attr(flat, "r_names") <- names
  flat
}

# ---- results ----

# A flat tensor of derivatives in the user's own shape: numbers, or tensors where x is one.
like_parameters <- function(flat, skeleton) by_part(flat, skeleton, bare_rule, like_part)

like_part <- function(flat, part) {
  if (is_tensor(part)) {
    shape <- if (length(dim(part)) > 0L) as.list(dim(part)) else list(length(part))
    return(fresh_plain(bare_rule("array", flat, shape)))
  }
  values <- as.vector(plain_values(flat))
  if (is.null(dim(part))) {
    names(values) <- names(part)
  } else {
    dim(values) <- dim(part)
    dimnames(values) <- dimnames(part)
  }
  values
}

# Numbers in the user's own shape.
numbers_like <- function(values, skeleton) {
  if (is.list(skeleton)) return(Map(numbers_like, split_like(values, skeleton), skeleton))
  if (is.null(dim(skeleton))) {
    names(values) <- names(skeleton)
  } else {
    dim(values) <- dim(skeleton)
    dimnames(values) <- dimnames(skeleton)
  }
  values
}

split_like <- function(values, skeleton) {
  ends <- cumsum(lengths(skeleton))
  Map(function(size, end) values[seq_len(size) + end - size], lengths(skeleton), ends)
}

# A matrix of derivatives: R's, labelled by the parameters, or a tensor where x is one.
like_matrix <- function(value, skeleton, both = FALSE) {
  if (is_tensor(skeleton)) return(value)
  if (is_tensor(value)) value <- plain_values(value)
  labels <- labels_of(skeleton)
  if (!is.null(labels)) dimnames(value) <- list(if (both) labels, labels)
  value
}

labels_of <- function(skeleton) {
  if (!is.list(skeleton)) return(r_names(skeleton))
  stand_ins <- lapply(skeleton, function(p) {
    numbers <- numeric(length(p))
    names(numbers) <- r_names(p)
    numbers
  })
  names(unlist(stand_ins))
}
