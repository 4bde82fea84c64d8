# R's decompositions of matrices on tensors, inside a differentiated function. Vectors have the
# signs of R's own, which is asked for the numbers' decomposition.
# Tests: test-autodiff-rules.R.

decomposition_constructs <- list(
  eigen = function(x, symmetric, only.values = FALSE, EISPACK = FALSE) { # nolint
    if (!is_tensor(x)) return(base::eigen(x, symmetric, only.values, EISPACK))
    told <- !missing(symmetric)
    if (told && isTRUE(symmetric) && only.values) {
      return(eigen_result("decompositions.eigen_symmetric", x, TRUE, NULL))
    }
    plain <- plain_values(x)
    if (!told) symmetric <- isSymmetric(plain)
    known <- base::eigen(plain, symmetric, only.values)
    vectors <- if (!only.values) as_torch_tensor(known$vectors)
    if (symmetric) return(eigen_result("decompositions.eigen_symmetric", x, told, vectors))
    eigen_result("decompositions.eigen_general", x, as_torch_tensor(known$values), vectors)
  },
  svd = function(x, nu = min(nrow(x), ncol(x)), nv = min(nrow(x), ncol(x)), LINPACK = FALSE) { # nolint
    if (!is_tensor(x)) return(base::svd(x, nu, nv))
    x <- as.matrix(x)
    size <- min(dim(x))
    if (nu > size || nv > size) {
      stop("`nu` and `nv` must be at most ", size, ": further vectors are any of a space's, and ",
        "have no derivative",
        call. = FALSE
      )
    }
    if (nu == 0 && nv == 0) return(list(d = decomposition("decompositions.singular_values", x)))
    parts <- decomposition("decompositions.svd", x, as_torch_tensor(base::svd(plain_values(x))$u))
    c(
      list(d = parts[[1L]]), if (nu > 0) list(u = parts[[2L]][, seq_len(nu), drop = FALSE]),
      if (nv > 0) list(v = parts[[3L]][, seq_len(nv), drop = FALSE])
    )
  },
  norm = function(x, type = c("O", "I", "F", "M", "2")) {
    if (!is_tensor(x)) return(base::norm(x, type))
    kind <- match(toupper(substr(type[1L], 1L, 1L)), c("O", "1", "I", "F", "E", "M", "2"))
    if (is.na(kind)) stop("invalid 'type'", call. = FALSE)
    decomposition("decompositions.norm", x, c("O", "O", "I", "F", "F", "M", "2")[kind])
  },
  det = function(x, ...) {
    if (!is_tensor(x)) return(base::det(x, ...))
    check_no_dots(...)
    decomposition("decompositions.determinant", x)
  },
  fft = function(z, inverse = FALSE) {
    if (is_tensor(z)) transformed(z, inverse, FALSE) else stats::fft(z, inverse)
  },
  mvfft = function(z, inverse = FALSE) {
    if (is_tensor(z)) transformed(z, inverse, TRUE) else stats::mvfft(z, inverse)
  }
)

decomposition <- function(name, ...) {
  value <- python_rule(name, ...)
  if (is.list(value)) lapply(value, as_numeric) else as_numeric(value)
}

eigen_result <- function(name, ...) {
  parts <- decomposition(name, ...)
  structure(list(values = parts[[1L]], vectors = parts[[2L]]), class = "eigen")
}

transformed <- function(z, inverse, columns) {
  inverse <- !is.na(inverse) && !isFALSE(as.logical(inverse))
  decomposition("decompositions.fourier", z, inverse, columns)
}

# ---- QR ----

#' @export
qr.torch_numeric <- function(x, tol = 1e-07, LAPACK = FALSE, ...) { # nolint: object_name_linter.
  check_no_dots(...)
  x <- as.matrix(x)
  known <- base::qr.default(plain_values(x), tol = tol, LAPACK = LAPACK)
  if (!LAPACK && known$rank < min(dim(x))) {
    stop("`x` has rank ", known$rank, ": its QR decomposition has no derivative", call. = FALSE)
  }
  pivoted <- x[, known$pivot, drop = FALSE]
  parts <- decomposition("decompositions.qr", pivoted, as_torch_tensor(base::qr.Q(known)))
  structure(
    list(q = parts[[1L]], r = parts[[2L]], rank = known$rank, pivot = known$pivot),
    class = "torch_qr"
  )
}

qr_constructs <- list(
  qr.Q = function(qr, complete = FALSE, ...) { # nolint: object_name_linter.
    if (!inherits(qr, "torch_qr")) return(base::qr.Q(qr, complete, ...))
    check_no_dots(...)
    if (complete && nrow(qr$q) > ncol(qr$q)) {
      stop("`complete`: the further columns are any of a space's, and have no derivative",
        call. = FALSE
      )
    }
    qr$q
  },
  qr.R = function(qr, complete = FALSE, ...) { # nolint: object_name_linter.
    if (!inherits(qr, "torch_qr")) return(base::qr.R(qr, complete, ...))
    check_no_dots(...)
    missing <- nrow(qr$q) - nrow(qr$r)
    if (complete && missing > 0L) rbind(qr$r, base::matrix(0, missing, ncol(qr$r))) else qr$r
  },
  qr.X = function(qr, complete = FALSE, ncol = NULL) { # nolint: object_name_linter.
    if (!inherits(qr, "torch_qr")) {
      return(if (is.null(ncol)) base::qr.X(qr, complete) else base::qr.X(qr, complete, ncol))
    }
    if (complete || !is.null(ncol)) stop("`complete` and `ncol` are not for tensors", call. = FALSE)
    (qr$q %*% qr$r)[, order(qr$pivot), drop = FALSE]
  },
  qr.coef = function(qr, y) {
    if (inherits(qr, "torch_qr")) return(qr_coefficients(qr, y))
    if (is_tensor(y)) qr_coefficients(of_numbers(qr), y) else base::qr.coef(qr, y)
  },
  qr.fitted = function(qr, y, k = qr$rank) {
    if (!inherits(qr, "torch_qr") && !is_tensor(y)) return(base::qr.fitted(qr, y, k))
    if (!inherits(qr, "torch_qr")) qr <- of_numbers(qr)
    if (k != qr$rank) stop("`k` is not for tensors", call. = FALSE)
    like_response(qr$q %*% crossprod(qr$q, y), y)
  },
  qr.resid = function(qr, y) {
    if (!inherits(qr, "torch_qr") && !is_tensor(y)) return(base::qr.resid(qr, y))
    y - qr_constructs$qr.fitted(qr, y)
  },
  qr.qty = function(qr, y) {
    if (!inherits(qr, "torch_qr") && !is_tensor(y)) return(base::qr.qty(qr, y))
    if (!inherits(qr, "torch_qr")) qr <- of_numbers(qr)
    check_square(qr, "crossprod(qr.Q(qr), y)")
    like_response(crossprod(qr$q, y), y)
  },
  qr.qy = function(qr, y) {
    if (!inherits(qr, "torch_qr") && !is_tensor(y)) return(base::qr.qy(qr, y))
    if (!inherits(qr, "torch_qr")) qr <- of_numbers(qr)
    check_square(qr, "qr.Q(qr) %*% y")
    like_response(qr$q %*% y, y)
  },
  qr.solve = function(a, b, tol = 1e-7) {
    tensors <- is_tensor(a) || inherits(a, "torch_qr") || (!missing(b) && is_tensor(b))
    if (!tensors) return(base::qr.solve(a, b, tol))
    if (!inherits(a, c("qr", "torch_qr"))) a <- qr(a, tol = tol)
    if (missing(b)) b <- base::diag(1, nrow(if (is_tensor(a$q)) a$q else a$qr))
    qr_constructs$qr.coef(a, b)
  }
)

# A decomposition of plain numbers, for a response that is a tensor.
of_numbers <- function(qr) {
  structure(
    list(q = base::qr.Q(qr), r = base::qr.R(qr), rank = qr$rank, pivot = qr$pivot),
    class = "torch_qr"
  )
}

qr_coefficients <- function(qr, y) {
  if (nrow(qr$r) < ncol(qr$r) || qr$rank < ncol(qr$r)) {
    stop("`qr` has fewer independent rows than columns: there are many solutions", call. = FALSE)
  }
  b <- backsolve(qr$r, crossprod(qr$q, y))
  like_response(b[order(qr$pivot), , drop = FALSE], y)
}

#' @export
solve.torch_qr <- function(a, b, ...) {
  check_no_dots(...)
  if (missing(b)) qr_constructs$qr.solve(a) else qr_constructs$qr.solve(a, b)
}

# A vector where the response is one.
like_response <- function(x, y) if (length(dim(y)) == 2L) x else flat(x)

check_square <- function(qr, instead) {
  if (nrow(qr$q) > ncol(qr$q)) {
    stop("a full Q has no derivative for more rows than columns; write ", instead, call. = FALSE)
  }
}

# ---- complex numbers ----

#' @export
Complex.torch_numeric <- function(z) decomposition("decompositions.complex_part", z, .Generic)
