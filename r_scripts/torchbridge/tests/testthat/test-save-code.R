skip_without_python()

# What is refused in a file before R reads it, and what is left out of it.

cleaned <- function(x, ours = FALSE) {
  call_python("r_stream.for_r", serialize(x, NULL), if (ours) "ours" else "file")
}

test_that("bytecode becomes its source, and pointers are NULL", {
  f <- compiler::cmpfun(function(x, y = 2) {
    for (i in 1:3) x <- x + i * y
    g <- function(u) u + x
    g(if (x > 1) 1 else 2)
  })
  holder <- new.env()
  holder$f <- f
  data <- list(f, holder, f, quote(x[1] <- 2), 1:10, c(a = 1), sum, matrix(1:4, 2))
  back <- unserialize(cleaned(data)$data)
  expect_identical(back[-(1:3)], data[-(1:3)])
  expect_identical(body(back[[1]]), body(f))
  expect_false(grepl("bytecode", paste(capture.output(print(back[[1]])), collapse = "")))
  expect_identical(back[[1]](2), f(2))
  expect_identical(body(back[[2]]$f), body(f))
})

test_that("promises and active bindings are refused", {
  looked <- 0
  lazy <- new.env()
  delayedAssign("x", looked <<- looked + 1, assign.env = lazy)
  expect_error(cleaned(list(lazy)), "it holds a promise")
  left <- unserialize(cleaned(list(lazy), TRUE)$data)[[1]]
  expect_error(get("x", left), "missing")
  active <- new.env()
  makeActiveBinding("danger", function() looked <<- looked + 1, active)
  expect_error(cleaned(list(function() 1, active)), "the active binding `danger`")
  hashed <- list2env(list(a = 1))
  makeActiveBinding("danger", function() looked <<- looked + 1, hashed)
  expect_error(cleaned(list(list(hashed))), "the active binding `danger`")
  expect_identical(looked, 0)
  # An argument that was asked for is its value.
  around <- eval(quote((function(x) {
    force(x)
    environment()
  })(3)), globalenv())
  expect_error(cleaned(list(around)), "it holds a promise")
  expect_identical(unserialize(cleaned(list(around), TRUE)$data)[[1]]$x, 3)
})

test_that("R6 objects get their active bindings from their class", {
  counter <- R6::R6Class("counter",
    public = list(n = 1), active = list(twice = function() self$n * 2)
  )
  back <- code_of(call_python("files.vector", code_bytes(list(counter$new()), NULL), "raw"))
  expect_identical(back[[1]]$twice, 2)
  back[[1]]$n <- 4
  expect_identical(back[[1]]$twice, 8)

  # One that is inherited sees what its own class sees, not the scope of the child's.
  parent <- local({
    factor <- 10
    R6::R6Class("parent",
      public = list(n = 1), active = list(scaled = function() self$n * factor)
    )
  })
  child <- R6::R6Class("child", inherit = parent)$new()
  back <- code_of(call_python("files.vector", code_bytes(list(child), NULL), "raw"))
  back[[1]]$n <- 3
  expect_identical(back[[1]]$scaled, 30)
})

test_that("packages are not loaded for a file", {
  stream <- serialize(list(environment(tools::file_ext)), NULL)
  found <- call_python("r_stream.for_r", stream, "file")
  expect_identical(found$namespaces, "tools")
  at <- which(stream == charToRaw("t"))
  at <- at[vapply(at, function(i) identical(rawToChar(stream[i + 0:4]), "tools"), NA)][1]
  stream[at + 0:4] <- charToRaw("nopkg")
  expect_error(
    code_of(call_python("files.vector", stream, "raw")), "is of the package nopkg, which is not"
  )
})

test_that("what runs code when it is read is refused", {
  attached <- as.environment("package:stats")
  expect_error(suppressWarnings(cleaned(list(attached))), "a package to attach")
  expect_error(
    call_python("r_stream.for_r", serialize(new.env(), NULL, refhook = function(x) "a"), "file"),
    "a value that a hook must make"
  )
})

test_that("functions of PyTorch that code holds are those of this session", {
  held <- nn_module(
    initialize = function(act) self$act <- act,
    forward = function(x) self$act(x)
  )
  around <- local({
    act <- torch_exp
    nn_module(forward = function(x) act(x))
  })
  files <- c(tempfile(), tempfile(), tempfile())
  torch_save(held(torch_relu), files[1])
  torch_save(around(), files[2])
  saveRDS(held(torch_relu), files[3])
  run <- run_r(c(
    "library(torchbridge)", sprintf("files <- %s", paste(deparse(files), collapse = "")),
    "x <- torch_tensor(c(-1, 0, 2))", "found <- list(torch_load(files[1])(x),",
    "  torch_load(files[2])(x), readRDS(files[3])(x))",
    "cat('found:', round(unlist(lapply(found, as.numeric)), 4))"
  ))
  expect_match(output(run), "found: 0 0 2 0.3679 1 7.3891 0 0 2", fixed = TRUE)
})
