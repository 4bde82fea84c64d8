# The R function that stands for a module: what users hold and call. Its arguments are those of the
# module's forward, for `formals()` and `args()` tell them.
#
# Its environment is the module's R half (nn-wrapper.R), where it finds `handle`, `forward` and what
# else it names. saveRDS() writes it: these names are those that saved modules know.

# Of a module with a forward in R: no Python comes between R and R, but for hooks.
face_of_r <- function(forward) {
  face <- function(...) NULL
  arguments <- formals(if (is.primitive(forward)) args(forward) else forward)
  if (!any(names(arguments) %in% face_names)) formals(face) <- arguments
  names <- names(formals(face))
  given <- stats::setNames(lapply(names, as.name), ifelse(names == "...", "", names))
  # An argument that was not given has forward's own default, in forward's own frame.
  aside <- Reduce(
    function(all, name) bquote(missing(.(as.name(name))) || .(all)), rev(names[names != "..."]),
    quote(!dot_call(native()$call, plain, module))
  )
  body(face) <- bquote({
    if (!collections$watched) watch_collections()
    if (.(aside)) return(call_as_given(sys.call(), parent.frame(), environment(sys.function())))
    .(as.call(c(quote(forward), given)))
  })
  face
}

# The same call, of the module's forward, or of the nn.Module itself where there are hooks.
call_as_given <- function(call, where, half) {
  scope <- new.env(parent = where)
  hooked <- !dot_call(native()$call, half$plain, half$module)
  scope$forward <- if (hooked) {
    function(...) dot_call(native()$call, half$handle, list(...))
  } else {
    half$forward
  }
  call[[1L]] <- quote(forward)
  eval(call, scope)
}

# Of a module of Python's. `signature` has the names of its forward's arguments, apart by blanks,
# those that may be left out with a `=`, those that are tensors with a `~`; NULL where they are not
# known.
face_of_python <- function(signature, counts_from_one) {
  key <- paste(signature, counts_from_one)
  known <- faces_of_python[[key]]
  if (!is.null(known)) return(known)
  words <- if (is.null(signature)) character() else strsplit(signature, " ", fixed = TRUE)[[1L]]
  names <- gsub("[=~]", "", words)
  if (any(names %in% face_names)) words <- character()
  may <- grepl("=", words, fixed = TRUE)
  face <- function(...) NULL
  values <- list(quote(...))
  optional <- list()
  if (length(words) > 0L) {
    given <- lapply(names, as.name)
    tensors <- grepl("~", words, fixed = TRUE)
    given_first <- as.name(names[1L])
    given[tensors] <- lapply(given[tensors], function(name) {
      bquote(if (is.object(.(name))) .(name) else as_input(.(name), handle, .(given_first)))
    })
    values <- given[!may]
    optional <- lapply(which(may), function(i) {
      name <- names[i]
      value <- stats::setNames(given[i], name)
      bquote(if (!missing(.(as.name(name)))) .(as.call(c(quote(list), value))))
    })
    formals(face) <- c(
      stats::setNames(rep(list(quote(expr = )), sum(!may)), names[!may]), # nolint
      stats::setNames(vector("list", sum(may)), names[may])
    )
  }
  arguments <- as.call(c(quote(list), if (counts_from_one) quote(handle), values))
  if (length(optional) > 0L) arguments <- as.call(c(quote(c), arguments, optional))
  called <- if (counts_from_one) quote(call_counting) else quote(handle)
  body(face) <- bquote(dot_call(native()$call, .(called), .(arguments)))
  faces_of_python[[key]] <- face
  face
}

# R's numbers are tensors where a layer wants one, typed as torch_tensor() types them. They are
# where its first input is, or else its parameters.
as_input <- function(x, module, first) {
  if (!is.numeric(x) && !is.logical(x) && !is.complex(x)) return(x)
  device <- if (is_tensor(first)) first$device else call_python("layers.device_of", module)
  torch_tensor(x, device = device)
}

faces_of_python <- new.env(parent = emptyenv())

# What a face itself looks up: an argument of such a name would be found instead.
face_names <- c(
  "forward", "handle", "module", "plain", "call_counting", "collections", "native", "dot_call",
  "watch_collections", "call_as_given", "as_input"
)
