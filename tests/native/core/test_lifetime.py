"""lifetime.c: whoever can reach memory keeps its owner alive, and nobody longer than that."""

from __future__ import annotations

import ctypes
import gc
import itertools
import os
import platform
import queue
import threading
import weakref
from collections.abc import Mapping

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge import RError

N = 1000


@pytest.fixture
def r_vector(core):
    """r_vector(n): an R double vector 0, 1, ..., n - 1."""

    def make(n=N):
        x = core.RObject.new_vector("double", (n,))
        np.asarray(x)[:] = np.arange(n)
        return x

    return make


def churn(core):
    """Writes over what was freed, in both languages."""
    for _ in range(20):
        np.asarray(core.RObject.new_vector("double", (N,)))[:] = -1
        torch.full((N,), -1.0, dtype=torch.float64)


def rss():
    """What the process has in memory, without what malloc keeps of freed memory for later."""
    if platform.libc_ver()[0] == "glibc":  # others give it back by themselves
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ---- memory outlives the object that was made first ----


@pytest.mark.parametrize("view", [torch.from_dlpack, np.asarray, np.from_dlpack])
def test_an_array_over_r_memory_outlives_the_r_vector(core, collect, r_vector, view):
    array = view(r_vector())
    collect()
    churn(core)
    assert array.tolist() == list(range(N))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_an_r_vector_over_a_tensor_outlives_the_tensor(core, collect, dtype):
    x = core.foreign_vector(torch.arange(100, dtype=dtype).__dlpack__())
    collect()
    churn(core)
    assert core.base_function("sum")(x) == 4950


def test_an_r_vector_that_only_r_holds_keeps_the_tensor(core, collect, r):
    keep = r("kept <- new.env()")
    r("function(e, x) { e$x <- x; NULL }")(
        keep, core.foreign_vector(torch.arange(9.0).__dlpack__())
    )
    collect()
    churn(core)
    assert r("function(e) sum(e$x)")(keep) == 36
    r("function(e) { e$x <- NULL; rm(kept, envir = globalenv()) }")(keep)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_chain_through_both_languages_lives_while_any_link_does(core, collect, r_vector, order):
    x = r_vector()
    t = torch.from_dlpack(x)
    y = core.foreign_vector(t.__dlpack__())
    u = torch.from_dlpack(y)
    links = {0: x, 1: t, 2: y, 3: u}
    del x, t, y, u
    for dead in order[:3]:
        del links[dead]
        collect()
        churn(core)
        for alive in links.values():
            assert torch.from_dlpack(alive).tolist() == list(range(N))


def test_writing_through_the_chain_reaches_the_first_link(core, r_vector):
    x = r_vector()
    view = torch.from_dlpack(core.foreign_vector(torch.from_dlpack(x).__dlpack__()))
    view[0] = 42
    assert np.asarray(x)[0] == 42


def test_a_handle_keeps_a_python_object_until_r_drops_it(core, collect):
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    handle = core.handle(thing)
    del thing
    collect()
    assert gone() is not None
    del handle
    collect()
    assert gone() is None


# ---- other threads ----


def test_tensors_freed_on_eight_threads(core, collect, r_vector, many):
    before = collect()["r_objects"]
    work: queue.SimpleQueue = queue.SimpleQueue()

    def free():
        while (item := work.get()) is not None:
            del item

    threads = [threading.Thread(target=free) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(many(10_000)):
        work.put(torch.from_dlpack(r_vector(4)))
    for _ in threads:
        work.put(None)
    for thread in threads:
        thread.join()
    assert core.live()["r_objects"] == before


def test_memory_freed_on_threads_that_do_not_hold_the_gil(core, r_vector, many):
    """ctypes gives up the GIL before it calls the deleter, as torch's own threads have none."""
    before = core.live()["r_objects"]
    name, pointer = ctypes.pythonapi.PyCapsule_SetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.argtypes = [ctypes.py_object, ctypes.c_char_p]
    pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
    deleter_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

    def release(addresses):
        for address in addresses:
            # DLManagedTensor: a DLTensor of 48 bytes, the context, the deleter
            deleter_type(ctypes.c_void_p.from_address(address + 56).value)(address)

    shares = []
    for _ in range(8):
        addresses = []
        for _ in range(many(1250)):
            capsule = r_vector(4).__dlpack__()
            addresses.append(pointer(capsule, b"dltensor"))
            name(capsule, b"used_dltensor")
        shares.append(addresses)
    assert core.live()["r_objects"] == before + 8 * many(1250)
    threads = [threading.Thread(target=release, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert core.live()["r_objects"] == before


def test_a_tensor_freed_by_backward_on_another_thread(core, r_vector):
    before = core.live()["r_objects"]
    w = torch.ones(N, dtype=torch.float64, requires_grad=True)
    loss = (torch.from_dlpack(r_vector()) * w).sum()  # autograd alone keeps the R memory
    assert core.live()["r_objects"] == before + 1
    thread = threading.Thread(target=loss.backward)
    thread.start()
    thread.join()
    assert core.live()["r_objects"] == before
    assert w.grad.tolist() == list(range(N))


# ---- failing half-way ----


@pytest.mark.parametrize("length", [2**40, 2**52])
def test_a_length_beyond_memory_is_an_r_error(core, length):
    with pytest.raises(RError, match="cannot allocate"):
        core.RObject.new_vector("double", (length,))


@pytest.mark.parametrize("bad", ["\ud800", "nul\0", 2**70])
def test_an_error_in_the_middle_of_a_list_releases_the_rest(core, bad):
    inner = {"tensor": torch.ones(2), "list": [object(), 1, "a", bad]}
    with pytest.raises((ValueError, OverflowError)):
        core.to_r([torch.ones(3), [inner, inner], 5])
    with pytest.raises((ValueError, OverflowError)):
        core.base_function("identity")(torch.ones(3), x=inner)


LIMITED = """
def limited(free_mb):
    used = core.base_function("gc")()[1, 1]
    core.base_function("mem.maxVSize")(used + free_mb)
big = bytes(300 << 20)
limited(100)
"""


def test_running_out_of_r_memory_releases_what_was_on_the_way(in_python):
    """An R error in the middle of a conversion (a longjmp) leaves no reference behind."""
    ended = in_python(
        LIMITED
        + """
from collections.abc import Mapping
class Simple(Mapping):  # becomes a dict on the way
    def __init__(self, **items): self.items_ = items
    def __getitem__(self, key): return self.items_[key]
    def __iter__(self): return iter(self.items_)
    def __len__(self): return len(self.items_)
probe = object()
before, live = sys.getrefcount(probe), core.live()
for value in [big], {"a": big}, Simple(p=probe, big=big), [[probe, Simple(p=[probe], b=big)]], bytearray(big):
    for convert in core.to_r, core.base_function("identity"):
        try:
            convert(value)
        except tb.RError as error:
            assert "memory" in str(error), error
        else:
            raise SystemExit("no error")
del value, convert
core.base_function("gc")()  # handles made on the way hold the probe until R collects
gc.collect()
assert sys.getrefcount(probe) == before, (sys.getrefcount(probe), before)
assert core.live() == live, (core.live(), live)
"""
    )
    assert ended.returncode == 0, ended.stderr


def test_running_out_of_r_memory_under_r_releases_the_gil_and_the_result(in_python):
    ended = in_python(
        LIMITED
        + """
def give(probe):
    return [probe, big]
probe = object()
before = sys.getrefcount(probe), sys.getrefcount(big)
f = r("function(give, x) for (i in 1:5) { e <- tryCatch(give(x), error = conditionMessage) ; if (!grepl('memory', e)) stop(e) }")
f(give, probe)
core.base_function("gc")()
assert (sys.getrefcount(probe), sys.getrefcount(big)) == before
t = threading.Thread(target=print, args=("other threads run",))
t.start(); t.join(10)
""",
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert "other threads run" in ended.stdout


def test_every_conversion_may_run_out_of_r_memory_anywhere(in_python):
    """R has `room` cells left and then none: what fails consumes nothing and keeps nothing."""
    ended = in_python(
        """
gc_, limit = core.base_function("gc"), core.base_function("mem.maxNSize")
fill = r("function(n) { x <- as.list(seq_len(n)); function() x }")
class Thing: pass
thing, tensor = Thing(), torch.ones(2, 3, dtype=torch.float64).t().contiguous().t()
vector = core.RObject.new_vector("double", (5,))
call = r("function(f, ...) f(...)")
try: version = {"max_version": (1, 0)}; tensor.__dlpack__(**version)
except TypeError: version = {}  # PyTorch before 2.8
def capsule(): return tensor.__dlpack__(**version)
operations = [
    lambda: core.foreign_vector(capsule()),
    lambda: core.to_r({"a": [thing, 1, "text"], "b": {"c": thing, "d": [1.5, None]}}),
    lambda: core.handle(thing),
    lambda: core.RObject.new_vector("double", (5, 5)),
    lambda: vector.__dlpack__(),
    lambda: vector.na_mask(),
    lambda: vector.attr("dim"),
    lambda: core.to_r([tensor, [tensor]]).items(),
    lambda: call(lambda *args: [thing, *args], 1, "a", thing),
]
def counts(): return sys.getrefcount(thing), sys.getrefcount(tensor), core.live()
for operation in operations: operation()
gc.collect(); gc_()
before, failed, done = counts(), 0, 0
trigger = float(gc_()[0, 2])
for room in range(-100, 200, 20):
    limit(trigger + 1)
    hog = fill.call(int(trigger - float(gc_()[0, 0])) - 3000)
    try:
        rest = core.to_r([1, "a"] * ((int(trigger - float(gc_()[0, 0])) - room) // 2))
    except tb.RError:
        rest = None
    for operation in operations:
        try:
            operation()
            done += 1
        except (tb.RError, MemoryError) as error:
            assert "memory" in str(error) or "described" in str(error), error
            failed += 1
    del hog, rest
    limit(float("inf"))
    gc.collect(); gc_(); gc_()
    assert counts() == before, (room, counts(), before)
print(failed > 5, done > 5)
""",
        timeout=300,
    )
    assert (ended.returncode, ended.stdout) == (0, "True True\n"), ended.stderr[-3000:]


# ---- bounded memory ----


@pytest.mark.parametrize("way", ["into R", "from R", "shared into R", "shared from R", "refused"])
def test_memory_does_not_grow_over_many_conversions(core, collect, r_vector, many, way):
    size = 1 << 20  # 8 MiB

    def convert():
        if way == "into R":
            tb.to_r(torch.ones(size, dtype=torch.float64))
        elif way == "from R":
            tb.to_torch(core.RObject.new_vector("double", (size,)))
        elif way == "shared into R":
            core.foreign_vector(torch.ones(size, dtype=torch.float64).__dlpack__())
        elif way == "shared from R":
            torch.from_dlpack(core.RObject.new_vector("double", (size,))).zero_()
        else:
            with pytest.raises(OverflowError):
                core.to_r([torch.ones(size, dtype=torch.float64), bytes(8 * size), 2**70])

    def convert_many():
        for _ in range(many(30)):
            convert()
        collect()
        return rss()

    # R takes what room it wants, and gives some back when it wants: growth is that every later
    # reading lies above all of the first.
    first = max(convert_many(), convert_many())
    later = min(convert_many() for _ in range(3))
    assert later - first < 24 << 20  # a leak adds 240 MiB each time


def test_a_view_of_a_mapping_is_not_kept(core):
    class Simple(Mapping):
        def __getitem__(self, key):
            return {"a": 1, "b": [1.5, None]}[key]

        def __iter__(self):
            return iter(["a", "b"])

        def __len__(self):
            return 2

    x = Simple()
    gone = weakref.ref(x)
    assert core.base_function("length")(x) == 2
    del x
    gc.collect()
    assert gone() is None
