# The native entries that R code calls most, and the functions that call them.
# Tests: test-python-start.R.

# An entry is a promise, made when the package is loaded: reading it starts Python the first
# time, and costs nothing afterwards.
entries <- new.env()

promise_entry <- function(name) delayedAssign(name, native()[[name]], assign.env = entries)

# A function of bridge/for_r.py, likewise.
promise_function <- function(name, python_name) {
  force(python_name)
  delayedAssign(name, python_function(python_name), assign.env = entries)
}

# Stands for the second operand where there is none; the core knows it.
entries$unary <- as.symbol("torchbridge_unary")

# Stands for an argument that was not given; the core leaves it out.
entries$absent <- as.symbol("torchbridge_absent")

# Functions of this environment find their entries at once.
hot <- function(f) {
  environment(f) <- entries
  f
}
