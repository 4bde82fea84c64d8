"""Lessons in Python: each runs, and leaves the same numbers as its counterpart in R."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

Lesson = Callable[[str], dict[str, Any]]


def test_tensors(python_lesson: Lesson) -> None:
    names = python_lesson("01")
    assert names["x"].tolist() == [[1, 4], [2, 5], [3, 6]]
    torch.testing.assert_close(names["z"][:, 0], torch.arange(5) / 9)


def test_operations(python_lesson: Lesson) -> None:
    names = python_lesson("02")
    expected = torch.tensor([[0.0290, 0.4019, 0.2598], [0.3666, 0.0583, 0.7006]])
    torch.testing.assert_close(names["b"][:2], expected, atol=5.1e-5, rtol=0)
    row = (names["a"] @ names["c"])[0]
    expected = torch.tensor([3.1459, 3.0472, 1.5210, 4.0324])
    torch.testing.assert_close(row, expected, atol=5.1e-5, rtol=0)
    total = (names["counts"] + names["d"])[0]
    torch.testing.assert_close(total, torch.tensor([1.5134, 2.7426, 3.7159]), atol=5.1e-5, rtol=0)
    assert names["products"].diagonal().tolist() == [1, 4, 9, 16, 25, 36]


def test_bridge(python_lesson: Lesson) -> None:
    names = python_lesson("04")
    assert names["a"].tolist() == names["b"].tolist() == [2.0] * 5
    assert names["c"].tolist() == [3.0] * 5
    assert torch.equal(names["m"], names["round_trip"])


def test_autograd(python_lesson: Lesson) -> None:
    names = python_lesson("07")
    assert names["slope"] == pytest.approx(-5.6133, abs=5.1e-5)
    assert names["mu"].item() == pytest.approx(5.306654, abs=1e-6)


def test_logistic_regression(python_lesson: Lesson) -> None:
    costs = python_lesson("24")["costs"]
    found = [costs[epoch] for epoch in (0, 100, 1000)]
    assert found == pytest.approx([0.693147, 0.134722, 0.019852], abs=2e-6)


def test_neuron(python_lesson: Lesson) -> None:
    neuron = python_lesson("33")["neuron"]
    assert neuron.w == pytest.approx(913.5973364346, abs=1e-9)
    assert neuron.b == pytest.approx(123.3941438318, abs=1e-9)
    assert neuron.forward(0.18) == pytest.approx(287.8416644, abs=5.1e-8)


def test_broadcasting(python_lesson: Lesson) -> None:
    names = python_lesson("37")
    assert names["total"].tolist() == [4, 6, 8]
    assert names["product"].tolist() == [3, 8, 15]
    assert names["product"].sum() == 26
    assert np.array_equal(names["broadcast"], [[1, 2, 3], [1, 2, 3]])


def test_gradient_tape(python_lesson: Lesson) -> None:
    names = python_lesson("50")
    found = [gradient.item() for gradient in names["gradients"]]
    assert found == pytest.approx([-0.56, -0.4, -0.4], abs=1e-6)
    assert (names["w"].item(), names["b"].item()) == pytest.approx((1.0056, 0.504), abs=1e-6)


def test_clustering(python_lesson: Lesson) -> None:
    names = python_lesson("55")
    assert names["means"].inertia_ == pytest.approx(72.48, abs=5.1e-3)
    assert names["agreement"] == 1.0
