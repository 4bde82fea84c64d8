# Functions of base R that are not generic, on tensors too. For ordinary values each is base's
# own function of the same name, called with the same arguments (missing ones stay missing).

#' R's mathematics on tensors
#'
#' R's own functions of these names for ordinary values; with a tensor among the arguments the
#' same function on tensors, differentiable. Functions that are generic in R (`exp`, `sum`, `c`,
#' `cbind`, `t`, `solve`, `chol`, `determinant` and so `det`, `mean`, `rep`, ...) work on tensors
#' by their methods.
#'
#' @param x,y,X,Y,a,b,k,n,l,r,data,test,yes,no Numbers, matrices or tensors, as in base R.
#' @param nrow,ncol,byrow,dimnames,dim,dims,FUN,upper.tri,transpose,size,LINPACK,names,drop
#'   As in base R. Tensors have no dimnames: they are left out. `FUN` of `outer()` is called once,
#'   on vectors.
#' @param na.rm `TRUE` leaves NaN out.
#' @param ... For `pmin()` and `pmax()` numbers or tensors; for `outer()` arguments of `FUN`.
#' @return As the function of base R, or a tensor where an argument is one.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' hessian(function(b) sum(rowSums(outer(b, 1:3))^2), c(1, 2))
#' @name torch_mathematics
#' @keywords math
NULL

# What a name means for S4 objects: the generic that a package (Matrix) has made of base's function.
of_s4 <- function(name) {
  generic <- methods::getGeneric(name)
  if (is.null(generic)) get(name, envir = baseenv()) else generic
}

# rule() for tensors that follow R, and for plain ones.
tensor_rule <- function(numeric, name, ...) {
  value <- bare_rule(name, ...)
  if (numeric) as_numeric(value) else value
}

#' @rdname torch_mathematics
#' @export
crossprod <- function(x, y = NULL, ...) {
  if (is_tensor(x) || is_tensor(y)) {
    check_no_dots(...)
    return(cross_product(x, y, FALSE))
  }
  if (!isS4(x) && !isS4(y)) return(base::crossprod(x, y, ...))
  if (is.null(y)) of_s4("crossprod")(x, ...) else of_s4("crossprod")(x, y, ...)
}

#' @rdname torch_mathematics
#' @export
tcrossprod <- function(x, y = NULL, ...) {
  if (is_tensor(x) || is_tensor(y)) {
    check_no_dots(...)
    return(cross_product(x, y, TRUE))
  }
  if (!isS4(x) && !isS4(y)) return(base::tcrossprod(x, y, ...))
  if (is.null(y)) of_s4("tcrossprod")(x, ...) else of_s4("tcrossprod")(x, y, ...)
}

cross_product <- function(x, y, transposed) {
  numeric <- is_torch_numeric(x) || is_torch_numeric(y)
  second <- if (!is.null(y)) as_operand(matrix_operand(y, x))
  tensor_rule(numeric, "crossprod", as_operand(matrix_operand(x, y)), second, transposed)
}

#' @rdname torch_mathematics
#' @export
diag <- function(x = 1, nrow, ncol, names = TRUE) {
  if (!is_tensor(x)) {
    # base::diag() counts its arguments.
    known <- if (isS4(x)) of_s4("diag") else base::diag
    return(if (nargs() == 1L && !missing(x)) known(x) else known(x, nrow, ncol, names))
  }
  if (length(dim(x)) == 2L && !(missing(nrow) && missing(ncol))) {
    abort(sys.call(), "`nrow` and `ncol` can't be given where `x` is a matrix.")
  }
  if (length(x) == 1L && missing(nrow) && missing(ncol) && length(dim(x)) < 2L) {
    abort(
      sys.call(), "`x` is a single number: diag(x) would be an identity matrix of that size. ",
      "Write diag(x, 1) for a matrix that holds it."
    )
  }
  tensor_rule(
    is_torch_numeric(x), "diagonal", x, if (!missing(nrow)) nrow, if (!missing(ncol)) ncol
  )
}

#' @rdname torch_mathematics
#' @export
outer <- function(X, Y, FUN = "*", ...) { # nolint: object_name_linter.
  product <- is.character(FUN) && identical(FUN, "*")
  # A name means what it means where outer() was called.
  if (!product) FUN <- match.fun(FUN) # nolint: object_name_linter.
  if (!is_tensor(X) && !is_tensor(Y)) return(base::outer(X, Y, FUN, ...))
  if (product) {
    numeric <- is_torch_numeric(X) || is_torch_numeric(Y)
    return(tensor_rule(numeric, "outer", as_operand(X), as_operand(Y)))
  }
  shape <- c(shape_of(X), shape_of(Y))
  x <- rep(flat(X), times = length(Y))
  y <- rep(flat(Y), each = length(X))
  result <- FUN(x, y, ...)
  if (length(result) != length(x)) {
    abort(sys.call(), "`FUN` must give as many numbers as it gets, not ", length(result), ".")
  }
  rule("array", as_operand(result), as.list(shape))
}

shape_of <- function(x) if (is.null(dim(x))) length(x) else dim(x)

flat <- function(x) if (is_tensor(x)) rule("flat", x) else as.vector(x)

#' @rdname torch_mathematics
#' @export
rowSums <- function(x, na.rm = FALSE, dims = 1L, ...) { # nolint: object_name_linter.
  if (is_tensor(x)) return(margin("rowSums", x, na.rm, dims, ...))
  if (isS4(x)) of_s4("rowSums")(x, na.rm, dims, ...) else base::rowSums(x, na.rm, dims, ...)
}

#' @rdname torch_mathematics
#' @export
colSums <- function(x, na.rm = FALSE, dims = 1L, ...) { # nolint: object_name_linter.
  if (is_tensor(x)) return(margin("colSums", x, na.rm, dims, ...))
  if (isS4(x)) of_s4("colSums")(x, na.rm, dims, ...) else base::colSums(x, na.rm, dims, ...)
}

#' @rdname torch_mathematics
#' @export
rowMeans <- function(x, na.rm = FALSE, dims = 1L, ...) { # nolint: object_name_linter.
  if (is_tensor(x)) return(margin("rowMeans", x, na.rm, dims, ...))
  if (isS4(x)) of_s4("rowMeans")(x, na.rm, dims, ...) else base::rowMeans(x, na.rm, dims, ...)
}

#' @rdname torch_mathematics
#' @export
colMeans <- function(x, na.rm = FALSE, dims = 1L, ...) { # nolint: object_name_linter.
  if (is_tensor(x)) return(margin("colMeans", x, na.rm, dims, ...))
  if (isS4(x)) of_s4("colMeans")(x, na.rm, dims, ...) else base::colMeans(x, na.rm, dims, ...)
}

margin <- function(name, x, na_rm, dims, ..., call = sys.call(-1L)) {
  check_no_dots(..., call = call)
  check_flag(na_rm, "na.rm", call)
  tensor_rule(is_torch_numeric(x), "margins", name, x, na_rm, dims)
}

#' @rdname torch_mathematics
#' @export
ifelse <- function(test, yes, no) {
  needs_yes <- needs_no <- TRUE
  if (!is_tensor(test)) {
    # Like base's, this looks only at a branch that some element takes.
    taken <- as.logical(test)
    needs_yes <- any(taken, na.rm = TRUE)
    needs_no <- !all(taken, na.rm = TRUE)
    tensors <- (needs_yes && is_tensor(yes)) || (needs_no && is_tensor(no))
    if (!tensors) return(base::ifelse(test, yes, no))
    if (anyNA(taken)) abort(sys.call(), "`test` must not have NA.")
  }
  yes <- if (needs_yes) yes else 0
  no <- if (needs_no) no else 0
  numeric <- is_torch_numeric(test) || is_torch_numeric(yes) || is_torch_numeric(no)
  tensor_rule(numeric, "chosen", as_operand(test), lift(yes), lift(no))
}

#' @rdname torch_mathematics
#' @export
pmin <- function(..., na.rm = FALSE) { # nolint: object_name_linter.
  if (any_tensor(...)) extreme("pmin", list(...), na.rm) else base::pmin(..., na.rm = na.rm)
}

#' @rdname torch_mathematics
#' @export
pmax <- function(..., na.rm = FALSE) { # nolint: object_name_linter.
  if (any_tensor(...)) extreme("pmax", list(...), na.rm) else base::pmax(..., na.rm = na.rm)
}

extreme <- function(name, parts, na_rm) {
  numeric <- any(vapply(parts, is_torch_numeric, NA))
  tensor_rule(numeric, "extreme", name, unname(lapply(parts, lift)), na_rm)
}

any_tensor <- function(...) {
  for (i in seq_len(...length())) if (is_tensor(...elt(i))) return(TRUE)
  FALSE
}

#' @rdname torch_mathematics
#' @export
beta <- function(a, b) {
  if (is_tensor(a) || is_tensor(b)) rule_of_special("beta", a, b) else base::beta(a, b)
}

#' @rdname torch_mathematics
#' @export
lbeta <- function(a, b) {
  if (is_tensor(a) || is_tensor(b)) rule_of_special("lbeta", a, b) else base::lbeta(a, b)
}

#' @rdname torch_mathematics
#' @export
choose <- function(n, k) {
  if (is_tensor(n) || is_tensor(k)) rule_of_special("choose", n, k) else base::choose(n, k)
}

#' @rdname torch_mathematics
#' @export
lchoose <- function(n, k) {
  if (is_tensor(n) || is_tensor(k)) rule_of_special("lchoose", n, k) else base::lchoose(n, k)
}

rule_of_special <- function(name, x, y) {
  tensor_rule(is_torch_numeric(x) || is_torch_numeric(y), "special", name, lift(x), lift(y))
}

#' @rdname torch_mathematics
#' @export
matrix <- function(data = NA, nrow = 1, ncol = 1, byrow = FALSE, dimnames = NULL) {
  if (!is_tensor(data)) {
    # base::matrix() asks which of them are missing.
    return(if (missing(nrow) && missing(ncol)) {
      base::matrix(data, byrow = byrow, dimnames = dimnames)
    } else if (missing(nrow)) {
      base::matrix(data, ncol = ncol, byrow = byrow, dimnames = dimnames)
    } else if (missing(ncol)) {
      base::matrix(data, nrow, byrow = byrow, dimnames = dimnames)
    } else {
      base::matrix(data, nrow, ncol, byrow, dimnames)
    })
  }
  check_flag(byrow, "byrow")
  size <- length(data)
  if (missing(nrow)) nrow <- if (missing(ncol)) size else ceiling(size / ncol)
  if (missing(ncol)) ncol <- ceiling(size / nrow)
  tensor_rule(is_torch_numeric(data), "array", data, list(nrow, ncol), byrow)
}

#' @rdname torch_mathematics
#' @export
array <- function(data = NA, dim = length(data), dimnames = NULL) {
  if (!is_tensor(data)) return(base::array(data, dim, dimnames))
  tensor_rule(is_torch_numeric(data), "array", data, as.list(dim))
}

#' @rdname torch_mathematics
#' @export
drop <- function(x) {
  if (!is_tensor(x)) return(base::drop(x))
  if (!is_torch_numeric(x)) return(x$squeeze())
  shape <- dim(x)[dim(x) != 1L]
  rule("array", x, as.list(if (length(shape) > 0L) shape else length(x)))
}

#' @rdname torch_mathematics
#' @export
chol2inv <- function(x, size = NCOL(x), LINPACK = FALSE) { # nolint: object_name_linter.
  if (is_tensor(x)) {
    tensor_rule(is_torch_numeric(x), "inverse_of_cholesky", x, if (!missing(size)) size)
  } else if (isS4(x)) {
    of_s4("chol2inv")(x)
  } else if (missing(LINPACK)) {
    base::chol2inv(x, size)
  } else {
    base::chol2inv(x, size, LINPACK)
  }
}

#' @rdname torch_mathematics
#' @export
backsolve <- function(r, x, k = ncol(r), upper.tri = TRUE, transpose = FALSE) { # nolint
  if (is_tensor(r) || is_tensor(x)) {
    numeric <- is_torch_numeric(r) || is_torch_numeric(x)
    k <- if (!missing(k)) k
    tensor_rule(numeric, "triangular", as_operand(r), as_operand(x), k, upper.tri, transpose)
  } else {
    base::backsolve(r, x, k, upper.tri, transpose)
  }
}

#' @rdname torch_mathematics
#' @export
forwardsolve <- function(l, x, k = ncol(l), upper.tri = FALSE, transpose = FALSE) { # nolint
  if (is_tensor(l) || is_tensor(x)) {
    numeric <- is_torch_numeric(l) || is_torch_numeric(x)
    k <- if (!missing(k)) k
    tensor_rule(numeric, "triangular", as_operand(l), as_operand(x), k, upper.tri, transpose)
  } else {
    base::forwardsolve(l, x, k, upper.tri, transpose)
  }
}
