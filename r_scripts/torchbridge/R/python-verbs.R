# R's verbs on Python objects. Python's side is bridge/values/objects.py.
#
# Tensors are Python objects too, but R's arrays: what they have no method for is R's default, not
# Python's elements and attributes.

#' @export
length.python_object <- function(x) api("objects.length", x)

#' @export
names.python_object <- function(x) if (!is_tensor(x)) as.character(api("objects.names", x))

#' @export
as.list.python_object <- function(x, ...) {
  if (is.function(x) && !api("objects.iterable", x)) return(NextMethod())
  as.list(ask(x, "elements"))
}

#' @export
as.character.python_object <- function(x, ...) api("objects.string", x)

#' @export
as.double.python_object <- function(x, ...) {
  value <- api("objects.value", x)
  if (inherits(value, "python_object")) api("objects.number", x) else as.double(value)
}

#' @export
as.integer.python_object <- function(x, ...) as.integer(as.double(x))

#' @export
as.logical.python_object <- function(x, ...) {
  value <- api("objects.value", x)
  if (inherits(value, "python_object")) api("objects.truth", x) else as.logical(value)
}

# Comparisons give R's logicals wherever Python's give truth values.
#' @export
Ops.python_object <- function(e1, e2) {
  if (missing(e2)) return(ask(e1, "operate", list(.Generic)))
  if (inherits(e1, "torch_dtype") || inherits(e2, "torch_dtype")) {
    return(compare_dtypes(.Generic, e1, e2, sys.call(-1L)))
  }
  is_first <- inherits(e1, "python_object")
  object <- if (is_first) e1 else e2
  other <- if (is_first) e2 else e1
  if (.Generic == "==") return(api("same", object, other))
  if (.Generic == "!=" && is.logical(same <- api("same", object, other))) return(!same)
  verb <- if (is_first) "operate" else "operate_on"
  if (.Generic %in% c("!=", "<", "<=", ">", ">=")) {
    return(api(paste0("objects.", verb), object, .Generic, other))
  }
  ask(object, verb, list(.Generic, other))
}

# R calls any two external pointers equal.
#' @rdname all.equal.torch_tensor
#' @method all.equal python_object
#' @export
all.equal.python_object <- function(target, current, ...) {
  if (!inherits(current, "python_object")) return(not_one_class(target, current))
  if (!is_live(target) || !is_live(current)) return(NextMethod())
  values <- lapply(list(target, current), function(x) api("to_r", x, FALSE))
  if (!any(vapply(values, inherits, NA, "python_object"))) {
    return(all.equal(values[[1L]], values[[2L]], ...))
  }
  if (isTRUE(target == current)) return(TRUE)
  sprintf(
    "target (a Python %s) and current (a Python %s) are not equal",
    python_type(target), python_type(current)
  )
}

# R's own would count from 1.

#' @rawNamespace S3method(unlist,python_object)
unlist.python_object <- function(x, ...) { # nolint: object_name_linter.
  if (is_tensor(x)) x else unlist(as.list(x), ...)
}

#' @export
rev.python_object <- function(x) if (is_tensor(x)) NextMethod() else rev(as.list(x))

#' @importFrom utils head
#' @export
head.python_object <- function(x, ...) {
  if (!is_tensor(x)) return(head(what_comes(x), ...))
  if (x$is_sparse()) rows_of_sparse(x, head, ...) else NextMethod()
}

#' @importFrom utils tail
#' @export
tail.python_object <- function(x, ...) {
  if (!is_tensor(x)) return(tail(what_comes(x), ...))
  if (x$is_sparse()) rows_of_sparse(x, tail, ...) else NextMethod()
}

# Sparse tensors have no slices.
rows_of_sparse <- function(x, which, ...) {
  x$index_select(1L, torch_tensor(which(seq_len(dim(x)[1L]), ...)))
}

what_comes <- function(x) if (api("objects.is_frame", x)) as.data.frame(x) else as.list(x)

#' @export
as.array.python_object <- function(x, ...) as.array(to_r(x), ...)

#' @export
as.matrix.python_object <- function(x, ...) as.matrix(to_r(x), ...)
