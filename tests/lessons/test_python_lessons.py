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


def test_forward_propagation(python_lesson: Lesson) -> None:
    answer = python_lesson("05")["answer"]
    expected = torch.tensor([[0.64345796], [0.66596169], [0.6727095]], dtype=torch.float64)
    torch.testing.assert_close(answer, expected, atol=5.1e-9, rtol=0)


def test_classes(python_lesson: Lesson) -> None:
    names = python_lesson("06")
    first, second, third = (names[name] for name in ("first", "second", "third"))
    assert (first.total(), second.total(), second.average, third.average) == (58, 136, 68, 80)
    with pytest.raises(AttributeError):
        first.average = 1
    assert [name for name, _ in names["line"].named_parameters()] == ["slope", "start"]


def test_autograd(python_lesson: Lesson) -> None:
    names = python_lesson("07")
    assert names["slope"] == pytest.approx(-5.6133, abs=5.1e-5)
    assert names["mu"].item() == pytest.approx(5.306654, abs=1e-6)


def test_first_module(python_lesson: Lesson) -> None:
    names = python_lesson("08")
    assert names["n_parameters"] == 9
    torch.testing.assert_close(names["without_bias"], names["by_hand"], atol=0, rtol=1e-6)
    # The weights have six digits after the point, the products four: half a unit of each.
    expected = torch.tensor([-0.2237, -0.5513, -0.5728])
    torch.testing.assert_close(names["without_bias"][0], expected, atol=6e-5, rtol=0)
    expected = torch.tensor([-0.9405, -0.5879, -0.5690])
    torch.testing.assert_close(names["with_bias"][0], expected, atol=3e-4, rtol=0)


def test_first_training(python_lesson: Lesson) -> None:
    names = python_lesson("09")
    expected = torch.tensor([10.0714, 7.8920, 2.8775, 16.9806, 21.8566, 19.1346])
    torch.testing.assert_close(names["y"][:6], expected, atol=5.1e-5, rtol=0)
    assert names["losses"][0] == pytest.approx(4268.52, abs=5e-3)
    assert names["losses"][-1] < 431.8235


def test_data_loader(python_lesson: Lesson) -> None:
    names = python_lesson("10")
    assert names["batch_rows"] == [8] * 43 + [6]
    assert names["history"][-1] == pytest.approx(0.256948, abs=2e-6)


def test_em(python_lesson: Lesson) -> None:
    names = python_lesson("12")
    found = names["theta"][1:5]
    assert found == pytest.approx([0.608247, 0.624321, 0.626489, 0.626777], abs=5.1e-7)
    assert names["theta"][-1] == pytest.approx(0.6268214980, abs=2e-10)
    assert names["slope"].item() == pytest.approx(0, abs=1e-8)
    likelihoods = np.array(names["em"].log_likelihoods)
    assert (np.diff(likelihoods) > -1e-9).all()
    for fit in (names["em"], names["descent"]):
        spread = fit.covariances.flatten().sqrt()
        found = [fit.weights[0].item(), *fit.means.flatten().tolist(), *spread.tolist()]
        assert found == pytest.approx([0.36089, 54.61486, 80.09107, 5.87122, 5.86773], abs=2e-4)


def test_fully_connected(python_lesson: Lesson) -> None:
    assert python_lesson("13")["counts"] == [131, 624, 79510, 42310, 57]


def test_heads(python_lesson: Lesson) -> None:
    names = python_lesson("14")
    assert names["soft"].tolist() == pytest.approx([0.0900, 0.2447, 0.6652], abs=5.1e-5)
    torch.testing.assert_close(names["probability"].sum(1), torch.ones(150))
    assert names["accuracy"] > 0.9


def test_activations(python_lesson: Lesson) -> None:
    names = python_lesson("15")
    table = {name: [t.tolist() for t in both] for name, both in names["table"].items()}
    values = {
        "sigmoid": [0.1192, 0.3775, 0.5, 0.6225, 0.8808],
        "tanh": [-0.964, -0.4621, 0, 0.4621, 0.964],
        "leaky_relu": [-0.02, -0.005, 0, 0.5, 2],
        "elu": [-0.8647, -0.3935, 0, 0.5, 2],
        "silu": [-0.2384, -0.1888, 0, 0.3112, 1.7616],
        "gelu": [-0.0455, -0.1543, 0, 0.3457, 1.9545],
    }
    for name, expected in values.items():
        assert table[name][0] == pytest.approx(expected, abs=5.1e-5), name
    slopes = [0.0707, 0.7864, 1, 0.7864, 0.0707]
    assert table["tanh"][1] == pytest.approx(slopes, abs=5.1e-5)
    slopes = [0.105, 0.235, 0.25, 0.235, 0.105]
    assert table["sigmoid"][1] == pytest.approx(slopes, abs=5.1e-4)
    assert table["relu"][1] == [0, 0, 0, 1, 1]
    assert names["neuron"] == pytest.approx(0.888, abs=5.1e-4)
    each, together = [0.85569687, 0.68135373, 0.83889105], [0.44668973, 0.16107406, 0.39223621]
    assert names["each"].tolist() == pytest.approx(each, abs=5.1e-9)
    assert names["together"].tolist() == pytest.approx(together, abs=5.1e-9)


def test_cross_entropy(python_lesson: Lesson) -> None:
    names = python_lesson("16")
    found, expected = names["of_sigmoid"].tolist(), [0.25, 0.10499, 0.006648, 4.54e-5]
    assert found == pytest.approx(expected, rel=1e-4)
    found, expected = names["slopes"][0.0].tolist(), [0.5, 0.8808, 0.9933, 0.99995]
    assert found == pytest.approx(expected, abs=5.1e-5)
    assert names["difference"] < 1e-12
    assert names["stable"].tolist() == [0, 1000]


def test_dead_units(python_lesson: Lesson) -> None:
    names = python_lesson("17")
    assert names["dead"][0] >= 0.75 > names["alive"][0]
    assert torch.equal(names["signs"][:, 0], names["signs"][:, 1])


def test_batch_sizes(python_lesson: Lesson) -> None:
    names = python_lesson("18")
    expected = [(350, 8, 44, 6, 43), (364, 32, 12, 12, 11), (364, 128, 3, 108, 2), (5, 2, 3, 1, 2)]
    assert names["table"] == expected
    last = [history[-1] for history in names["histories"].values()]
    assert last[1] < last[0]


def test_optuna(python_lesson: Lesson) -> None:
    names = python_lesson("19")
    assert abs(names["study"].best_params["x"] - 2) < 0.1
    assert len(names["found"].trials) == 4


def test_maximum_likelihood(python_lesson: Lesson) -> None:
    names = python_lesson("22")
    theta = names["theta"]
    assert theta.item() == pytest.approx(0.27, abs=1e-14)
    assert names["minus_log_lik"](theta).item() == pytest.approx(58.325884, abs=5.1e-7)
    assert names["curvature"] == pytest.approx(100 / (0.27 * 0.73), rel=1e-12)


def test_softmax(python_lesson: Lesson) -> None:
    names = python_lesson("23")
    expected = torch.tensor([0.2645, 0.1639, 0.1855, 0.2585, 0.1277])
    torch.testing.assert_close(names["p"][0], expected, atol=5.1e-5, rtol=0)
    assert [r.item() for r in names["routes"]] == pytest.approx([1.4689] * 4, abs=5.1e-5)
    found = [names["costs"]["once"][epoch] for epoch in (0, 100, 1000)]
    assert found == pytest.approx([1.098612, 0.761050, 0.399962], abs=1e-6)
    assert names["costs"]["twice"][1000] == pytest.approx(0.738749, abs=1e-6)


def test_logistic_regression(python_lesson: Lesson) -> None:
    costs = python_lesson("24")["costs"]
    found = [costs[epoch] for epoch in (0, 100, 1000)]
    assert found == pytest.approx([0.693147, 0.134722, 0.019852], abs=2e-6)


def test_multivariate_regression(python_lesson: Lesson) -> None:
    names = python_lesson("26")
    costs = names["costs"]
    assert costs[:4] == pytest.approx([29661.80, 9298.52, 2915.713, 915.040], rel=1e-6)
    assert costs[100] == pytest.approx(1.563626, abs=1e-5)
    assert costs[1000] == pytest.approx(1.079375, abs=1e-4)
    assert names["layer"].weight[0, 1].item() == pytest.approx(0.6125, abs=1e-4)


def test_gradient_descent(python_lesson: Lesson) -> None:
    names = python_lesson("27")
    weights = [0, 1.4, 0.840, 1.064, 0.974, 1.010, 0.996, 1.002, 0.999, 1]
    costs = [4.666667, 0.746667, 0.119467, 0.019115, 0.003058]
    for path in (names["by_hand"], names["by_optimizer"]):
        assert [w for w, _ in path] == pytest.approx(weights, abs=5.1e-4)
        assert [cost for _, cost in path[:5]] == pytest.approx(costs, abs=5.1e-7)


def test_linear_regression(python_lesson: Lesson) -> None:
    names = python_lesson("28")
    found = [names["costs"][epoch] for epoch in (0, 100, 1000)]
    assert found == pytest.approx([4.666667, 0.012043, 0.000158], abs=5.1e-7)
    line = names["hours"].module
    assert (line.weight.item(), line.bias.item()) == pytest.approx((1.9709, 0.0663), abs=5.1e-5)
    assert names["at_four"] == pytest.approx(7.95, abs=5.1e-3)
    start = names["start"]
    found = (start.weight.item(), start.bias.item())
    assert found == pytest.approx((0.51526, -0.44138), abs=5.1e-6)


def test_learning_rates(python_lesson: Lesson) -> None:
    names = python_lesson("29")
    good, fast, slow = names["costs"].values()
    expected = [2.203667, 1.199645, 0.989365]
    assert [good[0], good[1], good[-1]] == pytest.approx(expected, abs=1e-6)
    assert fast[1] == pytest.approx(976950, abs=5)
    assert slow == pytest.approx([3.187324] * 20, abs=1e-6)
    assert "diverged" in names["diverged"]


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


def test_odds(python_lesson: Lesson) -> None:
    names = python_lesson("43")
    assert names["odds"].tolist() == pytest.approx([1 / 9, 1, 4, 99], rel=1e-13)
    expected = [-2.19722, 0, 1.386294, 4.59512]
    assert names["logit"].tolist() == pytest.approx(expected, abs=5.1e-6)
    assert names["coin"] == pytest.approx(np.log(2), rel=1e-15)
    log_likelihood = names["fit"].exact.log_likelihood
    assert -100 * names["entropy"] == pytest.approx(log_likelihood, rel=1e-12)


def test_convolution(python_lesson: Lesson) -> None:
    names = python_lesson("45")
    assert names["correlation"].tolist() == [48, 57, 24, 25, 16, 39]
    assert names["convolution"].tolist() == [63, 48, 49, 28, 21, 20]
    assert names["pooled"].tolist() == [6, 8, 14, 16]
    assert names["slopes"].tolist() == [5, 14, 29]


def test_pipelines(python_lesson: Lesson) -> None:
    names = python_lesson("46")
    assert names["batches"] == [pytest.approx([1.2, 3.4, 7.5]), pytest.approx([4.1, 5.0, 1.0])]
    assert names["batch_then_repeat"] == [3, 1, 3, 1]
    assert names["repeat_then_batch"] == [3, 3, 2]
    assert len(names["leaky"]) == 15 and len(names["seen"]) == 10 and not names["overlap"]


def test_linear_by_hand(python_lesson: Lesson) -> None:
    names = python_lesson("47")
    assert names["exact"].tolist() == pytest.approx([4.97, 2.70690755], abs=2e-7)
    assert names["by_fit"] == pytest.approx((4.97, 2.70690755), abs=0.01)
    assert sum(p.numel() for p in names["line"].parameters()) == 2


def test_styles(python_lesson: Lesson) -> None:
    names = python_lesson("48")
    assert names["counts"] == [624, 624, 624]
    assert names["same"] == [True, True, True]
    assert names["waits"]
    assert names["shapes"] == [(16, 4), (16,), (32, 16), (32,)]
    assert torch.equal(names["restored"], names["evaluating"])
    assert not torch.equal(names["training"], names["evaluating"])


def test_tensorboard(python_lesson: Lesson) -> None:
    names = python_lesson("53")
    assert names["logged"] == pytest.approx(names["fit"].history["train_loss"], rel=1e-6)
