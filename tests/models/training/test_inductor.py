"""Epochs by PyTorch's own compiler are the eager ones, up to rounding.

Most of it is checked of the graphs, which run as they are; two fits are compiled.
"""

import pytest
import torch
from torch import nn

from torchbridge.models import Tabular, fit, mlp
from torchbridge.models.callbacks import Callback
from torchbridge.models.training import compiled, epochs, inductor
from torchbridge.models.training.compiled import CompiledStep

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WHOLE = {"compile": True, "engine": "compiled epochs"}


@pytest.fixture
def rows(regression):
    """50 rows in float64: three batches of 16, and two rows that are left."""
    return tuple(t.double() for t in regression)


@pytest.fixture
def graphs(monkeypatch):
    """Programs' graphs as they are."""
    monkeypatch.setattr(epochs, "_PROGRAMS", {})
    monkeypatch.setattr(inductor, "_CODES", {})

    def traced(plan, data):
        return inductor.traced(plan, inductor._inputs(plan, data))

    monkeypatch.setattr(inductor, "_compiled", traced)


def test_all_that_an_epoch_has(rows, equal_with_all_that_an_epoch_has):
    def net():
        return mlp(3, [8], 1, "tanh", dropout=0.4, normalization="batch", seed=1).double()

    equal_with_all_that_an_epoch_has(net, *rows, patience=9, **WHOLE)


def test_float32_is_as_near_to_float64_as_an_eager_fit_is(regression, equal_fits, capsys):
    x, y = (t[:48] for t in regression)
    net = lambda: mlp(3, [16], 1, seed=1)  # noqa: E731
    options = {"batch_size": 16, "lr": 0.01, "seed": 3}
    equal_fits(net, x, y, epochs=1, tolerance=1e-5, **WHOLE)
    right = fit(net().double(), x.double(), y.double(), epochs=20, **options).module
    capsys.readouterr()
    far = []
    for compile in (False, True):
        found = fit(net(), x, y, epochs=20, compile=compile, **options).module
        pairs = zip(found.parameters(), right.parameters(), strict=True)
        far.append(max(float((p - q).detach().abs().max()) for p, q in pairs))
    assert far[1] <= 2 * far[0] + 1e-7
    assert capsys.readouterr().err == ""  # compiled before, if for a fit of another length


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", "adagrad"])
def test_optimizers(graphs, rows, optimizer, equal_fits):
    options = {"optimizer": optimizer, "weight_decay": 0.1}
    if optimizer in ("sgd", "rmsprop"):
        options["optimizer_options"] = {"momentum": 0.9}
    equal_fits(lambda: mlp(3, [8], 1, seed=1).double(), *rows, **options, **WHOLE)


def test_codes_and_classes(graphs, equal_fits):
    codes = torch.randint(0, 4, (48, 1), generator=torch.Generator().manual_seed(0))
    x = (torch.zeros(48, 0, dtype=torch.float64), codes)
    net = lambda: Tabular(0, [4], [8], 4, seed=1).double()  # noqa: E731
    equal_fits(net, x, codes[:, 0], loss="cross_entropy", **WHOLE)


def test_more_batches_than_a_call_takes_and_all_rows_at_once(graphs, rows, monkeypatch, equal_fits):
    x, y = rows
    net = lambda: mlp(3, [8], 1, dropout=0.5, seed=1).double()  # noqa: E731
    monkeypatch.setattr(inductor, "_MOST", 5)
    equal_fits(net, x, y, batch_size=4, epochs=3, metrics="mae", **WHOLE)
    equal_fits(net, x, y, batch_size=5, epochs=7, **WHOLE)  # several epochs in one go
    equal_fits(net, x, y, batch_size=50, metrics="mae", epochs=3, **WHOLE)
    equal_fits(net, x, y, batch_size=50, epochs=7, **WHOLE)


def test_frozen_layers_and_changes_in_place(graphs, rows):
    class Scales(nn.Module):
        """Changes its input, and trains the second layer alone."""

        def __init__(self):
            super().__init__()
            self.net = mlp(3, [8], 1, seed=1)
            self.net[0].requires_grad_(False)

        def forward(self, x):
            return self.net(x.mul_(0.5))

    x, y = rows
    options = {"epochs": 3, "batch_size": 16, "seed": 3}
    eager, fast = (  # of data of their own
        fit(Scales().double(), x.clone(), y, compile=c, **options) for c in (False, True)
    )
    assert fast.history["train_loss"] == pytest.approx(eager.history["train_loss"], rel=1e-9)
    assert fast.engine == "compiled epochs"


class Listens(Callback):
    def on_batch_end(self, loop):
        pass


def test_what_cannot_be_a_program_is_compiled_by_steps(graphs, rows, monkeypatch, capsys):
    monkeypatch.setattr(compiled, "_COMPILED", {})
    monkeypatch.setattr(CompiledStep, "_code", lambda self, graph, inputs: graph)
    net = lambda: mlp(3, [4], 1, seed=1).double()  # noqa: E731
    options = {"epochs": 3, "batch_size": 16, "seed": 3}
    eager = fit(net(), *rows, **options)
    found = fit(net(), *rows, compile=True, callbacks=[Listens()], **options)
    assert found.engine == "compiled steps"
    assert "(not a whole epoch: the callback Listens listens to each" in capsys.readouterr().err
    monkeypatch.setattr(compiled, "_COMPILED", {})

    def fails(plan, data):
        raise NotImplementedError("no loops here")

    monkeypatch.setattr(inductor, "_compiled", fails)
    other = fit(net(), *rows, compile=True, **options)
    assert other.engine == "compiled steps"
    assert "(not a whole epoch: no loops here)" in capsys.readouterr().err
    for done in (found, other):
        assert done.history["train_loss"] == pytest.approx(eager.history["train_loss"], rel=1e-9)
