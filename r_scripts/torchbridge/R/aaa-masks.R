# Functions of R's that are not generic, under their own names for tensors too: masks. A mask is R's
# own function, arguments and body, after one question: is an operand a tensor? Its frame is R's
# own, so what R asks of a call (which arguments are missing, how many there are, how it was
# written) has R's answers, and errors and warnings are R's. What has a class and is no tensor goes
# on to the function of that name that was there before this package, such as Matrix's diag().

# All of them by name: promises, from the time when the package is loaded.
masks <- new.env(parent = emptyenv())

# name: of R's function, in base or stats.
# on_tensors: the function for tensors, of the same arguments. Defaults are R's; an argument `no_x`
#   says whether `x` was missing. The call of the user is that of its parent frame.
# operands: the arguments of which one may be a tensor.
# dots: TRUE adds `...`, for methods of S4 generics of this name that take more than R's function.
# tensor: code that is TRUE where there is a tensor, for operands that R may never look at.
# What is made when the package is installed is kept beside its recipe under a name of its own.
mask <- function(name, on_tensors, operands, dots = FALSE, tensor = NULL) {
  recipe <- list(
    name = name, on_tensors = on_tensors, operands = operands, dots = dots, tensor = tensor
  )
  made <- compiler::cmpfun(do.call(made_mask, recipe, quote = TRUE))
  kept <- list(recipe = recipe, made = made, r = R.version.string)
  assign(paste0(kept_as, name), kept, envir = topenv(parent.frame()))
  NULL
}

kept_as <- ".mask of "

# When the package is loaded. Masks stand where it has what it imports from others: for all who look
# one up that is the same, and R CMD check, which finds R's `.Internal` in copies of R's functions,
# forbids it to a package's own.
place_masks <- function(namespace = topenv()) {
  known <- names(namespace)
  known <- known[startsWith(known, kept_as)]
  names <- substring(known, nchar(kept_as) + 1L)
  for (i in seq_along(names)) local({
    name <- names[i]
    kept <- known[i]
    delayedAssign(name, mask_of_this_r(namespace[[kept]]), assign.env = masks)
    delayedAssign(name, masks[[name]], assign.env = parent.env(namespace))
  })
  rm(list = names, envir = namespace)
}

# Another R than the one that installed the package has functions of its own.
mask_of_this_r <- function(kept) {
  if (identical(kept$r, R.version.string)) return(kept$made)
  do.call(made_mask, kept$recipe, quote = TRUE)
}

made_mask <- function(name, on_tensors, operands, dots, tensor) {
  own <- rs_own(name)
  arguments <- formals(args(own))
  dots <- dots && !"..." %in% names(arguments)
  if (dots) arguments <- c(arguments, formals(function(...) NULL))
  asked <- grep("^no_", names(formals(on_tensors)), value = TRUE)
  left_out <- lapply(asked, function(name) call("missing", as.name(sub("no_", "", name))))
  names(left_out) <- asked
  result <- as.call(c(as.list(forwarding(quote(on_tensors), names(arguments))), left_out))
  result <- call("return", result)
  code <- c(
    if (identical(operands, "...")) {
      question_of_dots(name, result)
    } else {
      question(name, operands, result, tensor)
    },
    if (dots) bquote(if (...length() > 0L) unused_argument(.(name))),
    if (is.primitive(own)) primitive_body(names(arguments)) else body(own)
  )
  # Beyond it lies what R's body names.
  scope <- list2env(
    list(
      own = own, on_tensors = on_tensors, is_tensor = is_tensor, any_tensor = any_tensor,
      takes_branch = takes_branch, stands_behind = stands_behind, hand_on = hand_on,
      unused_argument = unused_argument, blamed = blamed
    ),
    parent = if (is.primitive(own)) asNamespace("base") else environment(own)
  )
  attr(scope, "name") <- "torchbridge: masks"
  as.function(c(arguments, as.call(c(quote(`{`), code))), scope)
}

is_of_masks <- function(env) identical(attr(env, "name"), "torchbridge: masks")

# R's own function of a name.
rs_own <- function(name) {
  base <- exists(name, envir = baseenv(), inherits = FALSE)
  get(name, envir = if (base) baseenv() else asNamespace("stats"), mode = "function")
}

# The call f(x = x, y = y, ...) of such arguments.
forwarding <- function(f, arguments) {
  given <- lapply(arguments, as.name)
  names(given) <- replace(arguments, arguments == "...", "") # (ifelse() is a mask, made here)
  as.call(c(f, given))
}

# A product of numbers that fit is no error. What else there is costs what it takes to put the
# user's call into the error of R's primitive.
primitive_body <- function(arguments) {
  fits <- quote(
    is.numeric(x) && is.numeric(y) &&
      (is.null(dim(x)) || is.matrix(x)) && (is.null(dim(y)) || is.matrix(y)) &&
      (if (is.null(dim(x))) length(x) else dim(x)[2L]) ==
        (if (is.null(dim(y))) length(y) else dim(y)[1L])
  )
  others <- bquote(blamed(.(forwarding(quote(own), arguments)), sys.call()))
  call("if", fits, quote(own(x, y)), others)
}

# Operands are looked at by primitives, in the mask's own frame: there R itself would evaluate them,
# and a warning of theirs names that call.
question <- function(name, operands, result, tensor) {
  object <- of_any(operands, quote(is.object(x)))
  other <- bquote(
    if (!is.null(.other <- stands_behind(.(name), own, .(of_any(operands, quote(isS4(x))))))) {
      return(hand_on(.other))
    }
  )
  if (!is.null(tensor)) {
    return(list(bquote(if (.(tensor)) .(result)), bquote(if (.(object)) .(other))))
  }
  tensor <- of_any(operands, quote(is.object(x) && is_tensor(x)))
  list(bquote(if (.(object)) {
    if (.(tensor)) .(result)
    .(other)
  }))
}

of_any <- function(operands, code) {
  each <- lapply(operands, function(operand) {
    x <- as.name(operand)
    bquote((!missing(.(x)) && .(do.call(substitute, list(code, list(x = x))))))
  })
  Reduce(function(a, b) call("||", a, b), each)
}

question_of_dots <- function(name, result) {
  bquote(for (.i in seq_len(...length())) if (is.object(...elt(.i))) {
    if (any_tensor(...)) .(result)
    if (!is.null(.other <- stands_behind(.(name), own, isS4(...elt(.i))))) return(hand_on(.other))
  })
}

any_tensor <- function(...) {
  for (i in seq_len(...length())) if (is_tensor(...elt(i))) return(TRUE)
  FALSE
}

# Does an element of `test` ask for this branch? Only then does ifelse() look at it.
takes_branch <- function(test, branch) {
  if (!is.null(the$tape) && (id <- node_of(test)) > 0L) return(observed_branch(id, branch))
  if (is.object(test) || !is.logical(test)) {
    test <- tryCatch(as.logical(test), error = function(condition) NA)
  }
  if (branch) any(test, na.rm = TRUE) else !all(test, na.rm = TRUE)
}

# The function that this name means behind this package, for S4 objects also a generic that is only
# loaded; NULL where that is R's own.
stands_behind <- function(name, own, s4) {
  here <- if ("package:torchbridge" %in% search()) "package:torchbridge" else ".GlobalEnv"
  found <- get0(name, envir = parent.env(as.environment(here)), mode = "function")
  if (!identical(found, own) && !identical(found, masks[[name]])) return(found)
  if (s4 && !is.primitive(own)) methods::getGeneric(name)
}

# What a name means for S4 objects: the generic that a package (Matrix) has made of base's function.
of_s4 <- function(name) {
  generic <- methods::getGeneric(name)
  if (is.null(generic)) rs_own(name) else generic
}

# Calls another function in the mask's place, with the arguments that it was given.
hand_on <- function(other) {
  frame <- parent.frame()
  arguments <- names(formals(sys.function(sys.parent()))) # of the mask, also from a promise of its
  is_given <- function(name) name == "..." || !eval(call("missing", as.name(name)), frame)
  eval(forwarding(other, Filter(is_given, arguments)), frame)
}

# R's error for an argument that its function does not have, which matches before it evaluates.
unused_argument <- function(name) {
  call <- sys.call(-1L)
  call[[1L]] <- as.name(name)
  eval(call, stats::setNames(list(rs_own(name)), name), parent.frame(2L))
}

# The value; an error or a warning of R's primitive has the user's call.
blamed <- function(value, call) {
  force(call) # now: within eval(), sys.call() is that of eval()
  withCallingHandlers(
    value,
    error = function(condition) {
      condition$call <- call
      stop(condition)
    },
    warning = function(condition) {
      condition$call <- call
      warning(condition)
      invokeRestart("muffleWarning")
    }
  )
}
