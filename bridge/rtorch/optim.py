"""What R's optimizers and learning-rate schedulers call.

They are PyTorch's own objects. R numbers parameters from 1 where PyTorch does from 0, has
vectors where PyTorch has tuples, and functions that PyTorch takes for objects to be saved.

Tests: test-optim-optimizer.R, test-optim-scheduler.R.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch.optim import lr_scheduler

from torchbridge.values.protocols import RValue

#: A named list of R; without names it is empty, and a list here.
Options: TypeAlias = Mapping[str, Any] | list[Any]
Scheduler: TypeAlias = lr_scheduler.LRScheduler | lr_scheduler.ReduceLROnPlateau


def optimizer(name: str, params: list[Any], options: Options) -> torch.optim.Optimizer:
    """The optimizer ``torch.optim.<name>`` of tensors, or of groups of tensors."""
    groups = [_options(group) if isinstance(group, dict) else group for group in params]
    made: torch.optim.Optimizer = getattr(torch.optim, name)(groups, **_options(options))
    return made


def scheduler(name: str, options: Options) -> Scheduler:
    """The scheduler ``torch.optim.lr_scheduler.<name>``."""
    values = {key: _function(value) for key, value in dict(options).items()}
    made: Scheduler = getattr(lr_scheduler, name)(**values)
    return made


def _options(options: Options) -> dict[str, Any]:
    """R's vectors as tuples, but for the tensors of a group."""
    return {
        key: tuple(value) if isinstance(value, list) and key != "params" else value
        for key, value in dict(options).items()
    }


def _function(value: RValue) -> object:
    """R functions as Python functions: PyTorch would save the state of any other callable."""
    if isinstance(value, list):
        return [_function(item) for item in value]
    if not callable(value) or isinstance(value, (torch.optim.Optimizer, lr_scheduler.LRScheduler)):
        return value

    function: Callable[..., Any] = value

    def factor(*args: object) -> float:
        return float(function(*args))

    return factor


def class_name(optimizer: object) -> str:
    """The name of its class in PyTorch."""
    return type(optimizer).__name__


def step(optimizer: torch.optim.Optimizer, closure: Callable[[], Any] | None) -> object:
    """One step; gives what the closure gave."""
    if closure is None and isinstance(optimizer, torch.optim.LBFGS):
        raise TypeError("`closure` must be given: L-BFGS evaluates the loss several times a step")
    return optimizer.step() if closure is None else optimizer.step(closure)


def zero_grad(optimizer: torch.optim.Optimizer, set_to_none: bool) -> None:
    """Clear the gradients, or set them to zero."""
    optimizer.zero_grad(set_to_none=set_to_none)


def add_param_group(optimizer: torch.optim.Optimizer, group: dict[str, RValue]) -> None:
    """Optimize more tensors, with options of their own."""
    optimizer.add_param_group(_options(group))


def param_groups(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """Copies of the groups: tensors and options by name."""
    return [dict(group) for group in optimizer.param_groups]


def set_param_groups(optimizer: torch.optim.Optimizer, groups: list[dict[str, Any]]) -> None:
    """Take over options that R changed; the tensors must be the same."""
    if len(groups) != len(optimizer.param_groups):
        raise ValueError(
            f"`param_groups` must have {len(optimizer.param_groups)} groups, not {len(groups)}; "
            "use `$add_param_group()` for more"
        )
    changes = []
    for position, (old, new) in enumerate(zip(optimizer.param_groups, groups, strict=True), 1):
        where = f"param_groups[[{position}]]"
        new = dict(new)
        params = new.pop("params", None)
        if params is None or list(map(id, params)) != list(map(id, old["params"])):
            raise ValueError(f"`{where}`: the tensors of a group stay the same")
        unknown = sorted(new.keys() - old.keys())
        if unknown:
            raise ValueError(f"`{where}` has no option `{unknown[0]}`")
        changes.append((old, {key: _like(old[key], v, f"{where}${key}") for key, v in new.items()}))
    for old, new in changes:  # all or none
        old.update(new)


def _like(old: object, new: RValue, where: str) -> object:
    """R's value for an option, of the type that the option has."""
    if isinstance(old, tuple):
        if not isinstance(new, (list, tuple)) or len(new) != len(old):
            raise ValueError(f"`{where}` must be {len(old)} numbers")
        return _tuple(new)
    if isinstance(old, bool) and not isinstance(new, bool):
        raise TypeError(f"`{where}` must be TRUE or FALSE")
    number = isinstance(new, (int, float)) and not isinstance(new, bool)
    if isinstance(old, (int, float)) and not isinstance(old, bool):
        if not number and not isinstance(new, torch.Tensor):
            raise TypeError(f"`{where}` must be a number")
        if isinstance(old, int) and isinstance(new, float) and new == int(new):
            return int(new)
    return new


def _tuple(values: Sequence[RValue]) -> tuple[RValue, ...]:
    """R's vectors have NA where PyTorch's tuples have None."""
    return tuple(None if isinstance(v, float) and math.isnan(v) else v for v in values)


def state_dict(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The state by number of the parameter, from 1."""
    found = optimizer.state_dict()
    return {
        "state": {str(number + 1): dict(state) for number, state in found["state"].items()},
        "param_groups": [
            {**group, "params": [number + 1 for number in group["params"]]}
            for group in found["param_groups"]
        ],
    }


def load_state_dict(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Take over what `state_dict` gave, here or earlier."""
    if not isinstance(state, dict) or set(state) != {"state", "param_groups"}:
        raise ValueError("`state_dict` must be a list of `state` and `param_groups`")
    groups = []
    for old, group in zip(optimizer.param_groups, state["param_groups"], strict=False):
        params = group["params"] if isinstance(group["params"], list) else [group["params"]]
        options = {
            key: _tuple(value) if isinstance(old.get(key), tuple) else value
            for key, value in group.items()
        }
        groups.append({**options, "params": [int(number) - 1 for number in params]})
    if len(groups) != len(state["param_groups"]):
        groups = state["param_groups"]  # PyTorch says that their number differs
    optimizer.load_state_dict(
        {
            "state": {int(number) - 1: value for number, value in dict(state["state"]).items()},
            "param_groups": groups,
        }
    )


def scheduler_step(scheduler: Scheduler, metrics: float | torch.Tensor | None) -> None:
    """One step, by what is measured where the scheduler looks at that."""
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        if metrics is None:
            raise TypeError("`metrics` must be given: the schedule depends on it")
        scheduler.step(metrics)
    elif metrics is not None:
        raise TypeError(f"`metrics` is not for {type(scheduler).__name__}")
    else:
        scheduler.step()


def scheduler_state_dict(scheduler: Scheduler) -> dict[str, Any]:
    """What the scheduler needs to go on from here."""
    return dict(scheduler.state_dict())


def load_scheduler_state_dict(scheduler: Scheduler, state: dict[str, Any]) -> None:
    """Take over what `scheduler_state_dict` gave, here or earlier."""
    scheduler.load_state_dict(_restored(scheduler.state_dict(), state))


def _restored(now: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The state as PyTorch had it: R has no lists of one number, and no keys that are numbers."""
    result: dict[str, Any] = {}
    for key, value in state.items():
        old = now.get(key)
        if isinstance(old, list) and not isinstance(value, list):
            value = [value]
        elif isinstance(old, tuple) and isinstance(value, list):
            value = tuple(value)
        elif isinstance(old, Counter):
            value = Counter({int(number): times for number, times in dict(value).items()})
        if isinstance(old, list) and all(isinstance(v, dict) for v in (*old, *value)) and old:
            value = [_restored(o, v) for o, v in zip(old, value, strict=False)]
        result[key] = value
    return result
