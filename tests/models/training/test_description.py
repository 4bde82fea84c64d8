"""Any value as plain JSON: the same for the same value, another for another."""

import functools
import json
import re

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from torchbridge.models.training.description import describe, describe_module


def digest(value):
    return describe(value)["digest"]


def test_a_tensor_is_its_dtype_its_shape_and_its_values():
    x = torch.arange(12.0).reshape(3, 4)
    assert describe(x)["kind"] == "float32 (3, 4)"
    assert describe(x) == describe(x.T.contiguous().T) == describe(x.clone().requires_grad_())
    assert describe(x) == describe(x.numpy()) == describe(torch.cat([x, x])[:3])
    for other in (x.flip(0), x[:, [1, 0, 2, 3]], x.double(), x.reshape(4, 3), x + 1e-6):
        assert describe(other) != describe(x)
    assert describe(torch.tensor(1.5))["kind"] == "float32 ()"
    assert describe(torch.zeros(0, 3)) != describe(torch.zeros(3, 0))
    assert digest(torch.tensor([True, False])) == digest(torch.tensor([1, 0], dtype=torch.uint8))
    z = torch.randn(4, dtype=torch.complex64)
    assert describe(z.conj()) == describe(z.conj().resolve_conj()) != describe(z)
    assert describe(x.bfloat16())["kind"] == "bfloat16 (3, 4)"


def test_the_digest_does_not_depend_on_the_size_of_pieces(monkeypatch):
    x = torch.randn(100, 7)
    whole = describe(x)
    for size in (1, 28, 100, 1000):
        monkeypatch.setattr("torchbridge.models.training.description._BLOCK", size)
        assert describe(x) == describe(x.T.contiguous().T) == whole


def test_a_function_is_its_code_its_defaults_and_what_it_closes_over():
    def pinball(tau, scale=1.0):
        def loss(output, y, by=scale):
            return (y - output) * tau * by

        return loss

    assert describe(pinball(0.5)) == describe(pinball(0.5))
    for other in (pinball(0.6), pinball(0.5, 2.0), lambda output, y: (output - y) * 0.5):
        assert describe(other) != describe(pinball(0.5))
    assert describe(lambda a: a in {"x", "y"}) == describe(lambda a: a in {"y", "x"})
    assert describe(nn.functional.mse_loss) == "torch.nn.functional.mse_loss"
    assert describe(torch.relu) != describe(torch.tanh)
    assert describe(functools.partial(int, base=2)) != describe(functools.partial(int, base=3))


class Scaled(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by, self._act = by, torch.relu

    def forward(self, x):
        return self._act(x) * self.by


def test_a_module_is_its_classes_options_and_shapes():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.1))
    torch.manual_seed(9)
    assert describe(net) == describe(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.1)))
    assert describe(net)["0.weight"] == "float32 (4, 3), trained"
    assert describe(net.eval()) == describe(net.train())
    frozen = nn.Sequential(nn.Linear(3, 4).requires_grad_(False), nn.ReLU(), nn.Dropout(0.1))
    for other in (
        nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.1)),
        nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.2)),
        nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Dropout(0.1)),
        frozen,
    ):
        assert describe(other) != describe(net)
    layer = functools.partial(nn.TransformerEncoderLayer, 4, 2, 8)
    assert describe_module(layer(activation="relu")) != describe_module(layer(activation="gelu"))
    assert describe(Scaled(2)) == describe(Scaled(2)) != describe(Scaled(3))
    other = type("Scaled", (Scaled,), {"forward": lambda self, x: x})
    assert describe(other(2)) != describe(Scaled(2))


def test_a_loader_is_what_it_reads_and_how(tmp_path):
    data = TensorDataset(torch.arange(6.0))
    assert describe(DataLoader(data, 2)) == describe(
        DataLoader(TensorDataset(torch.arange(6.0)), 2)
    )
    for other in (
        DataLoader(data, 3),
        DataLoader(data, 2, shuffle=True),
        DataLoader(data, 2, drop_last=True),
        DataLoader(TensorDataset(torch.arange(6.0) + 1), 2),
        DataLoader(Subset(data, [0, 1]), 2),
    ):
        assert describe(other) != describe(DataLoader(data, 2))
    assert describe(DataLoader(Subset(data, [0, 1]))) != describe(DataLoader(Subset(data, [0, 2])))


class Lines:
    def __init__(self, path):
        self.path = str(path)

    def __iter__(self):
        return iter(open(self.path))


def test_files_by_name_and_size_wherever_they_are(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        (tmp_path / folder / "rows.csv").write_text("1\n2\n")
    a, b = tmp_path / "a", tmp_path / "b"
    assert describe(a / "rows.csv") == {"file": "rows.csv", "size": 4}
    of = functools.partial(describe, files=True)
    assert of(Lines(a / "rows.csv")) == of(Lines(b / "rows.csv"))
    (b / "rows.csv").write_text("1\n2\n3\n")
    assert of(Lines(a / "rows.csv")) != of(Lines(b / "rows.csv"))
    assert describe(a)["kind"] == "folder a, 1 files"
    assert of("no.such.file") == "no.such.file"
    assert describe(str(a / "rows.csv")) == str(a / "rows.csv")


def test_batches_of_a_frame_are_the_files_and_their_schema(tmp_path):
    import torchbridge as tb

    file = tmp_path / "rows.parquet"
    pd.DataFrame({"a": [1.0, 2.0], "g": ["u", "v"]}).to_parquet(file)
    first = describe(tb.frame_batches(file), files=True)
    assert re.search(r'"file": "rows.parquet", "size": \d+', json.dumps(first))
    assert describe(tb.frame_batches(file), files=True) == first
    assert describe(tb.frame_batches(file, columns=["g", "a"]), files=True) != first
    pd.DataFrame({"b": [1.0, 2.0], "g": ["u", "v"]}).to_parquet(file)
    assert describe(tb.frame_batches(file), files=True) != first


def test_frames_numbers_and_what_has_nothing_to_tell():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"]})
    assert describe(frame) == describe(frame.copy())
    assert describe(frame) != describe(frame[["b", "a"]].rename(columns={"b": "a", "a": "b"}))
    assert describe(frame["b"]) != describe(frame["b"].iloc[::-1])
    assert describe(float("nan")) == "nan"
    assert describe({"b", "a"}) == ["a", "b"]
    assert describe(list(range(5000))) != describe([*range(4999), 0])
    for value in (object(), open, torch.Generator(), {1: (None, b"x", torch.float32)}, ...):
        json.dumps(describe(value), allow_nan=False)
    circle = Scaled(1)
    circle.__dict__["again"] = [circle]
    json.dumps(describe(circle))
    loop: list = []
    loop.append(loop)
    json.dumps(describe(loop))
