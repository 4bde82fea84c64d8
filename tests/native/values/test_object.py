"""core/robject.c and values/object.c: the Python object that owns an R object."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from torchbridge import RError


def test_it_is_made_by_the_core_alone(core):
    with pytest.raises(TypeError, match="cannot create"):
        core.RObject()
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Mine", (core.RObject,), {})


@pytest.mark.parametrize(
    ("code", "typeof", "classes", "dim", "length"),
    [
        ("1:3", "integer", (), None, 3),
        ("matrix(0, 2, 3)", "double", (), (2, 3), 6),
        ("array('a', 1:3)", "character", (), (1, 2, 3), 6),
        ("factor(c('a', 'b'))", "integer", ("factor",), None, 2),
        ("NULL", "NULL", (), None, 0),
        ("list(1, 2)", "list", (), None, 2),
        ("pairlist(1, 2)", "pairlist", (), None, 2),
        ("sum", "builtin", (), None, 1),
        ("data.frame(a = 1:2)", "list", ("data.frame",), None, 1),
        ("structure(1, class = c('a', 'h\u00f6he'))", "double", ("a", "h\u00f6he"), None, 1),
    ],
)
def test_what_it_says_of_its_object(r, code, typeof, classes, dim, length):
    x = r(code)
    assert (x.typeof, x.classes, x.dim, len(x)) == (typeof, classes, dim, length)
    assert repr(x) == f"<RObject: R {typeof} of length {length}>"
    assert not x.writable


def test_its_length_may_be_that_of_an_environment(r):
    assert len(r("list2env(list(a = 1, b = 2))")) == 2


# ---- attributes, slots, items ----


def test_attributes(r):
    x = r("structure(1:6, dim = 2:3, note = 'n')")
    assert x.attr("note").value() == "n"
    assert x.attr("dim").value().tolist() == [2, 3]
    assert x.attr("missing") is None
    for bad in (5, None, "\ud800"):
        with pytest.raises((TypeError, UnicodeEncodeError)):
            x.attr(bad)
    with pytest.raises(RError):
        x.attr("")


def test_slots(core, r):
    core.base_function("requireNamespace").call("methods")
    r("methods::setClass('Point', representation(x = 'numeric'))")
    point = r("new('Point', x = 5)")
    assert point.slot("x").value() == 5
    assert point.slot("y") is None
    assert r("1").slot("x") is None
    r("methods::removeClass('Point')")


def test_only_a_vector_just_made_takes_attributes(core, r):
    x = core.RObject.new_vector("double", (4,))
    x.set_attr("dim", core.to_r([2, 2]))
    x.set_attr("class", core.to_r("mine"))
    assert x.dim == (2, 2) and x.classes == ("mine",)
    with pytest.raises(RError):
        x.set_attr("dim", core.to_r([3, 3]))
    assert x.dim == (2, 2)
    for bad in [("dim",), ("dim", [2, 2]), (5, core.to_r(1)), ()]:
        with pytest.raises(TypeError):
            x.set_attr(*bad)
    x.freeze()
    for frozen in (x, r("c(1, 2)")):
        with pytest.raises(ValueError, match="R values do not change"):
            frozen.set_attr("class", core.to_r("mine"))


def test_items(core, r):
    items = r("list(1, 'a', NULL, sum)").items()
    assert [i.typeof for i in items] == ["double", "character", "NULL", "builtin"]
    assert r("list()").items() == []
    for code in ("1:3", "NULL", "pairlist(1)"):
        with pytest.raises(TypeError, match="needs an R list"):
            r(code).items()


def test_items_outlive_their_list(r, collect):
    items = r("list(c(1, 2), c(3, 4))").items()
    collect()
    assert [i.value().tolist() for i in items] == [[1, 2], [3, 4]]


# ---- addresses, freezing, the array interface ----


def test_an_address_is_a_share_in_the_object(core, r, collect):
    x = r("c(1, 2)")
    y = core.RObject.from_address(x.address)
    assert y.address == x.address and not y.writable
    del x
    collect()
    assert y.value().tolist() == [1, 2]
    with pytest.raises(ValueError, match="null pointer"):
        core.RObject.from_address(0)
    with pytest.raises(TypeError):
        core.RObject.from_address("x")
    with pytest.raises(OverflowError):
        core.RObject.from_address(2**70)


def test_r_does_not_write_into_a_frozen_vector(core, r):
    x = r("c(1, 2)")
    x.freeze()
    tensor = torch.from_dlpack(x)
    assert r("function(x) { x[1] <- 9; x }")(x).tolist() == [9, 2]
    assert tensor.tolist() == [1, 2]


def test_r_does_not_write_into_what_python_holds(core, r):
    """The root counts as a reference in R's own count."""
    x = core.RObject.new_vector("double", (2,))
    view = np.asarray(x)
    view[:] = 1, 2
    assert r("function(x) { x[1] <- 9; x }")(x).tolist() == [9, 2]
    assert view.tolist() == [1, 2]


def test_refcounts(core, r):
    f = r("function(x) NULL")
    x = core.RObject.new_vector("double", (2,))
    f(x)
    before = sys.getrefcount(x), sys.getrefcount(None)
    for _ in range(100):
        f(x)
        x.attr("nothing"), x.dim, x.classes, x.typeof, x.any_na(), np.asarray(x)
    after = sys.getrefcount(x), sys.getrefcount(None)
    assert after[0] == before[0] and abs(after[1] - before[1]) < 50
