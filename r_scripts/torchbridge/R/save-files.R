#' Save tensors and what they are part of
#'
#' `torch_save()` writes a tensor, or a list of tensors and R vectors however nested, into a
#' file that `torch_load()` reads, in the same session or another. `torch_serialize()` gives
#' the content of such a file as a raw vector.
#'
#' @section What is saved:
#' Tensors with their dtype, shape, values, `requires_grad` and, for what was an R factor or
#' date, their meaning; tensors that share all their memory still do so afterwards. NULL,
#' vectors, factors, data frames and other R data with all attributes, bit by bit. Lists of
#' these, such as a `state_dict()`. Functions, environments and other things that are no data
#' are an error that names their place.
#'
#' Modules, whole: their class, parameters and buffers, mode, fields and, of a module that is
#' written in R, its R functions with what is around them; hooks are not. A module with code in
#' Python has its `state_dict()` in the file alone: make it first and have that loaded,
#' `torch_load(path, module = net())`, which works for every module.
#'
#' The file is written whole or not at all: whenever the process or the disk ends, `path` is the
#' last complete file. A new file's mode follows the umask, an old one's is kept, and a symbolic
#' link stays one.
#'
#' @section The format:
#' safetensors: a header and plain numbers. Its tensors have the names of the list
#' (`layer.weight`), and any reader of the format finds them;
#' `torch_load()` also reads files that others wrote, as a named list of tensors. A file that is
#' damaged is an error that names it.
#'
#' R's own torch reads files with a tensor or a list, such as a `state_dict()`: R data in a list is
#' there a second time for it. `torch_load()` reads what R's torch wrote: tensors, lists, datasets,
#' layers and modules that are written in R, of its format and of its former one (.rds).
#'
#' @section Code:
#' Reading and printing never run what is in a file, whoever wrote it. A module that is written in R
#' has its R functions beside the numbers: they run when the module is called, and not before.
#' `weights_only = TRUE` refuses what has functions. They are checked before R reads them: bytecode
#' becomes the source it was made from, pointers are NULL, R6 objects get their active bindings
#' from their class; promises, other active bindings and packages that are not loaded are refused.
#' An argument of a function around the methods, which has not been asked for, gets its value when
#' the module is saved.
#'
#' Files of Python's `torch.save()` are pickles, which can run code when they are read, and are
#' refused.
#'
#' @section Tensors and modules in .rds files:
#' `saveRDS()`, `save()` and `serialize()` keep tensors and modules too, wherever they are in what
#' is saved, and `readRDS()` gives them back in any session; Python starts when one is first used.
#' They are copies, with dtype, values, `requires_grad` and the device, or the CPU where there is
#' no such device; tensors and layers that were one in the file are one again. A module written in
#' R has its R code, as an .rds file has that of any R object: use only files that you trust.
#'
#' Functions and dtypes of torch come back by name. Optimizers, modules whose code is Python's own,
#' lazy layers before their first input and other Python objects do not: using what was read is an
#' error that says so. Hooks and gradients are not kept.
#'
#' @param obj A tensor, a module, R data, or a list of such.
#' @param path Name of a file, or a connection that is open for binary writing or reading.
#'   `torch_load()` takes a raw vector of `torch_serialize()` too.
#' @param compress Not used: numbers hardly get smaller. R's torch has it.
#' @param device Name of the device for the tensors, or `NULL` for the one where each was.
#' @param module A module to load the state of a saved module into, or `NULL` for the saved one.
#' @param weights_only Whether to refuse what has R functions in it, that would run when they are
#'   called.
#' @param ... Not used; `compress` in `torch_serialize()`.
#' @return `torch_save()`: `obj`, invisibly. `torch_load()`: what was saved.
#'   `torch_serialize()`: a raw vector.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' file <- tempfile(fileext = ".safetensors")
#' torch_save(list(weight = as_torch_tensor(c(1.5, 2)), classes = c("a", "b")), file)
#' torch_load(file)
#' @export
torch_save <- function(obj, path, ..., compress = TRUE) {
  check_no_dots(...)
  check_flag(compress, "compress")
  if (inherits(path, "connection")) {
    packed <- pack(obj, sys.call())
    writeBin(call_python("files.dumps", packed$tree, packed$tensors, packed$for_rtorch), path)
  } else {
    path <- checked_path(path)
    packed <- pack(obj, sys.call())
    call_python("files.save", path, packed$tree, packed$tensors, packed$for_rtorch)
  }
  invisible(obj)
}

#' @rdname torch_save
#' @export
torch_load <- function(path, device = "cpu", module = NULL, weights_only = FALSE) {
  call <- sys.call()
  check_flag(weights_only, "weights_only")
  check_name(device, "device", "cuda")
  if (!is.null(module) && !is_nn_module(module)) {
    abort(call, "`module` must be a module, not ", friendly_type(module), ".")
  }
  if (inherits(path, "connection")) path <- read_all(path)
  from <- if (is.raw(path)) "" else checked_path(path)
  damaged <- function(condition) {
    text <- conditionMessage(condition)
    if (grepl("^(`path`|`module`)", text)) stop(condition)
    abort(call, "`path`: the file is damaged: ", from, if (nzchar(from)) ": ", text)
  }
  content <- tryCatch(
    if (is.raw(path)) {
      call_python("files.loads", as.vector(path), device)
    } else {
      call_python("files.load", from, device)
    },
    # What R has no value for.
    ValueError = damaged, OverflowError = damaged
  )
  if (!is.null(content$rds) || !is.null(content$r)) {
    return(tryCatch(
      load_rtorch(content, device, module, weights_only, from, call),
      error = damaged
    ))
  }
  if (weights_only && is.null(module) && has_code(content$value)) {
    abort(
      call, "`path`: ", if (nzchar(from)) paste(from, "") else "it ",
      "has the R functions of a module, and `weights_only` is TRUE."
    )
  }
  kind <- if (is.list(content$value)) content$value$kind # else it is damaged
  is_module <- is_string(kind) && kind %in% c("module", "r_module")
  if (!is.null(module) && is_module) {
    # Its state alone: no code is read.
    state <- tryCatch(unpack_value(content$value$state, reading(content, NULL)), error = damaged)
    return(load_module(list(class = content$value$class, state = state), module, from, call))
  }
  value <- tryCatch(unpack(content, code = attr(path, "code")), error = damaged)
  if (inherits(value, "saved_module")) return(load_module(value, module, from, call))
  if (!is.null(module)) no_module(from, call)
  value
}

# Where only its state was saved, in the file `from`.
load_module <- function(value, module, from, call) {
  if (is.null(module)) {
    abort(
      call, "`module` must be given: a <", value$class, "> was saved, and how to make one is not ",
      "in the file", if (nzchar(from)) " ", from, ".\nMake one and load into it: ",
      "torch_load(path, module = ", value$class, "(...))."
    )
  }
  tryCatch(
    module$load_state_dict(value$state),
    error = function(condition) {
      place <- if (nzchar(from)) paste0(from, ": ")
      abort(call, "`path`: it is of another module: ", place, conditionMessage(condition))
    }
  )
  module
}

#' @rdname torch_save
#' @export
torch_serialize <- function(obj, ...) {
  if ("path" %in% ...names()) {
    abort(sys.call(), "`path` cannot be matched: torch_serialize() gives the bytes themselves.")
  }
  check_no_dots(..., except = "compress")
  packed <- pack(obj, sys.call())
  call_python("files.dumps", packed$tree, packed$tensors, packed$for_rtorch)
}

# Of class fs_path, too.
checked_path <- function(path, call = sys.call(-1L)) {
  path <- if (is.character(path)) as.vector(unclass(path)) else path
  check_string(path, "path", call)
  path.expand(path)
}

read_all <- function(connection) {
  parts <- list()
  repeat {
    part <- readBin(connection, "raw", 2^20)
    if (length(part) == 0L) return(unlist(parts))
    parts[[length(parts) + 1L]] <- part
  }
}

# ---- an R value as a tree of plain lists, and tensors by name ----

# Functions and environments of modules that are written in R are bytes among the tensors
# (save-code.R).
pack <- function(obj, call) {
  store <- list2env(
    list(
      tensors = list(), code = list(), in_module = FALSE, modules = list(),
      definitions = new.env(parent = emptyenv())
    ),
    parent = emptyenv()
  )
  tree <- pack_value(obj, character(), store, call)
  if (length(store$code) > 0L) {
    bytes <- code_bytes(store$code, call)
    store$tensors[[code_name]] <- call_python("files.vector", bytes, "raw")
  }
  list(tree = tree, tensors = store$tensors, for_rtorch = for_rtorch(obj, tree, store$tensors))
}

pack_value <- function(x, path, store, call) {
  if (is.null(x)) return(list(kind = "null"))
  if (is_tensor(x)) return(list(kind = "tensor", name = store_tensor(x, path, store)))
  if (is_nn_module(x)) return(pack_module(x, path, store, call))
  kind <- typeof(x)
  if (kind == "list") {
    labels <- names(x)
    if (is.null(labels)) labels <- character(length(x))
    labels <- ifelse(nzchar(labels), labels, seq_along(x))
    items <- lapply(seq_along(x), function(i) {
      pack_value(.subset2(x, i), c(path, labels[i]), store, call)
    })
    return(c(list(kind = kind, items = items), pack_attributes(x, path, store, call)))
  }
  if (kind == "character") {
    content <- list(values = as.list(as.vector(unclass(x))))
  } else if (kind %in% c("double", "integer", "logical", "complex", "raw")) {
    plain <- as.vector(unclass(x))
    bytes <- if (kind == "raw") plain else writeBin(plain, raw(), endian = "little")
    numbers <- call_python("files.vector", bytes, kind)
    content <- list(name = store_tensor(numbers, path, store))
  } else if (store$in_module && !inherits(x, "python_object")) {
    store$code[[length(store$code) + 1L]] <- x
    return(list(kind = "code", number = length(store$code)))
  } else {
    abort(
      call, "`", place_of(path), "` is ", friendly_type(x),
      ": only tensors, R data and lists of them can be saved.", hint_for(x)
    )
  }
  c(list(kind = kind), content, pack_attributes(x, path, store, call))
}

pack_attributes <- function(x, path, store, call) {
  attributes <- attributes(x)
  if (is.null(attributes)) return(NULL)
  # Without attributes of its own: the names of the attributes stand beside.
  items <- lapply(names(attributes), function(name) {
    pack_value(attributes[[name]], c(path, paste0("@", name)), store, call)
  })
  list(attribute_names = as.list(names(attributes)), attributes = items)
}

pack_module <- function(x, path, store, call) {
  half <- environment(x)
  number <- which(vapply(store$modules, identical, NA, half))
  if (length(number) > 0L) return(list(kind = "module_again", number = number))
  number <- length(store$modules) + 1L
  store$modules[[number]] <- half
  state <- pack_value(x$state_dict(keepvars = TRUE), path, store, call)
  node <- list(kind = "module", class = class(x)[1L], number = number, state = state)
  description <- call_python("saved_modules.describe", x)
  if (!is.null(description)) return(c(node, list(description = description)))
  in_module <- store$in_module
  on.exit(store$in_module <- in_module)
  frozen <- tryCatch(freeze_module(x, store), error = function(condition) {
    if (length(path) == 0L) return(NULL) # its state alone can be loaded into another
    abort(
      call, "`", place_of(path), "` is a module with code of its own that cannot be saved (",
      conditionMessage(condition), "): save its `$state_dict()`."
    )
  })
  if (is.null(frozen)) return(node)
  store$in_module <- TRUE
  node$kind <- "r_module"
  c(node, list(frozen = pack_value(frozen, path, store, call)))
}

place_of <- function(path) paste(c("obj", path), collapse = "$")

hint_for <- function(x) {
  if (inherits(x, c("torch_optimizer", "lr_scheduler"))) " Save its `$state_dict()`."
}

# Under a name of its own, which is not that of the header's metadata.
store_tensor <- function(x, path, store) {
  name <- if (length(path) == 0L) "value" else paste(path, collapse = ".")
  taken <- c(names(store$tensors), "__metadata__", "__robj__", code_name)
  name <- make.unique(c(taken, name), sep = "#")[length(taken) + 1L]
  store$tensors[[name]] <- x
  name
}

has_code <- function(node) {
  if (!is.list(node)) return(FALSE)
  identical(node$kind, "code") || any(vapply(node, has_code, NA))
}

unpack <- function(content, code) {
  if (is.null(content$value)) return(as.list(content$tensors))
  unpack_value(content$value, reading(content, code))
}

# What a file is read from: its tensors, the R code of its modules (read when it is asked for), and
# the modules made so far.
reading <- function(content, code) {
  list2env(list(tensors = content$tensors, code = code, modules = list()), parent = emptyenv())
}

unpack_value <- function(node, from) {
  kind <- node$kind
  special <- switch(kind,
    null = ,
    tensor = ,
    module = ,
    r_module = ,
    module_again = ,
    code = TRUE,
    FALSE
  )
  if (special) return(unpack_special(node, from))
  x <- if (kind == "list") {
    lapply(node$items, unpack_value, from)
  } else if (kind == "character") {
    # All NA comes as a list of NULL.
    text <- node$values
    if (is.list(text)) text <- rep(NA_character_, length(text))
    if (is.character(text)) text else stop("text is missing")
  } else {
    read_vector(named_tensor(node$name, from$tensors), kind)
  }
  if (!is.null(node$attributes)) {
    attributes <- lapply(node$attributes, unpack_value, from)
    attributes(x) <- structure(attributes, names = as.character(unlist(node$attribute_names)))
  }
  x
}

# What is not a vector.
unpack_special <- function(node, from) {
  switch(node$kind,
    null = NULL,
    tensor = named_tensor(node$name, from$tensors),
    module = {
      state <- unpack_value(node$state, from)
      if (is.null(node$description)) {
        structure(list(class = node$class, state = state), class = "saved_module")
      } else {
        made_module(call_python("saved_modules.build", node$description, state), node, from)
      }
    },
    r_module = made_module(thaw_module(unpack_value(node$frozen, from)), node, from),
    module_again = {
      module <- from$modules[[paste0("", node$number)[1L]]]
      if (is.null(module)) stop("a module is its own part")
      module
    },
    code = {
      if (is.null(from$code)) from$code <- code_of(from$tensors[[code_name]])
      if (!is_place(node$number, length(from$code))) stop("R code is missing")
      from$code[[node$number]]
    }
  )
}

made_module <- function(module, node, from) {
  if (!is.null(node$number)) from$modules[[paste(node$number)]] <- module
  module
}

is_place <- function(x, most) is.numeric(x) && length(x) == 1L && x >= 1 && x <= most

named_tensor <- function(name, tensors) {
  if (!is_string(name) || is.null(tensors[[name]])) stop("a tensor is missing")
  tensors[[name]]
}

read_vector <- function(x, kind) {
  bytes <- call_python("files.vector_bytes", x)
  size <- switch(kind, double = 8L, integer = 4L, logical = 4L, complex = 16L, raw = 1L)
  if (is.null(size)) stop("unknown kind ", kind)
  if (kind == "raw") bytes else readBin(bytes, kind, length(bytes) %/% size, endian = "little")
}
