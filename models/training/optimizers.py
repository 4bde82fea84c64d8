"""Optimizers, by their names in `torch.optim`, in lower case.

Tests: tests/models/training/test_fit.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from ..arguments import check_options, lookup

# name -> (class, has a fused kernel on CPU and CUDA)
OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], bool]] = {
    "adam": (torch.optim.Adam, True),
    "adamw": (torch.optim.AdamW, True),
    "sgd": (torch.optim.SGD, True),
    "rmsprop": (torch.optim.RMSprop, False),
    "adagrad": (torch.optim.Adagrad, False),
    "adadelta": (torch.optim.Adadelta, False),
    "adamax": (torch.optim.Adamax, False),
    "nadam": (torch.optim.NAdam, False),
    "radam": (torch.optim.RAdam, False),
    "rprop": (torch.optim.Rprop, False),
    "lbfgs": (torch.optim.LBFGS, False),
}

# These have no weight decay of torch's.
_WITHOUT_WEIGHT_DECAY = ("rprop", "lbfgs")


def find_optimizer(name: str) -> tuple[type[torch.optim.Optimizer], bool]:
    """The optimizer called so."""
    return lookup("optimizer", name, OPTIMIZERS)


def make_optimizer(
    name: str,
    parameters: Iterable[nn.Parameter],
    lr: float,
    weight_decay: float,
    given: Mapping[str, Any],
) -> torch.optim.Optimizer:
    """The optimizer, by torch's fused kernel where it has one for these parameters."""
    optimizer_class, has_fused = find_optimizer(name)
    trained = [p for p in parameters if p.requires_grad]
    options: dict[str, Any] = {"lr": lr, **given}
    if name not in _WITHOUT_WEIGHT_DECAY:
        options["weight_decay"] = weight_decay
    elif weight_decay:
        raise ValueError(f'weight_decay must be 0 with optimizer "{name}", which has none')
    in_parts = any(hasattr(p, "full_tensor") for p in trained)  # for which SGD's cannot work
    if has_fused and not in_parts and "foreach" not in given:
        options.setdefault("fused", True)
    check_options("optimizer_options", name, optimizer_class, given)
    return optimizer_class(trained, **options)
