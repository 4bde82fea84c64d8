skip_without_python()

upwards <- sampler(
  "upwards",
  initialize = function(from) self$from <- from,
  .iter = function() {
    i <- self$from - 1
    function() i <<- i + 1
  },
  .length = function() Inf
)
rows <- function(n) tensor_dataset(i = tensor(seq_len(n), dtype = "int64"))

test_that("samplers and their generators have R torch's classes", {
  expect_identical(class(upwards), c("upwards", "torch_sampler"))
  expect_identical(class(upwards(1)), c("upwards", "utils_sampler", "R6"))
  expect_identical(names(formals(upwards)), "from")
  expect_output(print(upwards), "<torch_sampler> upwards(from)", fixed = TRUE)
  expect_output(print(upwards(1)), "<upwards>")
})

test_that("a sampler that never ends is asked for one batch at a time", {
  for (ds in list(rows(9), dataset(.getitem = function(i) list(i = i), .length = function() 9)())) {
    iter <- dataloader_make_iter(dataloader(ds, batch_size = 3, sampler = upwards(2)))
    expect_identical(as.integer(dataloader_next(iter)$i), 2:4)
    expect_identical(as.integer(dataloader_next(iter)$i), 5:7)
  }
})

test_that("a sampler may give whole batches of the size that is asked for", {
  doubled <- sampler(
    "doubled",
    initialize = function() NULL,
    .iter_batch = function(batch_size) {
      at <- 0
      function() {
        at <<- at + 1
        if (at > 2) as.symbol(".__exhausted__.") else rep(at, batch_size)
      }
    },
    .length = function() 6
  )
  loader <- dataloader(rows(5), batch_size = 3, sampler = doubled())
  iter <- loader$.iter()
  expect_identical(as.integer(iter$.next()$i), c(1L, 1L, 1L))
  expect_identical(as.integer(iter$.next()$i), c(2L, 2L, 2L))
  expect_identical(iter$.next(), as.symbol(".__exhausted__."))
  expect_length(loader, 2L)
})

test_that("a loader's own samplers can be asked for their order", {
  loader <- dataloader(rows(5), batch_size = 2, drop_last = TRUE)
  following <- loader$batch_sampler$.iter()
  expect_identical(following(), 1:2)
  expect_identical(following(), 3:4)
  expect_identical(following(), as.symbol(".__exhausted__."))
  expect_identical(loader$sampler$.iter()(), 1L)
})
