"""Names with dots, which PyTorch refuses, in its own lists and states."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from torchbridge.rtorch import registration


def test_names_with_dots_are_in_lists_and_states():
    module = nn.Module()
    registration.put(module, "parameter", ".check", torch.ones(2))
    registration.put(module, "buffer", "a.b", torch.zeros(1))
    registration.put(module, "buffer", "c.d", torch.zeros(1), persistent=False)
    registration.put(module, "module", "in.ner", nn.Linear(1, 1, bias=False))
    assert list(module.state_dict()) == [".check", "a.b", "in.ner.weight"]
    assert [n for n, _ in module.named_parameters()] == [".check", "in.ner.weight"]
    assert list(copy.deepcopy(module).state_dict()) == list(module.state_dict())
    state = {name: x + 1 for name, x in module.state_dict().items()}
    module.load_state_dict(state, strict=False)  # strict, it looks for modules before a dot
    assert module.state_dict()["a.b"].item() == 1


def test_a_name_is_of_one_kind():
    module = nn.Module()
    registration.put(module, "buffer", "a.b", torch.zeros(1))
    registration.put_value(module, "a.b", nn.Parameter(torch.ones(1)))
    assert not module._buffers
    assert list(module._parameters) == ["a.b"]


@pytest.mark.parametrize(("kind", "value"), [("buffer", 3), ("module", 3), ("parameter", "x")])
def test_pytorch_checks_the_value(kind, value):
    with pytest.raises(TypeError):
        registration.put(nn.Module(), kind, "a.b", value)
