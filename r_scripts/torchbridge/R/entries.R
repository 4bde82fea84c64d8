# The native entries that R code calls most, and the functions that call them.

# An entry is a promise, made when the package is loaded: reading it starts Python the first
# time, and costs nothing afterwards.
entries <- new.env()

promise_entry <- function(name) delayedAssign(name, native()[[name]], assign.env = entries)

# Functions of this environment find their entries at once.
hot <- function(f) {
  environment(f) <- entries
  f
}
