"""What each callback does to a fit."""

import csv
import math
import sys
from types import SimpleNamespace

import pytest
import torch

from torchbridge.models import Callback, fit, mlp, predict
from torchbridge.models.callbacks import (
    CSVLog,
    EarlyStopping,
    EpochEnd,
    GradientClipping,
    LRFinder,
    LRSchedule,
    ModelCheckpoint,
    ProgressBar,
    TensorBoard,
    as_callbacks,
    is_interactive,
    progress_lines,
)


def network():
    return mlp(3, [8], 1, seed=1)


def test_events_come_in_order(regression):
    events = []

    class Listener(Callback):
        def on_fit_begin(self, loop):
            events.append(("fit_begin", loop.epoch))

        def on_epoch_begin(self, loop):
            events.append(("epoch_begin", loop.epoch))

        def on_batch_begin(self, loop):
            events.append(("batch_begin", loop.batch))

        def on_gradients(self, loop, gradients):
            events.append(("gradients", len(gradients)))

        def on_batch_end(self, loop):
            assert loop.batch_loss.ndim == 0
            events.append(("batch_end", loop.epoch))

        def on_validation_begin(self, loop):
            events.append(("validation_begin", loop.epoch))

        def on_validation_end(self, loop):
            events.append(("validation_end", loop.epoch))

        def on_epoch_end(self, loop):
            loop.record("twice", 2 * loop.row["train_loss"])
            events.append(("epoch_end", len(loop.history["epoch"])))

        def on_epoch_logged(self, loop):
            events.append(("epoch_logged", len(loop.history["epoch"])))

        def on_fit_end(self, loop):
            events.append(("fit_end", loop.epoch))

    options = {"epochs": 2, "batch_size": 25, "validation": regression}
    history = fit(network(), *regression, callbacks=[Listener()], **options).history
    epochs = [
        [
            ("epoch_begin", e),
            *(("batch_begin", 1), ("gradients", 4), ("batch_end", e)),
            *(("batch_begin", 2), ("gradients", 4), ("batch_end", e)),
            ("validation_begin", e),
            ("validation_end", e),
            ("epoch_end", e - 1),
            ("epoch_logged", e),
        ]
        for e in (1, 2)
    ]
    assert events == [("fit_begin", 0), *epochs[0], *epochs[1], ("fit_end", 2)]
    assert history["twice"] == [2 * v for v in history["train_loss"]]


# Early stopping and interrupts


def test_early_stopping_waits_and_gives_the_best_weights_back(regression):
    x, y = regression
    valid = (x.flip(0), y)
    options = {"epochs": 200, "lr": 0.2, "seed": 0, "callbacks": [EarlyStopping(patience=4)]}
    found = fit(network(), x, y, validation=valid, **options)
    losses = found.history["valid_loss"]
    assert found.best_epoch == losses.index(min(losses)) + 1
    assert len(losses) == found.best_epoch + 4
    again = torch.nn.functional.mse_loss(predict(found.module, valid[0]), y)
    assert again.item() == pytest.approx(min(losses), rel=1e-5)
    assert found.status == (
        f"stopped early in epoch {len(losses)}: valid_loss was not better than in epoch "
        f"{found.best_epoch} for 4 epochs"
    )
    assert "stopped early" in repr(found)


def test_early_stopping_by_another_column_upwards(regression):
    class Score(Callback):
        def on_epoch_end(self, loop):
            loop.record("score", -abs(loop.epoch - 3))

    stopping = EarlyStopping(2, "score", mode="max")
    found = fit(network(), *regression, epochs=9, callbacks=[stopping, Score()])
    assert found.best_epoch == 3
    assert found.history["score"] == [-2, -1, 0, -1, -2]
    with pytest.raises(ValueError, match='monitor "score" is no column of the history: "train'):
        fit(network(), *regression, callbacks=[stopping])
    stopping = EarlyStopping(1, "train_loss", min_delta=1e9)
    assert fit(network(), *regression, callbacks=[stopping]).history["epoch"] == [1, 2]


@pytest.mark.parametrize("validated", [True, False])
def test_interrupt_keeps_the_best_weights_and_says_so(regression, validated):
    x, y = regression

    class Interrupt(Callback):
        def on_batch_end(self, loop):
            if loop.epoch == 6:
                raise KeyboardInterrupt

    valid = (x.flip(0), y) if validated else None
    found = fit(network(), x, y, validation=valid, lr=0.3, seed=0, callbacks=[Interrupt()])
    assert found.history["epoch"] == [1, 2, 3, 4, 5]
    if validated:
        losses = found.history["valid_loss"]
        best = losses.index(min(losses)) + 1
        assert found.status == (
            f"interrupted in epoch 6: the weights are those of epoch {best}, the best"
        )
        again = torch.nn.functional.mse_loss(predict(found.module, valid[0]), y)
        assert again.item() == pytest.approx(min(losses), rel=1e-5)
    else:
        assert found.status == "interrupted in epoch 6: the weights are the latest"
    assert "interrupted" in repr(found)


def test_interrupt_in_the_first_epoch_is_a_fit_too(regression):
    class Interrupt(Callback):
        def on_batch_end(self, loop):
            raise KeyboardInterrupt

    found = fit(network(), *regression, callbacks=[Interrupt()])
    assert found.history == {"epoch": []}
    assert repr(found).startswith("<Fit of Sequential: 0 epochs")


# The others


def test_function_at_the_epochs_end_sees_and_halves(regression):
    rows = []

    def function(row):
        rows.append(row)
        return len(rows) < 3

    found = fit(network(), *regression, callbacks=[EpochEnd(function)])
    assert [row["epoch"] for row in rows] == found.history["epoch"] == [1, 2, 3]
    assert [row["train_loss"] for row in rows] == found.history["train_loss"]
    assert found.status.startswith("stopped early in epoch 3: the function")


def test_function_at_the_epochs_end_adds_to_the_history(regression):
    script = [5, 4, 3, 3.1, 3.2, 3.3, 1]

    def function(row):
        return {"scripted": script[row["epoch"] - 1], "train_loss": -1}

    stopping = [EarlyStopping(3, "scripted"), EpochEnd(function)]
    found = fit(network(), *regression, epochs=7, callbacks=stopping)
    assert found.history["scripted"] == script[:6]
    assert min(found.history["train_loss"]) >= 0
    assert found.best_epoch == 3
    script = [float("nan"), 2, 1, float("nan")]
    assert fit(network(), *regression, epochs=4, callbacks=stopping).best_epoch == 3
    with pytest.raises(TypeError, match='must give numbers: "score" is str'):
        fit(network(), *regression, callbacks=[EpochEnd(lambda row: {"score": "good"})])


@pytest.mark.parametrize("limit", [{"max_norm": 0.01}, {"max_value": 0.001}])
def test_gradients_are_clipped(regression, limit):
    norms = []

    class Norms(Callback):
        def on_gradients(self, loop, gradients):
            norms.append(torch.cat([g.flatten() for g in gradients]))

    fit(network(), *regression, epochs=2, callbacks=[GradientClipping(**limit), Norms()])
    if "max_norm" in limit:
        assert all(abs(g.norm() - 0.01) < 1e-6 for g in norms)
    else:
        assert all(g.abs().max() <= 0.001 for g in norms)


def test_small_gradients_are_left_alone(regression, same_weights):
    one, two = (
        fit(network(), *regression, epochs=2, seed=0, callbacks=callbacks)
        for callbacks in ([], [GradientClipping(max_norm=1e6)])
    )
    assert same_weights(one.module, two.module)


def test_schedules_rates_are_in_the_history(regression):
    found = fit(
        network(), *regression, epochs=4, lr=0.1, callbacks=[LRSchedule("exponential", gamma=0.5)]
    )
    assert found.history["lr"] == pytest.approx([0.1, 0.05, 0.025, 0.0125])
    cosine = {"lr_schedule": {"name": "cosine_annealing"}}
    found = fit(network(), *regression, epochs=4, lr=0.1, callbacks=cosine)
    expected = [0.05 * (1 + math.cos(math.pi * i / 4)) for i in range(4)]
    assert found.history["lr"] == pytest.approx(expected)
    found = fit(
        network(), *regression, epochs=4, lr=0.1, batch_size=10, callbacks=[LRSchedule("one_cycle")]
    )
    assert max(found.history["lr"]) <= 0.1
    assert found.history["lr"][-1] == pytest.approx(0.1 / 25 / 1e4)


def test_lr_finder_sets_a_rate_and_changes_nothing_else(regression, same_weights):
    x, y = regression
    finder = LRFinder(steps=60)
    found = fit(network(), x, y, epochs=20, seed=0, callbacks=[finder])
    assert 1e-5 < finder.suggestion < 1
    assert finder.lrs == sorted(finder.lrs)
    assert found.history["lr"] == [finder.suggestion] * 20
    assert found.history["train_loss"][-1] < found.history["train_loss"][0] / 2
    plain = fit(network(), x, y, epochs=20, seed=0, lr=finder.suggestion)
    assert same_weights(found.module, plain.module)


def test_csv_log_is_the_history(regression, tmp_path):
    path = tmp_path / "log.csv"
    for _ in range(2):  # the second replaces the first
        history = fit(network(), *regression, epochs=3, callbacks=[CSVLog(path)]).history
    with open(path, newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["train_loss"]) for line in lines] == history["train_loss"]
    assert [line["epoch"] for line in lines] == ["1", "2", "3"]


def test_tensorboard_gets_the_history(regression, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    callback = TensorBoard(tmp_path, weights=True)
    history = fit(network(), *regression, epochs=3, callbacks=[callback]).history
    events = EventAccumulator(str(tmp_path)).Reload()
    found = events.Scalars("train_loss")
    assert [event.step for event in found] == [1, 2, 3]
    assert [event.value for event in found] == pytest.approx(history["train_loss"], rel=1e-6)
    assert "0.weight" in events.Tags()["histograms"]


def test_progress_bar_only_when_asked(regression, capsys):
    pytest.importorskip("tqdm")
    fit(network(), *regression, epochs=2)
    assert capsys.readouterr().err == ""
    fit(network(), *regression, epochs=2, progress=True)
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "train_loss=" in shown
    assert isinstance(as_callbacks({"progress_bar": {}})[0], ProgressBar)


def test_a_bar_comes_by_itself_in_a_notebook_and_not_where_its_packages_are_imported(monkeypatch):
    shell = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert not is_interactive()
    shell.kernel = SimpleNamespace()
    assert is_interactive()


def test_checkpoint_of_the_best_only(regression, tmp_path):
    x, y = regression
    path = tmp_path / "best"
    checkpoint = ModelCheckpoint(path, best_only=True)
    options = {"epochs": 30, "lr": 0.3, "seed": 0}
    found = fit(network(), x, y, validation=(x.flip(0), y), callbacks=[checkpoint], **options)
    assert 1 < found.best_epoch < 30
    options["epochs"] = found.best_epoch
    resumed = fit(network(), x, y, validation=(x.flip(0), y), resume=path, **options)
    assert len(resumed.history["epoch"]) == found.best_epoch
    with pytest.raises(ValueError, match="best_only needs validation data"):
        fit(network(), x, y, callbacks=[checkpoint])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: EarlyStopping(patience=0), ValueError, "patience must be at least 1"),
        (lambda: EarlyStopping(mode="less"), ValueError, 'mode "less" is not known'),
        (lambda: LRSchedule("cosine"), ValueError, 'lr_schedule "cosine" is not known; it can be'),
        (lambda: LRSchedule("step", stepsize=3), ValueError, '"step" has no option "stepsize"'),
        (lambda: GradientClipping(), ValueError, "give max_norm or max_value"),
        (lambda: GradientClipping(max_norm=0), ValueError, "max_norm must be above 0"),
        (lambda: ModelCheckpoint("no/folder/c"), FileNotFoundError, "path: there is no folder"),
        (lambda: ModelCheckpoint(3), TypeError, "path must be a path, not int"),
        (lambda: LRFinder(1, 0.1), ValueError, "min_lr must be below max_lr"),
        (lambda: EpochEnd("f"), TypeError, "function must be a function, not str"),
        (lambda: as_callbacks({"early_stoping": {}}), ValueError, '"early_stoping" is not known'),
        (lambda: as_callbacks({"csv_log": {"file": 1}}), ValueError, 'has no option "file"'),
        (lambda: as_callbacks("csv_log"), TypeError, "callbacks must be a list or a dict"),
        (lambda: as_callbacks([print]), TypeError, "callbacks must hold Callbacks, not builtin"),
    ],
)
def test_bad_argument_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_lbfgs_sends_the_gradients_of_each_of_its_evaluations(regression):
    class Halves(Callback):
        calls = 0

        def on_gradients(self, loop, gradients):
            self.calls += 1
            for gradient in gradients:
                gradient.mul_(0.5)

    x, y = regression
    mine, theirs, halves = network(), network(), Halves()
    options = {"lr": 0.05, "optimizer": "lbfgs", "optimizer_options": {"max_iter": 5}}
    fit(mine, x, y, epochs=1, batch_size=50, callbacks=[halves], **options)
    fit(theirs, x, y, epochs=1, batch_size=50, loss=lambda o, y: (o - y) ** 2 / 2, **options)
    assert halves.calls == 5
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match='gradient_clipping does not go with optimizer "lbfgs"'):
        fit(mine, x, y, optimizer="lbfgs", callbacks=[GradientClipping(max_norm=1)])


# Lines of progress


def test_what_takes_long_says_how_far_it_is(regression, monkeypatch, capsys):
    fit(network(), *regression, epochs=2, batch_size=25)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress_lines, "FIRST", 0)
    monkeypatch.setattr(progress_lines, "APART", 0)
    fit(network(), *regression, epochs=2, batch_size=25)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("torchbridge: epoch 1 of 2, batch 1 of 2; 0 s, at most ")
    assert lines[3].startswith("torchbridge: epoch 2 of 2, train_loss ")
    fit(network(), *regression, epochs=2, progress=False)
    assert capsys.readouterr().err == ""
