"""What a module consists of, found once, and its train or eval mode.

A walk over a module's parts takes as long as a small step, and to set a module's attribute as long
as a kernel: what starts a fit, or predicts a row, walks once and sets what differs.

Tests: tests/models/training/test_parts.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import torch
from torch import Tensor, nn


class Parts:
    """A module's parts, as they were when it was made.

    Attributes:
        modules: it and its submodules.
        parameters: theirs.
    """

    def __init__(self, module: nn.Module) -> None:
        self.modules = list(module.modules())
        self.parameters: list[nn.Parameter] = _parameters(module, self.modules)

    @cached_property
    def buffers(self) -> list[Tensor]:
        """Their buffers."""
        return [b for m in self.modules for b in m._buffers.values() if b is not None]

    @cached_property
    def devices(self) -> set[torch.device]:
        """Where their tensors are."""
        return {t.device for t in (*self.parameters, *self.buffers)}

    def device(self, default: Tensor) -> torch.device:
        """Where the module is; where it has no tensors, where `default` is."""
        # An exact fit has buffers alone.
        return next(iter(self.parameters or self.buffers), default).device

    def are_on(self, device: torch.device) -> bool:
        """Are all tensors there?"""
        return self.devices <= {device}


def _parameters(module: nn.Module, modules: Sequence[nn.Module]) -> list[nn.Parameter]:
    kind = type(module)
    if any(getattr(kind, name) is not usual for name, usual in _WALKS.items()):
        return list(module.parameters())
    found = dict.fromkeys(p for m in modules for p in m._parameters.values() if p is not None)
    return list(found)


#: What a class may have of its own.
_WALKS = {name: getattr(nn.Module, name) for name in ("parameters", "named_parameters")}


@contextmanager
def mode(
    module: nn.Module, *, training: bool, modules: Sequence[nn.Module] | None = None
) -> Iterator[None]:
    """Train or eval mode, and afterwards what each submodule was in.

    Args:
        module: the module.
        training: train mode, or eval mode.
        modules: it and its submodules, where they are known.
    """
    before = [(m, m.training) for m in (module.modules() if modules is None else modules)]
    own = [m for m, _ in before if type(m).train is not nn.Module.train or "train" in vars(m)]
    if own:  # a module that has its own idea of a mode
        module.train(training)
    else:
        _set_modes([(m, training) for m, _ in before])
    try:
        yield
    finally:
        _set_modes(before)


def _set_modes(wanted: Iterable[tuple[nn.Module, bool]]) -> None:
    for m, training in wanted:
        if m.training is training:
            continue
        attributes = vars(m)
        if type(m).__setattr__ is nn.Module.__setattr__ and "training" in attributes:
            attributes["training"] = training  # what that would do, a microsecond later
        else:
            m.training = training
