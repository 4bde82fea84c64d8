skip_without_python()

numbers <- function(n) tensor_dataset(i = tensor(seq_len(n), dtype = "int64"))

test_that("coro's verbs say so where coro is not installed", {
  skip_if(requireNamespace("coro", quietly = TRUE))
  expect_match(message_of(loop(for (i in 1:2) i)), "loop() is that of", fixed = TRUE)
  expect_match(message_of(yield(1)), "not installed")
  expect_match(message_of(as_iterator(1:3)), "dataloader_make_iter")
})

test_that("coro's verbs are coro's where it is installed", {
  skip_if_not_installed("coro")
  seen <- integer()
  loop(for (batch in dataloader(numbers(5), batch_size = 2)) {
    if (length(seen) == 0L) {
      seen <- as.integer(batch$i)
      next
    }
    seen <- c(seen, as.integer(batch$i))
    break
  })
  expect_identical(seen, 1:4)
  expect_identical(as_iterator(1:3)(), 1L)
  rows <- coro::generator(function(loader) {
    for (batch in loader) yield(as.integer(batch$i))
  })
  expect_identical(coro::collect(rows(dataloader(numbers(3)))), list(1L, 2L, 3L))
  stream <- iterable_dataset("stream", .iter = coro::generator(function() for (i in 1:3) yield(i)))
  expect_length(coro::collect(dataloader(stream(), batch_size = 2)), 2L)
})

test_that("objects of reticulate go to its own as_iterator()", {
  skip_unless_reticulate_starts()
  said <- run_r(c(
    "library(reticulate)",
    "suppressMessages(library(torchbridge))",
    "items <- as_iterator(r_to_py(list(4L, 5L)))",
    "cat(py_to_r(iter_next(items)), py_to_r(iter_next(items)), is.null(iter_next(items)))"
  ))
  expect_match(output(said), "4 5 TRUE", fixed = TRUE)
})

test_that("the pipe is magrittr's", {
  expect_identical(c(1, 4) %>% sqrt(), c(1, 2))
  expect_identical(`%>%`, magrittr::`%>%`)
})
