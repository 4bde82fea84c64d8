# Where a dataloader's batches come from. A source is list(length = , iterate = ), two
# functions: the number of batches (or NA), and an iterator as coro has them.
# Tests: test-data-dataloader.R.

exhausted <- function() as.symbol(".__exhausted__.")

# Of Python's functions that give NULL after the last.
until_null <- function(following, names = NULL) {
  function() {
    batch <- following()
    if (is.null(batch)) return(exhausted())
    if (!is.null(names)) names(batch) <- names
    batch
  }
}

# ---- datasets with a length ----

map_source <- function(dataset, options, call) {
  tensors <- if (is.null(options$collate_fn)) tensor_rows(dataset)
  workers <- options$num_workers
  if (!is.null(tensors) && workers > 0L) {
    abort(
      call, "`num_workers` must be 0 for rows of tensors: their batches are gathered at once, ",
      "there is nothing to do ahead."
    )
  }
  if (workers > 0L && .Platform$OS.type == "windows") {
    abort(call, "`num_workers` must be 0 on Windows: workers are forks of the process.")
  }
  iterate <- if (workers > 0L) {
    function() worker_iterator(dataset, options)
  } else if (!is.null(tensors) && is.null(options$sampler) && is.null(options$batch_sampler)) {
    function() row_iterator(tensors, options)
  } else {
    fetch <- if (is.null(tensors)) fetcher(dataset, options) else row_fetcher(tensors, options)
    function() index_iterator(fetch, index_batches(dataset, options))
  }
  list(length = function() number_of_batches(dataset, options), iterate = iterate)
}

number_of_batches <- function(dataset, options) {
  if (!is.null(options$batch_sampler)) return(sampler_length(options$batch_sampler))
  n <- if (is.null(options$sampler)) length(dataset) else sampler_length(options$sampler)
  as.integer(if (options$drop_last) n %/% options$batch_size else ceiling(n / options$batch_size))
}

# The indices of each batch of an epoch.
index_batches <- function(dataset, options) {
  if (!is.null(options$batch_sampler)) {
    return(lapply(sampled(options$batch_sampler), function(i) as.integer(unlist(i))))
  }
  order <- if (is.null(options$sampler)) {
    as.integer(call_python("data.order", length(dataset), options$shuffle))
  } else {
    as.integer(unlist(sampled(options$sampler)))
  }
  batches <- unname(split(order, (seq_along(order) - 1L) %/% options$batch_size))
  last <- length(batches)
  if (options$drop_last && last > 0L && length(batches[[last]]) < options$batch_size) {
    batches[[last]] <- NULL
  }
  batches
}

index_iterator <- function(fetch, batches) {
  at <- 0L
  function() {
    if (at >= length(batches)) return(exhausted())
    at <<- at + 1L
    fetch(batches[[at]])
  }
}

# Rows of tensors in order or shuffled: all in Python.
row_iterator <- function(tensors, options) {
  following <- call_python(
    "data.Batches", unname(tensors$tensors), tensors$rows, options$batch_size, options$shuffle,
    options$drop_last, options$pin_memory
  )
  until_null(following, names(tensors$tensors))
}

row_fetcher <- function(tensors, options) {
  function(i) {
    rows <- call_python("data.rows_of", as.list(i), tensors$rows)
    batch <- call_python("data.gather", unname(tensors$tensors), rows)
    pinned(renamed(batch, tensors$tensors), options)
  }
}

# A function of indices that gives the batch, by the dataset's R code.
fetcher <- function(dataset, options) {
  collate_fn <- options$collate_fn
  function(i) {
    batch <- if (is.function(dataset$.getbatch)) {
      given <- dataset$.getbatch(i)
      if (is.null(collate_fn)) as_batch(given) else collate_fn(given)
    } else {
      items <- lapply(i, function(one) one_item(dataset, one))
      if (is.null(collate_fn)) collate(items) else collate_fn(items)
    }
    pinned(batch, options)
  }
}

pinned <- function(batch, options) {
  if (options$pin_memory) call_python("data.pinned", batch) else batch
}

worker_iterator <- function(dataset, options) {
  fetch <- fetcher(dataset, c(options[names(options) != "pin_memory"], pin_memory = FALSE))
  batches <- lapply(index_batches(dataset, options), as.list)
  until_null(call_python(
    "data.worker_batches", function(i) fetch(as.integer(unlist(i))), batches, options$num_workers,
    options$timeout, options$worker_init_fn, options$pin_memory
  ))
}

# ---- datasets without a length ----

stream_source <- function(dataset, options, call) {
  if (!is.function(dataset$.iter)) {
    abort(call, "`dataset` must have a method `.iter()`: this ", class(dataset)[1L], " has none.")
  }
  refused <- c(
    shuffle = options$shuffle, sampler = !is.null(options$sampler),
    batch_sampler = !is.null(options$batch_sampler), num_workers = options$num_workers > 0L
  )
  if (any(refused)) {
    abort(call, "`", names(which(refused))[1L], "` is not for a dataset without a length.")
  }
  collate_fn <- if (is.null(options$collate_fn)) collate else options$collate_fn
  iterate <- function() {
    call_python("data.draw_seed")
    stream_iterator(dataset$.iter(), options, collate_fn)
  }
  list(length = function() NA_integer_, iterate = iterate)
}

stream_iterator <- function(following, options, collate_fn) {
  ended <- FALSE
  function() {
    items <- list()
    while (!ended && length(items) < options$batch_size) {
      item <- following()
      if (is_exhausted(item)) ended <<- TRUE else items[[length(items) + 1L]] <- item
    }
    full <- length(items) == options$batch_size
    if (length(items) == 0L || (options$drop_last && !full)) return(exhausted())
    pinned(collate_fn(items), options)
  }
}

# ---- datasets that are written in Python ----

python_source <- function(dataset, options, call) {
  if (is.null(options$batch_sampler)) options$batch_sampler <- NULL
  given <- options[!vapply(options, is.null, NA)]
  if (!is.null(given$batch_sampler)) given[c("batch_size", "shuffle", "drop_last")] <- NULL
  given$timeout <- max(given$timeout, 0)
  loader <- call_python("data.python_loader", dataset, given, call = call)
  list(
    length = function() {
      tryCatch(loader$`__len__`(), python_error = function(condition) NA_integer_)
    },
    iterate = function() until_null(call_python("data.python_batches", loader))
  )
}
