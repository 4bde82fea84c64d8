"""R datasets in Python's DataLoader; batches drawn as DataLoader draws them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from torchbridge.rtorch.data import Batches, RDataset, draw_seed, permutation

DATASETS = """
squares <- torchbridge::dataset(
  "squares",
  initialize = function(n) self$n <- n,
  .getitem = function(i) {
    list(x = i / 2, whole = i, pair = c(i, 10), text = letters[i], flag = i > 2)
  },
  .length = function() self$n
)
rows <- torchbridge::dataset(
  "rows",
  initialize = function(n) {
    self$n <- n
    self$calls <- 0
  },
  .getbatch = function(i) {
    self$calls <- self$calls + 1
    list(cbind(i, i^2), i)
  },
  .length = function() self$n
)
broken <- torchbridge::dataset(
  .getitem = function(i) stop("own words"),
  .length = function() 3
)
"""


@pytest.fixture(scope="module")
def datasets(r: Any) -> Any:
    if not r.true("requireNamespace('torchbridge', quietly = TRUE)"):
        pytest.skip("the R package torchbridge")
    return r(f"local({{ {DATASETS} list(squares = squares, rows = rows, broken = broken) }})")


def test_items_are_those_of_r(r: Any, datasets: Any) -> None:
    ds = RDataset(r("datasets$squares(5)", datasets=datasets))
    assert len(ds) == 5
    item = ds[2]
    assert list(item) == ["x", "whole", "pair", "text", "flag"]
    assert item["x"].dtype == torch.float32 and item["x"].shape == () and item["x"] == 1.5
    assert item["whole"].dtype == torch.int64 and item["whole"] == 3
    assert item["pair"].tolist() == [3.0, 10.0]
    assert item["text"] == "c"
    assert item["flag"].dtype == torch.bool and item["flag"]
    assert ds[-1]["whole"] == 5
    for index in (5, -6):
        with pytest.raises(IndexError, match="the dataset has 5 items"):
            ds[index]


def test_the_loader_takes_it(r: Any, datasets: Any) -> None:
    ds = RDataset(r("datasets$squares(5)", datasets=datasets))
    batches = list(DataLoader(ds, batch_size=2))
    assert [batch["whole"].tolist() for batch in batches] == [[1, 2], [3, 4], [5]]
    assert batches[0]["pair"].tolist() == [[1.0, 10.0], [2.0, 10.0]]
    assert batches[2]["text"] == ["e"]


def test_a_batch_is_one_call_of_r(r: Any, datasets: Any) -> None:
    made = r("datasets$rows(5)", datasets=datasets)
    batches = list(DataLoader(RDataset(made), batch_size=2))
    assert [batch[1].tolist() for batch in batches] == [[1, 2], [3, 4], [5]]
    assert batches[1][0].tolist() == [[3.0, 9.0], [4.0, 16.0]]
    assert batches[2][0].shape == (1, 2)
    assert r.true("ds$calls == 3", ds=made)


def test_an_r_error_is_the_loaders_error(r: Any, datasets: Any) -> None:
    from torchbridge import RError

    with pytest.raises(RError, match="own words"):
        next(iter(DataLoader(RDataset(r("datasets$broken()", datasets=datasets)))))


def test_it_does_not_go_to_other_processes(r: Any, datasets: Any) -> None:
    with pytest.raises(TypeError, match="cannot be sent to another process"):
        pickle.dumps(RDataset(r("datasets$squares(5)", datasets=datasets)))


def test_what_is_no_dataset_is_refused(r: Any, datasets: Any) -> None:
    with pytest.raises(RuntimeError, match="`dataset` must be a dataset, not a number"):
        RDataset(r("3"))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_are_those_of_dataloader(shuffle: bool, drop_last: bool) -> None:
    x, y = torch.arange(23), torch.randn(23, 3)
    torch.manual_seed(4)
    loader = DataLoader(TensorDataset(x, y), batch_size=5, shuffle=shuffle, drop_last=drop_last)
    expected = [list(batch) for _ in range(2) for batch in loader]
    after = torch.rand(1)
    torch.manual_seed(4)
    found = []
    for _ in range(2):
        batches = Batches([x, y], None, 5, shuffle, drop_last, False)
        while (batch := batches()) is not None:
            found.append(batch)
        assert batches() is None
    assert torch.equal(torch.rand(1), after)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])


def test_batches_are_copies_and_carry_gradients() -> None:
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    for shuffle in (False, True):
        batch = Batches([x], None, 2, shuffle, False, False)()
        assert batch is not None
        batch[0].sum().backward()
    assert x.grad is not None and float(x.grad.sum()) == 8
    data = torch.zeros(4)
    batch = Batches([data], None, 4, False, False, False)()
    assert batch is not None
    batch[0].add_(1)
    assert data.sum() == 0


def test_the_permutation_draws_two_seeds() -> None:
    torch.manual_seed(9)
    permutation(10)
    after = torch.rand(1)
    torch.manual_seed(9)
    draw_seed()
    draw_seed()
    assert torch.equal(torch.rand(1), after)
