# States that Python has written.
# Tests: test-save-files.R.

#' Read a state that Python has written
#'
#' `load_state_dict()` reads the tensors of a file of Python's `torch.save(model.state_dict(),
#' path)`. The file is a pickle: PyTorch reads the weights in it and nothing else, and from version
#' 2.10 on it does so without running what is in the file. With an older one this is an error.
#'
#' @param path Name of a file.
#' @param ... Not used.
#' @param legacy_stream Not used. R's torch has it.
#' @return A named list of tensors, for a module's `$load_state_dict()`.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' file <- tempfile(fileext = ".pth")
#' net <- py_import("torch.nn")$Linear(2L, 1L)
#' py_import("torch")$save(net$state_dict(), file)
#' names(load_state_dict(file))
#' @export
load_state_dict <- function(path, ..., legacy_stream = FALSE) {
  check_no_dots(...)
  check_flag(legacy_stream, "legacy_stream")
  check_string(path, "path")
  named(call_python("pickled_states.load", path.expand(path)))
}
