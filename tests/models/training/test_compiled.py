"""The compiled step: the same training, kept between fits."""

import pytest
import torch
from torch import nn

from torchbridge.models import Tabular, fit, mlp
from torchbridge.models.callbacks import Callback, GradientClipping, LRSchedule, ModelCheckpoint
from torchbridge.models.training import compiled, epochs
from torchbridge.models.training.compiled import CompiledStep

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def steps(monkeypatch):
    """Steps, as where whole epochs cannot be programs."""
    monkeypatch.setattr(epochs, "why_not", lambda loop: "steps are tested")


def fits(module, x, y, **options):
    """The same fit, eager and compiled."""
    options = {"epochs": 3, "batch_size": 16, "lr": 0.01, "seed": 0, **options}
    return [fit(module(), x, y, compile=c, **options) for c in (False, True)]


def close(a, b):
    for p, q in zip(a.module.parameters(), b.module.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-5)


def test_it_is_the_eager_step(regression):
    x, y = regression
    eager, fast = fits(
        lambda: mlp(3, [8], 1, "tanh", seed=1),
        x,
        y,
        weights=y.abs()[:, 0],
        offset=x[:, 0],
        weight_decay=0.01,
        metrics=["mae", "r_squared"],
        callbacks=[GradientClipping(max_norm=0.5), LRSchedule("exponential", gamma=0.5)],
    )
    close(eager, fast)
    for name in ("train_loss", "train_mae", "train_r_squared"):
        assert eager.history[name] == pytest.approx(fast.history[name], rel=1e-4)


def test_kept_between_fits_resumed_and_same_bits(
    regression, tmp_path, same_weights, capsys, monkeypatch
):
    monkeypatch.setattr(compiled, "_COMPILED", {})
    x, y = regression
    options = {"batch_size": 16, "seed": 0, "compile": True}

    def module():
        return mlp(3, [8], 1, dropout=0.5, normalization="batch", seed=1)

    checkpoint = [ModelCheckpoint(tmp_path / "c{epoch}")]
    one = fit(module(), x, y, epochs=4, callbacks=checkpoint, **options)
    assert one.engine == "compiled steps"
    said = "compiling the training step (not a whole epoch: steps are tested) ..."
    assert said in capsys.readouterr().err
    two = fit(module(), x, y, epochs=4, **options)
    resumed = fit(module(), x, y, epochs=4, resume=tmp_path / "c2", **options)
    assert capsys.readouterr().err == ""
    assert same_weights(one.module, two.module)
    assert same_weights(one.module, resumed.module)
    assert one.module[1].num_batches_tracked == 4 * 4
    assert len(compiled._COMPILED) == 1


def test_codes_and_classes(graphs):
    codes = torch.randint(0, 4, (48, 1), generator=torch.Generator().manual_seed(0))
    x = (torch.zeros(48, 0), codes)
    eager, fast = fits(
        lambda: Tabular(0, [4], [8], 4, seed=1), x, codes[:, 0], loss="cross_entropy"
    )
    close(eager, fast)


def test_what_cannot_be_compiled_says_so(regression):
    x, y = regression

    class Branches(nn.Linear):
        def forward(self, x):
            return super().forward(x) * (2 if x.sum() > 0 else 1)

    with pytest.raises(RuntimeError, match="compile: this step cannot be compiled here"):
        fit(Branches(3, 1), x, y, epochs=2, compile=True)
    with pytest.raises(ValueError, match='optimizer "lbfgs" cannot be compiled; these can: "adam"'):
        fit(mlp(3, [8], 1), x, y, optimizer="lbfgs", compile=True)
    with pytest.raises(ValueError, match="option amsgrad cannot be compiled"):
        fit(mlp(3, [8], 1), x, y, optimizer_options={"amsgrad": True}, compile=True)
    with pytest.raises(TypeError, match="compile must be True or False"):
        fit(mlp(3, [8], 1), x, y, compile="yes")


@pytest.fixture
def graphs(monkeypatch):
    """The traced graphs run as they are: what they hold fixed needs no C++ compiler."""
    monkeypatch.setattr(compiled, "_COMPILED", {})
    monkeypatch.setattr(CompiledStep, "_code", lambda self, graph, inputs: graph)


class Halves(Callback):
    """Changes gradients by what only the step itself knows, and counts."""

    def __init__(self):
        self.batches, self.gradients = [], 0

    def on_batch_begin(self, loop):
        self.batches.append((loop.epoch, loop.batch))

    def on_gradients(self, loop, gradients):
        self.gradients += 1
        for gradient in gradients:
            gradient.mul_(0.5 if loop.epoch > 1 and float(gradient.norm()) > 1 else 1)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
def test_every_step_sends_its_events(graphs, regression, optimizer):
    x, y = regression
    found = []
    for step in (False, True):
        callback = Halves()
        options = {"optimizer": optimizer, "metrics": "mae", "weight_decay": 0.1, "lr": 0.05}
        done = fit(
            mlp(3, [4], 1, seed=1),
            x,
            y,
            epochs=4,
            batch_size=16,
            seed=0,
            compile=step,
            callbacks=[callback],
            **options,
        )
        assert callback.gradients == len(callback.batches) == 16
        found.append((done, callback.batches))
    (eager, one), (fast, two) = found
    assert one == two
    close(eager, fast)
    assert eager.history["train_mae"] == pytest.approx(fast.history["train_mae"], rel=1e-4)


class Changes(Callback):
    """Changes what a graph holds fixed, from the third epoch on."""

    def __init__(self, what):
        self.what = what

    def on_epoch_begin(self, loop):
        group, net = loop.optimizer.param_groups[0], loop.module
        if loop.epoch == 3 and self.what == "options":
            group["weight_decay"], group["momentum"] = 0.5, 0.9
        if loop.epoch == 3 and self.what == "frozen":
            for parameter in net[0].parameters():
                parameter.requires_grad_(False)
        if loop.epoch == 3 and self.what == "mode":
            net[1].eval()


@pytest.mark.parametrize("what", ["options", "frozen", "mode"])
def test_what_changes_in_an_epoch_is_compiled_anew(graphs, regression, what):
    x, y = regression
    eager, fast = fits(
        lambda: mlp(3, [4], 1, normalization="batch", seed=1),
        x,
        y,
        epochs=5,
        optimizer="sgd",
        optimizer_options={"momentum": 0.1},
        callbacks=[Changes(what)],
    )
    close(eager, fast)


def test_a_schedule_that_a_graph_would_freeze_is_refused(graphs, regression):
    x, y = regression
    with pytest.raises(ValueError, match='schedule "one_cycle" changes the momentum in every'):
        fit(mlp(3, [4], 1), x, y, compile=True, callbacks=[LRSchedule("one_cycle")])
    eager, fast = fits(
        lambda: mlp(3, [4], 1, seed=1),
        x,
        y,
        callbacks=[LRSchedule("one_cycle", cycle_momentum=False)],
    )
    close(eager, fast)
