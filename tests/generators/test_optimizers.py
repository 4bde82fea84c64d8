"""The table of optimizers and schedulers is what the installed PyTorch has."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest
import torch
from torch.optim import lr_scheduler


@pytest.fixture
def tool(document: ModuleType) -> ModuleType:
    return document.optimizers


def test_names_are_those_of_r_torch(tool: ModuleType) -> None:
    names = {"AdamW": "optim_adamw", "SparseAdam": "optim_sparse_adam", "LBFGS": "optim_lbfgs"}
    assert {name: tool.optimizer_name(name) for name in names} == names
    names = {
        "StepLR": "lr_step",
        "OneCycleLR": "lr_one_cycle",
        "ReduceLROnPlateau": "lr_reduce_on_plateau",
        "MultiplicativeLR": "lr_multiplicative",
        "CosineAnnealingLR": "lr_cosine_annealing",
        "ChainedScheduler": "lr_chained",
    }
    assert {name: tool.scheduler_name(name) for name in names} == names


@pytest.mark.usefixtures("as_new_as_the_files")
def test_kinds_agree_with_annotations_and_defaults(tool: ModuleType) -> None:
    for module, names in ((torch.optim, tool.OPTIMIZERS), (lr_scheduler, tool.SCHEDULERS)):
        for name in names:
            for parameter in inspect.signature(getattr(module, name)).parameters.values():
                kind = tool.ARGUMENTS[tool.R_NAMES.get(parameter.name, parameter.name)][0]
                annotation = str(parameter.annotation)
                where = f"{name}({parameter.name})"
                assert kind.startswith("whole") == (
                    "int" in annotation.split("[")[-1].replace("Tensor", "")
                    and "Callable" not in annotation
                ), where
                if parameter.default is None:
                    assert kind.endswith("?") or kind == "optimizer", where
                if isinstance(parameter.default, bool):
                    assert kind == "flag", where
                if isinstance(parameter.default, str):
                    assert kind == "string", where


@pytest.mark.usefixtures("as_new_as_the_files")
def test_what_the_tool_explains_is_used(tool: ModuleType) -> None:
    used = {
        tool.R_NAMES.get(parameter, parameter)
        for module, names in ((torch.optim, tool.OPTIMIZERS), (lr_scheduler, tool.SCHEDULERS))
        for name in names
        for parameter in inspect.signature(getattr(module, name)).parameters
    }
    # PyTorch's schedulers no longer have `verbose`, R torch's do.
    assert used | {"verbose"} == set(tool.ARGUMENTS)
