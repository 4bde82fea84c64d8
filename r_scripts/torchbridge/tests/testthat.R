library(testthat)
library(torchbridge)

# A Python with torchbridge is not part of R: name one in TORCHBRIDGE_PYTHON where none is set.
python <- tryCatch(torchbridge:::find_python(), error = function(condition) NULL)
if (!is.null(python) && torchbridge:::has_torchbridge(python)) {
  test_check("torchbridge")
} else {
  message("There is no Python with torchbridge here, so nothing is tested.")
}
