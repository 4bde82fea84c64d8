"""blocks.c: handles that have a finalizer together are as good as those with one of their own.

Blocks come into use where several hundred little tensors were made in a row. "In flight" is a value
that C code of R's has on its stack while more are made: an argument of list() before the last one.
"""

from __future__ import annotations

import pytest

#: What is alive, and Python's own view of what R holds.
PYTHON = """
import weakref
from torchbridge.process import host

seen = []

def alive():
    return host.native().live()["py_handles"]

def bytes_alive():
    return host.native().live()["foreign_bytes"]

def look_at(x):
    seen.append(weakref.ref(x))

def still_there():
    return sum(ref() is not None for ref in seen)
"""

R = """
a <- torch_ones(3)
b <- torch_ones(3)
many <- function(n) for (i in seq_len(n)) a + b
# What the core itself had at work, it lets go after a collection.
settle <- function() {
  gc()
  a + b
  for (i in 1:2) gc()
}
settle()
before <- c(calls$alive(), calls$bytes_alive())
left <- function() c(calls$alive(), calls$bytes_alive()) - before
"""


@pytest.fixture
def printed(in_r):
    """printed(code): what R code prints, after the above."""

    def run(code):
        ended = in_r(R + code, python=PYTHON)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.split()

    return run


def test_nothing_is_left_of_what_a_loop_has_dropped(printed):
    out = printed("""
many(10000)
cat(calls$alive() - before[1] >= 500, "")
settle()
cat(left())
""")
    assert out == ["TRUE", "0", "0"]


def test_what_a_loop_keeps_stays_and_nothing_beside_it(printed):
    out = printed("""
kept <- list()
for (i in 1:20000) {
  x <- a + i
  if (i %% 7L == 0L) kept[[length(kept) + 1L]] <- x
}
rm(x)
settle()
values <- vapply(kept, function(x) as_array(x)[1], 0)
cat(left() - length(kept) * c(1, 12), all(values == 1 + 7 * seq_along(kept)), "")
rm(kept)
settle()
cat(left())
""")
    assert out == ["0", "0", "TRUE", "0", "0"]


def test_what_was_in_flight_keeps_a_bounded_number_of_others(printed):
    out = printed("""
kept <- lapply(1:2000, function(i) list(a + i, {
  many(200)
  b + i
}))
settle()
values <- vapply(kept, function(pair) as_array(pair[[1]] + pair[[2]])[1], 0)
cat(left()[1] - 4000 < 40000, all(values == 2 + 2 * 1:2000), "")
rm(kept)
settle()
cat(left())
""")
    assert out == ["TRUE", "TRUE", "0", "0"]


@pytest.mark.parametrize(
    "made",
    ["w * 2", "large[1:2]", "large[1:2]$view(2)", "large + 1", "nn_buffer(large)[1:2]"],
)
def test_what_keeps_much_memory_is_in_no_block(printed, made):
    out = printed(f"""
w <- torch_ones(3, requires_grad = TRUE)
large <- torch_zeros(1e5)
many(1000)
kept <- list(a + b, {{
  x <- {made}
  calls$look_at(x)
  rm(x)
  many(1000)
}})
settle()
cat(calls$still_there(), as_array(kept[[1]]))
""")
    assert out == ["0", "2", "2", "2"]


def test_one_that_a_finalizer_brings_back_is_empty(printed):
    out = printed("""
back <- list()
many(1000)
lost <- new.env()
lost$kept <- list(a + b, many(1000))
invisible(reg.finalizer(lost, function(lost) back[[1]] <<- lost$kept[[1]]))
rm(lost)
settle()
many(20000)
cat(length(back), tryCatch(as_array(back[[1]]), error = function(e) grepl("is gone", e$message)))
""")
    assert out == ["1", "TRUE"]


def test_one_of_a_block_is_saved_and_measured(printed):
    out = printed("""
many(1000)
x <- a + 41
y <- unserialize(serialize(x, NULL))
size <- object.size(a + b)
many(1000)
settle()
many(1000)
cat(as_array(x)[1], as_array(y)[1], size > 0, "")
rm(x, y)
settle()
cat(left())
""")
    assert out == ["42", "42", "TRUE", "0", "0"]


def test_collections_at_any_time_leave_every_value_right(printed):
    out = printed("""
set.seed(1)
kept <- vector("list", 50)
expected <- numeric(50)
right <- TRUE
for (i in 1:20000) {
  k <- sample.int(50, 1)
  j <- sample.int(50, 1)
  if (is.null(kept[[k]]) || expected[k] > 1e6) {
    kept[[k]] <- a * k
    expected[k] <- k
  } else if (!is.null(kept[[j]])) {
    kept[[k]] <- (kept[[k]] + kept[[j]])[1:3]$clone()
    expected[k] <- expected[k] + expected[j]
  }
  if (i %% 97L == 0L) right <- right && identical(as_array(kept[[k]]), rep(expected[k], 3))
  if (i %% 313L == 0L) gc(full = i %% 2L == 0L)
}
rm(kept)
settle()
cat(right, left())
""")
    assert out == ["TRUE", "0", "0"]
