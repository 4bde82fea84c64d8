# Derivatives of R functions, exact: numDeriv's verbs, and a few more.

#' Exact derivatives of R functions
#'
#' `grad()`, `jacobian()` and `hessian()` are called as those of package numDeriv, and give
#' derivatives that are exact to machine precision, because the function runs on tensors
#' ([as_torch_numeric()] says how) and PyTorch differentiates what it did. `value_and_grad()`
#' gives both at the price of one, `hvp()` the Hessian times a vector, `jvp()` the Jacobian times
#' a vector and `vjp()` a vector times the Jacobian, without the matrix.
#'
#' @section Arguments of the function:
#' `x` is handed to `func` as a whole. Further arguments keep their R values: data frames,
#' matrices, factors, numbers; vectors and matrices that meet a parameter are converted to
#' tensors once. A tensor among them is taken as the R array of its shape; on a GPU, it takes the
#' computation there.
#'
#' @section Called again:
#' R runs the function once; later calls repeat what it did to tensors, without R, and after a few
#' calls as one program with its derivatives: the same bits in a fraction of the time. They do so
#' only where nothing can have changed that the code names: the variables, functions and S3 methods
#' that it sees, its further arguments, the shape and names of `x`; and along each way through the
#' code that an `if` on a tensor has taken. A function made anew in a loop (a bootstrap, groups) is
#' the same function with other data: where these have the same types, lengths and attributes, R
#' does not run it again, and its own functions (`log(y)`, `y[g == 1]`, `mean(y)`) are called with
#' the new data; up to 16 ways are kept. What R's code looked at otherwise (an `if`, a loop's
#' bounds, strings) must be the same, or R runs it. What can't be known runs in R each time: code
#' that draws random numbers, assigns outside, prints, warns, asks for options, files or the time,
#' looks names up as text, calls a package or `package::name`, reads an environment, an active
#' binding or an object of a class of its own, or more than 1 MB of data ([torch_objective()] and
#' what uses it, such as [torch_mle()], may read 500 MB: they hold the data as long as they are
#' there).
#' What changes a vector behind R's back (`data.table::set()`, Rcpp, `share = TRUE`) is not seen.
#' `options(torchbridge.trace = FALSE)` switches it off; `options(torchbridge.verbose = TRUE)` says
#' why a function runs in R.
#'
#' @param func A function of `x` and further arguments. For `grad()`, `hessian()`,
#'   `value_and_grad()` and `hvp()` it must give one number; for `grad()` also as many numbers as
#'   `x` has where each depends on its own element of `x` only, such as `sin`. Or a function of
#'   [torch_compile()], whose evaluation calls no R.
#' @param x Where: numbers (a vector or array), a named list of them, or tensors.
#' @param v A vector: for `hvp()` and `jvp()` numbers shaped like `x`, for `vjp()` one number for
#'   each that `func` gives.
#' @param ... Further arguments of `func`.
#' @return `grad()`, `hvp()` and `vjp()`: numbers with the shape and names of `x`, a list where it
#'   is one. `value_and_grad()`: a list of `value` and `gradient`. `jacobian()`: a matrix, one row
#'   for each number that `func` gives, one column for each of `x`. `hessian()`: a symmetric matrix.
#'   `jvp()`: a vector. Where `x` is a tensor, they are tensors.
#'
#'   It is an error if `func` gives NaN or an infinite number, or if a derivative is NaN.
#' @seealso [torch_objective()] and [torch_optim()] to minimise, [torch_mle()] for estimates with
#'   standard errors.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' rosenbrock <- function(x) 100 * (x[2] - x[1]^2)^2 + (1 - x[1])^2
#' grad(rosenbrock, c(-1.2, 1))
#' hessian(rosenbrock, c(-1.2, 1))
#'
#' nll <- function(p, y) -sum(dnorm(y, p$mean, exp(p$log_sd), log = TRUE))
#' value_and_grad(nll, list(mean = 0, log_sd = 0), y = c(1, 2, 4))
#' @export
grad <- function(func, x, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  numbers <- derived_numbers("gradient", target, flat_numbers(target), call = call)
  if (!is.null(numbers)) return(numbers_like(numbers, target$skeleton))
  result <- derived("derivatives.gradient", target, target$x, call = call)
  like_parameters(result, target$skeleton)
}

#' @rdname grad
#' @export
value_and_grad <- function(func, x, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  numbers <- derived_numbers("value_and_grad", target, flat_numbers(target), call = call)
  if (!is.null(numbers)) {
    return(list(value = numbers[1L], gradient = numbers_like(numbers[-1L], target$skeleton)))
  }
  result <- derived("derivatives.value_and_grad", target, target$x, call = call)
  list(value = result[[1L]], gradient = like_parameters(result[[2L]], target$skeleton))
}

#' @rdname grad
#' @export
jacobian <- function(func, x, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  numbers <- derived_numbers("jacobian", target, flat_numbers(target), call = call)
  if (!is.null(numbers)) {
    return(like_matrix(base::matrix(numbers, ncol = n_numbers(x)), target$skeleton))
  }
  like_matrix(derived("derivatives.jacobian", target, target$x, call = call), target$skeleton)
}

#' @rdname grad
#' @export
hessian <- function(func, x, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  numbers <- derived_numbers("hessian", target, flat_numbers(target), call = call)
  if (!is.null(numbers)) return(like_matrix(square(numbers), target$skeleton, both = TRUE))
  result <- derived("derivatives.hessian", target, target$x, call = call)
  like_matrix(result, target$skeleton, both = TRUE)
}

#' @rdname grad
#' @export
hvp <- function(func, x, v, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  check_parameters(v, "v", call)
  numbers <- derived_numbers("hvp", target, flat_numbers(target), flat_vector(v), call = call)
  if (!is.null(numbers)) return(numbers_like(numbers, target$skeleton))
  result <- derived("derivatives.hvp", target, target$x, flat_tensor(v), call = call)
  like_parameters(result, target$skeleton)
}

#' @rdname grad
#' @export
vjp <- function(func, x, v, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  check_parameters(v, "v", call)
  numbers <- derived_numbers("vjp", target, flat_numbers(target), flat_vector(v), call = call)
  if (!is.null(numbers)) return(numbers_like(numbers, target$skeleton))
  result <- derived("derivatives.vjp", target, target$x, flat_tensor(v), call = call)
  like_parameters(result, target$skeleton)
}

#' @rdname grad
#' @export
jvp <- function(func, x, v, ...) {
  call <- sys.call()
  target <- differentiable(func, x, ..., call = call)
  check_parameters(v, "v", call)
  numbers <- derived_numbers("jvp", target, flat_numbers(target), flat_vector(v), call = call)
  if (!is.null(numbers)) return(numbers)
  result <- derived("derivatives.jvp", target, target$x, flat_tensor(v), call = call)
  if (is_tensor(target$skeleton)) result else as.vector(plain_values(result))
}

n_numbers <- function(x) sum(lengths(as_parts(x)))

# The vector that a verb wants, as plain numbers.
flat_vector <- function(v) as.double(unname(flat_values(v)))

square <- function(numbers) {
  n <- round(sqrt(length(numbers)))
  dim(numbers) <- c(n, n)
  numbers
}
