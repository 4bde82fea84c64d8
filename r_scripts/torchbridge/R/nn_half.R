# The R half of a module: what R keeps beside the nn.Module that Python has. The other half,
# and who keeps whom alive, is in bridge/modules.py.
#
# A half is the environment of one call of new_half(). It holds the module's handle, its
# face (the function that users hold), and for a module written in R its fields and its
# methods, bound to `self`.

new_half <- function(definition = NULL) {
  entry <- native()$call
  plain <- python_handle("plain")
  is_child <- python_handle("is_child")
  tensor_of <- python_handle("tensor_of")
  call_counting <- python_handle("call", "layers")
  release <- python_handle("release")

  id <- handle <- face <- module <- NULL
  fields <- new.env(parent = emptyenv())
  # Faces of submodules that R has seen. A module written in R tells of every change
  # (`forget`); of others, Python is asked whether they are still there.
  told <- !is.null(definition)
  # Faces of submodules whose R half only R holds.
  held <- new.env(parent = emptyenv())
  children <- new.env(parent = emptyenv())
  scopes <- list()
  initialize <- forward <- NULL

  # How Python reaches the half: see RModule._r_call().
  access <- function(.what, .name, ...) {
    switch(.what,
      call = if (.name == "forward") forward(...) else fields[[.name]](...),
      get = fields[[.name]],
      set = assign_field(half, .name, ...),
      has = exists(.name, envir = fields, inherits = FALSE),
      forget = assign(.name, NULL, envir = children),
      hold = assign(.name, ..., envir = held),
      copy = copy_half(half)$access
    )
  }
  # The three faces. In R's own forward no Python comes between R and R.
  face_of_r <- function(...) {
    if (!collections$watched) watch_collections()
    if (.Call(entry, plain, module)) forward(...) else .Call(entry, handle, list(...))
  }
  face_of_python <- function(...) .Call(entry, handle, list(...))
  face_counting_from_one <- function(...) .Call(entry, call_counting, list(handle, ...))

  half <- environment()
  if (!is.null(definition)) bind_members(half, definition)
  half
}

# A function of modules.py, for the calls where nothing but the call should cost time.
python_handle <- function(name, module = "modules") {
  attr(python_function(paste0(module, ".", name)), "torchbridge_handle")
}

# Called by Python: makes the face of a module. `access` is the half of a module written in R.
wrap_module <- function(handle, id, classes, counts_from_one, access) {
  half <- if (is.null(access)) new_half() else environment(access)
  half$id <- id
  half$handle <- handle
  half$module <- list(handle)
  face <- if (!is.null(half$forward)) {
    half$face_of_r
  } else if (counts_from_one) {
    half$face_counting_from_one
  } else {
    half$face_of_python
  }
  names <- unlist(lapply(rev(module_lineage(half$definition)), function(level) level$name))
  half$face <- structure(
    face,
    class = c(names, classes), torchbridge_handle = handle,
    torchbridge_half = if (half$told) TRUE
  )
  for (scope in half$scopes) scope$self <- half$face
  reg.finalizer(half, release_half)
  if (half$told && !collections$watched) watch_collections()
  list(half$face, half$access)
}

release_half <- function(half) {
  # Not an error at the prompt where Python has ended.
  tryCatch(
    .Call(half$entry, half$release, list(half$id, half$access)),
    error = function(condition) NULL
  )
}

# At each collection Python looks which modules written in R only R owns: that is the
# finalizer of a sentinel. It must not make the next sentinel itself: R (4.2 at least) may
# lose finalizers that are registered while others run. The next call of a module does.
collections <- list2env(list(watched = FALSE))

watch_collections <- function() {
  collections$watched <- TRUE
  settle <- python_handle("settle")
  reg.finalizer(new.env(), function(sentinel) {
    collections$watched <- FALSE
    tryCatch(.Call(the$native$call, settle, list()), error = function(condition) NULL)
  })
}

# ---- members of a module written in R ----

# Binds the methods of a class and its parents, parents first: each class has a scope of
# its own with `self`, `private` and `super`.
bind_members <- function(half, definition) {
  chain <- module_lineage(definition)
  private <- if (any(vapply(chain, function(level) length(level$private) > 0L, NA))) new.env(parent = emptyenv())
  super <- new_super(half, definition)
  for (level in chain) {
    scope <- new.env(parent = level$env)
    scope$private <- private
    scope$super <- super
    half$scopes <- c(half$scopes, scope)
    super <- list2env(mget(ls(super, all.names = TRUE), super), parent = emptyenv())
    class(super) <- "nn_super"
    for (name in names(level$methods)) {
      bound <- bind_method(level$methods[[name]], scope)
      assign(name, bound, envir = super)
      if (name == "initialize") {
        half$initialize <- bound
      } else {
        put_field(half$fields, name, bound)
      }
    }
    for (name in names(level$fields)) put_field(half$fields, name, level$fields[[name]])
    for (name in names(level$active)) {
      if (exists(name, envir = half$fields, inherits = FALSE)) rm(list = name, envir = half$fields)
      makeActiveBinding(name, bind_method(level$active[[name]], scope), half$fields)
    }
    for (name in names(level$private)) {
      member <- level$private[[name]]
      put_field(private, name, if (is_plain_function(member)) bind_method(member, scope) else member)
    }
  }
  if (is.null(half$initialize)) half$initialize <- super$initialize
  half$forward <- half$fields$forward
}

bind_method <- function(method, scope) {
  if (is.primitive(method)) return(method)
  environment(method) <- scope
  method
}

put_field <- function(fields, name, value) {
  # A class may replace an active field of its parent.
  if (exists(name, envir = fields, inherits = FALSE)) rm(list = name, envir = fields)
  assign(name, value, envir = fields)
}

# `super` of the topmost class: that of the Python class.
new_super <- function(half, definition) {
  initialize <- definition$signature
  body(initialize) <- if (identical(definition$python, "Module")) {
    quote(invisible())
  } else {
    quote(initialize_python(half, supplied_arguments(), sys.call()))
  }
  environment(initialize) <- list2env(list(half = half), parent = topenv())
  structure(
    list2env(list(initialize = initialize, .half = half), parent = emptyenv()),
    class = "nn_super"
  )
}

initialize_python <- function(half, arguments, call) {
  base <- python_function("modules.initialize_base")
  with_call(call, .Call(half$entry, base, c(half$module, arguments)))
  invisible(half$face)
}

#' @export
`$.nn_super` <- function(x, name) {
  found <- .subset2(x, name)
  if (!is.null(found)) return(found)
  module_class <- class(.subset2(x, ".half")$face)[1L]
  tryCatch(
    call_python("modules.base_member", .subset2(x, ".half")$face, name),
    AttributeError = function(condition) {
      abort(sys.call(-4L), "The parent class of `", module_class, "` has no method `", name, "`.")
    }
  )
}

# A half for a copy of the module: methods bound anew, fields as they are (but tensors
# copied).
copy_half <- function(half) {
  copy <- new_half(half$definition)
  copy_values(half$fields, copy$fields)
  from <- half$scopes
  for (i in seq_along(from)) {
    if (i == 1L && !is.null(from[[i]]$private)) copy_values(from[[i]]$private, copy$scopes[[i]]$private)
  }
  copy
}

copy_values <- function(from, to) {
  for (name in ls(from, all.names = TRUE)) {
    if (bindingIsActive(name, from)) next
    value <- from[[name]]
    is_method <- is.function(value) && exists(name, envir = to, inherits = FALSE)
    if (is_method) next
    if (inherits(value, "torch_tensor")) value <- value$detach()$clone()
    assign(name, value, envir = to)
  }
}
