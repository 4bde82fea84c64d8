"""An optimizer's step without what PyTorch puts around it.

Tests: tests/rtorch/test_steps.py.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
import torch.optim.optimizer as torch_optimizer

Step = Callable[[torch.optim.Optimizer], Any]


def bare_step(optimizer: torch.optim.Optimizer) -> Step | None:
    """The step of a class of PyTorch's without its part for profilers and for hooks.

    That part costs as much as a fused step of a small network. The step is called where gradients
    are off. None where `optimizer.step` itself is to be called: where there are hooks, where a
    schedule counts the steps, and where the step is differentiated.
    """
    own: Any = optimizer
    if (
        "step" in vars(optimizer)
        or own._optimizer_step_pre_hooks
        or own._optimizer_step_post_hooks
        or torch_optimizer._global_optimizer_pre_hooks
        or torch_optimizer._global_optimizer_post_hooks
        or own.defaults.get("differentiable")
    ):
        return None
    kind = type(optimizer)
    # Decorators of PyTorch's own classes are known; those of others do as they like.
    return _inner(kind.step) if kind.__module__.startswith("torch.optim.") else None


@functools.lru_cache(maxsize=64)
def _inner(step: Step) -> Step | None:
    inner: Step = inspect.unwrap(step)
    return inner if inner is not step and inner.__module__.startswith("torch.optim.") else None
