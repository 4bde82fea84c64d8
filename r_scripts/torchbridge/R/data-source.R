# Where a dataloader's batches come from: iterators as coro has them, functions that give the next
# batch.
# Tests: test-data-dataloader.R.

# Of Python's functions that give NULL after the last.
until_null <- function(following, names = NULL) {
  function() {
    batch <- following()
    if (is.null(batch)) return(exhausted())
    if (!is.null(names)) names(batch) <- names
    batch
  }
}

# What a dataloader of one of R's datasets must have.
check_source <- function(loader, call) {
  workers <- loader$num_workers > 0L
  if (loader$.dataset_kind == "map") {
    if (workers && .Platform$OS.type == "windows") {
      abort(call, "`num_workers` must be 0 on Windows: workers are forks of the process.")
    }
    return(invisible())
  }
  dataset <- loader$dataset
  if (!is.function(dataset$.iter)) {
    abort(call, "`dataset` must have a method `.iter()`: this ", class(dataset)[1L], " has none.")
  }
  refused <- c(
    sampler = !is.null(loader$sampler), batch_sampler = !is.null(loader$batch_sampler),
    num_workers = workers
  )
  if (any(refused)) {
    abort(call, "`", names(which(refused))[1L], "` is not for a dataset without a length.")
  }
}

iterate_dataset <- function(loader) {
  if (loader$.dataset_kind == "iterable") return(iterate_stream(loader))
  tensors <- if (is.null(loader$collate_fn)) tensor_rows(loader$dataset)
  if (!is.null(tensors) && !is.null(loader$batch_size)) return(iterate_rows(tensors, loader))
  fetch <- fetcher(loader)
  following <- sampled(loader$.index_sampler)
  if (loader$num_workers > 0L) {
    return(iterate_workers(fetch, following, loader))
  }
  pin <- loader$.pins
  function() {
    i <- following()
    if (is_exhausted(i)) return(i)
    batch <- fetch(if (is.integer(i)) i else as.integer(unlist(i)))
    if (pin) call_python("data.pinned", batch) else batch
  }
}

number_of_batches <- function(loader) {
  if (loader$.dataset_kind == "map") return(as_count(sampler_length(loader$.index_sampler)))
  n <- length(loader$dataset)
  if (is.na(n) || is.null(loader$batch_size)) return(n)
  n <- n / loader$batch_size
  as_count(if (loader$drop_last) floor(n) else ceiling(n))
}

as_count <- function(n) if (n <= .Machine$integer.max) as.integer(n) else n

# ---- rows of tensors ----

iterate_rows <- function(tensors, loader) {
  batches <- loader$.index_sampler
  shuffle <- own_order(batches, loader$dataset)
  if (!is.na(shuffle)) { # in order or shuffled: all in Python
    return(until_null(
      call_python(
        "data.Batches", unname(tensors$tensors), tensors$rows, batches$batch_size, shuffle,
        batches$drop_last, loader$.pins
      ),
      names(tensors$tensors)
    ))
  }
  following <- sampled(batches)
  pin <- loader$.pins
  function() {
    i <- following()
    if (is_exhausted(i)) return(i)
    rows <- call_python("data.rows_of", as.list(as.integer(unlist(i))), tensors$rows)
    batch <- call_python("data.gather", unname(tensors$tensors), rows)
    if (pin) batch <- call_python("data.pinned", batch)
    renamed(batch, tensors$tensors)
  }
}

# Whether these batches take the items of a dataset in a random order, by a dataloader's own
# samplers; NA where others decide.
own_order <- function(batches, dataset) {
  if (class(batches)[1L] != "utils_sampler_batch") return(NA)
  if (!inherits(batches$sampler, "utils_sampler")) return(NA)
  shuffled <- is_shuffled(batches$sampler)
  if (!is.na(shuffled) && identical(batches$sampler$data_source, dataset)) shuffled else NA
}

# ---- other datasets with a length ----

# A function of indices that gives the batch, by the dataset's R code.
fetcher <- function(loader) {
  dataset <- loader$dataset
  collate_fn <- loader$collate_fn
  if (is.null(loader$batch_sampler)) {
    convert <- if (is.null(collate_fn)) as_batch else collate_fn
    return(function(i) convert(one_item(dataset, i)))
  }
  function(i) {
    if (is.function(dataset$.getbatch)) {
      given <- dataset$.getbatch(i)
      if (!is.null(collate_fn)) return(collate_fn(given))
      check_text(given, length(i))
      return(as_batch(given))
    }
    .getitem <- item_getter(dataset)
    items <- lapply(i, function(one) .getitem(one))
    if (is.null(collate_fn)) collate(items) else collate_fn(items)
  }
}

# ---- workers ----

iterate_workers <- function(fetch, following, loader) {
  workers <- loader$num_workers
  # Held by the process of the epoch, for its forks.
  begin <- worker_beginning(
    vapply(seq_len(workers), function(i) sample.int(1e6L, 1L), 0L), loader$worker_packages,
    loader$worker_globals, loader$worker_init_fn
  )
  next_packed <- call_python(
    "data.worker_batches", function(i) packed(fetch(as.integer(unlist(i)))),
    function() {
      i <- following()
      if (is_exhausted(i)) NULL else as.list(as.integer(unlist(i)))
    },
    begin, workers, loader$timeout / 1000, loader$.pins
  )
  function() {
    batch <- next_packed()
    if (is.null(batch)) return(exhausted())
    if (is.null(batch[[1L]])) {
      stop(structure(
        class = unique(c("runtime_error", batch[[3L]])), list(message = batch[[2L]], call = NULL)
      ))
    }
    unpacked(batch)
  }
}

# What a worker does first; its number counts from 1.
worker_beginning <- function(seeds, packages, globals, init) {
  function(id) {
    info <- list(id = id, workers = length(seeds), seed = seeds[id])
    set.seed(seeds[id])
    torch_manual_seed(seeds[id])
    for (package in packages) library(package, character.only = TRUE)
    # The worker's, a process of its own: the session's workspace stays as it is.
    list2env(c(list(.worker_info = info), globals), envir = globalenv())
    if (!is.null(init)) init(id)
    invisible()
  }
}

# A batch on its way between processes: R's values, with numbers where tensors were, and the
# tensors.
packed <- function(batch) {
  tensors <- list()
  take <- function(x) {
    if (is_tensor(x)) {
      tensors[[length(tensors) + 1L]] <<- x
      return(structure(length(tensors), class = "torchbridge_slot"))
    }
    if (!is.list(x)) return(x)
    about <- attributes(x)
    x <- lapply(unclass(x), take)
    attributes(x) <- about
    x
  }
  values <- take(batch)
  list(serialize(values, NULL, xdr = FALSE), tensors)
}

unpacked <- function(parts) {
  tensors <- parts[[2L]]
  put <- function(x) {
    if (inherits(x, "torchbridge_slot")) return(tensors[[unclass(x)]])
    if (!is.list(x)) return(x)
    about <- attributes(x)
    x <- lapply(unclass(x), put)
    attributes(x) <- about
    x
  }
  put(unserialize(parts[[1L]]))
}

# ---- datasets without a length ----

iterate_stream <- function(loader) {
  collate_fn <- loader$collate_fn
  call_python("data.draw_seed")
  following <- loader$dataset$.iter()
  pin <- loader$.pins
  if (is.null(loader$batch_size)) {
    convert <- if (is.null(collate_fn)) as_batch else collate_fn
    return(function() {
      item <- following()
      if (is_exhausted(item)) item else convert(item)
    })
  }
  if (is.null(collate_fn)) collate_fn <- collate
  size <- loader$batch_size
  drop_last <- loader$drop_last
  ended <- FALSE
  function() {
    items <- list()
    while (!ended && length(items) < size) {
      item <- following()
      if (is_exhausted(item)) ended <<- TRUE else items[[length(items) + 1L]] <- item
    }
    if (length(items) == 0L || (drop_last && length(items) < size)) return(exhausted())
    batch <- collate_fn(items)
    if (pin) call_python("data.pinned", batch) else batch
  }
}

# ---- datasets that are written in Python ----

python_loader <- function(dataset, arguments, pin, call) {
  arguments[c("worker_globals", "worker_packages")] <- NULL
  given <- arguments[!vapply(arguments, is.null, NA)]
  if (!is.null(given$batch_sampler)) given[c("batch_size", "shuffle", "drop_last")] <- NULL
  given$dataset <- NULL
  given$timeout <- max(given$timeout, 0) / 1000
  given$pin_memory <- pin
  call_python("data.python_loader", dataset, given, call = call)
}
