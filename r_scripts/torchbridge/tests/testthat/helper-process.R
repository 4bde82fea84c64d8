# Runs code in a fresh R process: list(status, out), the output of both streams by line.
# env holds environment variables by name.
run_r <- function(code, env = character()) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  writeLines(code, file)
  run_process(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(file)), env)
}

# Runs code in a fresh process of the Python that this R is bound to.
run_python <- function(code, env = character()) {
  file <- tempfile(fileext = ".py")
  on.exit(unlink(file))
  writeLines(code, file)
  run_process(find_python(), shQuote(file), env)
}

# The timeout is for a process that hangs: a busy machine takes a minute to start R and PyTorch.
run_process <- function(command, arguments, env) {
  libraries <- paste(.libPaths(), collapse = .Platform$path.sep)
  env <- c(R_LIBS = libraries, R_TESTS = "", env)
  out <- suppressWarnings(system2(
    command, arguments,
    stdout = TRUE, stderr = TRUE, timeout = 600, env = paste0(names(env), "=", shQuote(env))
  ))
  status <- attr(out, "status")
  list(status = if (is.null(status)) 0L else status, out = as.vector(out))
}

# As text, for expect_match().
output <- function(run) paste(run$out, collapse = "\n")
