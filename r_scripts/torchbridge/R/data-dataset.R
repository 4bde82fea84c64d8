#' Datasets
#'
#' `dataset()` makes a class of datasets from R functions: how many items there are, and what
#' item `i` is. `tensor_dataset()` is the dataset of the rows of tensors, `dataset_subset()`
#' some items of another dataset. [dataloader()] makes batches of them.
#'
#' @section Methods:
#' * `initialize(...)` gets the arguments of the generator and keeps in `self` what is needed.
#' * `.length()` gives the number of items.
#' * `.getitem(i)` gives item `i`, counted from 1: a list, with or without names, of tensors,
#'   numbers, arrays or text.
#' * `.getbatch(i)` gives the items of several indices at once, as a batch: the same list
#'   with a first dim that counts the items. Where it is there, [dataloader()] calls it once a
#'   batch and never `.getitem`. One of the two is enough.
#'
#' Every other element of `...` is a method or a field too, `private` are those that only
#' methods see (`private$name`), `active` are functions that look like fields. Methods know
#' the object as `self` and the methods of the parent class as `super`.
#'
#' @section Items as tensors:
#' In a batch numbers are tensors: double float32, integer int64, logical bool, a factor int64
#' (codes from 1), dates and times float64. A single number of each item makes a tensor of one
#' dimension; a vector or array of each makes one dimension more than it has. NA in integer or
#' logical items is an error. Text stays a character vector.
#'
#' @section In Python:
#' `torchbridge.data.RDataset(dataset)` is the dataset for `torch.utils.data.DataLoader`.
#'
#' @param name Name of the class, or `NULL`.
#' @param inherit A generator whose methods and fields are taken over, or `NULL`.
#' @param ... For `dataset()`: methods and fields, with names. For `tensor_dataset()`: tensors
#'   whose first dim counts the items, with names if the batches shall have them. There are as
#'   many items as the first tensor has rows.
#' @param private,active Lists of private elements and active bindings, or `NULL`.
#' @param parent_env Where the functions find what they do not define.
#' @return `dataset()`: a generator, a function that makes datasets. The others: a dataset,
#'   with methods for `length()`, `[` and `[[`; `x[i]` is `.getbatch(i)` where there is one, a
#'   batch also for one `i`, and else `.getitem(i)`; `x[[i]]` is `.getitem(i)`. `$state_dict()`
#'   has the tensors among its fields, and
#'   `$load_state_dict(state, .refer_to_state_dict = TRUE)` puts them in their places.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' cars_dataset <- dataset(
#'   "cars_dataset",
#'   initialize = function(data) self$data <- data,
#'   .getitem = function(i) list(x = self$data$speed[i], y = self$data$dist[i]),
#'   .length = function() nrow(self$data)
#' )
#' cars_data <- cars_dataset(cars)
#' length(cars_data)
#' cars_data[1]
#' @export
dataset <- function(name = NULL, inherit = NULL, ..., private = NULL, active = NULL,
                    parent_env = parent.frame()) {
  new_generator(dataset_kind, name, inherit, list(...), private, active, parent_env, sys.call())
}

Dataset <- R6::R6Class( # nolint: object_name_linter.
  "dataset",
  lock_objects = FALSE,
  public = list(
    state_dict = function() {
      fields <- lapply(stats::setNames(nm = names(self)), function(name) .subset2(self, name))
      fields[vapply(fields, is_tensor, NA)]
    },
    load_state_dict = function(x, ..., .refer_to_state_dict = FALSE) {
      if (!isTRUE(.refer_to_state_dict)) {
        abort(
          sys.call(), "The tensors of a dataset are put in their places as they are: call ",
          "$load_state_dict(state, .refer_to_state_dict = TRUE)."
        )
      }
      list2env(x, envir = self)
      invisible()
    }
  )
)

dataset_kind <- class_kind("dataset", Dataset, "Dataset", "dataset_generator")

#' Datasets without a length
#'
#' A dataset that is read from its beginning to its end: a stream, a file too large to count.
#' [dataloader()] makes batches of it in the order in which the items come.
#'
#' @param name Name of the class, or `NULL`.
#' @param inherit A generator whose methods and fields are taken over, or `NULL`.
#' @param ... Methods and fields with names. `.iter()` must give a function that gives the next
#'   item each time it is called, and `coro::exhausted()` after the last, which is
#'   `as.symbol(".__exhausted__.")`; a generator of the package coro is such a function.
#'   `.length()` may give the number of items, where it is known.
#' @param private,active Lists of private elements and active bindings, or `NULL`.
#' @param parent_env Where the functions find what they do not define.
#' @return A generator, a function that makes datasets.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' countdown <- iterable_dataset(
#'   "countdown",
#'   initialize = function(from) self$from <- from,
#'   .iter = function() {
#'     i <- self$from + 1
#'     function() {
#'       i <<- i - 1
#'       if (i > 0) i else as.symbol(".__exhausted__.")
#'     }
#'   }
#' )
#' loader <- dataloader(countdown(5), batch_size = 2)
#' dataloader_next(dataloader_make_iter(loader))
#' @export
iterable_dataset <- function(name = NULL, inherit = NULL, ..., private = NULL, active = NULL,
                             parent_env = parent.frame()) {
  new_generator(iterable_kind, name, inherit, list(...), private, active, parent_env, sys.call())
}

IterableDataset <- R6::R6Class( # nolint: object_name_linter.
  "iterable_dataset",
  lock_objects = FALSE,
  public = list(.length = function() NA_integer_)
)

iterable_kind <- class_kind(
  "iterable_dataset", IterableDataset, "Dataset", "iterable_dataset_generator"
)

# ---- one dataset ----

#' @export
length.dataset <- function(x) {
  if (!is.function(x$.length)) abort(NULL, "This ", class(x)[1L], " has no `.length()` method.")
  checked_length(x$.length(), x)
}

#' @export
length.iterable_dataset <- function(x) {
  n <- x$.length()
  if (length(n) == 1L && is.na(n)) NA_integer_ else checked_length(n, x)
}

checked_length <- function(n, dataset) {
  if (!is_number(n) || n < 0 || n != trunc(n)) {
    abort(
      NULL, "`.length()` of this ", class(dataset)[1L], " must give a number of items, not ",
      friendly_type(n), "."
    )
  }
  if (n <= .Machine$integer.max) as.integer(n) else n
}

#' @export
`[.dataset` <- function(x, i) {
  i <- item_indices(x, i)
  if (is.function(x$.getbatch)) x$.getbatch(i) else one_item(x, i)
}

#' @export
`[[.dataset` <- function(x, i) {
  if (is.character(i)) return(.subset2(x, i))
  i <- item_indices(x, i)
  if (length(i) != 1L) {
    abort(sys.call(), "`i` must be one number: x[i] gives several items.")
  }
  one_item(x, i)
}

item_indices <- function(dataset, i, call = sys.call(-1L)) {
  if (is.list(i) && !is.object(i)) i <- unlist(i)
  check_indices(i, "i", known_size(dataset), call)
  as.integer(i)
}

# NA where a dataset does not say how many items it has: R torch asks only to count batches.
known_size <- function(dataset) {
  n <- if (is.function(dataset$.length)) dataset$.length()
  if (is.null(n)) NA else checked_length(n, dataset)
}

print_dataset <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  n <- tryCatch(length(x), error = function(condition) NA)
  size <- if (is.na(n)) "unknown length" else counted(n, "item")
  cat("<", class(x)[1L], "> of ", size, "\n", sep = "")
  invisible(x)
}

#' @export
print.dataset <- print_dataset

#' @export
print.iterable_dataset <- print_dataset

one_item <- function(dataset, i) {
  .getitem <- item_getter(dataset)
  .getitem(i)
}

# Looked up once for all items of a batch.
item_getter <- function(dataset) {
  if (is.function(dataset$.getitem)) return(dataset$.getitem)
  if (is.function(dataset$.getbatch)) return(dataset$.getbatch)
  abort(
    NULL, "This ", class(dataset)[1L], " has neither a `.getitem()` nor a `.getbatch()` method."
  )
}

# What torchbridge.data.RDataset calls: length, item and batch (or NULL).
dataset_functions <- function(dataset) {
  check_dataset(dataset, "dataset")
  if (inherits(dataset, "iterable_dataset")) {
    abort(sys.call(), "`dataset` must have a length: an iterable dataset has none.")
  }
  list(
    function() length(dataset),
    function(i) one_item(dataset, i),
    if (is.function(dataset$.getbatch)) function(i) dataset$.getbatch(as.integer(unlist(i)))
  )
}

check_dataset <- function(x, name, call = sys.call(-1L)) {
  if (is_generator(x)) {
    abort(call, "`", name, "` is a generator: call it to make a dataset.")
  }
  if (!inherits(x, c("dataset", "iterable_dataset"))) {
    abort(call, "`", name, "` must be a dataset, not ", friendly_type(x), ".")
  }
}

check_indices <- function(x, name, n, call = sys.call(-1L)) {
  if (length(x) > 0L && !is_wholes(x)) {
    abort(call, "`", name, "` must be whole numbers, not ", friendly_type(x), ".")
  }
  outside <- x < 1 | (!is.na(n) & x > n)
  if (any(outside)) {
    abort(
      call, "`", name, "` must be from 1 to ", n, ": there is no item ", x[outside][1L], "."
    )
  }
}
