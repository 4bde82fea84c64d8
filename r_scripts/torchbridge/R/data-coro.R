# Names that R's torch hands on from other packages: magrittr's pipe, and coro's loops.
# Tests: test-data-coro.R.

#' Loops of the package coro
#'
#' `loop(for (batch in loader) ...)`, `yield()` and `as_iterator()` are those of the package coro,
#' where it is installed; where it isn't, they say so. Without it, loop with
#' [dataloader_make_iter()] and [dataloader_next()]. What reticulate imported goes to its own
#' `as_iterator()`, where reticulate is attached.
#'
#' @param loop A `for` loop over a dataloader, an iterator or a vector.
#' @param x What to iterate over; of `yield()`, what a `coro::generator()` gives next.
#' @return As those of coro.
#' @examplesIf requireNamespace("coro", quietly = TRUE)
#' loop(for (i in 1:2) print(i))
#' @export
loop <- function(loop) {
  call <- sys.call()
  call[[1L]] <- of_coro("loop", sys.call())
  invisible(eval(call, parent.frame()))
}

#' @rdname loop
#' @export
yield <- function(x) {
  of_coro("yield", sys.call())
  abort(sys.call(), "yield() stands in a coro::generator(), and not in the arguments of a call.")
}

#' @rdname loop
#' @export
as_iterator <- function(x) {
  if (inherits(x, "python.builtin.object") &&
    !is.null(other <- stands_behind("as_iterator", as_iterator, FALSE))) {
    return(other(x))
  }
  of_coro("as_iterator", sys.call())(x)
}

# A function of coro, which is only suggested.
of_coro <- function(name, call) {
  package <- "coro"
  if (!requireNamespace(package, quietly = TRUE)) {
    abort(
      call, name, "() is that of the package coro, which is not installed: ",
      "install.packages(\"coro\"). Without it, loop with dataloader_make_iter() and ",
      "dataloader_next()."
    )
  }
  getExportedValue(package, name)
}

#' The pipe
#'
#' The pipe of the package magrittr: `x %>% f(y)` is `f(x, y)`.
#'
#' @param lhs A value.
#' @param rhs A call of a function, whose first argument it becomes.
#' @return What the call gives.
#' @name pipe
#' @examples
#' c(1, 4) %>% sqrt()
#' @importFrom magrittr %>%
#' @export %>%
#' @usage lhs \%>\% rhs
#' @aliases %>%
NULL
