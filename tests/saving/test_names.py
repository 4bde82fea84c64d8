"""What a saved file may name, and what not: no name of a file reaches code that runs something."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from torchbridge.saving import module_trees, names, saved_modules

HOSTILE = [
    ("torch", "builtins.exec"),
    ("torch", "os.system"),
    ("torch", "load"),
    ("torch", "from_file"),
    ("torch", "compile"),
    ("torch", "set_num_threads"),
    ("torch", "hub"),
    ("torch.hub", "load"),
    ("torch.serialization", "load"),
    ("torch.utils.cpp_extension", "load_inline"),
    ("torch.nn.functional", "torch"),
    ("torch.nn.functional", "boolean_dispatch"),
    ("torch.nn.modules.module", "warnings"),
    ("torch.nn.modules.linear", "Linear.forward"),
    ("torch.testing._internal.common_utils", "run_tests"),
    ("torchbridge.process.install", "main"),
    ("torchbridge.saving.files", "os"),
    ("torchbridge.install", "subprocess"),
    ("builtins", "exec"),
    ("os", "system"),
    ("torch", ["relu"]),
    (["torch"], "relu"),
]


@pytest.mark.parametrize("place", HOSTILE)
def test_what_a_file_may_not_name(place):
    with pytest.raises(TypeError, match="a saved file may name"):
        names.named(*place)


@pytest.mark.parametrize("name", sorted(names.TORCH))
def test_functions_of_torch_that_are_listed(name):
    assert names.named("torch", name) is getattr(torch, name)


@pytest.mark.parametrize("name", sorted(names.FUNCTIONAL))
def test_functions_of_nn_that_are_listed(name):
    assert names.named("torch.nn.functional", name) is getattr(nn.functional, name)


def test_what_is_saved_by_name_is_found_again():
    from torchbridge import models

    objects = [torch.relu, torch.add, torch.einsum, nn.functional.gelu, nn.functional.relu]
    objects += [torch.float16, nn.Linear, nn.LSTM, torch.optim.Adam, models.mlp, models.Tabular]
    assert [names.named(*names.named_as(x)) for x in objects] == objects
    assert [names.named_as(x) for x in (print, exec, torch.load, json.loads, torch)] == [None] * 5


@pytest.mark.parametrize(
    "name",
    ["forward", "extra_repr", "_forward_hooks", "_call_impl", "__call__", "__class__", "__new__"]
    + ["_compiled_call_impl", "training", "_modules", "__anything__", "named_parameters"]
    + ["_backward_hooks", "_version", "dump_patches", "register_forward_hook", 3, None],
)
def test_attributes_that_a_file_may_not_set(name):
    layer = nn.Linear(1, 1)
    before = dict(vars(layer))
    with pytest.raises(TypeError, match="is no attribute that a file may give a Linear"):
        names.set_attribute(layer, name, "text")
    assert vars(layer) == before


def tree(**changes):
    own = {"parameters": [], "buffers": [], "tensors": [], "empty": [[], []], "passing": []}
    start = {"class": ["torch.nn.modules.activation", "ReLU"], "attributes": {"inplace": False}}
    return {**start, **own, "training": True, "children": [], **changes}


def test_a_tree_is_made_of_layers_and_data_alone():
    assert repr(module_trees.made(tree(), "", {})) == "ReLU()"
    attribute = tree(attributes={"inplace": ["name", ["torch", "relu"]]})
    assert module_trees.made(attribute, "", {}).inplace is torch.relu
    for wrong in (
        {"class": ["torch.nn.modules.module", "Module.apply"]},
        {"class": ["torch.optim.adam", "Adam"]},
        {"attributes": {"forward": ["name", ["torch", "relu"]]}},
        {"attributes": {"inplace": ["name", ["torch.nn.modules.linear", "Linear"]]}},
        {"attributes": {"inplace": ["name", ["torchbridge", "source"]]}},
    ):
        with pytest.raises(TypeError):
            module_trees.made(tree(**wrong), "", {})
    for where in ("parameters", "buffers"):
        with pytest.raises(KeyError):
            module_trees.made(tree(**{where: ["forward"]}), "", {"forward": torch.ones(1)})


#: No more layers than the state has tensors, but in many places.
MANY = {"class": "LSTM", "arguments": {"input_size": 1, "hidden_size": 1, "num_layers": 10**3}}


def described(layer):
    return json.dumps({"layers": layer, "frozen": [], "evaluating": []})


@pytest.mark.parametrize(
    "layer",
    [
        {"class": "Module.__subclasses__", "arguments": {}},
        {"class": "functional", "arguments": {}},
        {"class": "Parameter", "arguments": {}},
        {"class": "DataParallel", "arguments": {"module": 1}},
        {"class": ["Linear"], "arguments": {}},
        {"class": "Linear", "children": []},
        {"class": "Linear", "arguments": {"in_features": {"a": 1}, "out_features": 1}},
        {"class": "LSTM", "arguments": {"input_size": 1, "hidden_size": 1, "num_layers": 10**9}},
        {"class": "Sequential", "children": [[str(i), MANY] for i in range(10**4)]},
    ],
)
def test_a_description_is_of_layers_and_plain_arguments(layer):
    with pytest.raises(ValueError, match="make no module"):
        saved_modules.build(described(layer), {str(i): torch.ones(1) for i in range(10**3)})


def test_a_description_takes_no_memory_before_its_state_is_compared():
    layer = {"class": "Linear", "arguments": {"in_features": 10**6, "out_features": 10**6}}
    with pytest.raises(ValueError, match="make no module"):
        saved_modules.build(described(layer), {"weight": torch.ones(1), "bias": torch.ones(1)})
