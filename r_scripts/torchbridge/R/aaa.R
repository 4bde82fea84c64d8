# R reads the files of a package in alphabetical order (that of C: `-` comes before letters, and
# `_` before small ones), so what a file needs while it is read must stand in an earlier one.
# Functions are needed when they are called only, wherever they stand.
# Tests: test-python-start.R.

# What is kept for the session; each field is set by the file that it belongs to.
the <- new.env(parent = emptyenv())
