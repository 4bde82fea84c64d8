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
    names = python_lesson("33")
    neuron = names["neuron"]
    once = type(neuron)().fit(names["x"], names["y"], 1)
    assert (once.w, once.b) == pytest.approx((587.8654539986, 99.4093556453), abs=1e-9)
    assert neuron.w == pytest.approx(913.5973364346, abs=1e-9)
    assert neuron.b == pytest.approx(123.3941438318, abs=1e-9)
    assert neuron.forward(0.18) == pytest.approx(287.8416644, abs=5.1e-8)


def test_vectorised_network(python_lesson: Lesson) -> None:
    names = python_lesson("30")
    assert list(names["accuracy"].values()) == pytest.approx([0.978022] * 3, abs=5.1e-7)
    assert names["difference"] < 1e-14


def test_images(python_lesson: Lesson) -> None:
    names = python_lesson("31")
    assert names["memory_sums"] == names["streamed_sums"]
    assert names["labels"].tolist() == [0.0] * 100 + [1.0] * 100
    batch = 16 * 3 * 64 * 64 * 4
    assert names["memory_peak"] > names["all_bytes"]
    assert names["streamed_peak"] < 5 * batch < names["all_bytes"] / 2


def test_broadcasting(python_lesson: Lesson) -> None:
    names = python_lesson("37")
    assert names["total"].tolist() == [4, 6, 8]
    assert names["product"].tolist() == [3, 8, 15]
    assert names["product"].sum() == 26
    assert np.array_equal(names["broadcast"], [[1, 2, 3], [1, 2, 3]])


def test_logistic_neuron(python_lesson: Lesson) -> None:
    names = python_lesson("41")
    found = [names[name] for name in ("neuron", "layer", "unscaled", "on_raw", "on_scaled")]
    expected = [0.824561, 0.929825, 0.912088, 0.373626, 0.967033]
    assert found == pytest.approx(expected, abs=5.1e-7)
    found = [names[name] for name in ("early", "l1", "l2")]
    assert found == pytest.approx([0.989011] * 3, abs=5.1e-7)


def test_perceptron(python_lesson: Lesson) -> None:
    names = python_lesson("42")
    assert names["perceptron"].errors == [1, 3, 3, 2, 1, 0, 0, 0, 0, 0]
    assert (names["costs"][0], names["costs"][14]) == pytest.approx((50.977, 2.575), abs=5.1e-4)


def test_gradient_tape(python_lesson: Lesson) -> None:
    names = python_lesson("50")
    found = [gradient.item() for gradient in names["gradients"]]
    assert found == pytest.approx([-0.56, -0.4, -0.4], abs=1e-6)
    assert (names["w"].item(), names["b"].item()) == pytest.approx((1.0056, 0.504), abs=1e-6)


def test_iris_and_xor(python_lesson: Lesson) -> None:
    names = python_lesson("51")
    assert names["parameters"] == 131
    assert names["accuracy"] >= 0.92
    assert list(names["species"].categories) == ["setosa", "versicolor", "virginica"]
    assert names["same"]
    assert names["points"][0].tolist() == pytest.approx([-0.16595599, 0.44064899], abs=5.1e-9)
    assert names["alike"].reshape(2, 100).sum(1).tolist() == [53, 53]
    assert names["learned"] > 0.9 and names["guessed"] < 0.75


def test_early_stopping(python_lesson: Lesson) -> None:
    names = python_lesson("52")
    assert names["scripted"].history["scripted"] == names["script"][:6]
    assert names["scripted"].best_epoch == 3
    assert names["restored"] == pytest.approx(names["least"], rel=1e-6)
    assert len(names["fit"].history["epoch"]) == names["fit"].best_epoch + 60


def test_boston(python_lesson: Lesson) -> None:
    names = python_lesson("54")
    assert names["exact"].coefficients.tolist() == pytest.approx([-34.671, 9.102], abs=5.1e-4)
    assert names["robust"] == pytest.approx([-44.089, 10.735], abs=5.1e-4)
    assert names["found"] == pytest.approx([19.958, 27.196, 0.765, 0.673], abs=5.1e-4)
    assert names["dropped"] == ["nox"]


def test_clustering(python_lesson: Lesson) -> None:
    names = python_lesson("55")
    assert names["means"].inertia == pytest.approx(72.48, abs=5.1e-3)
    assert names["means"].sizes.tolist() == [50, 50, 50]
    assert names["silhouette"] == pytest.approx(0.71434, abs=5.1e-6)
    expected = [3.835396, 4.347073, 5.899885, 8.316594]
    assert names["tree"][:, 2].tolist() == pytest.approx(expected, abs=5.1e-7)
    first, second, third, fourth, fifth = names["groups"]
    assert first == fifth and second == third and len({first, second, fourth}) == 3
    assert names["agreement"] == 1.0


def test_preprocessing(python_lesson: Lesson) -> None:
    names = python_lesson("56")
    assert names["filled"][[1, 2], [0, 1]].tolist() == [7.5, 6]
    assert names["clothes"]["size"].tolist() == [1, 2, 3]
    assert list(names["one_hot"])[1:] == ["colour_blue", "colour_green", "colour_red"]
    assert list(names["without_first"])[1:] == ["colour_green", "colour_red"]
    half = [0.29277, 0.87831, 1.46385]
    expected = [-value for value in reversed(half)] + half
    assert names["standard"].tolist() == pytest.approx(expected, abs=5.1e-6)
    assert names["scores"] == pytest.approx([0.9677, 0.9630, 0.9516, 0.9259], abs=5.1e-5)


def test_dimensions(python_lesson: Lesson) -> None:
    names = python_lesson("57")
    expected = [4.8427, 2.4160, 1.5485, 0.9612, 0.8417, 0.6621, 0.5183, 0.3465, 0.3131]
    expected += [0.2136, 0.1809, 0.1536, 0.1075]
    assert names["eigenvalues"].tolist() == pytest.approx(expected, abs=5.1e-5)
    assert names["ratios"][:3].tolist() == pytest.approx([0.3695, 0.1843, 0.1182], abs=5.1e-5)
    assert names["on_pca"] == pytest.approx((0.9839, 0.9259), abs=5.1e-5)
    assert names["on_lda"] == (1.0, 1.0)
    assert abs(names["alphas"][25, 0].item()) == pytest.approx(0.0788, abs=5.1e-5)
    assert names["projected"] == pytest.approx(names["alphas"][25, 0].item(), rel=1e-10)
