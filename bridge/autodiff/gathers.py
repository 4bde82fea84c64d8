"""What is gathered of a function's vector, as variables of its own.

``u[index]`` gives each row of the data its own copy of a variable. Taken for a function of the
copies too, a function has a Hessian that is as sparse as the rows are apart, however many rows
share a variable; and since a copy is what it is copied from, that in the variables is the sum over
their copies.

Tests: tests/autodiff/test_gathers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from torchbridge.autodiff.derivatives import Function

#: What gives elements of a vector and does nothing else to them.
_MOVES = {"index_select", "narrow", "reshape", "view", "flatten", "squeeze", "unsqueeze"}


def owners(f: Function, x: Tensor) -> list[Tensor]:
    """Of each gather of f at x in which an element comes twice: which elements of x it takes."""
    watch = _Watch(x)
    with torch.no_grad(), watch:
        f(x)
    return watch.found


def function_of_copies(f: Function, n: int, found: list[Tensor]) -> Function:
    """f of its vector (n) and what it gathers, one after another, as `owners()` found it.

    Where f gathers something else, it takes that from the vector itself.
    """

    def of_copies(z: Tensor) -> object:
        x = z[:n]
        with _Watch(x, z[n:].split([len(part) for part in found])):
            return f(x)

    return of_copies


class _Watch(TorchFunctionMode):
    """Follows the elements of a vector to its gathers, and puts copies in their places."""

    def __init__(self, x: Tensor, copies: tuple[Tensor, ...] | None = None) -> None:
        super().__init__()
        self.found: list[Tensor] = []
        self._copies = copies
        self._numbers = {id(x): torch.arange(x.numel(), device=x.device)}
        self._held = [x]  # so that no id is given again

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Do it, and follow it."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        numbers = self._numbers.get(id(args[0])) if args else None
        name = getattr(func, "__name__", "")
        if numbers is None or name not in _MOVES or not isinstance(result, Tensor):
            return result
        numbers = func(numbers, *args[1:], **kwargs)
        if name == "index_select" and _comes_twice(numbers):
            self.found.append(numbers.reshape(-1))
            at = len(self.found) - 1
            if self._copies is None:
                return result
            if at < len(self._copies) and self._copies[at].numel() == result.numel():
                return self._copies[at].reshape(result.shape)
        self._numbers[id(result)] = numbers
        self._held.append(result)
        return result


def _comes_twice(numbers: Tensor) -> bool:
    return len(numbers.unique()) < numbers.numel()
