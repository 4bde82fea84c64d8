"""Descriptions of modules that another version of PyTorch wrote, or will read."""

import json

import pytest
from torch import nn

from torchbridge.saving import saved_modules


def test_defaults_are_not_in_a_description():
    described = json.loads(saved_modules.describe(nn.BatchNorm1d(3)))
    assert described["layers"]["arguments"] == {"num_features": 3}
    described = json.loads(saved_modules.describe(nn.Linear(3, 2, bias=False)))
    assert described["layers"]["arguments"] == {
        "in_features": 3, "out_features": 2, "bias": False,
    }  # fmt: skip


def test_a_bias_that_this_pytorch_does_not_know_is_told_by_the_tensors():
    layers = {"class": "PReLU", "arguments": {"num_parameters": 2, "bias": True}}
    description = json.dumps({"layers": layers, "frozen": [], "evaluating": []})
    state = nn.PReLU(2).state_dict()
    assert saved_modules.build(description, state).num_parameters == 2
    with pytest.raises(ValueError, match="make no module"):
        saved_modules.build(description, {**state, "bias": state["weight"]})
