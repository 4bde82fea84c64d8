"""Metrics by name: scikit-learn's numbers, of all rows of an epoch."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbridge.models import fit, fit_table, mlp
from torchbridge.models.callbacks import EarlyStopping

sklearn = pytest.importorskip("sklearn.metrics")


def data(n=60, classes=2):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 3, generator=generator)
    x[5] = x[7]  # a tie
    codes = (x.sum(1) + torch.randn(n, generator=generator)).argsort().argsort() * classes // n
    return x, codes, torch.rand(n, generator=generator) + 0.1


def last(done, name):
    return done.history[name][-1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
def test_classes(classes, weighted):
    x, codes, w = data(classes=classes)
    w = w if weighted else None
    names = ["accuracy", "balanced_accuracy", "roc_auc"][: 5 - classes]
    done = fit(
        mlp(3, [8], classes, seed=1),
        x,
        codes,
        weights=w,
        epochs=2,
        seed=0,
        lr=0.02,
        loss="cross_entropy",
        metrics=names,
        batch_size=16,
        validation=(x, codes) if w is None else (x, codes, w),
    )
    scores = done.predict(x)
    given = {"sample_weight": w}
    assert last(done, "valid_accuracy") == pytest.approx(
        sklearn.accuracy_score(codes, scores.argmax(1), **given), rel=1e-6
    )
    assert last(done, "valid_balanced_accuracy") == pytest.approx(
        sklearn.balanced_accuracy_score(codes, scores.argmax(1), **given), rel=1e-6
    )
    if classes == 2:
        score = scores[:, 1] - scores[:, 0]
        auc = sklearn.roc_auc_score(codes, score, **given)
        assert last(done, "valid_roc_auc") == pytest.approx(auc, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "squash"),
    [("binary_cross_entropy_with_logits", nn.Identity()), ("binary_cross_entropy", nn.Sigmoid())],
)
def test_two_classes_of_one_output(loss, squash):
    x, codes, _ = data()
    y = codes.float()
    names = ["accuracy", "roc_auc"]
    net = nn.Sequential(mlp(3, [8], 1, seed=1), squash)
    done = fit(net, x, y, epochs=1, loss=loss, metrics=names, validation=(x, y))
    score = done.predict(x)[:, 0]
    border = 0.5 if loss == "binary_cross_entropy" else 0
    assert last(done, "valid_accuracy") == pytest.approx(
        sklearn.accuracy_score(codes, score > border)
    )
    assert last(done, "valid_roc_auc") == pytest.approx(sklearn.roc_auc_score(codes, score))


@pytest.mark.parametrize("loss", ["mse_loss", "poisson_nll_loss", "own"])
def test_values(loss):
    x, _, w = data()
    y = x[:, :1].exp().round()
    names = ["mse", "rmse", "mae", "r_squared"]
    own = (lambda output, y: (output - y) ** 2) if loss == "own" else loss
    net = mlp(3, [8], 1, seed=1)
    done = fit(net, x, y, weights=w, epochs=1, loss=own, metrics=names, validation=(x, y, w))
    found = done.predict(x)
    found = (found.exp() if loss == "poisson_nll_loss" else found)[:, 0]
    for name, expected in {
        "mse": sklearn.mean_squared_error(y, found, sample_weight=w),
        "rmse": sklearn.mean_squared_error(y, found, sample_weight=w) ** 0.5,
        "mae": sklearn.mean_absolute_error(y, found, sample_weight=w),
        "r_squared": sklearn.r2_score(y, found, sample_weight=w),
    }.items():
        assert last(done, f"valid_{name}") == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_of_training_each_row_at_its_own_step(optimizer):
    """As the loss, of which the metric of the same name is the same number."""
    x, _, _ = data()
    y = x.sum(1, keepdim=True)
    options = {"batch_size": 16, "metrics": "mse", "optimizer": optimizer, "lr": 0.01}
    done = fit(mlp(3, [8], 1, seed=1), x, y, epochs=3, seed=0, **options)
    assert done.history["train_mse"] == pytest.approx(done.history["train_loss"], rel=1e-5)
    assert list(done.history) == ["epoch", "train_loss", "train_mse"]


def test_they_change_nothing_and_can_be_monitored():
    x, codes, _ = data()
    options = {"epochs": 5, "seed": 0, "loss": "cross_entropy", "validation": (x, codes)}
    plain, measured = (
        fit(mlp(3, [8], 2, dropout=0.2, seed=1), x, codes, metrics=m, **options)
        for m in ((), "accuracy")
    )
    assert plain.history["train_loss"] == measured.history["train_loss"]
    stopping = EarlyStopping(2, "valid_accuracy", "max")
    stopped = fit(mlp(3, [8], 2), x, codes, callbacks=[stopping], metrics="accuracy", **options)
    best = max(stopped.history["valid_accuracy"])
    assert stopped.history["valid_accuracy"][stopped.best_epoch - 1] == best
    table = fit_table("mlp", x, codes, n_classes=2, fit_options={"epochs": 1, "metrics": "roc_auc"})
    assert 0 <= table.history["train_roc_auc"][0] <= 1


@pytest.mark.parametrize(
    ("names", "loss", "message"),
    [
        ("acuracy", "cross_entropy", 'metrics "acuracy" is not known; it can be "accuracy"'),
        ("mae", "cross_entropy", '"mae" is for values, and loss "cross_entropy" is for classes'),
        ("accuracy", "mse_loss", '"accuracy" is for classes, and loss "mse_loss" is for values'),
        (3, "cross_entropy", 'metrics must be names, not int; they can be "accuracy", '),
        ("accuracy", F.mse_loss, "takes class codes and an output for each class"),
        ("roc_auc", "cross_entropy", "train_roc_auc has no value in these rows"),
    ],
)
def test_what_is_no_metric_of_this_fit(names, loss, message):
    x, codes, _ = data()
    y = torch.zeros(60).long() if loss == "cross_entropy" else x[:, 0]
    module = mlp(3, [8], 2 if loss == "cross_entropy" else 1)
    with pytest.raises((ValueError, TypeError), match=message):
        fit(module, x, y, loss=loss, metrics=names, epochs=1)


def test_a_checkpoint_knows_them(tmp_path):
    x, codes, _ = data()
    options = {"epochs": 2, "seed": 0, "loss": "cross_entropy"}
    path = {"model_checkpoint": {"path": tmp_path / "c"}}
    first = fit(mlp(3, [8], 2), x, codes, metrics="accuracy", callbacks=path, **options)
    options["epochs"] = 4
    on = fit(mlp(3, [8], 2), x, codes, metrics="accuracy", resume=tmp_path / "c", **options)
    assert on.history["train_accuracy"][:2] == first.history["train_accuracy"]
    with pytest.raises(ValueError, match=r"metrics is \[\], and was \['accuracy'\]"):
        fit(mlp(3, [8], 2), x, codes, resume=tmp_path / "c", **options)
