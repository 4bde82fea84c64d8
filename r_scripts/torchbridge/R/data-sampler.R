# Tests: test-data-sampler.R.

#' Samplers
#'
#' `sampler()` makes a class of samplers: which items an epoch takes, and in which order.
#'
#' @param name Name of the class, or `NULL`.
#' @param inherit A generator whose methods and fields are taken over, or `NULL`.
#' @param ... Methods and fields with names. `.iter()` must give a function that gives the next
#'   index (counted from 1; for a `batch_sampler` the indices of the next batch) each time it
#'   is called, and `coro::exhausted()` after the last, which is
#'   `as.symbol(".__exhausted__.")`. It is called as batches are asked for, so that a sampler may
#'   go on without an end. `.iter_batch(batch_size)`, where there is one, gives such a function of
#'   the indices of whole batches. `.length()` gives the number of indices (or batches).
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
  new_generator(
    sampler_kind, name, inherit, list(...), private, active, parent_env, sys.call(),
    class = c(name, "torch_sampler")
  )
}

Sampler <- R6::R6Class( # nolint: object_name_linter.
  "utils_sampler",
  lock_objects = FALSE,
  public = list(initialize = function(data_source) NULL)
)

sampler_kind <- class_kind("sampler", Sampler, "Sampler", "torch_sampler")

# ---- those of a dataloader ----

SequentialSampler <- sampler( # nolint: object_name_linter.
  "utils_sampler_sequential",
  initialize = function(data_source) self$data_source <- data_source,
  .iter = function() over(epoch_order(self)),
  .length = function() length(self$data_source)
)

RandomSampler <- sampler( # nolint: object_name_linter.
  "utils_sampler_random",
  initialize = function(data_source) self$data_source <- data_source,
  .iter = function() over(epoch_order(self)),
  .length = function() length(self$data_source)
)

BatchSampler <- sampler( # nolint: object_name_linter.
  "utils_sampler_batch",
  initialize = function(sampler, batch_size, drop_last) {
    self$sampler <- sampler
    self$batch_size <- batch_size
    self$drop_last <- drop_last
  },
  .iter = function() {
    following <- batches_by(self$sampler, self$batch_size)
    function() {
      batch <- following()
      if (is_exhausted(batch) || length(batch) == self$batch_size || !self$drop_last) return(batch)
      exhausted()
    }
  },
  .length = function() {
    n <- sampler_length(self$sampler) / self$batch_size
    if (self$drop_last) floor(n) else ceiling(n)
  }
)

# Of datasets without a length: how many items a batch shall have, and nothing more.
InfiniteSampler <- sampler( # nolint: object_name_linter.
  "infinite_sampler",
  initialize = function() NULL,
  .iter = function() function() TRUE,
  .length = function() Inf
)

# ---- what a sampler gives ----

exhausted <- function() as.symbol(".__exhausted__.")

# The symbol stands for the end; as it is no value, it is in no variable.
is_exhausted <- function(x) identical(x, as.symbol(".__exhausted__."))

# An iterator over a vector or a list.
over <- function(x) {
  at <- 0L
  function() {
    if (at >= length(x)) return(exhausted())
    at <<- at + 1L
    x[[at]]
  }
}

# An iterator over parts of a vector.
slices <- function(x, size) {
  at <- 0
  function() {
    if (at >= length(x)) return(exhausted())
    from <- at + 1
    at <<- min(at + size, length(x))
    x[from:at]
  }
}

# An iterator over what a sampler gives in one epoch: R's own (an object, a vector, a list) or
# Python's.
sampled <- function(sampler) {
  order <- epoch_order(sampler)
  if (!is.null(order)) return(over(order))
  if (!inherits(sampler, "utils_sampler_batch")) call_python("data.draw_seed")
  sampler$.iter()
}

# All that a sampler gives in one epoch, where that is known at once; else NULL. PyTorch's
# generator is used as Python's samplers use it.
epoch_order <- function(sampler) {
  if (inherits(sampler, "python_object")) return(as.list(call_python("data.sampled", sampler)))
  if (!inherits(sampler, "utils_sampler")) {
    call_python("data.draw_seed")
    return(as.list(sampler))
  }
  shuffled <- is_shuffled(sampler)
  if (is.na(shuffled)) return(NULL)
  as.integer(call_python("data.order", length(sampler$data_source), shuffled))
}

# Whether a dataloader's own sampler takes a random order; NA of every other.
is_shuffled <- function(sampler) {
  switch(class(sampler)[1L], utils_sampler_sequential = FALSE, utils_sampler_random = TRUE, NA)
}

# An iterator over the indices of batches of some size, from a sampler of single ones.
batches_by <- function(sampler, size) {
  order <- epoch_order(sampler)
  if (!is.null(order)) return(slices(as.integer(unlist(order)), size))
  call_python("data.draw_seed")
  if (is.function(sampler$.iter_batch)) return(sampler$.iter_batch(size))
  following <- sampler$.iter()
  function() {
    batch <- list()
    while (length(batch) < size) {
      index <- following()
      if (is_exhausted(index)) break
      batch[[length(batch) + 1L]] <- index
    }
    if (length(batch) > 0L) as.integer(unlist(batch)) else exhausted()
  }
}

#' @export
length.utils_sampler <- function(x) {
  n <- x$.length()
  if (is_number(n) && n <= .Machine$integer.max) as.integer(n) else n
}

#' @export
print.utils_sampler <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat("<", class(x)[1L], ">\n", sep = "")
  invisible(x)
}

sampler_length <- function(sampler) {
  if (inherits(sampler, "python_object")) sampler$`__len__`() else length(sampler)
}

check_sampler <- function(x, name, batches, n, call) {
  if (is.null(x) || inherits(x, c("python_object", "utils_sampler"))) return(invisible())
  right <- if (batches) is.list(x) && all(vapply(x, is_wholes, NA)) else is_wholes(x)
  if (!right) {
    what <- if (batches) "a list of whole numbers" else "whole numbers"
    abort(call, "`", name, "` must be a sampler or ", what, ", not ", friendly_type(x), ".")
  }
  check_indices(unlist(x), name, n, call)
}
