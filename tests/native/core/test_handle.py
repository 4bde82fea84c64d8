"""handle.c: Python objects in R's hands."""

from __future__ import annotations

import gc
import sys
import tracemalloc
import weakref

import pytest
import torch

import torchbridge as tb
from torchbridge.process import hooks


def test_a_tensor_is_a_torch_tensor_in_r(core, r):
    x = torch.ones(2)
    assert core.to_r(x).classes == ("torch_tensor", "python_object")
    assert core.to_r(object()).classes == ("python_object",)
    assert core.handle(3).classes == ("python_object",)
    assert r("function(x) typeof(x)")(x) == "externalptr"


def test_the_object_comes_back_itself(core, r):
    for x in (torch.ones(2), object(), torch.nn.Parameter(torch.ones(1)), Exception("e")):
        assert r("function(x) x")(core.handle(x)) is x


def test_r_copies_share_the_object(core, r, collect):
    x, environment = torch.ones(2), r("new.env()")
    gone = weakref.ref(x)
    r("function(e, x) { e$x <- x; NULL }")(environment, x)
    r("function(e) { e$y <- e$x; e$l <- list(e$x, e$x); rm(x, envir = e) }")(environment)
    del x
    collect()
    assert gone() is not None
    r("function(e) { e$y <- NULL; e$l <- NULL }")(environment)
    collect()
    assert gone() is None


def test_the_bytes_of_tensors_are_counted(core, collect):
    before = core.live()
    values = (torch.ones(1000), torch.ones(1000).to_sparse(), b"x" * 99)
    handles = [core.handle(value) for value in values]
    del values
    held = core.live()
    assert held["py_handles"] == before["py_handles"] + 3
    assert held["foreign_bytes"] == before["foreign_bytes"] + 4000
    del handles
    assert collect() == before


def test_pythons_collector_looks_only_at_tensors_that_r_does_not_hold(core, collect):
    x, parameter = torch.ones(2), torch.nn.Parameter(torch.ones(2))
    assert gc.is_tracked(x)
    first, second, other = core.handle(x), core.handle(x), core.handle(parameter)
    assert not gc.is_tracked(x)
    assert gc.is_tracked(parameter)  # a class that may be Python's has its own rules
    del first, other
    collect()
    del second
    collect()
    assert gc.is_tracked(x)
    x.itself = x
    handle, gone = core.handle(x), weakref.ref(x)
    del x
    collect()
    assert gone() is not None
    del handle
    collect()
    assert gone() is None


def test_a_tensor_class_with_a_broken_nbytes(core):
    class Odd(torch.Tensor):
        @property
        def nbytes(self):
            raise RuntimeError("no")

    class Negative(torch.Tensor):
        nbytes = -5

    for kind in (Odd, Negative):
        x = torch.ones(2).as_subclass(kind)
        before = core.live()["foreign_bytes"]
        assert core.handle(x).value() is x
        assert core.live()["foreign_bytes"] == before


@pytest.mark.parametrize(
    "way", ["unserialize(serialize(x, NULL))", "{ f <- tempfile(); saveRDS(x, f); readRDS(f) }"]
)
def test_a_handle_that_r_has_saved_has_its_object_again(core, r, way):
    copy = r(f"function(x) {way}")
    x = torch.ones(2)
    twin = copy.call(core.handle(x))
    assert twin.classes == ("torch_tensor", "python_object")
    assert twin.value() is twin.value() is not x
    assert torch.equal(twin.value(), x)
    both = copy.call(core.to_r([x, x, x[:1]])).items()
    assert both[0].value() is both[1].value() is not both[2].value()
    assert copy.call(core.handle(torch.float16)).value() is torch.float16
    for lost in (object(), lambda: 1):
        with pytest.raises(ValueError, match="another R session"):
            copy.call(core.object_handle(lost)).value()


def test_bytes_of_saved_handles_are_not_kept(core, r, collect):
    """R asks for their length, then for them; nothing of either stays."""
    x = torch.ones(1000)
    size = r("function(x) length(serialize(x, NULL))")

    def kept():
        tracemalloc.reset_peak()
        assert size(core.handle(x)) > 4000
        core.to_r(1)  # any entry
        return tracemalloc.get_traced_memory()

    references = sys.getrefcount(x)
    tracemalloc.start()
    for _ in range(3):
        now, most = kept()
    tracemalloc.stop()
    assert most - now > 4000
    collect()
    assert sys.getrefcount(x) == references


def test_saved_handles_that_were_tampered_with_are_errors(core, r):
    change = r("""function(x, from, to) {
      bytes <- serialize(x, NULL, ascii = FALSE)
      at <- grepRaw(from, bytes)
      bytes[at + seq_len(nchar(from)) - 1L] <- charToRaw(to)
      unserialize(bytes)
    }""")
    for before, after in (("kind", "kond"), ("places", "plaxes"), ('{"', "{{")):
        with pytest.raises((tb.RError, ValueError, KeyError)):
            change.call(core.handle(torch.ones(7)), before, after).value()


def test_a_foreign_external_pointer_is_not_taken_for_a_handle(core, r):
    pointer = r("getNativeSymbolInfo('tb_call', getLoadedDLLs()[['_native']])$address")
    assert pointer.typeof == "externalptr"
    assert r("function(x) x").call(pointer).typeof == "externalptr"
    spoofed = r("structure(list(), class = c('torch_tensor', 'python_object'))")
    assert spoofed.value() is not None
    spoofed_function = r("structure(function(x) x + 1, torchbridge_handle = 5)")
    assert spoofed_function(1) == 2


def test_refcounts_of_a_passed_object(core, r, collect):
    x, f = object(), r("function(x) x")
    f(x)
    collect()
    before = sys.getrefcount(x)
    for _ in range(100):
        f(x)
    collect()
    assert sys.getrefcount(x) == before


def test_an_object_may_hold_its_own_handle_through_r(core, collect):
    """A cycle through both languages: freed when Python's side breaks it."""

    class Node:
        pass

    node = Node()
    node.me = core.handle(node)
    gone = weakref.ref(node)
    node.me = None
    del node
    collect()
    assert gone() is None


def test_freed_in_the_middle_of_a_conversion(in_python):
    """R's collector runs finalizers, and so __del__, wherever R allocates. (In a process of its
    own: R, 4.2 at least, may forget handles that are made while finalizers run.)"""
    ended = in_python("""
class Thing:
    def __del__(self):
        freed.append(core.to_r([1, "a", {"b": torch.ones(1)}]))
freed = []
f = r("function(x) { gc(); x }")
for _ in range(30):
    core.handle(Thing())
    x = f([object(), [Thing(), 1], {"a": Thing()}])
    assert type(x[2]["a"]) is Thing and x[1][1] == 1
print(len(freed) > 30)
""")
    assert (ended.returncode, ended.stdout) == (0, "True\n"), ended.stderr


def test_only_saving_makes_bytes(core, r):
    """object.size(), which editors call for every variable, does not."""
    made = []
    freeze = hooks.get("freeze")
    counted = {"freeze": lambda x: made.append(x) or freeze(x)}
    core.set_hooks(lambda name: counted.get(name) or hooks.get(name))
    x = core.handle(torch.ones(1000))
    assert r("function(x) as.numeric(object.size(x))")(x) < 4000
    assert made == []
    assert r("function(x) length(serialize(x, NULL))")(x) > 4000
    assert len(made) == 1
    core.set_hooks(hooks.get)
