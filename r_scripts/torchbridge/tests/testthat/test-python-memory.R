skip_without_python()

# Resident memory of this process, in MB.
resident <- function() {
  kilobytes <- grep("^VmRSS:", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", kilobytes)) / 1024
}

test_that("temporaries in a loop hold memory steady", {
  skip_if_not(file.exists("/proc/self/status"))
  a <- torch_randn(3, 3)
  glibc <- py_import("platform")$libc_ver()[[1]] == "glibc"
  trim <- if (glibc) py_import("ctypes")$CDLL(NULL)$malloc_trim else identity
  run <- function(n) for (i in seq_len(n)) a + i
  # How much waits for R's next collection is decided by what else R holds: so after one.
  left_after <- function(n) {
    run(n)
    gc()
    trim(0L) # what malloc keeps of freed memory is no growth
    resident()
  }
  before <- left_after(3e5)
  # 100,000 tensors of 3 x 3 with their handles would be 60 MB and more.
  expect_lt(left_after(1e5) - before, 30)
})

test_that("large temporaries are collected though R sees only their handles", {
  skip_if_not(file.exists("/proc/self/status"))
  a <- torch_zeros(2^20) # 4 MB
  for (i in 1:200) a + i
  before <- resident()
  for (i in 1:600) a + i # 2.4 GB
  expect_lt(resident() - before, 700)
})

test_that("what a loop leaves behind is collected", {
  a <- torch_randn(3, 3)
  before <- live_objects()[["py_handles"]]
  for (i in 1:1000) (a * a)$sum(dim = 1)[2]$item()
  expect_lte(live_objects()[["py_handles"]], before)
})
