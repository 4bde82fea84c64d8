"""rpy2 objects that we hand out: no cycles, and R's own thread frees them."""

from __future__ import annotations

import copy
import gc
import importlib.metadata
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from torchbridge.process import host, rpy2_objects

VALUES = (
    "c(a = 1)",
    "c(2L, NA)",
    "TRUE",
    "1i",
    "raw(2)",
    "c(x = 'a')",
    "list(1, a = 'b')",
    "factor('a')",
    "as.POSIXct('2026-01-02', tz = 'UTC')",
    "as.Date('2026-01-02')",
    "data.frame(a = 1:2)",
    "matrix('a')",
    "array(1:8, c(2, 2, 2))",
    "structure(list(a = 1), class = 'thing')",
)
OTHERS = (
    "function(x, ...) x",
    "sum",
    "new.env()",
    "y ~ x",
    "pairlist(a = 1)",
    "expression(a)",
    "quote(a + b)",
    "NULL",
)


def made(r: Any, code: str) -> Any:
    return rpy2_objects.rpy2_object(rpy2_objects.robject(r(code)))


def test_the_private_names_are_those_of_this_rpy2() -> None:
    """rpy2_objects.py knows a capsule's `_cdata` and a function's `_local_env`, of these."""
    assert importlib.metadata.version("rpy2-rinterface") in ("3.6.2", "3.6.5", "3.6.6", "3.6.7")
    assert importlib.metadata.version("rpy2-robjects") == "3.6.6"


@pytest.mark.parametrize("code", VALUES + OTHERS)
def test_nothing_that_we_hand_out_lies_in_a_cycle(r: Any, code: str) -> None:
    value = r(code)
    x = rpy2_objects.robject(value)
    rpy2_objects.rpy2_object(x)
    gc.collect()
    gc.disable()
    try:
        rpy2_objects.rpy2_object(x)
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("code", VALUES)
def test_a_vector_is_what_rpy2_makes_of_it(r: Any, code: str) -> None:
    theirs = r(code)
    ours = rpy2_objects.rpy2_object(rpy2_objects.robject(theirs))
    name = type(theirs)
    assert isinstance(ours, name) and repr(type(ours)) == repr(name)
    assert r.identical(ours, theirs)
    assert r.identical(ours.rx(1), theirs.rx(1))
    assert r.identical(ours.rx2(1), theirs.rx2(1))
    for again in (pickle.loads(pickle.dumps(ours)), copy.copy(ours), copy.deepcopy(ours)):
        assert type(again) is name and r.identical(again, theirs)


def test_operators_and_assignments_of_rpy2_work(r: Any) -> None:
    x = made(r, "c(a = 1, b = 2)")
    assert list(x.ro + 1) == [2.0, 3.0]
    x.rx[1] = 5.0
    assert list(x) == [5.0, 2.0]
    x.names = ["c", "d"]
    assert list(x.names) == ["c", "d"]
    assert list(made(r, "c(1, 2)").rx(2)) == [2.0]  # of a vector that nobody else holds
    assert made(r, "function(x) x + 1")(2.0)[0] == 3.0


@pytest.mark.parametrize("code", ["as.numeric(1:9)", "list(1)", "function(x) x", "new.env()"])
def test_what_we_hand_out_lives_by_our_own_root(
    r: Any, nothing_left: None, live: Callable[[], dict[str, int]], code: str
) -> None:
    """rpy2's own protection would end on the thread that drops it; a root waits for R's."""
    before = live()["r_objects"]
    held = [made(r, code)]
    assert host.native().live()["r_objects"] > before
    gc.collect()  # what r() made
    with pytest.raises(KeyError):
        held[0].__sexp_refcount__  # noqa: B018 - rpy2 knows nothing of it
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert host.native().live()["r_objects"] == before


STRESS = """
import gc, sys, tempfile, threading
import torch, torchbridge as tb, rpy2.robjects as ro
gc.freeze()
gc.disable()  # the threads collect, and nobody else
sys.setswitchinterval(1e-4)
tensor = torch.arange(200, dtype=torch.float64)
with tempfile.NamedTemporaryFile("w", suffix=".R") as file:
    file.write("values <- function(i) list(f = function(x) x + i, e = new.env(), n = i)")
    file.flush()
    make = tb.source(file.name)
work = ro.r("function(x) { y <- as.list(x); for (i in 1:20) y <- lapply(y, function(v) v + 0);"
            " sum(unlist(y)^2) }")
kept, right, ended = [], float((tensor**2).sum()), threading.Event()

def collect():
    while not ended.is_set():
        gc.collect()
        del kept[: len(kept) // 2]

threads = [threading.Thread(target=collect) for _ in range(2)]
for thread in threads: thread.start()
live = {i: tb.to_r(torch.full((3,), float(i))) for i in range(20)}
wrong = 0
for i in range(ROUNDS):
    for j in range(20):
        tb.to_r(tensor)
        live[j] = tb.to_r(torch.full((3,), float(i + j)))
    kept.extend([tb.to_r({"a": i, "b": "c"}), make.values(float(i)), live[i % 7]])
    wrong += work(tb.to_r(tensor))[0] != right
    wrong += any(list(live[j]) != [float(i + j)] * 3 for j in range(20))
ended.set()
for thread in threads: thread.join()
ro.r("gc")()
print("wrong", wrong)
"""


def test_python_s_collector_on_other_threads_while_r_computes(python: Any) -> None:
    done = python(STRESS.replace("ROUNDS", "60"))
    assert (done.returncode, done.stdout) == (0, "wrong 0\n"), done.stderr
