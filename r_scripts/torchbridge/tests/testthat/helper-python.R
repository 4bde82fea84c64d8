# A Python with torchbridge is not part of R: without one, tests that need it are skipped.
# Where `python -m torchbridge install-r` has installed this package there must be one.

has_python <- local({
  found <- NULL
  function() {
    if (is.null(found)) {
      configured <- nzchar(system.file("python.txt", package = "torchbridge"))
      found <<- configured || isTRUE(tryCatch(can_import("torchbridge"), error = function(e) FALSE))
    }
    found
  }
})

# reticulate before 1.33 asks a Python by the module imp, which Python has no more from 3.12 on: it
# starts such a one where we ask for it, not alone.
skip_unless_reticulate_starts <- function() {
  old <- utils::packageVersion("reticulate") < "1.33" &&
    !can_import("imp")
  testthat::skip_if(old, "this reticulate starts no Python without the module imp")
}

skip_without_python <- function() {
  testthat::skip_if_not(has_python(), "Python with torchbridge")
}

can_import <- function(module) {
  code <- paste("import", module)
  system2(find_python(), c("-c", shQuote(code)), stdout = FALSE, stderr = FALSE) == 0L
}

# What only R owns only R keeps alive from now on, and what nobody owns is gone.
collect <- function() {
  for (i in 1:3) {
    gc()
    settle_modules()
  }
}

# How many objects each language holds for the other once both have collected.
live_objects <- function() {
  collector <- py_import("gc")
  # What was there at the first count (all of torch) need not be looked at every time.
  if (collector$get_freeze_count() < 10000) collector$freeze()
  native <- py_import("torchbridge.process.host")$native()
  live <- NULL
  repeat { # what one language collects may free what the other then can
    before <- live
    gc()
    settle_modules()
    collector$collect()
    live <- native$live()[c("r_objects", "py_handles")]
    if (identical(live, before)) {
      return(unlist(live))
    }
  }
}

# The value of a Python expression.
torch_eval <- function(code) {
  py_import("builtins")$eval(code, list(torch = py_import("torch")))
}

# Can Python import these?
has_modules <- function(...) {
  find <- py_import("importlib.util")$find_spec
  all(vapply(c(...), function(name) !is.null(find(name)), TRUE))
}
