"""States of Python's ``torch.save()``."""

from __future__ import annotations

import os
from collections import OrderedDict

import pytest
import torch

from torchbridge.saving import pickled_states

pytestmark = pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 10),
    reason="PyTorch before 2.10 runs what is in a pickle",
)


def test_a_state_is_read(tmp_path):
    path = tmp_path / "state.pth"
    torch.save(OrderedDict(weight=torch.ones(2, 3), bias=torch.zeros(2)), path)
    found = pickled_states.load(str(path))
    assert list(found) == ["weight", "bias"]
    assert torch.equal(found["weight"], torch.ones(2, 3))


class _Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_code_does_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": _Runs()}, "evil.pth")
    with pytest.raises(ValueError, match="cannot be read as weights alone"):
        pickled_states.load("evil.pth")
    assert not os.path.exists("ran")


def test_what_is_no_state_is_refused(tmp_path):
    path = str(tmp_path / "x.pth")
    torch.save([torch.ones(1)], path)
    with pytest.raises(ValueError, match="no state dict, but a list"):
        pickled_states.load(path)
    with open(path, "wb") as file:
        file.write(b"nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        pickled_states.load(path)
    with pytest.raises(FileNotFoundError, match="`path`"):
        pickled_states.load(path + "x")


def test_an_older_pytorch_is_told(tmp_path, monkeypatch):
    path = tmp_path / "state.pth"
    torch.save({}, path)
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(RuntimeError, match="2.9.1"):
        pickled_states.load(str(path))
