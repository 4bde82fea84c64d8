# Tests: test-python-start.R.

#' torchbridge: PyTorch in R, and R in Python
#'
#' R prepares data, draws and writes the report; PyTorch computes and trains. Tensors
#' cross with [as_torch_tensor()] and [to_r()]; any Python module is at hand through
#' [py_import()]. `library(torchbridge)` starts no Python: the first call does.
#'
#' @section Which Python:
#' The first of these that is set: [start_python()]'s argument, the environment variable
#' `TORCHBRIDGE_PYTHON`, what reticulate was told (`RETICULATE_PYTHON`, `use_python()` and its kin),
#' the Python that installed this package (`python -m torchbridge install-r`), that which
#' [install_torch()] made, an active virtual environment, `python3`. `library(torchbridge)` says
#' which it is, and reticulate starts the same one where it is used first (this package sets
#' `RETICULATE_PYTHON_FALLBACK`, which reticulate asks after all that it was told). A Python that
#' reticulate was told to use and that has no torchbridge is refused before it starts; where
#' `TORCHBRIDGE_PYTHON` overrules reticulate, a message says so. A Python that reticulate has
#' started already is used as it is; reticulate that is loaded after Python has started joins it.
#' `python -m torchbridge doctor` checks an installation.
#'
#' @importFrom stats deviance df.residual family fitted formula residuals sigma terms weights
#' @keywords internal
"_PACKAGE"
