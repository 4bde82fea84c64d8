#' Batches of a dataset
#'
#' A dataloader gives the items of a dataset in batches: in order, shuffled, or as a sampler
#' says. It is used up by looping, in one of three ways, as often as wanted.
#'
#' @section Looping:
#' ```r
#' coro::loop(for (batch in loader) { ... })         # with the package coro
#'
#' iter <- dataloader_make_iter(loader)
#' while (!is.null(batch <- dataloader_next(iter))) { ... }
#'
#' for (batch in enumerate(loader)) { ... }
#' ```
#' The last is R's own `for`, and deprecated, as in R's torch: it warns. Its batches are fetched
#' one at a time, when the loop first looks at them, and only the current one is there: to keep a
#' batch for later, keep `as.list(batch)`.
#'
#' A dataloader also has `$.iter()`, which makes an iterator, whose `$.next()` gives the next batch
#' (and `coro::exhausted()` after the last), and `$.length()`; its arguments are fields, such as
#' `loader$batch_size`. `loader$batch_sampler` says which items make up each batch;
#' `loader$batch_sampler$sampler` in which order they are taken.
#'
#' @section Shuffling:
#' [PyTorch's generator][torchbridge-package] decides the order, so `torch_manual_seed()` makes
#' it reproducible: the batches are those of Python's `DataLoader` at the same seed. R's
#' `set.seed()` has no part in it.
#'
#' @section Speed:
#' Batches of a [tensor_dataset()], and of a [dataset_subset()] of one, are gathered by index on
#' the device where the tensors are, without a call of R. Otherwise R is called once a batch
#' where the dataset has `.getbatch`, and once an item where it has only `.getitem`.
#'
#' @section Workers:
#' With `num_workers` above 0 the R code of the dataset runs ahead in as many forks of this
#' process, as in `parallel::mclapply()`. It pays for items that take long to make, such as
#' images to be read and decoded. What the dataset changes in itself stays in the fork. A batch
#' may have any values of R's; its tensors arrive without their graph. There are no forks on
#' Windows, and none can use a GPU. For rows of tensors there is nothing to do ahead: they are
#' gathered at once, without workers.
#'
#' Every worker has a list `.worker_info` in its global environment, of `id` (from 1), `workers`
#' (how many there are) and `seed`. R's generator and PyTorch's start there from `seed`, which is
#' drawn from R's generator: `set.seed()` makes what workers draw reproducible. Then the
#' packages are attached, the globals put into the global environment, and `worker_init_fn(id)` is
#' called. An error in a worker, its end, and a batch that does not come in time are errors of
#' class `runtime_error`.
#'
#' @param dataset A [dataset()], or a dataset that is written in Python.
#' @param batch_size Items a batch. The last batch has what is left. `NULL`: each item by itself,
#'   without the dim that counts items.
#' @param shuffle `TRUE` for a new random order in every epoch. Without effect on an
#'   [iterable_dataset()].
#' @param sampler Which items in which order, in place of `shuffle`: a vector of numbers
#'   counted from 1, a [sampler()], or a sampler of Python's.
#' @param batch_sampler Likewise for whole batches, in place of `batch_size`, `shuffle`,
#'   `sampler` and `drop_last`: a list of vectors, a [sampler()] that gives vectors, or a batch
#'   sampler of Python's.
#' @param num_workers Number of processes that make batches ahead of time; see Workers.
#' @param collate_fn A function of a list of items (of the batch, where the dataset has
#'   `.getbatch`) that gives the batch. `NULL`: see [dataset()].
#' @param pin_memory `TRUE` puts batches where a copy to the GPU is fast. Without a GPU it warns,
#'   once a session, and has no effect.
#' @param drop_last `TRUE` leaves out a last batch that is not full.
#' @param timeout Milliseconds to wait for a worker's batch; -1 for ever.
#' @param worker_init_fn A function of the worker's number, from 1, that each worker calls
#'   first, or `NULL`.
#' @param worker_globals Names of objects that the workers shall have in their global
#'   environment, or a list of objects with names. (A fork has all that is there when an epoch
#'   begins; this puts it where every function finds it.)
#' @param worker_packages Names of packages that the workers shall attach.
#' @param dataloader,x A dataloader.
#' @param iter An iterator that `dataloader_make_iter()` made.
#' @param completed What `dataloader_next()` gives after the last batch.
#' @param max_len How many batches to list where their number is not known.
#' @param ... Not used.
#' @return `dataloader()`: a dataloader, whose `length()` is the number of batches (NA where
#'   the dataset has no length). `dataloader_make_iter()`: an iterator, a function that gives
#'   the next batch and `coro::exhausted()` after the last. `dataloader_next()`: a batch, or
#'   `completed`. `enumerate()`: a list for R's `for`.
#' @seealso [dataset()] for what a batch is made of.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(as.matrix(cars), dtype = "float32")
#' loader <- dataloader(tensor_dataset(x = x), batch_size = 16)
#' length(loader)
#' iter <- dataloader_make_iter(loader)
#' while (!is.null(batch <- dataloader_next(iter))) print(dim(batch$x))
#' @export
dataloader <- function(dataset, batch_size = 1, shuffle = FALSE, sampler = NULL,
                       batch_sampler = NULL, num_workers = 0, collate_fn = NULL,
                       pin_memory = FALSE, drop_last = FALSE, timeout = -1,
                       worker_init_fn = NULL, worker_globals = NULL, worker_packages = NULL) {
  call <- sys.call()
  if (!inherits(dataset, "python_object")) check_dataset(dataset, "dataset")
  size <- if (inherits(dataset, "dataset")) length(dataset) else NA
  if (!is.null(batch_size)) check_count(batch_size, "batch_size", 1)
  check_flag(shuffle, "shuffle")
  check_sampler(sampler, "sampler", FALSE, size, call)
  check_sampler(batch_sampler, "batch_sampler", TRUE, size, call)
  check_count(num_workers, "num_workers", 0)
  check_function(collate_fn, "collate_fn")
  check_flag(pin_memory, "pin_memory")
  check_flag(drop_last, "drop_last")
  if (!is_number(timeout)) {
    abort(call, "`timeout` must be a number of milliseconds, not ", friendly_type(timeout), ".")
  }
  check_function(worker_init_fn, "worker_init_fn")
  if (!is.null(sampler) && shuffle) abort(call, "`shuffle` and `sampler` exclude each other.")
  batched <- !missing(batch_size) || shuffle || !is.null(sampler) || drop_last
  if (!is.null(batch_sampler) && batched) {
    abort(
      call, "`batch_sampler` decides the batches: leave out `batch_size`, `shuffle`, `sampler` ",
      "and `drop_last`."
    )
  }
  DataLoader$new(list(
    dataset = dataset, batch_size = if (!is.null(batch_size)) as.integer(batch_size),
    shuffle = shuffle, sampler = sampler, batch_sampler = batch_sampler,
    num_workers = as.integer(num_workers), collate_fn = collate_fn, pin_memory = pin_memory,
    drop_last = drop_last, timeout = timeout, worker_init_fn = worker_init_fn,
    worker_globals = globals_of(worker_globals, parent.frame(), call),
    worker_packages = checked_packages(worker_packages, call)
  ), call)
}

# An environment, so that for (batch in loader) is an error and not a loop over a list. Fields
# may be changed; an epoch goes by what they are when it begins.
DataLoader <- R6::R6Class( # nolint: object_name_linter.
  "dataloader",
  lock_objects = FALSE,
  public = list(
    initialize = function(arguments, call) {
      list2env(arguments, envir = self)
      private$given <- arguments
      # Once, as PyTorch does: packages ask for it with every loader.
      if (self$pin_memory && !isTRUE(the$told_of_pinning) && !call_python("data.can_pin")) {
        the$told_of_pinning <- TRUE
        warning(simpleWarning(
          "`pin_memory` has no effect: there is no GPU to which batches could be copied.", call
        ))
      }
      if (inherits(self$dataset, "python_object")) {
        private$python <- python_loader(self$dataset, arguments, self$.pins, call)
      } else {
        check_source(self, call)
        # Made when asked for: rows of tensors are gathered without a sampler.
        if (is.null(self$sampler)) delayedAssign("sampler", own_sampler(self), assign.env = self)
        if (is.null(self$batch_sampler) && !is.null(self$batch_size)) {
          delayedAssign(
            "batch_sampler", BatchSampler(self$sampler, self$batch_size, self$drop_last),
            assign.env = self
          )
        }
      }
    },
    .iter = function() {
      following <- if (is.null(private$python)) {
        iterate_dataset(self)
      } else {
        until_null(call_python("data.python_batches", private$python))
      }
      structure(following, class = "dataloader_iter", loader = self)
    },
    .length = function() {
      if (is.null(private$python)) return(number_of_batches(self))
      tryCatch(private$python$`__len__`(), python_error = function(condition) NA_integer_)
    },
    # The arguments as they were given.
    .arguments = function() private$given
  ),
  active = list(
    .dataset_kind = function() if (inherits(self$dataset, "dataset")) "map" else "iterable",
    .has_getbatch = function() is.function(self$dataset$.getbatch),
    .auto_collation = function() !is.null(self$batch_sampler) && !self$.has_getbatch,
    .index_sampler = function() {
      if (is.null(self$batch_sampler)) self$sampler else self$batch_sampler
    },
    .pins = function() self$pin_memory && call_python("data.can_pin")
  ),
  private = list(given = NULL, python = NULL)
)

own_sampler <- function(loader) {
  if (loader$.dataset_kind == "iterable") return(InfiniteSampler())
  if (loader$shuffle) RandomSampler(loader$dataset) else SequentialSampler(loader$dataset)
}

#' @rdname dataloader
#' @export
dataloader_make_iter <- function(dataloader) {
  if (!inherits(dataloader, "dataloader")) {
    abort(sys.call(), "`dataloader` must be a dataloader, not ", friendly_type(dataloader), ".")
  }
  dataloader$.iter()
}

#' @rdname dataloader
#' @export
dataloader_next <- function(iter, completed = NULL) {
  if (!inherits(iter, "dataloader_iter")) {
    abort(
      sys.call(), "`iter` must be what dataloader_make_iter() gives, not ", friendly_type(iter), "."
    )
  }
  batch <- iter()
  if (is_exhausted(batch)) completed else batch
}

#' @export
length.dataloader <- function(x) x$.length()

#' @export
print.dataloader <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  n <- length(x)
  given <- x$.arguments()
  order <- if (x$shuffle) ", shuffled" else if (!is.null(given$sampler)) ", by a sampler"
  batches <- if (is.na(n)) "batches" else counted(n, "batch")
  of <- if (is.null(given$batch_sampler) && !is.null(x$batch_size)) paste(" of", x$batch_size)
  cat("<dataloader> of ", sub("batchs", "batches", batches), of, order, ", from\n", sep = "")
  print(x$dataset)
  invisible(x)
}

#' @export
print.dataloader_iter <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat("<dataloader_iter>\n")
  invisible(x)
}

#' @export
`$.dataloader_iter` <- function(x, name) {
  switch(name,
    .next = function() x(),
    .iter = function() x,
    .length = function() length(attr(x, "loader")$.index_sampler),
    NULL
  )
}

#' @rawNamespace S3method(coro::as_iterator,dataloader)
as_iterator.dataloader <- function(x) x$.iter() # nolint: object_name_linter.

#' @rawNamespace S3method(coro::as_iterator,iterable_dataset)
as_iterator.iterable_dataset <- function(x) x$.iter() # nolint: object_name_linter.

#' @rawNamespace S3method(coro::as_iterator,utils_sampler)
as_iterator.utils_sampler <- function(x) x$.iter() # nolint: object_name_linter.

# ---- R's for ----

#' @rdname dataloader
#' @export
enumerate <- function(x, ...) UseMethod("enumerate")

#' @rdname dataloader
#' @export
enumerate.dataloader <- function(x, max_len = NULL, ...) {
  check_no_dots(...)
  warning(structure(
    class = c("deprecated", "warning", "condition"),
    list(
      message = paste0(
        "enumerate() is deprecated: loop with coro::loop(for (batch in loader) ...), or with ",
        "dataloader_make_iter() and dataloader_next()."
      ),
      call = sys.call()
    )
  ))
  n <- length(x)
  if (is.na(n) && !is.null(max_len)) {
    check_count(max_len, "max_len", 0)
    n <- max_len
  }
  if (is.na(n)) {
    abort(
      sys.call(), "The number of batches is not known: loop with dataloader_make_iter() and ",
      "dataloader_next(), or give `max_len`."
    )
  }
  loop <- list2env(list(following = dataloader_make_iter(x), at = 0L, batch = NULL))
  lapply(seq_len(n), function(i) structure(list(i, loop), class = "enumerated_batch"))
}

# The batch itself, fetched when first looked at.
batch_of <- function(x) {
  i <- unclass(x)[[1L]]
  loop <- unclass(x)[[2L]]
  while (loop$at < i) {
    loop$batch <- loop$following()
    loop$at <- loop$at + 1L
  }
  if (loop$at > i) {
    abort(
      NULL, "Batch ", i, " is gone: enumerate() keeps the current one, which is ", loop$at, ".\n",
      "Use `as.list(batch)` in the loop to keep a batch."
    )
  }
  if (is_exhausted(loop$batch)) abort(NULL, "The dataset gave fewer batches than its length says.")
  loop$batch
}

#' @export
`$.enumerated_batch` <- function(x, name) as.list(x)[[name]]

#' @export
`[[.enumerated_batch` <- function(x, i) as.list(x)[[i]]

#' @export
`[.enumerated_batch` <- function(x, i) as.list(x)[i]

#' @export
length.enumerated_batch <- function(x) length(as.list(x))

#' @export
names.enumerated_batch <- function(x) names(as.list(x))

#' @export
as.list.enumerated_batch <- function(x, ...) {
  batch <- batch_of(x)
  if (is.list(batch) && !is_tensor(batch)) batch else list(batch)
}

#' @export
print.enumerated_batch <- function(x, ...) {
  print(batch_of(x), ...)
  invisible(x)
}

# ---- checks ----

check_count <- function(x, name, least, call = sys.call(-1L)) {
  if (!is_whole(x) || x < least) {
    given <- if (is_number(x)) format(x) else friendly_type(x)
    abort(call, "`", name, "` must be a whole number from ", least, ", not ", given, ".")
  }
}

check_function <- function(x, name, call = sys.call(-1L)) {
  if (!is.null(x) && !is.function(x)) {
    abort(call, "`", name, "` must be a function or NULL, not ", friendly_type(x), ".")
  }
}

globals_of <- function(x, where, call) {
  if (is.null(x) || (is.list(x) && !is.null(names(x)) && all(nzchar(names(x))))) return(x)
  if (!is.character(x)) {
    abort(
      call, "`worker_globals` must be names of objects, or a list of objects with names, not ",
      friendly_type(x), "."
    )
  }
  absent <- x[!vapply(x, exists, NA, envir = where)]
  if (length(absent) > 0L) {
    abort_as("runtime_error", call, "`worker_globals`: there is no object `", absent[1L], "`.")
  }
  mget(x, envir = where, inherits = TRUE)
}

checked_packages <- function(x, call) {
  if (!is.null(x) && !is.character(x)) {
    abort(call, "`worker_packages` must be names of packages, not ", friendly_type(x), ".")
  }
  x
}
