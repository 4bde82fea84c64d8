# A new R session that reads what this one saves, and looks at it.
looked_at <- function(value, code) {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(value, file)
  in_new_session(c(
    "library(torchbridge)", sprintf("value <- readRDS('%s')", file), code,
    "stopifnot(is.null(torchbridge:::the$native))"
  ))
}

in_new_session <- function(lines) {
  script <- tempfile(fileext = ".R")
  on.exit(unlink(script))
  writeLines(lines, script)
  system2(file.path(R.home("bin"), "Rscript"), script, stdout = TRUE)
}

test_that("str() shows type and shape of what was read without starting Python", {
  value <- list(
    x = torch_zeros(3, 4), n = torch_tensor(1:2), s = torch_tensor(TRUE)[1], net = nn_linear(2, 1)
  )
  expect_identical(looked_at(value, "str(value)"), c(
    "List of 4",
    " $ x  : torch_tensor [ Float{3,4} ], not loaded yet",
    " $ n  : torch_tensor [ Long{2} ], not loaded yet",
    " $ s  : torch_tensor [ Bool{} ], not loaded yet",
    " $ net: <nn_linear> module with 3 parameters and buffers, not loaded yet"
  ))
})
