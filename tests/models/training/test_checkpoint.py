"""An interrupted and resumed fit is the uninterrupted one, bit for bit."""

import json
import random
import re

import pytest
import torch
from safetensors import safe_open
from torch.utils.data import DataLoader, TensorDataset

from torchbridge.models import OPTIMIZERS, Callback, fit, mlp
from torchbridge.models.callbacks import EarlyStopping, LRSchedule, ModelCheckpoint
from torchbridge.saving import tensor_content


class InterruptIn(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, loop):
        if loop.epoch == self.epoch:
            raise KeyboardInterrupt


def network():
    return mlp(3, [8], 1, dropout=0.3, normalization="batch", seed=1)


def both(regression, path, callbacks, module=network, **options):
    """The fit as a whole, and one that is interrupted in epoch 4 and resumed."""
    x, y = regression
    options = {"epochs": 9, "batch_size": 16, "lr": 0.01, "seed": 5, **options}
    validation = (x.flip(0), y)
    whole = fit(module(), x, y, validation=validation, callbacks=callbacks(), **options)
    checkpoint = ModelCheckpoint(path)
    part = fit(
        module(),
        x,
        y,
        validation=validation,
        callbacks=[*callbacks(), checkpoint, InterruptIn(4)],
        **options,
    )
    assert part.status.startswith("interrupted in epoch 4")
    torch.manual_seed(99)
    torch.randn(3)
    resumed = fit(
        module(), x, y, validation=validation, callbacks=callbacks(), resume=path, **options
    )
    return whole, resumed


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(regression, tmp_path, same_weights, optimizer):
    whole, resumed = both(regression, tmp_path / "c", lambda: [], optimizer=optimizer)
    assert same_weights(whole.module, resumed.module)
    assert whole.history == resumed.history


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("step", {"step_size": 2}),
        ("multi_step", {"milestones": [2, 5]}),
        ("exponential", {"gamma": 0.8}),
        ("cosine_annealing", {}),
        ("cosine_annealing_warm_restarts", {"T_0": 3}),
        ("linear", {}),
        ("polynomial", {}),
        ("constant", {"total_iters": 4}),
        ("one_cycle", {"max_lr": 0.1}),
        ("reduce_on_plateau", {"patience": 0}),
    ],
)
def test_every_schedule(regression, tmp_path, same_weights, name, options):
    whole, resumed = both(regression, tmp_path / "c", lambda: [LRSchedule(name, **options)])
    assert same_weights(whole.module, resumed.module)
    assert whole.history == resumed.history
    assert len(set(whole.history["lr"])) > 1


def test_early_stopping_and_its_best_weights(regression, tmp_path, same_weights):
    whole, resumed = both(
        regression, tmp_path / "c", lambda: [EarlyStopping(patience=3)], lr=0.3, epochs=60
    )
    assert whole.status.startswith("stopped early in epoch")
    assert whole.status == resumed.status
    assert whole.best_epoch == resumed.best_epoch
    assert same_weights(whole.module, resumed.module)


def test_without_seed_the_global_state_is_resumed(regression, tmp_path, same_weights):
    x, y = regression
    torch.manual_seed(3)
    whole = fit(network(), x, y, epochs=6)
    torch.manual_seed(3)
    fit(network(), x, y, epochs=3, callbacks=[ModelCheckpoint(tmp_path / "c")])
    resumed = fit(network(), x, y, epochs=6, resume=tmp_path / "c")
    assert same_weights(whole.module, resumed.module)


def test_a_loader_resumes(regression, tmp_path, same_weights):
    def loader():
        return DataLoader(TensorDataset(*regression), batch_size=16, shuffle=True)

    whole = fit(network(), loader(), epochs=6, seed=2)
    checkpoint = [ModelCheckpoint(tmp_path / "c")]
    fit(network(), loader(), epochs=3, seed=2, callbacks=checkpoint)
    resumed = fit(network(), loader(), epochs=6, seed=2, resume=tmp_path / "c")
    assert same_weights(whole.module, resumed.module)
    assert whole.history == resumed.history


def test_a_finished_fit_goes_on(regression, tmp_path):
    x, y = regression
    fit(network(), x, y, epochs=2, callbacks=[ModelCheckpoint(tmp_path / "c{epoch}")])
    resumed = fit(network(), x, y, epochs=5, resume=tmp_path / "c2")
    assert resumed.history["epoch"] == [1, 2, 3, 4, 5]
    again = fit(network(), x, y, epochs=1, resume=tmp_path / "c1")
    assert again.history["epoch"] == [1]
    with pytest.raises(ValueError, match="epochs is 1, and the fit to resume has done 2"):
        fit(network(), x, y, epochs=1, resume=tmp_path / "c2")


def test_the_file_is_safetensors_and_json(regression, tmp_path):
    x, y = regression
    fit(network(), x, y, epochs=2, callbacks=[ModelCheckpoint(tmp_path / "c", every=2)])
    with safe_open(tmp_path / "c", "pt") as file:
        about = json.loads(file.metadata()["torchbridge_fit"])
        assert "module.0.weight" in file.keys()  # noqa: SIM118
    assert about["epoch"] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_what_does_not_fit_is_named(regression, tmp_path):
    x, y = regression
    path = tmp_path / "c"
    schedule = {"lr_schedule": {"name": "exponential", "gamma": 0.9}}
    fit(network(), x, y, epochs=1, callbacks={**schedule, "model_checkpoint": {"path": path}})
    for changed, message in [
        ({"lr": 0.1}, "lr is 0.1, and was 0.001 in the fit to resume"),
        ({"batch_size": 7}, "batch_size is 7, and was 32"),
        ({"optimizer": "sgd"}, "optimizer is 'sgd', and was 'adam'"),
        ({}, "written with LRSchedule; callbacks lacks it"),
    ]:
        with pytest.raises(ValueError, match=message):
            fit(network(), x, y, epochs=2, resume=path, **changed)
    with pytest.raises(ValueError, match="x has 50 rows|n_rows is 40, and was 50"):
        fit(network(), x[:40], y[:40], epochs=2, resume=path, callbacks=schedule)
    with pytest.raises(FileNotFoundError, match="resume: there is no file"):
        fit(network(), x, y, resume=tmp_path / "none")
    (tmp_path / "other").write_bytes(b"no tensors here")
    with pytest.raises(ValueError, match="is no safetensors file"):
        fit(network(), x, y, resume=tmp_path / "other")


def test_a_bit_that_changes_is_an_error_that_names_the_file(regression, tmp_path):
    x, y = regression
    path = tmp_path / "c"
    fit(network(), x, y, epochs=1, seed=1, callbacks={"model_checkpoint": {"path": path}})
    whole = path.read_bytes()
    choice = random.Random(1)
    in_a_name = whole.index(b"num_batches_tracked") + 3  # that of another model, it seems
    for at in (in_a_name, *choice.sample(range(len(whole)), 60)):
        wrong = bytearray(whole)
        wrong[at] ^= 1 << choice.randrange(8)
        (tmp_path / "wrong").write_bytes(bytes(wrong))
        with pytest.raises(ValueError, match=f"^resume: {re.escape(str(tmp_path / 'wrong'))} "):
            fit(network(), x, y, epochs=2, seed=1, resume=tmp_path / "wrong")


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": -1},
        {"epoch": "1"},
        {"history": [1]},
        {"history": {"epoch": ["1"]}},
        {"optimizer": {}},
        {"optimizer": {"param_groups": [1], "state": {}}},
        {"optimizer": {"param_groups": [], "state": {"optimizer.99.step": 1}}},
        {"optimizer": {"param_groups": [], "state": {"step": 1}}},
        {"settings": None},
        {"stop_reason": 1},
        {"best": {"epoch": "1"}},
        {"callbacks": {"EarlyStopping": 1}},
        {"version": None},
    ],
)
def test_a_damaged_description_is_named(regression, tmp_path, change):
    x, y = regression
    path = tmp_path / "c"
    fit(network(), x, y, epochs=1, seed=1, callbacks={"model_checkpoint": {"path": path}})
    content = tensor_content.of_bytes(path.read_bytes())
    about = json.loads(content.metadata["torchbridge_fit"]) | change
    wrong = tensor_content.to_bytes(content.tensors(), {"torchbridge_fit": json.dumps(about)})
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match="resume: .* its description is damaged"):
        fit(network(), x, y, epochs=2, seed=1, resume=path)
