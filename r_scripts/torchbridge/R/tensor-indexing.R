#' Subscripts of tensors
#'
#' Positions count from 1; negative ones from the end (`x[-1]` is the last). A single number
#' drops its dim, a range `a:b` (or `a:b:step`) is a view, vectors select every combination as
#' in R, `TRUE`/`FALSE` vectors and bool tensors select where true. An empty subscript is the
#' whole dim; `..` stands for all dims not named, `newaxis` (or `NULL`) for a new one of size 1,
#' `N` for the size of its dim. Subscripts left out at the end are whole dims: `x[1]` is the
#' first row. Assignment changes the tensor itself, and every tensor that shares its memory.
#'
#' @param x A tensor.
#' @param ... Subscripts.
#' @param drop `FALSE` keeps the dims of single numbers, with size 1.
#' @param value Tensor or R value to put there.
#' @return `[`: a tensor. `[<-`: `x` itself, changed in place.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- torch_tensor(matrix(1:12, 3))
#' x[1, ]
#' x[2:N, c(1, 4)]
#' x[x > 6]
#' x[1, 1] <- 100
#' @name torch_indexing
NULL

#' @rdname torch_indexing
#' @export
`[.torch_tensor` <- hot(function(x, ..., drop = TRUE) {
  .Call(index, x, substitute(list(...)), environment(), drop)
})

#' @rdname torch_indexing
#' @export
`[<-.torch_tensor` <- function(x, ..., value) {
  dot_call(entries$index_set, x, substitute(list(...)), environment(), value)
}

#' Methods and attributes of tensors
#'
#' `x$name(...)` calls any method of PyTorch's tensors, with dims and positions from 1 and R's
#' numbers where PyTorch wants ints; `x$name` reads an attribute (`x$shape`, `x$dtype`,
#' `x$grad`); `x$requires_grad <- TRUE` sets one.
#'
#' @param x A tensor.
#' @param name Name of a method or attribute.
#' @name torch_dollar
#' @export
`$.torch_tensor` <- hot(function(x, name) {
  key <- .subset2(methods, name)
  if (is.null(key)) key <- method_key(x, name)
  if (nzchar(key)) {
    function(...) .External(op, key, x, ...)
  } else {
    member <- .subset2(members, name)
    if (is.null(member)) .Call(getattr, x, name) else member(x)
  }
})

#' @rdname torch_dollar
#' @export
`[[.torch_tensor` <- function(x, name) {
  if (is.character(name)) `$.torch_tensor`(x, name) else x[name]
}

# name -> "$name" for methods, "" for attributes and for what tensor-members.R has; filled as names
# are met.
methods <- new.env(parent = emptyenv())

method_key <- function(x, name) {
  own <- !is.null(members[[name]])
  key <- if (!own && api("is_method", x, name)) paste0("$", name) else ""
  methods[[name]] <- key
  key
}
