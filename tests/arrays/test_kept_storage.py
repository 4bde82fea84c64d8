"""Memory that R sees stays where it is."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import pytest
import torch
import torch.multiprocessing  # noqa: F401 - how tensors are sent to processes

import torchbridge as tb

MOVES: dict[str, Callable[[torch.Tensor], Any]] = {
    "resize_": lambda x: x.resize_(1000),
    "resize_as_": lambda x: x.resize_as_(torch.zeros(1000)),
    "storage.resize_(0)": lambda x: x.untyped_storage().resize_(0),
    "share_memory_": lambda x: x.share_memory_(),
    "storage.share_memory_": lambda x: x.untyped_storage().share_memory_(),
    "parameter.share_memory_": lambda x: torch.nn.Parameter(x, False).share_memory_(),
    "a view": lambda x: x[1:].share_memory_(),
    "to another process": ForkingPickler.dumps,
    "storage to another process": lambda x: ForkingPickler.dumps(x.untyped_storage()),
}
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("move", MOVES)
def test_memory_that_r_sees_does_not_move(r: Any, move: str, dtype: torch.dtype) -> None:
    x = torch.tensor([1, 0, 1], dtype=dtype)
    shared = tb.to_r(x, share=True)
    gc.collect()
    with pytest.raises(RuntimeError):
        MOVES[move](x)
    assert tb.to_numpy(shared).tolist() == [1, 0, 1]


@pytest.mark.parametrize("move", MOVES)
def test_memory_that_numpy_shares_does_not_move(move: str) -> None:
    x = torch.arange(3.0)
    shared = tb.to_numpy(x, share=True)
    with pytest.raises(RuntimeError):
        MOVES[move](x)
    assert np.array_equal(shared, [0, 1, 2])


def test_the_base_of_a_view_does_not_move(r: Any) -> None:
    base = torch.arange(10.0, dtype=torch.float64)
    shared = tb.to_r(base[2:5], share=True)
    with pytest.raises(RuntimeError, match="share a copy"):
        base.share_memory_()
    with pytest.raises(RuntimeError, match="resiz"):
        base.untyped_storage().resize_(0)
    assert list(shared) == [2.0, 3.0, 4.0]


def test_a_tensor_that_takes_other_memory_leaves_this_one_to_r(r: Any) -> None:
    module = torch.nn.Linear(3, 1).double()
    weight = module.weight.data
    values = weight.flatten().tolist()
    shared = tb.to_r(weight.t(), share=True)
    module.to(torch.float32)
    weight.set_(torch.zeros(2, dtype=torch.float64))
    del weight
    gc.collect()
    r("gc()")
    assert list(shared) == values


def test_what_is_in_the_memory_of_other_processes_already_stays_there(r: Any) -> None:
    x = torch.arange(3.0, dtype=torch.float64).share_memory_()
    shared = tb.to_r(x, share=True)
    x.share_memory_()
    ForkingPickler.dumps(x)
    with pytest.raises(RuntimeError):
        x.untyped_storage().resize_(0)
    assert list(shared) == [0.0, 1.0, 2.0]


def test_copies_move_as_they_like(r: Any) -> None:
    x = torch.arange(3.0)
    tb.to_r(x, share=True)
    for other in (x.clone(), copy.deepcopy(x), x + 0):
        other.share_memory_()
        assert other.is_shared() and other.tolist() == [0, 1, 2]


def test_r_memory_under_a_tensor_does_not_move(r: Any) -> None:
    x = r("c(1, 2, 3) + 0")
    t = tb.to_torch(x, share=True)
    with pytest.raises(RuntimeError):
        t.view(3).resize_(100)  # PyTorch refuses too late: that view says 100 from now on
    with pytest.raises(RuntimeError):
        t.untyped_storage().resize_(0)
    with pytest.raises(RuntimeError):
        t.share_memory_()
    t.add_(1)
    assert list(x) == [2.0, 3.0, 4.0]
