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
#' A module that is made of PyTorch's layers alone (`nn_linear()`, `nn_sequential()`, ...) is
#' saved whole, without hooks. Of a module with code of its own, in R or Python, only the
#' `state_dict()` is: the file has no code. Make the module first and have it loaded into that,
#' `torch_load(path, module = net())`.
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
#' @section Code:
#' Reading and printing never run what is in a file, whoever wrote it. A file of `torch_save()` has
#' no functions. What `torch_serialize()` and `saveRDS()` keep of a module that is written in R has
#' its R functions beside the numbers: they run when the module is called, and not before.
#' `weights_only = TRUE` refuses what has functions. Files of Python's `torch.save()` are pickles,
#' which can run code when they are read, and are refused.
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
#' `torch_serialize()` gives the same as `torch_save()`, as an R value. Of a module written in R it
#' has the R code too, as an attribute of the raw vector: that stays in the .rds file, and gets lost
#' where only the bytes are written.
#'
#' @param obj A tensor, a module, R data, or a list of such.
#' @param path Name of a file, or a connection that is open for binary writing or reading.
#'   `torch_load()` takes a raw vector of `torch_serialize()` too.
#' @param device Name of the device for the tensors, or `NULL` for the one where each was.
#' @param module A module to load the state of a saved module into, or `NULL`.
#' @param weights_only Whether to refuse what has R functions in it, that would run when they are
#'   called.
#' @param ... Not used.
#' @return `torch_save()`: `obj`, invisibly. `torch_load()`: what was saved.
#'   `torch_serialize()`: a raw vector.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' file <- tempfile(fileext = ".safetensors")
#' torch_save(list(weight = as_torch_tensor(c(1.5, 2)), classes = c("a", "b")), file)
#' torch_load(file)
#' @export
torch_save <- function(obj, path, ...) {
  check_no_dots(...)
  if (inherits(path, "connection")) {
    packed <- pack(obj, sys.call())
    writeBin(call_python("files.dumps", packed$tree, packed$tensors), path)
  } else {
    check_string(path, "path")
    packed <- pack(obj, sys.call())
    call_python("files.save", path.expand(path), packed$tree, packed$tensors)
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
  if (!is.raw(path)) check_string(path, "path")
  from <- if (is.raw(path)) "" else path.expand(path)
  damaged <- function(condition) {
    text <- conditionMessage(condition)
    if (startsWith(text, "`path`")) stop(condition)
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
  if (weights_only && has_code(content$value)) {
    abort(
      call, "`path`: ", if (nzchar(from)) paste(from, "") else "it ",
      "has the R functions of a module, and `weights_only` is TRUE."
    )
  }
  value <- tryCatch(unpack(content, code = attr(path, "code")), error = damaged)
  if (inherits(value, "saved_module")) return(load_module(value, module, from, call))
  if (!is.null(module)) {
    where <- if (nzchar(from)) paste0(": ", from)
    abort(call, "`module` is given, but no module was saved there", where, ".")
  }
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
  check_no_dots(...)
  packed <- pack(obj, sys.call(), code_too = TRUE)
  bytes <- call_python("files.dumps", packed$tree, packed$tensors)
  if (length(packed$code) > 0L) attr(bytes, "code") <- packed$code
  bytes
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

# With code_too, modules written in R are packed with their R code, which is `code`.
pack <- function(obj, call, code_too = FALSE) {
  store <- list2env(
    list(tensors = list(), code = list(), code_too = code_too, in_module = FALSE),
    parent = emptyenv()
  )
  tree <- pack_value(obj, character(), store, call)
  list(tree = tree, tensors = store$tensors, code = store$code)
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
  description <- call_python("saved_modules.describe", x)
  if (is.null(description) && store$code_too) {
    # All of it, the functions aside.
    store$in_module <- TRUE
    frozen <- pack_value(freeze_module(x), path, store, call)
    store$in_module <- FALSE
    return(list(kind = "r_module", frozen = frozen))
  }
  if (is.null(description) && length(path) > 0L) {
    abort(
      call, "`", place_of(path), "` is a module with code of its own: save the module by itself, ",
      "or its `$state_dict()`."
    )
  }
  list(
    kind = "module", class = class(x)[1L], description = description,
    state = pack_value(x$state_dict(), path, store, call)
  )
}

place_of <- function(path) paste(c("obj", path), collapse = "$")

hint_for <- function(x) {
  if (inherits(x, c("torch_optimizer", "lr_scheduler"))) " Save its `$state_dict()`."
}

# Under a name of its own, which is not that of the header's metadata.
store_tensor <- function(x, path, store) {
  name <- if (length(path) == 0L) "value" else paste(path, collapse = ".")
  taken <- c(names(store$tensors), "__metadata__")
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
  unpack_value(content$value, content$tensors, code)
}

unpack_value <- function(node, tensors, code) {
  kind <- node$kind
  special <- switch(kind,
    null = ,
    tensor = ,
    module = ,
    r_module = ,
    code = TRUE,
    FALSE
  )
  if (special) return(unpack_special(node, tensors, code))
  x <- if (kind == "list") {
    lapply(node$items, unpack_value, tensors, code)
  } else if (kind == "character") {
    # All NA comes as a list of NULL.
    text <- node$values
    if (is.list(text)) text <- rep(NA_character_, length(text))
    if (is.character(text)) text else stop("text is missing")
  } else {
    read_vector(named_tensor(node$name, tensors), kind)
  }
  if (!is.null(node$attributes)) {
    attributes <- lapply(node$attributes, unpack_value, tensors, code)
    attributes(x) <- structure(attributes, names = as.character(unlist(node$attribute_names)))
  }
  x
}

# What is not a vector.
unpack_special <- function(node, tensors, code) {
  switch(node$kind,
    null = NULL,
    tensor = named_tensor(node$name, tensors),
    module = {
      state <- unpack_value(node$state, tensors, code)
      if (is.null(node$description)) {
        structure(list(class = node$class, state = state), class = "saved_module")
      } else {
        call_python("saved_modules.build", node$description, state)
      }
    },
    r_module = thaw_module(unpack_value(node$frozen, tensors, code)),
    code = {
      if (is.null(code)) stop("R code of a module was kept beside the bytes, and is lost")
      code[[node$number]]
    }
  )
}

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
