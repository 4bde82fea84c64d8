# Tests: test-tensor-members.R.

# Dtypes, devices, layouts, memory formats, quantization schemes and generators as R values: text,
# print(), comparison. The core gives them their classes.

#' @rdname torch_dtype
#' @param x,e1,e2 Dtypes, devices, layouts, memory formats or schemes; for `==` also a name such as
#'   `"float32"` or `"cuda:0"`.
#' @param ... Not used.
#' @param name `.type()` of a dtype is its name, as `as.character()` is.
#' @export
as.character.torch_dtype <- function(x, ...) call_python("members.type_text", x)

#' @rdname torch_dtype
#' @export
format.torch_dtype <- function(x, ...) if (is_live(x)) as.character(x) else gone_text(x)

#' @rdname torch_dtype
#' @export
print.torch_dtype <- function(x, ...) {
  cat(if (is_live(x)) paste0("torch_", as.character(x)) else gone_text(x), "\n", sep = "")
  invisible(x)
}

#' @rdname torch_dtype
#' @export
as.character.torch_layout <- as.character.torch_dtype

#' @rdname torch_dtype
#' @export
format.torch_layout <- format.torch_dtype

#' @rdname torch_dtype
#' @export
print.torch_layout <- print.torch_dtype

#' @rdname torch_dtype
#' @export
as.character.torch_qscheme <- as.character.torch_dtype

#' @rdname torch_dtype
#' @export
format.torch_qscheme <- format.torch_dtype

#' @rdname torch_dtype
#' @export
print.torch_qscheme <- print.torch_dtype

#' @rdname torch_dtype
#' @export
as.character.torch_memory_format <- as.character.torch_dtype

#' @rdname torch_dtype
#' @export
format.torch_memory_format <- format.torch_dtype

#' @rdname torch_dtype
#' @export
print.torch_memory_format <- function(x, ...) {
  text <- if (is_live(x)) paste0("torch_", as.character(x), "_format") else gone_text(x)
  cat(text, "\n", sep = "")
  invisible(x)
}

#' @rdname torch_dtype
#' @export
as.character.torch_device <- function(x, ...) paste(c(x$type, x$index), collapse = ":")

#' @rdname torch_dtype
#' @export
format.torch_device <- function(x, ...) if (is_live(x)) as.character(x) else gone_text(x)

#' @rdname torch_dtype
#' @export
print.torch_device <- function(x, ...) {
  if (is_live(x)) {
    index <- if (!is.null(x$index)) paste0(", index=", x$index)
    cat("torch_device(type='", x$type, "'", index, ")", " \n", sep = "")
  } else {
    cat(gone_text(x), "\n", sep = "")
  }
  invisible(x)
}

#' @rdname torch_dtype
#' @export
`$.torch_dtype` <- function(x, name) {
  if (name == ".type") return(function() as.character(x))
  dot_call(native()$getattr, x, name)
}

# One function, so that R finds one method for a dtype beside a handle without its class, as files
# of version 0.1.0 hold.
#' @rdname torch_dtype
#' @export
Ops.torch_dtype <- Ops.python_object

compare_dtypes <- function(operator, e1, e2, call) {
  comparable <- function(x) is.character(x) || inherits(x, "python_object")
  if (!comparable(e1) || !comparable(e2)) {
    other <- if (comparable(e1)) e2 else e1
    abort(
      call, "A dtype can't be compared with ", friendly_type(other),
      ", which is not a dtype."
    )
  }
  if (!operator %in% c("==", "!=")) abort(call, "Dtypes have no order.")
  same_objects(e1, e2) == (operator == "==")
}

#' @rdname torch_settings
#' @param x A generator.
#' @param name `current_seed()` gives the seed, `set_current_seed(seed)` sets it; others are
#'   PyTorch's methods.
#' @param ... Not used.
#' @export
`$.torch_generator` <- function(x, name) {
  switch(name,
    current_seed = function() {
      seed <- call_python("members.seed", x)
      if (requireNamespace("bit64", quietly = TRUE)) bit64::as.integer64(seed) else as.numeric(seed)
    },
    set_current_seed = function(seed) {
      whole <- is.numeric(seed) && length(seed) == 1L && !is.na(seed) && seed == trunc(seed)
      if (!whole) abort(sys.call(), "`seed` must be one whole number.")
      text <- if (inherits(seed, "integer64")) as.character(seed) else sprintf("%.0f", seed)
      invisible(call_python("members.set_seed", x, text))
    },
    dot_call(native()$getattr, x, name)
  )
}

#' @rdname torch_settings
#' @export
print.torch_generator <- function(x, ...) {
  cat(if (is_live(x)) "torch_generator()" else gone_text(x), "\n", sep = "")
  invisible(x)
}
