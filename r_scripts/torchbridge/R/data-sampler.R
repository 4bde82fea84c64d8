# Tests: test-data-dataloader.R.

#' Samplers
#'
#' `sampler()` makes a class of samplers: which items an epoch takes, and in which order.
#'
#' @param name Name of the class, or `NULL`.
#' @param inherit A generator whose methods and fields are taken over, or `NULL`.
#' @param ... Methods and fields with names. `.iter()` must give a function that gives the next
#'   index (counted from 1; for a `batch_sampler` the indices of the next batch) each time it
#'   is called, and `coro::exhausted()` after the last, which is
#'   `as.symbol(".__exhausted__.")`. `.length()` gives the number of indices (or batches).
#' @param private,active Lists of private elements and active bindings, or `NULL`.
#' @param parent_env Where the functions find what they do not define.
#' @return A generator, a function that makes samplers for [dataloader()].
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' backwards <- sampler(
#'   "backwards",
#'   initialize = function(n) self$n <- n,
#'   .iter = function() {
#'     i <- self$n + 1
#'     function() {
#'       i <<- i - 1
#'       if (i > 0) i else as.symbol(".__exhausted__.")
#'     }
#'   },
#'   .length = function() self$n
#' )
#' x <- as_torch_tensor(c(1, 2, 3))
#' loader <- dataloader(tensor_dataset(x = x), sampler = backwards(3))
#' dataloader_next(dataloader_make_iter(loader))
#' @export
sampler <- function(name = NULL, inherit = NULL, ..., private = NULL, active = NULL,
                    parent_env = parent.frame()) {
  new_generator(Sampler, name, inherit, list(...), private, active, parent_env, sys.call())
}

Sampler <- R6::R6Class("sampler") # nolint: object_name_linter.

#' @export
length.sampler <- function(x) as.integer(x$.length())

#' @export
print.sampler <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat("<", class(x)[1L], ">\n", sep = "")
  invisible(x)
}

# What a sampler gives in one epoch: R's own (an object, a vector, a list) or Python's.
sampled <- function(sampler) {
  if (inherits(sampler, "python_object")) return(as.list(call_python("data.sampled", sampler)))
  call_python("data.draw_seed") # as Python's samplers are used
  if (!inherits(sampler, "sampler")) return(as.list(sampler))
  following <- sampler$.iter()
  found <- list()
  repeat {
    index <- following()
    if (is_exhausted(index)) return(found)
    found[[length(found) + 1L]] <- index
  }
}

sampler_length <- function(sampler) {
  if (inherits(sampler, "python_object")) sampler$`__len__`() else length(sampler)
}

check_sampler <- function(x, name, batches, n, call) {
  if (is.null(x) || inherits(x, c("python_object", "sampler"))) return(invisible())
  right <- if (batches) is.list(x) && all(vapply(x, is_wholes, NA)) else is_wholes(x)
  if (!right) {
    what <- if (batches) "a list of whole numbers" else "whole numbers"
    abort(call, "`", name, "` must be a sampler or ", what, ", not ", friendly_type(x), ".")
  }
  check_indices(unlist(x), name, n, call)
}
