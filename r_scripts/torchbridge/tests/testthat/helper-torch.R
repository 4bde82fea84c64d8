# Small tensors for tests, and Python code to compare with.

tensor <- function(x, requires_grad = FALSE, dtype = "float64") {
  py_import("torch")$as_tensor(as_torch_tensor(x, dtype = dtype))$requires_grad_(requires_grad)
}

# The names that a piece of Python code defines, as a list.
python_names <- function(...) {
  file <- tempfile(fileext = ".py")
  on.exit(unlink(file))
  writeLines(c(...), file)
  py_import("runpy")$run_path(file)
}

error_of <- function(code) tryCatch(code, error = identity)
message_of <- function(code) conditionMessage(error_of(code))

# Is this PyTorch older than the one that `make` installs? What came later is not asked of it.
pytorch_before <- function(version) {
  numeric_version(sub("[^0-9.].*", "", py_import("torch")$`__version__`)) < version
}
