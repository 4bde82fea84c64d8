"""Mixed precision, by lightning-fabric."""

import pytest
import torch

from torchbridge.models import fit, mlp
from torchbridge.models.training.device import Accelerator
from torchbridge.models.training.fabric import find_accelerator
from torchbridge.models.training.workers import Workers

pytest.importorskip("lightning_fabric")
pytestmark = pytest.mark.filterwarnings("ignore")


def network():
    return mlp(3, [8], 1, seed=1)


def test_bfloat16_is_close_and_keeps_float32_weights(regression):
    x, y = regression
    clip = {"gradient_clipping": {"max_norm": 1.0}}
    options = {"epochs": 5, "lr": 0.01, "seed": 0, "validation": (x, y), "callbacks": clip}
    plain = fit(network(), x, y, **options)
    half = fit(network(), x, y, precision="bf16-mixed", **options)
    assert half.history["valid_loss"] == pytest.approx(plain.history["valid_loss"], rel=0.02)
    assert half.history["valid_loss"] != plain.history["valid_loss"]
    assert half.module[0].weight.dtype == torch.float32
    assert half.predict(x).dtype == torch.float32


def test_float64_converts_the_module(regression):
    found = fit(network(), *regression, epochs=1, precision="64-true")
    assert found.module[0].weight.dtype == torch.float64


def test_float64_is_the_fit_of_a_double_module(regression):
    def loader(*data):
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data), 16)

    double = tuple(t.double() for t in regression)
    options = {"epochs": 5, "lr": 0.01, "seed": 0}
    for right, given in ((double, regression), ([loader(*double)], [loader(*double)])):
        plain = fit(network().double(), *right, **options)
        found = fit(network(), *given, precision="64-true", **options)
        assert found.history["train_loss"] == pytest.approx(plain.history["train_loss"], rel=1e-12)
        weights = zip(found.module.parameters(), plain.module.parameters(), strict=True)
        for ours, wanted in weights:
            torch.testing.assert_close(ours, wanted, rtol=1e-11, atol=1e-11)


def test_resumes_bit_for_bit(regression, tmp_path, same_weights):
    x, y = regression
    options = {"lr": 0.05, "seed": 0, "validation": (x, y), "precision": "bf16-mixed"}
    stopping = {"early_stopping": {"patience": 3}}
    whole = fit(network(), x, y, epochs=8, callbacks=stopping, **options)
    checkpoint = {"model_checkpoint": {"path": tmp_path / "c"}}
    fit(network(), x, y, epochs=3, callbacks={**stopping, **checkpoint}, **options)
    resumed = fit(network(), x, y, epochs=8, callbacks=stopping, resume=tmp_path / "c", **options)
    assert same_weights(whole.module, resumed.module)
    assert whole.history == resumed.history


def test_bad_argument_is_named(regression):
    x, y = regression
    with pytest.raises(ValueError, match='precision "half" is not known; it can be "32-true"'):
        fit(network(), x, y, precision="half")
    with pytest.raises(ValueError, match="devices must be at least 1"):
        fit(network(), x, y, devices=0)
    with pytest.raises(ValueError, match='devices must be a whole number or "all", not "some"'):
        fit(network(), x, y, devices="some")
    with pytest.raises(ValueError, match='compile takes one device and precision "32-true"'):
        fit(network(), x, y, precision="bf16-mixed", compile=True)


def test_all_devices_are_every_gpu_and_a_cpu_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    found = find_accelerator(torch.device("cuda"), "32-true", "all", "auto")
    assert isinstance(found, Workers) and found.world_size == 3
    alone = find_accelerator(torch.device("cpu"), "32-true", "all", "auto")
    assert type(alone) is Accelerator
