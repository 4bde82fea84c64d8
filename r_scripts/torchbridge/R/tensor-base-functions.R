# Functions of base R that are not generic, on tensors too: masks (aaa-masks.R).

#' R's mathematics on tensors
#'
#' R's own functions of these names for ordinary values; with a tensor among the arguments the
#' same function on tensors, differentiable. Functions that are generic in R (`exp`, `sum`, `c`,
#' `cbind`, `t`, `solve`, `chol`, `determinant` and so `det`, `mean`, `rep`, ...) work on tensors
#' by their methods.
#'
#' @param x,y,X,Y,a,b,k,n,l,r,data,test,yes,no Numbers, matrices or tensors, as in base R.
#' @param nrow,ncol,byrow,dimnames,dim,dims,FUN,upper.tri,transpose,size,LINPACK,names,drop
#'   As in base R. Dimnames are kept inside differentiated functions; plain tensors have none.
#'   `FUN` of `outer()` is called once, on vectors.
#' @param na.rm `TRUE` leaves NaN out.
#' @param ... For `pmin()` and `pmax()` numbers or tensors; for `outer()` arguments of `FUN`.
#' @return As the function of base R, or a tensor where an argument is one.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' hessian(function(b) sum(rowSums(outer(b, 1:3))^2), c(1, 2))
#' @name torch_mathematics
#' @keywords math
NULL

# rule() for tensors that follow R, and for plain ones.
tensor_rule <- function(numeric, name, ...) {
  value <- bare_rule(name, ...)
  if (numeric) as_numeric(value) else value
}

# A mask where R does not dispatch these two itself.
cross_product_mask <- function(name, transposed) {
  if (getRversion() >= "4.4.0") return(rs_own(name))
  mask(name, function(x, y = NULL, ...) {
    check_no_dots(..., call = sys.call(-1L))
    cross_product(x, y, transposed)
  }, c("x", "y"), dots = TRUE)
}

#' @rdname torch_mathematics
#' @rawNamespace if (getRversion() < "4.4.0") export(crossprod, tcrossprod)
crossprod <- cross_product_mask("crossprod", FALSE)

#' @rdname torch_mathematics
tcrossprod <- cross_product_mask("tcrossprod", TRUE)

cross_product <- function(x, y = NULL, transposed = FALSE) {
  numeric <- is_torch_numeric(x) || is_torch_numeric(y)
  second <- if (!is.null(y)) as_operand(matrix_operand(y, x))
  value <- tensor_rule(numeric, "crossprod", as_operand(matrix_operand(x, y)), second, transposed)
  if (!numeric) return(value)
  along <- if (transposed) 1L else 2L
  with_dimnames(value, list(names_along(x, along), names_along(if (is.null(y)) x else y, along)))
}

#' @rdname torch_mathematics
#' @export
diag <- mask("diag", function(x, nrow, ncol, names, no_nrow, no_ncol) {
  if (length(dim(x)) == 2L && !(no_nrow && no_ncol)) {
    abort(sys.call(-1L), "`nrow` and `ncol` can't be given where `x` is a matrix.")
  }
  if (length(x) == 1L && no_nrow && no_ncol && length(dim(x)) < 2L) {
    abort(
      sys.call(-1L), "`x` is a single number: diag(x) would be an identity matrix of that size. ",
      "Write diag(x, 1) for a matrix that holds it."
    )
  }
  tensor_rule(is_torch_numeric(x), "diagonal", x, if (!no_nrow) nrow, if (!no_ncol) ncol)
}, "x")

#' @rdname torch_mathematics
#' @export
outer <- mask("outer", function(X, Y, FUN, ...) { # nolint: object_name_linter.
  if (identical(FUN, "*")) {
    numeric <- is_torch_numeric(X) || is_torch_numeric(Y)
    value <- tensor_rule(numeric, "outer", as_operand(X), as_operand(Y))
    return(if (numeric) labelled_outer(value, X, Y) else value)
  }
  # A name means what it means where outer() was called.
  if (!is.function(FUN)) FUN <- get(as.character(FUN), parent.frame(2L), mode = "function") # nolint
  shape <- c(shape_of(X), shape_of(Y))
  x <- rep(flat(X), times = length(Y))
  y <- rep(flat(Y), each = length(X))
  result <- FUN(x, y, ...)
  if (length(result) != length(x)) {
    abort(sys.call(-1L), "`FUN` must give as many numbers as it gets, not ", length(result), ".")
  }
  labelled_outer(rule("array", as_operand(result), as.list(shape)), X, Y)
}, c("X", "Y"))

labelled_outer <- function(value, x, y) {
  if (!is.null(dim(x)) || !is.null(dim(y))) return(value)
  with_dimnames(value, list(r_names(x), r_names(y)))
}

shape_of <- function(x) if (is.null(dim(x))) length(x) else dim(x)

flat <- function(x) if (is_tensor(x)) rule("flat", x) else as.vector(x)

# Sums and means of rows and columns.
mask_of_margin <- function(name) {
  mask(name, function(x, na.rm, dims, ...) { # nolint: object_name_linter.
    margin(name, x, na.rm, dims, ..., call = sys.call(-1L))
  }, "x", dots = TRUE)
}

margin <- function(name, x, na_rm, dims, ..., call) {
  check_no_dots(..., call = call)
  check_flag(na_rm, "na.rm", call)
  value <- dot_call(entries$numeric_rule, name, list(x, na_rm, dims))
  if (!is.null(value)) return(value)
  value <- tensor_rule(is_torch_numeric(x), "margins", name, x, na_rm, dims)
  if (!is_torch_numeric(x) || length(dim(x)) != 2L) return(value)
  as_numeric(value, names_along(x, if (startsWith(name, "row")) 1L else 2L))
}

#' @rdname torch_mathematics
#' @export
rowSums <- mask_of_margin("rowSums") # nolint: object_name_linter.

#' @rdname torch_mathematics
#' @export
colSums <- mask_of_margin("colSums") # nolint: object_name_linter.

#' @rdname torch_mathematics
#' @export
rowMeans <- mask_of_margin("rowMeans") # nolint: object_name_linter.

#' @rdname torch_mathematics
#' @export
colMeans <- mask_of_margin("colMeans") # nolint: object_name_linter.

#' @rdname torch_mathematics
#' @export
ifelse <- mask("ifelse", function(test, yes, no) {
  needs_yes <- needs_no <- TRUE
  if (!is_tensor(test)) {
    needs_yes <- takes_branch(test, TRUE)
    needs_no <- takes_branch(test, FALSE)
  }
  yes <- if (needs_yes) yes else 0
  no <- if (needs_no) no else 0
  value <- dot_call(entries$numeric_rule, "ifelse", list(test, yes, no))
  if (!is.null(value)) return(value)
  numeric <- is_torch_numeric(test) || is_torch_numeric(yes) || is_torch_numeric(no)
  tensor_rule(numeric, "chosen", as_operand(test), lift(yes), lift(no))
}, "test", tensor = quote(
  is.object(test) && is_tensor(test) ||
    takes_branch(test, TRUE) && is.object(yes) && is_tensor(yes) ||
    takes_branch(test, FALSE) && is.object(no) && is_tensor(no)
))

#' @rdname torch_mathematics
#' @export
pmin <- mask("pmin", function(..., na.rm) extreme("pmin", list(...), na.rm), "...") # nolint

#' @rdname torch_mathematics
#' @export
pmax <- mask("pmax", function(..., na.rm) extreme("pmax", list(...), na.rm), "...") # nolint

extreme <- function(name, parts, na_rm) {
  value <- dot_call(entries$numeric_rule, name, c(parts, list(na_rm)))
  if (!is.null(value)) return(value)
  numeric <- any(vapply(parts, is_torch_numeric, NA))
  tensor_rule(numeric, "extreme", name, unname(lapply(parts, lift)), na_rm)
}

#' @rdname torch_mathematics
#' @export
beta <- mask("beta", function(a, b) rule_of_special("beta", a, b), c("a", "b"))

#' @rdname torch_mathematics
#' @export
lbeta <- mask("lbeta", function(a, b) rule_of_special("lbeta", a, b), c("a", "b"))

#' @rdname torch_mathematics
#' @export
choose <- mask("choose", function(n, k) rule_of_special("choose", n, k), c("n", "k"))

#' @rdname torch_mathematics
#' @export
lchoose <- mask("lchoose", function(n, k) rule_of_special("lchoose", n, k), c("n", "k"))

rule_of_special <- function(name, x, y) {
  tensor_rule(is_torch_numeric(x) || is_torch_numeric(y), "special", name, lift(x), lift(y))
}

#' @rdname torch_mathematics
#' @export
matrix <- mask("matrix", function(data, nrow, ncol, byrow, dimnames, no_nrow, no_ncol) {
  check_flag(byrow, "byrow", sys.call(-1L))
  size <- length(data)
  if (no_nrow) nrow <- if (no_ncol) size else ceiling(size / ncol)
  if (no_ncol) ncol <- ceiling(size / nrow)
  if (is.null(dimnames)) {
    value <- dot_call(entries$numeric_rule, "matrix", list(data, nrow, ncol, byrow))
    if (!is.null(value)) return(value)
  }
  value <- tensor_rule(is_torch_numeric(data), "array", data, list(nrow, ncol), byrow)
  with_given_dimnames(value, dimnames)
}, "data")

# Of a plain tensor they are left out.
with_given_dimnames <- function(value, dimnames) {
  if (is_torch_numeric(value) && !is.null(dimnames)) dimnames(value) <- dimnames
  value
}

#' @rdname torch_mathematics
#' @export
array <- mask("array", function(data, dim, dimnames) {
  with_given_dimnames(tensor_rule(is_torch_numeric(data), "array", data, as.list(dim)), dimnames)
}, "data")

#' @rdname torch_mathematics
#' @export
drop <- mask("drop", function(x) {
  if (!is_torch_numeric(x)) return(x$squeeze())
  dims <- dim(x)
  shape <- dims[dims != 1L]
  found <- dimnames_at(x, vector("list", length(dims)), dims, TRUE)
  value <- rule("array", x, as.list(if (length(shape) > 0L) shape else length(x)))
  if (length(shape) > 1L) with_dimnames(value, found$dimnames) else as_numeric(value, found$names)
}, "x")

#' @rdname torch_mathematics
#' @export
chol2inv <- mask("chol2inv", function(x, size, LINPACK, no_size) { # nolint
  tensor_rule(is_torch_numeric(x), "inverse_of_cholesky", x, if (!no_size) size)
}, "x")

#' @rdname torch_mathematics
#' @export
backsolve <- mask("backsolve", function(r, x, k, upper.tri, transpose, no_k) { # nolint
  numeric <- is_torch_numeric(r) || is_torch_numeric(x)
  k <- if (!no_k) k
  tensor_rule(numeric, "triangular", as_operand(r), as_operand(x), k, upper.tri, transpose)
}, c("r", "x"))

#' @rdname torch_mathematics
#' @export
forwardsolve <- mask("forwardsolve", function(l, x, k, upper.tri, transpose, no_k) { # nolint
  numeric <- is_torch_numeric(l) || is_torch_numeric(x)
  k <- if (!no_k) k
  tensor_rule(numeric, "triangular", as_operand(l), as_operand(x), k, upper.tri, transpose)
}, c("l", "x"))
