# The R side of a module: what R keeps beside the nn.Module that Python has. Python's side, and
# who keeps whom alive, is in bridge/rtorch/modules.py.
#
# It is the environment of one call of new_half(), a `half` in the code. It holds the module's
# handle, its `face` (the R function that users hold and call; nn-face.R), and for a module written
# in R its fields and its methods, bound to `self`. saveRDS() writes this environment: the names in
# it, and of the functions that access() calls, are those that saved modules know.

new_half <- function(definition = NULL) {
  plain <- python_handle("plain")
  is_child <- python_handle("is_child")
  tensor_of <- python_handle("tensor_of")
  call_counting <- python_handle("call", "layers")

  id <- handle <- face <- module <- NULL
  fields <- structure(new.env(parent = emptyenv()), torchbridge_fields = TRUE)
  private <- NULL
  # Of a module written in R Python reports every change of a submodule (`forget`); of others it is
  # asked whether they are still there.
  told <- !is.null(definition)
  # The R functions of submodules that nothing in Python keeps alive.
  held <- new.env(parent = emptyenv())
  # The R functions of submodules, once looked up.
  children <- new.env(parent = emptyenv())
  scopes <- list()
  initialize <- forward <- NULL

  # How Python reaches this environment: see RModule._r_call().
  access <- function(.what, .name, ...) {
    switch(.what,
      call = {
        if (!collections$watched) watch_collections()
        if (.name == "forward") forward(...) else fields[[.name]](...)
      },
      get = fields[[.name]],
      set = assign_field(half, .name, ...),
      has = exists(.name, envir = fields, inherits = FALSE),
      forget = assign(.name, NULL, envir = children),
      hold = assign(.name, ..., envir = held),
      copy = copy_half(half, ...)$access,
      class = python_class(half$definition),
      revive = revive_half(half, .name)
    )
  }
  half <- environment()
  if (!is.null(definition)) bind_members(half, definition)
  half
}

# A function of modules.py, for the calls where nothing but the call should cost time.
python_handle <- function(name, module = "modules") {
  attr(python_function(paste0(module, ".", name)), "torchbridge_handle")
}

# Called by Python: makes the R function of a module. `signature` is that of its forward
# (nn-face.R), `access` that of a module written in R.
wrap_module <- function(handle, id, classes, counts_from_one, signature, access) {
  half <- if (is.null(access)) new_half() else environment(access)
  half$id <- id
  half$handle <- handle
  half$module <- list(handle)
  face <- if (!is.null(half$forward)) {
    face_of_r(half$forward)
  } else if ("script_module" %in% classes) {
    face_of_script
  } else {
    face_of_python(signature, counts_from_one)
  }
  environment(face) <- half
  names <- unlist(lapply(rev(module_lineage(half$definition)), function(level) level$name))
  half$face <- structure(
    face,
    class = c(names, classes), torchbridge_handle = handle,
    torchbridge_half = if (half$told) TRUE
  )
  for (scope in half$scopes) scope$self <- half$face
  watch_half(half)
}

# list(face, access, half), for Python, which hears when R collects the half.
watch_half <- function(half) {
  dot_call(native()$watch_half, half)
  list(half$face, half$access, half)
}

# Called by Python: the R side that readRDS() has read, as data. Our functions take the place of the
# file's, in an environment with nothing else in it, so that reading and printing run no code of
# the file: that is for calling the module.
saved_half <- function(access) {
  half <- environment(access)
  ours <- new_half()
  known <- ls(ours, all.names = TRUE)
  check_runs_nothing(half, known)
  rm(list = setdiff(ls(half, all.names = TRUE), known), envir = half)
  parent.env(half) <- topenv()
  half$access <- ours$access
  environment(half$access) <- half
  handles <- c("plain", "is_child", "tensor_of", "call_counting")
  for (name in handles) assign(name, ours[[name]], envir = half)
  half$half <- half
  for (scope in half$scopes) {
    check_runs_nothing(scope, c("private", "self", "super"))
    if (is.environment(scope$private)) add_parts(scope$private, half)
  }
  check_runs_nothing(half$fields, character())
  put_our_functions(half$fields)
  for (name in c("children", "held")) {
    check_runs_nothing(half[[name]], ls(half[[name]], all.names = TRUE))
  }
  levels <- list()
  level <- half$definition
  while (!is.null(level)) {
    check_runs_nothing(level, ls(level, all.names = TRUE))
    levels <- c(levels, level)
    level <- level$parent
    if (any(vapply(levels, identical, NA, level))) {
      stop("the R code of this saved module is damaged: a class is its own parent")
    }
  }
  chain <- module_lineage(half$definition)
  for (i in seq_along(half$scopes)[seq_along(chain)]) {
    active <- chain[[i]]$active
    for (name in setdiff(names(active), ls(half$fields, all.names = TRUE))) {
      makeActiveBinding(name, bind_method(active[[name]], half$scopes[[i]]), half$fields)
    }
  }
  half$access
}

check_runs_nothing <- function(env, names) {
  if (!is.environment(env) || is.object(env)) stop("the R code of this saved module is damaged")
  for (name in names) {
    if (exists(name, envir = env, inherits = FALSE) && reading_runs_code(env, name)) {
      stop("this saved module has code in the place of `", name, "`")
    }
  }
}

# An active binding is a function, and a promise an expression until it is forced.
reading_runs_code <- function(env, name) {
  bindingIsActive(name, env) || rlang::env_binding_are_lazy(env, name)
}

# Called by Python: readRDS() has read the R side, and now there is a module for it.
revive_half <- function(half, id) {
  half$id <- id
  # Those of Python's own modules are made anew.
  if (!half$told) half$children <- new.env(parent = emptyenv())
  watch_half(half)
}

# After each collection Python looks which modules written in R only R owns. The finalizer of a
# sentinel (core/half.c) says that there was one, and no more: beside it others wait for their turn,
# of halves that a look would bring back to life (core/finalizers.c), and R (4.2 at least) may lose
# finalizers that are registered while others run. The next call of a module, or the next one made,
# looks.
collections <- list2env(list(watched = FALSE))

watch_collections <- function() {
  collections$watched <- TRUE
  settle_modules() # it may collect, which is none to look after
  dot_call(native()$watch_collection, collections)
}

# A failure of the look is none of the user's call: what it leaves, the next one finds.
settle_modules <- function() {
  tryCatch(call_python("modules.settle"), error = function(condition) NULL)
  invisible()
}
