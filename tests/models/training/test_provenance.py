"""A checkpoint goes on with the fit that it came from, and with no other."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from torchbridge.models import Callback, fit, fit_table, mlp
from torchbridge.models.callbacks import EpochEnd, GradientClipping, ModelCheckpoint

X, Y = (
    torch.randn(60, 4, generator=torch.Generator().manual_seed(1)),
    torch.linspace(-1, 1, 60)[:, None],
)


def network(inputs=4, hidden=8, act=nn.ReLU, p=0.1):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(inputs, hidden), act(), nn.Dropout(p), nn.Linear(hidden, 1))


def square(output, y):
    return (output - y) ** 2


def absolute(output, y):
    return (output - y).abs()


BASE = {
    "module": network,
    "x": X,
    "y": Y,
    "epochs": 3,
    "seed": 1,
    "device": "cpu",
    "progress": False,
    "weights": torch.linspace(1, 2, 60),
    "validation": (X.flip(0), Y),
    "optimizer": "sgd",
    "optimizer_options": {"momentum": 0.9},
    "loss": square,
    "callbacks": {
        "early_stopping": {"patience": 9},
        "lr_schedule": {"name": "step", "step_size": 2},
        "gradient_clipping": {"max_norm": 1.0},
    },
    "origin": {"columns": ["a", "b", "c", "d"]},
}


def run(**options):
    given = {**BASE, **options}
    return fit(given.pop("module")(), **given)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "c.safetensors"
    run(callbacks={**BASE["callbacks"], "model_checkpoint": {"path": path}})
    return path


def without(name):
    return {key: value for key, value in BASE["callbacks"].items() if key != name}


def with_(callback, **options):
    return {**BASE["callbacks"], callback: options}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": X.flip(0)}, r"x \(float32 \(60, 4\)\) is not what it was"),
        ({"x": X[:, [3, 2, 1, 0]]}, r"x \(float32 \(60, 4\)\) is not what it was"),
        ({"y": Y + 1e-3}, r"y \(float32 \(60, 1\)\) is not what it was"),
        ({"weights": None}, "weights is not given, and was in the fit to resume"),
        ({"weights": torch.linspace(1, 3, 60)}, r"weights \(float32 \(60,\)\) is not what it was"),
        ({"offset": Y}, "offset is given, and was not in the fit to resume"),
        ({"validation": None}, "validation is not given, and was in the fit to resume"),
        ({"validation": (X, Y)}, r"validation: x \(float32 \(60, 4\)\) is not what it was"),
        ({"origin": {"columns": list("badc")}}, r"columns is \['b', 'a', 'd', 'c'\], and was"),
        ({"module": lambda: network(act=nn.Tanh)}, "module: 1: class is 'Tanh', and was 'ReLU'"),
        ({"module": lambda: network(p=0.2)}, "module: 2: p is 0.2, and was 0.1"),
        ({"module": lambda: network(hidden=9)}, "module: 0: out_features is 9, and was 8"),
        ({"seed": 2}, "seed is 2, and was 1 in the fit to resume"),
        ({"seed": None}, "seed is None, and was 1"),
        ({"lr": 0.5}, "lr is 0.5, and was 0.001"),
        ({"batch_size": 7}, "batch_size is 7, and was 32"),
        ({"shuffle": False}, "shuffle is False, and was True"),
        ({"weight_decay": 0.1}, "weight_decay is 0.1, and was 0.0"),
        ({"optimizer_options": None}, "optimizer_options: momentum is left out, and was 0.9"),
        (
            {"optimizer_options": {"momentum": 0.9, "nesterov": True}},
            "optimizer_options: nesterov is True, and was left out",
        ),
        ({"loss": absolute}, "loss is function absolute, and was function square"),
        ({"loss": "mse_loss"}, "loss is 'mse_loss', and was function square"),
        ({"callbacks": without("lr_schedule")}, "written with LRSchedule; callbacks lacks it"),
        ({"callbacks": without("early_stopping")}, "written with EarlyStopping; callbacks lacks"),
        (
            {"callbacks": with_("early_stopping", patience=5)},
            "early_stopping: patience is 5, and was 9",
        ),
        (
            {"callbacks": with_("gradient_clipping", max_norm=2.0)},
            "gradient_clipping: max_norm is 2.0, and was 1.0",
        ),
        (
            {"callbacks": with_("lr_schedule", name="step", step_size=1)},
            "lr_schedule: step_size is 1, and was 2",
        ),
        (
            {"callbacks": with_("lr_finder")},
            "lr_finder is given, and was not in the fit to resume",
        ),
        ({"epochs": 2}, "epochs is 2, and the fit to resume has done 3"),
    ],
)
def test_what_differs_is_refused_by_name(checkpoint, changed, message):
    with pytest.raises(ValueError, match=message):
        run(resume=checkpoint, **{"epochs": 5, **changed})


def test_another_dtype_is_refused(checkpoint):
    double = {
        "module": lambda: network().double(),
        "x": X.double(),
        "y": Y.double(),
        "validation": (X.flip(0).double(), Y.double()),
    }
    with pytest.raises(
        ValueError, match=r"module: 0.weight is 'float64 \(8, 4\), trained', and was"
    ):
        run(resume=checkpoint, **double)


def test_the_same_fit_goes_on(checkpoint, tmp_path, same_weights):
    logs = {"csv_log": {"path": tmp_path / "log.csv"}, "model_checkpoint": {"path": tmp_path / "d"}}
    whole = run(epochs=6)
    resumed = run(
        epochs=6,
        resume=checkpoint,
        callbacks={**BASE["callbacks"], **logs},
        x=X.T.contiguous().T,
        optimizer_options={"momentum": 0.9, "dampening": 0},
        weights=2 * BASE["weights"],
    )
    assert same_weights(whole.module, resumed.module)
    assert whole.history == resumed.history
    again = run(epochs=8, resume=tmp_path / "d")
    assert same_weights(again.module, run(epochs=8).module)


def test_epochs_are_part_of_schedules_that_depend_on_them(tmp_path):
    for name, options in [
        ("cosine_annealing", {"T_max": 4}),
        ("linear", {"total_iters": 4}),
        ("polynomial", {"total_iters": 4}),
        ("one_cycle", {"max_lr": 0.1, "total_steps": 100}),
    ]:
        given = {"lr_schedule": {"name": name}, "model_checkpoint": {"path": tmp_path / "c"}}
        run(callbacks=given)
        assert len(run(callbacks=given, resume=tmp_path / "c").history["epoch"]) == 3
        with pytest.raises(ValueError, match="lr_schedule: epochs, on which it depends, is 5, and"):
            run(callbacks=given, epochs=5, resume=tmp_path / "c")
        given["lr_schedule"] |= options
        run(callbacks=given)
        assert len(run(callbacks=given, epochs=5, resume=tmp_path / "c").history["epoch"]) == 5


def test_functions_at_the_ends_of_epochs(tmp_path):
    def score(line):
        return {"score": line["epoch"] ** 2}

    def seen(line):
        assert line

    path = tmp_path / "c"
    run(callbacks=[EpochEnd(seen), ModelCheckpoint(path)])
    assert run(epochs=4, resume=path, callbacks=[]).history["epoch"] == [1, 2, 3, 4]
    both = [EpochEnd(score), EpochEnd(seen)]
    run(callbacks=[*both, ModelCheckpoint(path)])
    assert run(epochs=4, resume=path, callbacks=both).history["score"] == [1, 4, 9, 16]
    with pytest.raises(ValueError, match="callbacks has a function that the fit to resume did not"):
        run(epochs=4, resume=path, callbacks=[EpochEnd(score), EpochEnd(lambda line: False)])
    with pytest.raises(ValueError, match='a function that added "score" to the history; callbacks'):
        run(epochs=4, resume=path, callbacks=[EpochEnd(seen)])


class Noise(Callback):
    def __init__(self, sd):
        self.sd = sd

    def on_gradients(self, loop, gradients):
        for gradient in gradients:
            gradient.add_(self.sd * torch.randn_like(gradient))


class Watch(Callback):
    def on_batch_end(self, loop):
        self.last = loop.epoch


def test_callbacks_of_ones_own(tmp_path):
    path = tmp_path / "c"
    run(callbacks=[Noise(0.1), Watch(), ModelCheckpoint(path)])
    assert run(callbacks=[Noise(0.1)], resume=path, epochs=4).history["epoch"] == [1, 2, 3, 4]
    for callbacks, message in [
        ([Noise(0.2)], "Noise: sd is 0.2, and was 0.1"),
        ([], "written with Noise; callbacks lacks it"),
        ([Noise(0.1), GradientClipping(1)], "gradient_clipping is given, and was not"),
    ]:
        with pytest.raises(ValueError, match=message):
            run(callbacks=callbacks, resume=path, epochs=4)


def test_rows_drawn_by_another_seed_are_refused(tmp_path):
    options = {"epochs": 3, "seed": 1, "device": "cpu", "progress": False}
    path = tmp_path / "c"
    table = {
        "numeric": X,
        "response": Y[:, 0],
        "validation": 0.25,
        "model_options": {"hidden": [8]},
    }

    def table_fit(options, **changed):
        return fit_table("mlp", **{**table, **changed}, fit_options=options)

    table_fit({**options, "callbacks": {"model_checkpoint": {"path": path}}})
    going_on = {**options, "epochs": 5, "resume": path}
    whole, resumed = table_fit({**options, "epochs": 5}), table_fit(going_on)
    assert whole.weights == resumed.weights
    for changed, message in [
        ({"seed": 2}, "seed is 2, and was 1"),
        ({"precision": "64-true"}, "precision is '64-true', and was '32-true'"),
    ]:
        with pytest.raises(ValueError, match=message):
            table_fit({**going_on, **changed})
    for changed, message in [
        ({"validation": 0.5}, "validation is 0.5, and was 0.25"),
        ({"validation": None}, "validation is None, and was 0.25"),
        ({"standardize": False}, "standardize is False, and was None"),
        ({"model_options": {"hidden": [9]}}, r"model_options: hidden is \[9\], and was \[8\]"),
        ({"model_options": {"hidden": [8], "dropout": 0.5}}, "model_options: dropout is 0.5, and"),
        ({"numeric": X.flip(1)}, r"validation: x \(float32 \(15, 4\)\) is not what it was"),
    ]:
        with pytest.raises(ValueError, match=message):
            table_fit(going_on, **changed)
    unseeded = {**options, "seed": None}
    table_fit({**unseeded, "callbacks": {"model_checkpoint": {"path": path}}})
    with pytest.raises(ValueError, match="is not what it was"):
        table_fit({**unseeded, "resume": path})


def test_a_loader_of_other_data_is_refused(tmp_path):
    def loader(x=X, **options):
        return DataLoader(TensorDataset(x, Y), **{"batch_size": 16, "shuffle": True, **options})

    given = {"weights": None, "validation": loader(), "y": None}
    path = tmp_path / "c"
    run(x=loader(), callbacks={"model_checkpoint": {"path": path}}, **given)
    given |= {"callbacks": {}, "epochs": 5, "resume": path}
    whole = run(x=loader(), **{**given, "resume": None})
    assert run(x=loader(), **given).history == whole.history
    for changed, message in [
        ({"x": loader(batch_size=8)}, "x: batch_size is 8, and was 16"),
        (
            {"x": loader(shuffle=False)},
            "x: sampler is 'SequentialSampler', and was 'RandomSampler'",
        ),
        ({"x": loader(X + 1)}, r"x: dataset: tensors: 0 \(float32 \(60, 4\)\) is not what it was"),
        ({"x": loader(), "validation": loader(X + 1)}, r"validation: x: dataset: tensors: 0 "),
    ]:
        with pytest.raises(ValueError, match=message):
            run(**{**given, **changed})


def test_the_weights_alone_go_into_a_new_fit(checkpoint):
    state = load_file(checkpoint)
    module = network()
    module.load_state_dict(
        {n.removeprefix("module."): t for n, t in state.items() if n.startswith("module.")}
    )
    assert fit(module, X, Y, epochs=1, lr=0.5, seed=3).history["epoch"] == [1]


def test_what_a_checkpoint_says_is_short_and_plain(checkpoint):
    with safe_open(checkpoint, "pt") as file:
        about = json.loads(file.metadata()["torchbridge_fit"])
    found = about["provenance"]
    assert list(found)[0] == "origin"
    assert found["module"]["3.bias"] == "float32 (1,), trained"
    assert set(found["data"]["x"]) == {"kind", "digest"}
    assert len(json.dumps(found)) < 5000


def test_a_plain_fit_reads_nothing_of_it(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a digest nobody asked for")

    monkeypatch.setattr("torchbridge.models.training.provenance.describe", fail)
    run()
    with pytest.raises(AssertionError, match="nobody asked"):
        run(callbacks={"model_checkpoint": {"path": "never"}})


def test_mlp_is_described_too(tmp_path):
    path = tmp_path / "c"
    options = {"epochs": 2, "seed": 1, "device": "cpu"}
    fit(mlp(4, [8], 1, seed=1), X, Y, callbacks={"model_checkpoint": {"path": path}}, **options)
    with pytest.raises(ValueError, match="module: .* is 'Tanh', and was 'ReLU'"):
        fit(mlp(4, [8], 1, activation="tanh", seed=1), X, Y, resume=path, **options)
