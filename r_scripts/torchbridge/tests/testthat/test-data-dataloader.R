skip_without_python()

# What a loop over a loader gives, batch by batch, as R lists.
batches_of <- function(loader) lapply(suppressWarnings(enumerate(loader)), as.list)
drain <- function(loader) {
  iter <- dataloader_make_iter(loader)
  found <- list()
  while (!is.null(batch <- dataloader_next(iter))) found <- c(found, list(batch))
  found
}

numbers <- function(n) tensor_dataset(i = tensor(seq_len(n), dtype = "int64"))
order_of <- function(loader) lapply(batches_of(loader), function(batch) as.integer(batch[[1L]]))

# The same numbers from R code: by item, and by batch.
by_item <- dataset(
  "by_item",
  initialize = function(n) self$n <- n,
  .getitem = function(i) list(i = i),
  .length = function() self$n
)
by_batch <- dataset(
  "by_batch",
  initialize = function(n) {
    self$n <- n
    self$calls <- 0
  },
  .getbatch = function(i) {
    self$calls <- self$calls + 1
    list(i = i)
  },
  .length = function() self$n
)

# ---- sizes ----

test_that("350 rows in batches of 8 are 44, the last of 6 (S0-8); so are those of S1-6", {
  sizes <- function(n, size, ...) lengths(order_of(dataloader(numbers(n), batch_size = size, ...)))
  expect_identical(sizes(350, 8), c(rep(8L, 43), 6L))
  expect_identical(sizes(364, 32), c(rep(32L, 11), 12L))
  expect_identical(sizes(364, 128), c(128L, 128L, 108L))
  expect_identical(sizes(5, 2), c(2L, 2L, 1L))
  expect_identical(sizes(350, 8, drop_last = TRUE), rep(8L, 43))
  expect_identical(sizes(3, 8), 3L)
  expect_identical(sizes(3, 8, drop_last = TRUE), integer())
  expect_identical(length(dataloader(numbers(350), batch_size = 8)), 44L)
  expect_identical(length(dataloader(numbers(350), batch_size = 8, drop_last = TRUE)), 43L)
  expect_identical(length(dataloader(numbers(0), batch_size = 8)), 0L)
  expect_identical(batches_of(dataloader(numbers(0))), list())
})

test_that("rows of tensors, items and batches of R give the same", {
  for (make in list(numbers, by_item, by_batch)) {
    loader <- dataloader(make(10), batch_size = 4)
    expect_identical(order_of(loader), list(1:4, 5:8, 9:10))
    expect_named(batches_of(loader)[[1L]], "i")
  }
})

test_that("a loader can be looped over again and again", {
  loader <- dataloader(numbers(5), batch_size = 2)
  expect_identical(order_of(loader), order_of(loader))
})

# ---- the three ways to loop ----

test_that("dataloader_next() ends with NULL, or what is asked for", {
  iter <- dataloader_make_iter(dataloader(numbers(3), batch_size = 2))
  expect_identical(as.integer(dataloader_next(iter)$i), 1:2)
  expect_identical(as.integer(dataloader_next(iter)$i), 3L)
  expect_null(dataloader_next(iter))
  expect_identical(dataloader_next(iter, completed = "done"), "done")
  expect_match(
    message_of(dataloader_next(3)), "`iter` must be what dataloader_make_iter() gives",
    fixed = TRUE
  )
  expect_match(message_of(dataloader_make_iter(3)), "`dataloader` must be a dataloader")
})

test_that("an iterator follows coro's protocol", {
  iterator <- torchbridge:::as_iterator.dataloader(dataloader(numbers(2)))
  expect_type(iterator, "closure")
  expect_identical(as.integer(iterator()$i), 1L)
  expect_identical(as.integer(iterator()$i), 2L)
  expect_identical(iterator(), as.symbol(".__exhausted__."))
  expect_identical(iterator(), as.symbol(".__exhausted__."))
})

test_that("coro::loop() works", {
  skip_if_not_installed("coro")
  seen <- integer()
  coro::loop(for (batch in dataloader(numbers(5), batch_size = 2)) {
    seen <- c(seen, as.integer(batch$i))
  })
  expect_identical(seen, 1:5)
})

test_that("R's own for works on enumerate(), which warns that it is deprecated", {
  seen <- integer()
  expect_warning(batches <- enumerate(dataloader(numbers(5), batch_size = 2)), class = "deprecated")
  for (batch in batches) {
    expect_named(batch, "i")
    expect_length(batch, 1L)
    expect_identical(as.integer(batch[[1L]]), as.integer(batch$i))
    seen <- c(seen, as.integer(batch$i))
    if (length(seen) == 2L) next
  }
  expect_identical(seen, 1:5)
})

test_that("enumerate() fetches a batch when it is looked at, and keeps that one only", {
  ds <- by_batch(10)
  batches <- suppressWarnings(enumerate(dataloader(ds, batch_size = 2)))
  expect_identical(ds$calls, 0)
  expect_length(batches, 5L)
  expect_identical(as.integer(batches[[2L]]$i), 3:4)
  expect_identical(ds$calls, 2)
  expect_identical(as.integer(batches[[2L]]$i), 3:4)
  expect_identical(ds$calls, 2)
  expect_match(message_of(batches[[1L]]$i), "Batch 1 is gone: enumerate() keeps", fixed = TRUE)
})

test_that("for over the loader itself is an error, not a loop over its fields", {
  expect_error(for (batch in dataloader(numbers(3))) NULL, "invalid for")
})

# ---- order ----

test_that("shuffling takes every item once, and PyTorch's seed decides the order", {
  torch <- py_import("torch")
  loader <- dataloader(numbers(100), batch_size = 30, shuffle = TRUE)
  torch$manual_seed(3L)
  first <- order_of(loader)
  second <- order_of(loader)
  expect_identical(sort(unlist(first)), 1:100)
  expect_identical(sort(unlist(second)), 1:100)
  expect_false(identical(first, second))
  torch$manual_seed(3L)
  expect_identical(order_of(loader), first)
  set.seed(99)
  expect_identical(order_of(loader), second)
})

test_that("the order, and the state of the generator after it, are those of Python's DataLoader", {
  torch <- py_import("torch")
  python <- python_names(
    "import torch",
    "from torch.utils.data import DataLoader, TensorDataset",
    "def epochs(n, batch_size, shuffle):",
    "    torch.manual_seed(11)",
    "    loader = DataLoader(TensorDataset(torch.arange(1, int(n) + 1)), int(batch_size), shuffle)",
    "    seen = [batch[0].tolist() for _ in range(2) for batch in loader]",
    "    return [seen, torch.rand(1).item()]"
  )$epochs
  for (shuffle in c(TRUE, FALSE)) {
    expected <- python(53, 10, shuffle)
    for (make in list(numbers, by_item, by_batch)) {
      loader <- dataloader(make(53), batch_size = 10, shuffle = shuffle)
      torch$manual_seed(11L)
      seen <- c(order_of(loader), order_of(loader))
      after <- torch$rand(1L)$item()
      expect_identical(seen, expected[[1L]])
      expect_identical(after, expected[[2L]])
    }
  }
})

test_that("a sampler is a vector, an R sampler or Python's", {
  expect_identical(
    order_of(dataloader(numbers(5), sampler = c(5, 1, 1), batch_size = 2)), list(c(5L, 1L), 1L)
  )
  backwards <- sampler(
    "backwards",
    initialize = function(n) self$n <- n,
    .iter = function() {
      i <- self$n + 1
      function() {
        i <<- i - 1
        if (i > 0) i else as.symbol(".__exhausted__.")
      }
    },
    .length = function() self$n
  )
  loader <- dataloader(numbers(4), sampler = backwards(4), batch_size = 3)
  expect_identical(order_of(loader), list(4:2, 1L))
  expect_length(loader, 2L)
  weighted <- py_import("torch.utils.data")$WeightedRandomSampler(c(0, 1, 1, 0), 50L)
  loader <- dataloader(by_item(4), sampler = weighted, batch_size = 50)
  expect_length(loader, 1L)
  expect_setequal(unlist(order_of(loader)), 2:3)
})

test_that("a batch_sampler gives whole batches", {
  for (make in list(numbers, by_item, by_batch)) {
    loader <- dataloader(make(5), batch_sampler = list(c(1, 5), 3))
    expect_length(loader, 2L)
    expect_identical(order_of(loader), list(c(1L, 5L), 3L))
  }
  data <- py_import("torch.utils.data")
  sampler <- data$BatchSampler(data$SequentialSampler(0:4), 2L, FALSE)
  expect_identical(
    order_of(dataloader(numbers(5), batch_sampler = sampler)), list(1:2, 3:4, 5L)
  )
})

test_that("subsets of rows are gathered in their order", {
  sub <- dataset_subset(numbers(10), c(9, 3, 7))
  expect_identical(order_of(dataloader(sub, batch_size = 2)), list(c(9L, 3L), 7L))
  nested <- dataset_subset(sub, c(3, 1))
  expect_identical(order_of(dataloader(nested, batch_size = 2)), list(c(7L, 9L)))
  py_import("torch")$manual_seed(5L)
  shuffled <- unlist(order_of(dataloader(sub, batch_size = 2, shuffle = TRUE)))
  expect_setequal(shuffled, c(3, 7, 9))
  expect_identical(order_of(dataloader(sub, sampler = c(2, 2), batch_size = 2)), list(c(3L, 3L)))
})

# ---- who is called ----

test_that("rows of tensors are batched without a call of R", {
  ds <- numbers(6)
  trace <- 0
  # Methods are bound where the class is made: count calls on this very object.
  for (method in c(".getitem", ".getbatch")) {
    unlockBinding(method, ds)
    assign(method, function(i) trace <<- trace + 1, envir = ds)
  }
  expect_identical(order_of(dataloader(ds, batch_size = 4, shuffle = FALSE)), list(1:4, 5:6))
  expect_identical(order_of(dataloader(dataset_subset(ds, c(2, 1)), batch_size = 2)), list(2:1))
  expect_identical(trace, 0)
})

test_that("a batch of rows is a copy", {
  x <- tensor(c(1, 2, 3))
  for (shuffle in c(TRUE, FALSE)) {
    batch <- batches_of(dataloader(tensor_dataset(x), batch_size = 3, shuffle = shuffle))[[1L]]
    batch[[1L]]$zero_()
  }
  expect_identical(as.numeric(x), c(1, 2, 3))
})

test_that(".getbatch is called once a batch and .getitem never", {
  ds <- by_batch(10)
  order_of(dataloader(ds, batch_size = 4))
  expect_identical(ds$calls, 3)
  sub <- dataset_subset(by_batch(10), 1:4)
  order_of(dataloader(sub, batch_size = 4))
  expect_identical(sub$dataset$calls, 1)
})

# ---- what a batch is ----

test_that("R's values are collated into tensors of R torch's dtypes", {
  ds <- dataset(
    .getitem = function(i) {
      list(
        number = i / 2, whole = i, flag = i > 1, vector = c(i, 10), matrix = matrix(1:6 + i, 2),
        level = factor("b", levels = c("a", "b")), day = as.Date("2024-01-01") + i,
        text = letters[i],
        tensor = tensor(c(i, 0)), nested = list(i, a = TRUE)
      )
    },
    .length = function() 3L
  )()
  batch <- batches_of(dataloader(ds, batch_size = 3))[[1L]]
  dtype <- function(x) sub(".*torch[.]", "", x$dtype$`__repr__`())
  expect_match(dtype(batch$number), "float32|Float")
  expect_match(dtype(batch$whole), "int64|Long")
  expect_match(dtype(batch$flag), "bool|Bool")
  expect_match(dtype(batch$matrix), "int64|Long")
  expect_match(dtype(batch$level), "int64|Long")
  expect_match(dtype(batch$day), "float64|Double")
  expect_match(dtype(batch$tensor), "float64|Double")
  expect_identical(as.numeric(batch$number), c(0.5, 1, 1.5))
  expect_identical(as.logical(batch$flag), c(FALSE, TRUE, TRUE))
  expect_identical(as.array(batch$vector), cbind(c(1, 2, 3), 10))
  expect_identical(dim(batch$matrix), c(3L, 2L, 3L))
  for (i in 1:3) expect_identical(as.array(batch$matrix)[i, , ], matrix(1:6 + i, 2))
  expect_identical(as.integer(batch$level), c(2L, 2L, 2L))
  expect_identical(as.numeric(batch$day), as.numeric(as.Date("2024-01-01")) + 1:3)
  expect_identical(batch$text, c("a", "b", "c"))
  expect_identical(dim(batch$tensor), c(3L, 2L))
  expect_identical(names(batch$nested), c("", "a"))
  expect_identical(as.integer(batch$nested[[1L]]), 1:3)
})

test_that("what .getbatch gives becomes tensors likewise", {
  ds <- dataset(
    .getbatch = function(i) list(x = cbind(i, i^2), y = i, label = letters[i]),
    .length = function() 3
  )()
  batch <- batches_of(dataloader(ds, batch_size = 2))
  expect_identical(as.array(batch[[1L]]$x), cbind(c(1, 2), c(1, 4)), ignore_attr = TRUE)
  expect_identical(as.integer(batch[[1L]]$y), 1:2)
  expect_identical(dim(batch[[2L]]$x), c(1L, 2L))
  expect_identical(batch[[2L]]$label, "c")
})

test_that("an item may be a single tensor or number", {
  ds <- dataset(.getitem = function(i) i * 2, .length = function() 3)()
  iter <- dataloader_make_iter(dataloader(ds, batch_size = 2))
  expect_identical(as.numeric(dataloader_next(iter)), c(2, 4))
  expect_identical(as.numeric(batches_of(dataloader(ds, batch_size = 3))[[1L]][[1L]]), c(2, 4, 6))
})

test_that("a collate_fn gets items, or what .getbatch gave", {
  sums <- dataloader(by_item(5), batch_size = 2, collate_fn = function(items) {
    sum(vapply(items, `[[`, 0L, "i"))
  })
  iter <- dataloader_make_iter(sums)
  expect_identical(dataloader_next(iter), 3L)
  expect_identical(dataloader_next(iter), 7L)
  batched <- dataloader(by_batch(4), batch_size = 2, collate_fn = function(batch) rev(batch$i))
  expect_identical(dataloader_next(dataloader_make_iter(batched)), 2:1)
  rows <- dataloader(numbers(4), batch_size = 2, collate_fn = function(batch) names(batch))
  expect_identical(dataloader_next(dataloader_make_iter(rows)), "i")
})

test_that("items that do not go together are refused in words", {
  of <- function(getitem) {
    batches_of(dataloader(dataset(.getitem = getitem, .length = function() 3)(), batch_size = 3))
  }
  expect_identical(
    message_of(of(function(i) list(x = seq_len(i)))),
    "The items of a batch must have the same shape: item 1 has a single number, item 2 shape 2."
  )
  expect_identical(
    message_of(of(function(i) if (i < 3) list(x = 1) else list(y = 1))),
    "The items of a batch must have the same elements: item 3 has others."
  )
  expect_match(message_of(of(function(i) list(f = mean))), "not a function")
  expect_match(message_of(of(function(i) list(x = c(1L, NA)[min(i, 2L)]))), "`na`: x has NA")
  expect_error(of(function(i) tensor(seq_len(i))), "stack expects each tensor to be equal size")
})

test_that("an R error in a dataset arrives as it was", {
  broken <- dataset(
    .getitem = function(i) {
      if (i == 3L) {
        stop(structure(
          class = c("my_error", "error", "condition"), list(message = "own words", call = NULL)
        ))
      }
      list(i)
    },
    .length = function() 5
  )()
  error <- error_of(batches_of(dataloader(broken, batch_size = 2)))
  expect_identical(class(error), c("my_error", "error", "condition"))
})

# ---- streams ----

countdown <- iterable_dataset(
  "countdown",
  initialize = function(from) self$from <- from,
  .iter = function() {
    i <- self$from + 1
    function() {
      i <<- i - 1
      if (i > 0) list(i = i) else as.symbol(".__exhausted__.")
    }
  }
)
i_of <- function(batches) lapply(batches, function(batch) as.numeric(batch$i))

test_that("an iterable dataset is read to its end", {
  loader <- dataloader(countdown(5), batch_size = 2)
  expect_identical(i_of(drain(loader)), list(c(5, 4), c(3, 2), 1))
  expect_identical(i_of(drain(loader)), list(c(5, 4), c(3, 2), 1))
  full <- dataloader(countdown(5), batch_size = 2, drop_last = TRUE)
  expect_identical(i_of(drain(full)), list(c(5, 4), c(3, 2)))
  expect_identical(length(loader), NA_integer_)
  expect_match(
    message_of(suppressWarnings(enumerate(loader))), "number of batches is not known"
  )
  expect_length(suppressWarnings(enumerate(loader, max_len = 3)), 3L)
  expect_identical(
    message_of(dataloader(countdown(5), sampler = 1)),
    "`sampler` is not for a dataset without a length."
  )
})

test_that("shuffling has no effect on an iterable dataset, as in R's torch", {
  loader <- dataloader(countdown(5), batch_size = 2, shuffle = TRUE)
  expect_identical(i_of(drain(loader)), list(c(5, 4), c(3, 2), 1))
})

test_that("an iterable dataset that knows its length gives the loader one", {
  sized <- iterable_dataset("sized", inherit = countdown, .length = function() self$from)
  expect_identical(length(sized(33)), 33L)
  expect_identical(length(dataloader(sized(33), batch_size = 32)), 2L)
  expect_identical(length(dataloader(sized(33), batch_size = 32, drop_last = TRUE)), 1L)
  expect_length(batches_of(dataloader(sized(5), batch_size = 2)), 3L)
})

test_that("without a batch_size items come one by one", {
  expect_identical(i_of(drain(dataloader(countdown(3), batch_size = NULL))), list(3, 2, 1))
  items <- drain(dataloader(by_item(3), batch_size = NULL))
  expect_identical(i_of(items), list(1, 2, 3))
  expect_identical(length(dataloader(by_item(3), batch_size = NULL)), 3L)
  rows <- tensor_dataset(tensor(matrix(1:6, 3)))
  expect_identical(dim(drain(dataloader(rows, batch_size = NULL))[[1L]][[1L]]), 2L)
})

# ---- what a loader has ----

test_that("a loader and its iterator have R torch's members", {
  loader <- dataloader(numbers(5), batch_size = 2)
  iter <- loader$.iter()
  expect_identical(as.integer(iter$.next()$i), 1:2)
  expect_identical(as.integer(iter$.iter()$.next()$i), 3:4)
  expect_identical(iter$.length(), 3L)
  expect_identical(loader$.length(), 3L)
  iter$.next()
  expect_identical(iter$.next(), as.symbol(".__exhausted__."))
  expect_identical(loader$batch_size, 2L)
  expect_identical(loader$batch_sampler$batch_size, 2L)
  expect_false(loader$batch_sampler$drop_last)
  expect_s3_class(loader$batch_sampler$sampler, "utils_sampler_sequential")
  shuffled <- dataloader(numbers(5), shuffle = TRUE)
  expect_s3_class(shuffled$sampler, c("utils_sampler_random", "utils_sampler"))
  expect_length(shuffled$batch_sampler$sampler, 5L)
  expect_identical(class(loader), c("dataloader", "R6"))
})

test_that("an epoch goes by what the loader's fields are when it begins", {
  loader <- dataloader(by_item(6), batch_size = 2)
  loader$batch_sampler$batch_size <- 4
  expect_identical(order_of(loader), list(1:4, 5:6))
  expect_length(loader, 2L)
  loader$collate_fn <- function(items) list(length(items))
  expect_identical(order_of(loader), list(4L, 2L))
  rows <- dataloader(numbers(3), batch_size = 2)
  rows$batch_sampler$sampler <- 3:2
  expect_identical(order_of(rows), list(3:2))
})

test_that("pin_memory without a GPU warns once and goes on", {
  skip_if(py_import("torch")$accelerator$is_available())
  kept <- torchbridge:::the
  kept$told_of_pinning <- NULL
  expect_warning(
    loader <- dataloader(numbers(3), batch_size = 2, pin_memory = TRUE), "`pin_memory` has no"
  )
  expect_no_warning(dataloader(numbers(3), batch_size = 2, pin_memory = TRUE))
  expect_identical(order_of(loader), list(1:2, 3L))
  expect_true(loader$pin_memory)
})

test_that("text alone must be a text for each item", {
  texts <- function(give) {
    ds <- dataset(.getbatch = function(i) give(i), .length = function() 4)()
    dataloader_next(dataloader_make_iter(dataloader(ds, batch_size = 2)))
  }
  expect_identical(texts(function(i) letters[i]), c("a", "b"))
  expect_error(texts(function(i) "a"), "Can't convert data of class", class = "value_error")
  odd <- dataset(.getitem = function(i) mean, .length = function() 4)()
  expect_error(dataloader_next(dataloader(odd)$.iter()), class = "value_error")
})

# ---- workers ----

test_that("workers are forks that run the dataset's R code", {
  skip_on_os("windows")
  here <- Sys.getpid()
  ds <- dataset(
    .getitem = function(i) list(i = i, pid = Sys.getpid(), random = runif(1), text = letters[i]),
    .length = function() 12
  )()
  seen <- function(...) {
    py_import("torch")$manual_seed(2L)
    set.seed(1)
    suppressWarnings(batches_of(dataloader(ds, batch_size = 3, shuffle = TRUE, ...)))
  }
  ahead <- seen(num_workers = 2)
  at_once <- seen()
  column <- function(batches, name) lapply(batches, function(batch) as.numeric(batch[[name]]))
  expect_identical(column(ahead, "i"), column(at_once, "i"))
  expect_identical(lapply(ahead, `[[`, "text"), lapply(at_once, `[[`, "text"))
  processes <- unique(unlist(column(ahead, "pid")))
  expect_length(processes, 2L)
  expect_false(here %in% processes)
  random <- unlist(column(ahead, "random"))
  expect_length(unique(random), 12L)
  expect_identical(unlist(column(seen(num_workers = 2), "random")), random)
})

test_that("batches of workers keep no files open, here or there", {
  skip_on_os("windows")
  skip_if_not(dir.exists("/proc/self/fd"))
  open <- function() length(list.files("/proc/self/fd"))
  ds <- dataset(
    .getitem = function(i) list(x = torch_ones(2), open = as.numeric(open())),
    .length = function() 20
  )()
  batches <- batches_of(dataloader(ds, batch_size = 1, num_workers = 1))
  there <- vapply(batches, function(batch) as.numeric(batch$open), 0)
  # A file a batch would be 20; how many batches are on their way differs.
  expect_lt(max(there) - min(there), 10)
  files <- Sys.readlink(list.files("/proc/self/fd", full.names = TRUE))
  expect_identical(grep("torch_", files, value = TRUE), character())
  expect_identical(lapply(batches, function(batch) as.numeric(batch$x)), rep(list(c(1, 1)), 20))
})

test_that("an R error in a worker has its own message, and R torch's class", {
  skip_on_os("windows")
  broken <- dataset(
    .getitem = function(i) if (i == 3L) stop("item three is broken") else list(i),
    .length = function() 5
  )()
  error <- error_of(batches_of(dataloader(broken, batch_size = 2, num_workers = 1)))
  expect_identical(conditionMessage(error), "item three is broken")
  expect_s3_class(error, c("runtime_error", "simpleError"))
  uneven <- dataset(.getitem = function(i) torch_ones(i), .length = function() 5)()
  expect_error(
    drain(dataloader(uneven, batch_size = 2, num_workers = 1)), "equal size",
    class = "runtime_error"
  )
})

first_of <- function(ds, ...) dataloader_next(dataloader_make_iter(dataloader(ds, ...)))

test_that("a worker that fails to begin, ends or is late says so", {
  skip_on_os("windows")
  ds <- by_item(4)
  expect_error(
    first_of(ds, num_workers = 1, worker_init_fn = function(id) stop("no start")), "no start",
    class = "runtime_error"
  )
  expect_error(
    first_of(ds, num_workers = 1, worker_packages = "no.such.package"), "no.such.package",
    class = "runtime_error"
  )
  ends <- dataset(.getitem = function(i) tools::pskill(Sys.getpid()), .length = function() 4)()
  expect_error(first_of(ends, num_workers = 1), "worker", class = "runtime_error")
  late <- dataset(.getitem = function(i) Sys.sleep(30), .length = function() 1)()
  expect_error(
    first_of(late, num_workers = 1, timeout = 1000), "timed out", class = "runtime_error"
  )
})

test_that("workers know who they are, and have packages, globals and their own start", {
  skip_on_os("windows")
  ds <- dataset(
    .getitem = function(i) {
      list(
        id = .worker_info$id, workers = .worker_info$workers, seed = .worker_info$seed,
        attached = "splines" %in% .packages(), found = given_to_workers(i), own = own_of_worker
      )
    },
    .length = function() 4
  )()
  given_to_workers <- function(i) i * 10
  batches <- drain(dataloader(
    ds, batch_size = 2, num_workers = 2, worker_packages = "splines",
    worker_globals = list(given_to_workers = given_to_workers),
    worker_init_fn = function(id) assign("own_of_worker", id * 2, envir = globalenv())
  ))
  column <- function(name) lapply(batches, function(batch) as.numeric(batch[[name]]))
  expect_identical(column("id"), list(c(1, 1), c(2, 2)))
  expect_identical(column("workers"), list(c(2, 2), c(2, 2)))
  expect_identical(column("attached"), list(c(1, 1), c(1, 1)))
  expect_identical(column("found"), list(c(10, 20), c(30, 40)))
  expect_identical(column("own"), list(c(2, 2), c(4, 4)))
  expect_false(exists(".worker_info", envir = globalenv()))
  expect_false("package:splines" %in% search())
  by_name <- dataloader(ds, num_workers = 1, worker_globals = "given_to_workers")
  expect_identical(by_name$worker_globals$given_to_workers(2), 20)
  expect_error(
    dataloader(ds, num_workers = 1, worker_globals = "nobody.has.this"),
    "no object `nobody.has.this`", class = "runtime_error"
  )
  expect_match(message_of(dataloader(ds, worker_globals = 3)), "`worker_globals` must be names")
  expect_match(message_of(dataloader(ds, worker_packages = 3)), "`worker_packages` must be names")
})

test_that("set.seed() decides what workers draw, of R and of PyTorch", {
  skip_on_os("windows")
  ds <- dataset(
    .getitem = function(i) list(x = runif(1), y = torch_randn(1)), .length = function() 4
  )()
  draws <- function(seed) {
    set.seed(seed)
    unlist(lapply(drain(dataloader(ds, batch_size = 2, num_workers = 2)), function(batch) {
      c(as.numeric(batch$x), as.numeric(batch$y))
    }))
  }
  first <- draws(1)
  expect_length(unique(first), 8L)
  expect_identical(draws(1), first)
  expect_false(identical(draws(2), first))
})

test_that("batches of workers may have any values, and tensors of graphs", {
  skip_on_os("windows")
  ds <- dataset(.getitem = function(i) i, .length = function() 2)()
  arrives <- function(make) {
    first_of(ds, num_workers = 1, batch_size = 2, collate_fn = function(items) make())
  }
  batch <- arrives(function() {
    w <- torch_ones(2, requires_grad = TRUE)
    shared <- torch_zeros(3)
    list(
      leaf = w, graph = w * 2, plain = shared, again = shared,
      classed = structure(list(torch_ones(1), note = "text"), class = "mine", more = 1:3),
      values = list(factor("b", c("a", "b")), NULL, 3L, function(x) x + 1),
      empty = torch_zeros(0)
    )
  })
  expect_true(batch$leaf$requires_grad)
  expect_true(batch$graph$requires_grad)
  expect_identical(as.numeric(batch$graph), c(2, 2))
  expect_false(batch$plain$requires_grad)
  batch$plain$add_(1)
  expect_identical(as.numeric(batch$again), c(1, 1, 1))
  expect_s3_class(batch$classed, "mine")
  expect_identical(attr(batch$classed, "more"), 1:3)
  expect_identical(as.numeric(unclass(batch$classed)[[1L]]), 1)
  expect_identical(batch$values[1:3], list(factor("b", c("a", "b")), NULL, 3L))
  expect_identical(batch$values[[4L]](1), 2)
  expect_identical(length(batch$empty), 0L)
  expect_null(arrives(function() list(NULL))[[1L]])
  expect_identical(arrives(function() c(a = 1L, b = 2L)), c(a = 1L, b = 2L))
})

test_that("rows of tensors are gathered at once, whatever num_workers is", {
  expect_identical(order_of(dataloader(numbers(3), batch_size = 2, num_workers = 2)), list(1:2, 3L))
})

test_that("a session with workers ends well", {
  skip_on_os("windows")
  run <- run_r(c(
    "library(torchbridge)",
    "ds <- dataset(.getitem = function(i) list(i), .length = function() 100)()",
    "iter <- dataloader_make_iter(dataloader(ds, batch_size = 2, num_workers = 2))",
    "cat(as.integer(dataloader_next(iter)[[1]]), '\\n')"
  ))
  expect_identical(run$status, 0L)
  expect_match(output(run), "1 2")
})

# ---- Python's datasets and Python's loader ----

test_that("a dataset that is written in Python can be looped over", {
  data <- py_import("torch.utils.data")
  python <- data$TensorDataset(tensor(c(1, 2, 3)), tensor(c(10, 20, 30)))
  loader <- dataloader(python, batch_size = 2)
  expect_length(loader, 2L)
  batches <- batches_of(loader)
  expect_identical(as.numeric(batches[[1L]][[2L]]), c(10, 20))
  expect_identical(as.numeric(batches[[2L]][[1L]]), 3)
})

test_that("Python's DataLoader takes R datasets", {
  data <- py_import("torch.utils.data")
  loader <- py_import("torchbridge.data")$RDataset
  list_of <- py_import("builtins")$list
  for (ds in list(by_item(5), by_batch(5), dataset_subset(by_item(9), 1:5))) {
    batches <- list_of(data$DataLoader(loader(ds), batch_size = 2L))
    expect_identical(lapply(batches, function(b) as.integer(b$i)), list(1:2, 3:4, 5L))
  }
  expect_error(py_import("pickle")$dumps(loader(by_item(3))), "cannot be sent to another process")
})

# ---- arguments and printing ----

test_that("wrong arguments are named", {
  ds <- numbers(5)
  expect_identical(message_of(dataloader(3)), "`dataset` must be a dataset, not a number.")
  expect_identical(
    message_of(dataloader(tensor_dataset)), "`dataset` is a generator: call it to make a dataset."
  )
  expect_identical(
    message_of(dataloader(ds, batch_size = 0)), "`batch_size` must be a whole number from 1, not 0."
  )
  expect_identical(
    message_of(dataloader(ds, batch_size = 2.5)),
    "`batch_size` must be a whole number from 1, not 2.5."
  )
  expect_identical(
    message_of(dataloader(ds, shuffle = 1)), "`shuffle` must be `TRUE` or `FALSE`, not a number."
  )
  expect_identical(
    message_of(dataloader(ds, sampler = 6)), "`sampler` must be from 1 to 5: there is no item 6."
  )
  expect_match(message_of(dataloader(ds, sampler = 1, shuffle = TRUE)), "exclude each other")
  expect_match(
    message_of(dataloader(ds, batch_sampler = list(1), batch_size = 2)), "`batch_sampler` decides"
  )
  expect_match(
    message_of(dataloader(ds, batch_sampler = 1:2)),
    "`batch_sampler` must be a sampler or a list of"
  )
  expect_match(
    message_of(dataloader(ds, collate_fn = 3)), "`collate_fn` must be a function or NULL"
  )
  expect_match(message_of(dataloader(ds, num_workers = -1)), "`num_workers` must be a whole number")
  expect_match(
    message_of(dataloader(ds, timeout = "a")), "`timeout` must be a number of milliseconds"
  )
  expect_match(message_of(dataloader(ds, shufle = TRUE)), "unused argument")
})

test_that("a loader prints what it gives", {
  expect_output(
    print(dataloader(numbers(10), batch_size = 4, shuffle = TRUE)),
    "<dataloader> of 3 batches of 4, shuffled, from\n<tensor_dataset> of 10 items",
    fixed = TRUE
  )
})
