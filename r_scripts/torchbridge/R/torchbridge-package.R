# Tests: test-python-start.R.

#' torchbridge: PyTorch in R, and R in Python
#'
#' R prepares data, draws and writes the report; PyTorch computes and trains. Tensors
#' cross with [as_torch_tensor()] and [to_r()]; any Python module is at hand through
#' [py_import()]. `library(torchbridge)` starts no Python: the first call does.
#'
#' @section Which Python:
#' The first of these that is set: the environment variable `TORCHBRIDGE_PYTHON`, the
#' Python that installed this package (`python -m torchbridge install-r`),
#' `RETICULATE_PYTHON`, an active virtual environment, `python3`. A Python that
#' reticulate has started already is used as it is. `python -m torchbridge doctor` checks
#' an installation.
#'
#' @importFrom stats deviance df.residual family fitted formula residuals sigma terms weights
#' @keywords internal
"_PACKAGE"
