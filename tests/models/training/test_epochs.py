"""Whole epochs as one program give the eager fit, up to rounding.

Here PyTorch runs the programs' graphs, operator by operator; test_xla.py has XLA.
"""

import pytest
import torch
from torch import nn

from torchbridge.models import Callback, fit, mlp
from torchbridge.models.callbacks import (
    EpochEnd,
    GradientClipping,
    ModelCheckpoint,
)
from torchbridge.models.training import epochs
from torchbridge.models.training import fit as fits


class Reference:
    """An engine that runs a plan as its words say."""

    name = "xla"
    takes_the_rest = True

    def put(self, tensor):
        return tensor.clone()

    def show(self, tensor):
        return tensor

    def get(self, array):
        return array

    def unknown(self, graph):
        return ["aten.sort.default"] if "sort" in graph.module.code else []

    def program(self, plan, data):
        def run(packed, data, order, rates, drawn, start, stop):
            state = [torch.empty(0)] * len(plan.shapes)
            for vector, places in zip(packed, plan.groups, strict=True):
                parts = vector.split([plan.shapes[i].numel() for i in places])
                for i, part in zip(places, parts, strict=True):
                    state[i] = part.reshape(plan.shapes[i])
            losses, seen = torch.zeros(plan.n_steps).double(), []
            for i in range(start, stop):
                rows = order[i * plan.size : (i + 1) * plan.size]
                batch = data if plan.in_order else [t.index_select(0, rows) for t in data]
                draws = [d[i] for d in drawn]
                state, losses[i], outputs = self.step(plan, state, batch, rates[i], draws)
                seen.append(outputs)
            outputs = [torch.stack(o) for o in zip(*seen, strict=True)]
            outputs = [torch.cat([o[:1]] * start + [o]) for o in outputs]
            packed = [torch.cat([state[i].flatten() for i in g]) for g in plan.groups]
            return packed, losses, outputs

        return run

    def step(self, plan, state, batch, rate, drawn):
        n = len(plan.trained)
        loss, *found = plan.gradients.module(*state[: plan.n_values], *batch, *drawn)
        new = list(state)
        changed = found[n + plan.n_outputs :]
        for place, value in zip(plan.gradients.changed, changed, strict=True):
            new[place] = value
        for i, gradient, kept in zip(plan.trained, found[:n], plan.kept, strict=True):
            if kept is None:
                continue
            entries = [state[k].flatten() if state[k].ndim else state[k] for k in kept]
            given = [state[i].flatten(), gradient.flatten(), *entries, rate]
            values = plan.update.module(*given)[plan.update.n_outputs :]
            for place, value in zip(plan.update.changed, values, strict=True):
                at = [i, None, *kept][place]
                new[at] = value.reshape(plan.shapes[at])
        return new, loss, found[n : n + plan.n_outputs]


@pytest.fixture(autouse=True)
def reference(monkeypatch):
    monkeypatch.setattr(epochs, "XLA", Reference)
    monkeypatch.setattr(epochs, "_PROGRAMS", {})
    monkeypatch.setattr(fits, "check_xla", lambda: None)


@pytest.fixture
def rows(regression):
    """50 rows in float64: three batches of 16, and two rows that are left."""
    return tuple(t.double() for t in regression)


def test_sgd_that_is_plain_or_dampened(rows, equal_fits):
    for options in ({}, {"momentum": 0.9, "dampening": 0.5}):
        given = {"optimizer": "sgd", "optimizer_options": options}
        equal_fits(lambda: mlp(3, [8], 1, "tanh", seed=1).double(), *rows, **given)


def test_weights_offsets_metrics_validation_and_callbacks(rows, equal_with_all_that_an_epoch_has):
    net = lambda: mlp(3, [8], 1, dropout=0.4, normalization="batch", seed=1).double()  # noqa: E731
    equal_with_all_that_an_epoch_has(net, *rows, patience=4)


def test_a_single_row_that_is_left_and_rows_in_their_order(rows, equal_fits):
    x, y = rows
    net = lambda: mlp(3, [8], 1, normalization="batch", seed=1).double()  # noqa: E731
    equal_fits(net, x[:33], y[:33], epochs=3, optimizer="sgd")  # joins the batch before
    equal_fits(net, x, y, shuffle=False, epochs=3, optimizer="sgd")
    equal_fits(net, x, y, batch_size=50, epochs=3, optimizer="sgd")  # all at once


def test_several_epochs_in_one_go(rows, monkeypatch, equal_fits):
    """Where nobody looks between two: more than one call takes, dropout, and all rows at once."""
    x, y = (t[:48] for t in rows)
    net = lambda: mlp(3, [8], 1, dropout=0.5, seed=1).double()  # noqa: E731
    calls = []
    run = Reference.step
    monkeypatch.setattr(Reference, "step", lambda *given: calls.append(given) or run(*given))
    monkeypatch.setattr(epochs, "_AT_ONCE", 3 * 7)
    eager, fast = equal_fits(net, x, y, callbacks=lambda: [GradientClipping(max_norm=0.5)])
    assert len(fast.history["train_loss"]) == 20 and len(calls) == 3 * 20
    equal_fits(net, x, y, batch_size=48)
    equal_fits(lambda: mlp(3, [8], 1, seed=1).double(), x, y, shuffle=False)
    torch.manual_seed(5)
    fit(net(), x, y, epochs=5, batch_size=16)
    after = torch.rand(1)
    torch.manual_seed(5)
    fit(net(), x, y, epochs=5, batch_size=16, compile="xla")
    assert torch.rand(1) == after  # epochs that do not run draw nothing


def test_random_numbers_are_those_of_the_eager_fit(rows, equal_fits):
    """Dropout of several layers, and a fit without a seed: the generator ends where it would."""
    net = lambda: mlp(3, [8, 8], 1, dropout=0.5, seed=1).double()  # noqa: E731
    ends = []
    for compile in (False, "xla"):
        torch.manual_seed(5)
        fit(net(), *rows, epochs=2, batch_size=16, compile=compile)
        ends.append(torch.rand(1))
    assert ends[0] == ends[1]
    equal_fits(net, *rows, epochs=3)


def test_long_epochs_in_pieces_and_several_programs(rows, monkeypatch, equal_fits):
    net = lambda: mlp(3, [8], 1, dropout=0.5, seed=1).double()  # noqa: E731
    monkeypatch.setattr(epochs, "_ROOM", 8 * 2 * (4 * 8 + 4))  # bytes of two batches
    monkeypatch.setattr(epochs, "_PIECE", 0.0)
    equal_fits(net, *rows, batch_size=4, epochs=3, metrics="mae")


class Changes(Callback):
    """Changes weights, options and what is trained, between epochs."""

    def on_epoch_begin(self, loop):
        with torch.no_grad():
            if loop.epoch == 2:
                loop.module[0].weight.data = loop.module[0].weight.data * 0.5
            if loop.epoch == 3:
                loop.optimizer.param_groups[0]["weight_decay"] = 0.5
            if loop.epoch == 4:
                loop.module[0].weight.requires_grad_(False)


def test_what_callbacks_change_between_epochs_counts(rows, equal_fits):
    net = lambda: mlp(3, [8], 1, seed=1).double()  # noqa: E731
    equal_fits(net, *rows, epochs=6, optimizer="sgd", callbacks=lambda: [Changes()])
    seen = []
    stops = lambda: [EpochEnd(lambda row: seen.append(row) or row["epoch"] < 3)]  # noqa: E731
    equal_fits(net, *rows, epochs=6, callbacks=stops)
    assert [row["epoch"] for row in seen] == [1, 2, 3] * 2


def test_resumed(rows, tmp_path, same_weights):
    net = lambda: mlp(3, [8], 1, dropout=0.5, seed=1).double()  # noqa: E731
    options = {"batch_size": 16, "seed": 0, "compile": "xla"}
    keeps = [ModelCheckpoint(tmp_path / "c{epoch}")]
    one = fit(net(), *rows, epochs=4, callbacks=keeps, **options)
    two = fit(net(), *rows, epochs=4, resume=tmp_path / "c2", **options)
    assert same_weights(one.module, two.module) and one.history == two.history


class Listens(Callback):
    def on_batch_end(self, loop):
        pass


def test_what_it_does_not_take_is_an_error(rows):
    net = mlp(3, [4], 1).double()
    with pytest.raises(ValueError, match="callback Listens listens to each batch: use compile = T"):
        fit(net, *rows, compile="xla", callbacks=[Listens()])
    with pytest.raises(TypeError, match='compile must be True or False, or "xla", not "jit"'):
        fit(net, *rows, compile="jit")
    with pytest.raises(ValueError, match='optimizer "lbfgs" cannot be compiled'):
        fit(net, *rows, compile="xla", optimizer="lbfgs")

    class Sorts(nn.Linear):
        def forward(self, x):
            return super().forward(x.sort(1).values)

    with pytest.raises(ValueError, match=r"does not know the operator aten\.sort\.default"):
        fit(Sorts(3, 1).double(), *rows, compile="xla")

    class Branches(nn.Linear):
        def forward(self, x):
            return super().forward(x) * (2 if x.sum() > 0 else 1)

    with pytest.raises(RuntimeError, match="compile: this step cannot be compiled here"):
        fit(Branches(3, 1).double(), *rows, compile="xla")


def test_a_module_without_part_in_the_loss_stays(rows, equal_fits):
    class Spare(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.spare = mlp(3, [4], 1, seed=1), nn.Linear(2, 2)

        def forward(self, x):
            return self.used(x)

    torch.manual_seed(0)
    first = Spare().double()

    def made():
        again = Spare().double()
        again.load_state_dict(first.state_dict())
        return again

    equal_fits(made, *rows, epochs=3, weight_decay=0.1)


def test_no_program_is_taken_for_another(rows, equal_fits):
    """What a step is known again by: each of these differs from the first in one thing."""
    x, y = rows
    plain = lambda: mlp(3, [8], 1, seed=1).double()  # noqa: E731
    equal_fits(plain, x, y, epochs=2)
    equal_fits(lambda: mlp(3, [8], 1, "tanh", seed=1).double(), x, y, epochs=2)
    equal_fits(plain, x, y, epochs=2, loss="l1_loss")
    equal_fits(plain, x, y, epochs=2, weight_decay=0.2)
    equal_fits(plain, x, y, epochs=2, optimizer_options={"eps": 0.1})
    equal_fits(plain, x, y, epochs=2, callbacks=lambda: [GradientClipping(max_norm=0.1)])
    equal_fits(plain, x, y, epochs=2, callbacks=lambda: [GradientClipping(max_norm=0.2)])

    def hooked():
        net = plain()
        net[0].register_forward_hook(lambda module, given, output: output * 0.5)
        return net

    equal_fits(hooked, x, y, epochs=2)

    def frozen():
        net = plain()
        net[0].weight.requires_grad_(False)
        return net

    equal_fits(frozen, x, y, epochs=2)
