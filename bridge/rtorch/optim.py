"""What R's optimizers and learning-rate schedulers call.

They are PyTorch's own objects. R numbers parameters from 1 where PyTorch does from 0, has
vectors where PyTorch has tuples, and functions that PyTorch takes for objects to be saved.

Tests: test-optim-optimizer.R, test-optim-scheduler.R.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch.optim import lr_scheduler

from torchbridge.rtorch.steps import bare_step
from torchbridge.values.protocols import RValue

#: A named list of R; without names it is empty, and a list here.
Options: TypeAlias = Mapping[str, Any] | list[Any]
#: Options of PyTorch's that R's torch has not: R sees them where they are not these.
_LEFT_OUT: dict[str, object] = {
    "foreach": None,
    "fused": None,
    "maximize": False,
    "capturable": False,
    "differentiable": False,
    "decoupled_weight_decay": False,
}
#: R torch's names for options.
_R_NAMES = {"lambd": "lambda"}
_NAMES = {r_name: name for name, r_name in _R_NAMES.items()}
Scheduler: TypeAlias = lr_scheduler.LRScheduler | lr_scheduler.ReduceLROnPlateau


def optimizer(name: str, params: list[Any], options: Options) -> torch.optim.Optimizer:
    """The optimizer ``torch.optim.<name>`` of tensors, or of groups of tensors."""
    kind = getattr(torch.optim, name, None)
    if kind is None:
        raise AttributeError(
            f"PyTorch {torch.__version__} has no optimizer {name}: it takes a later one"
        )
    groups = [_options(group) if isinstance(group, dict) else group for group in params]
    made: torch.optim.Optimizer = kind(groups, **_options(options))
    return made


def scheduler(
    name: str, options: Options, get_lr: Callable[[Scheduler], RValue] | None = None
) -> Scheduler:
    """The scheduler ``torch.optim.lr_scheduler.<name>``.

    Args:
        get_lr: what a class in R that inherits from it has in place of its learning rates, a
            function of the scheduler.
    """
    values = {key: _function(value) for key, value in dict(options).items()}
    cls = getattr(lr_scheduler, name)
    if get_lr is not None:
        cls = type(name, (cls,), {"get_lr": lambda made: _rates(get_lr(made), made)})
    made: Scheduler = cls(**values)
    return made


def _rates(value: Any, scheduler: lr_scheduler.LRScheduler) -> list[float]:
    """What R's ``get_lr()`` gave: a learning rate for each group."""
    found = [float(rate) for rate in value]
    groups = len(scheduler.optimizer.param_groups)
    if len(found) != groups:
        raise ValueError(f"`get_lr()` must give {groups} learning rates, not {len(found)}")
    return found


def inherited_rates(scheduler: lr_scheduler.LRScheduler) -> list[float]:
    """R's ``super$get_lr()``: what the schedule itself says for this epoch."""
    cls = type(scheduler)
    own: Any = cls.__mro__[1] if cls.__module__ == __name__ else cls
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="To get the last learning rate")
        return [float(rate) for rate in own.get_lr(scheduler)]


def _options(options: Options) -> dict[str, Any]:
    """R's vectors as tuples, but for the tensors of a group."""
    return {
        _NAMES.get(key, key): tuple(value) if isinstance(value, list) and key != "params" else value
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
    if closure is not None:
        return optimizer.step(closure)
    bare = bare_step(optimizer)
    if bare is None:
        return optimizer.step()
    with torch.no_grad():
        return bare(optimizer)


def zero_grad(optimizer: torch.optim.Optimizer, set_to_none: bool) -> None:
    """Clear the gradients, or set them to zero.

    As PyTorch's own method does, without what that does for its profiler. A class with a method of
    its own keeps it.
    """
    if type(optimizer).zero_grad is not torch.optim.Optimizer.zero_grad:
        optimizer.zero_grad(set_to_none=set_to_none)
        return
    groups = optimizer.param_groups
    if set_to_none:
        for group in groups:
            for parameter in group["params"]:
                parameter.grad = None
        return
    grads = [g for group in groups for p in group["params"] if (g := p.grad) is not None]
    for grad in grads:
        if grad.requires_grad:
            grad.detach_() if grad.grad_fn is not None else grad.requires_grad_(False)
    if grads:
        torch._foreach_zero_(grads)


def add_param_group(optimizer: torch.optim.Optimizer, group: dict[str, RValue]) -> None:
    """Optimize more tensors, with options of their own."""
    optimizer.add_param_group(_options(group))


def param_groups(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """Copies of the groups: tensors and options by name."""
    return [_for_r(optimizer, group) for group in optimizer.param_groups]


def _for_r(optimizer: torch.optim.Optimizer, group: dict[str, Any]) -> dict[str, Any]:
    """A group, its tensors first, without the options that R torch has not where they are unset."""
    shown = {"params": group["params"]}
    for key, value in group.items():
        if key not in _LEFT_OUT or value is not _unset(optimizer, key):
            shown[_R_NAMES.get(key, key)] = value
    return shown


def _unset(optimizer: torch.optim.Optimizer, key: str) -> object:
    if key == "decoupled_weight_decay":
        return isinstance(optimizer, torch.optim.AdamW)
    return _LEFT_OUT[key]


def set_param_groups(optimizer: torch.optim.Optimizer, groups: list[dict[str, Any]]) -> None:
    """Take over options that R changed, added or removed; the tensors must be the same."""
    if len(groups) != len(optimizer.param_groups):
        raise ValueError(
            f"`param_groups` must have {len(optimizer.param_groups)} groups, not {len(groups)}; "
            "use `$add_param_group()` for more"
        )
    changes = []
    for position, (old, new) in enumerate(zip(optimizer.param_groups, groups, strict=True), 1):
        where = f"param_groups[[{position}]]"
        new = {_NAMES.get(key, key): value for key, value in new.items()}
        params = new.pop("params", None)
        if params is None or list(map(id, params)) != list(map(id, old["params"])):
            raise ValueError(f"`{where}`: the tensors of a group stay the same")
        removed = [key for key in old if key not in new and key != "params"]
        for key in removed:
            if key in _LEFT_OUT:
                new[key] = _unset(optimizer, key)
            elif key in optimizer.defaults:
                names = ", ".join(repr(_R_NAMES.get(name, name)) for name in optimizer.defaults)
                raise ValueError(f"`{where}` must include names 'params', {names}")
        values = {
            key: _like(old[key], value, f"{where}${key}") if key in old else value
            for key, value in new.items()
        }
        changes.append((old, values, [key for key in removed if key not in new]))
    for old, values, removed in changes:  # all or none
        old.update(values)
        for key in removed:
            del old[key]


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


def state_of(optimizer: torch.optim.Optimizer, parameter: torch.Tensor) -> dict[str, Any] | None:
    """What is kept for a parameter; None if nothing is."""
    return dict(optimizer.state[parameter]) if parameter in optimizer.state else None


def set_state(
    optimizer: torch.optim.Optimizer, parameter: torch.Tensor, state: dict[str, Any]
) -> None:
    """Keep this for a parameter."""
    optimizer.state[parameter] = dict(state)


def state_dict(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The groups, and the state by number of the parameter, from 1."""
    found = optimizer.state_dict()
    groups = [
        _for_r(optimizer, {**group, "params": [number + 1 for number in group["params"]]})
        for group in found["param_groups"]
    ]
    state = {str(number + 1): dict(state) for number, state in found["state"].items()}
    return {"param_groups": groups, "state": state}


def load_state_dict(
    optimizer: torch.optim.Optimizer, state: dict[str, Any], refer: bool = False
) -> None:
    """Take over what `state_dict` gave, here or earlier: copies, or the tensors themselves."""
    if not isinstance(state, dict) or set(state) != {"state", "param_groups"}:
        raise ValueError("`state_dict` must be a list with elements `param_groups` and `state`")
    groups = []
    for old, group in zip(optimizer.param_groups, state["param_groups"], strict=False):
        params = group["params"] if isinstance(group["params"], list) else [group["params"]]
        # What a state leaves out stays as it is.
        options = {key: value for key, value in old.items() if key != "params"}
        for key, value in group.items():
            key = _NAMES.get(key, key)
            options[key] = _tuple(value) if isinstance(old.get(key), tuple) else value
        groups.append({**options, "params": [int(number) - 1 for number in params]})
    if len(groups) != len(state["param_groups"]):
        groups = state["param_groups"]  # PyTorch says that their number differs
    kept = {
        int(number) - 1: {
            key: value.clone() if isinstance(value, torch.Tensor) and not refer else value
            for key, value in dict(values).items()
            if value is not None  # R torch's name for what this optimizer does not need
        }
        for number, values in dict(state["state"]).items()
    }
    optimizer.load_state_dict({"state": kept, "param_groups": groups})


# ---- optimizers that are written in R ----


class _Stand(torch.optim.Optimizer):
    """What PyTorch's schedulers see of an optimizer that is written in R: its groups."""

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        super().__init__(groups, {})
        self._opt_called = True  # a scheduler asks whether step() was called before its own

    def step(self, closure: Any = None) -> Any:
        """Nothing: the steps are R's."""


def stand(groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """A stand-in with these groups."""
    return _Stand([_options(group) for group in groups])


def set_options(optimizer: torch.optim.Optimizer, groups: list[dict[str, Any]]) -> None:
    """Give a stand-in the options that the groups in R have now."""
    for old, new in zip(optimizer.param_groups, groups, strict=True):
        old.update({key: value for key, value in _options(new).items() if key != "params"})


def clear(params: list[torch.Tensor], set_to_none: bool) -> None:
    """Clear the gradients of tensors, or set them to zero."""
    for parameter in params:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad.detach_().zero_()


def key(parameter: torch.Tensor) -> str:
    """A name for a tensor, as long as it lives."""
    return str(id(parameter))


def is_leaf(parameter: torch.Tensor) -> bool:
    """Whether no operation made the tensor."""
    return parameter.is_leaf


# ---- schedulers ----


def scheduler_step(scheduler: Scheduler, metrics: float | torch.Tensor | None) -> None:
    """One step, by what is measured where the scheduler looks at that."""
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        if metrics is None:
            raise TypeError("`metrics` must be given: the schedule depends on it")
        scheduler.step(metrics)
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
