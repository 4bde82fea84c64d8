"""Keep gradients within bounds.

Tests: tests/models/callbacks/test_callbacks.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..arguments import positive
from .callback import Callback

if TYPE_CHECKING:
    from torch import Tensor

    from ..training.loop import Loop


class GradientClipping(Callback):
    """Clips the gradients before every step of the optimizer.

    Not with "lbfgs": its steps follow from how gradients differ, and differences of clipped ones
    lead it astray. Its own `line_search_fn` is "strong_wolfe" for steps that are not too long.

    Args:
        max_norm: where the Euclidean norm of all gradients together is above this, they
            are scaled down to it (Pascanu, Mikolov and Bengio, 2013).
        max_value: each element is brought into -max_value to max_value.
    """

    traceable = True

    def __init__(self, max_norm: float | None = None, max_value: float | None = None) -> None:
        if (max_norm is None) == (max_value is None):
            raise ValueError("give max_norm or max_value, and not both")
        self.max_norm = None if max_norm is None else positive("max_norm", max_norm)
        self.max_value = None if max_value is None else positive("max_value", max_value)

    def origin(self, epochs: int) -> dict[str, Any]:
        """Its options."""
        return vars(self)

    def on_fit_begin(self, loop: Loop) -> None:
        """Refuse an optimizer that clipping misleads."""
        if isinstance(loop.optimizer, torch.optim.LBFGS):
            raise ValueError(
                'gradient_clipping does not go with optimizer "lbfgs", whose steps follow from how '
                'gradients differ: give optimizer_options line_search_fn = "strong_wolfe"'
            )

    @torch.no_grad()
    def on_gradients(self, loop: Loop, gradients: list[Tensor]) -> None:
        """Clip."""
        if self.max_value is not None:
            for gradient in gradients:
                gradient.clamp_(-self.max_value, self.max_value)
        elif self.max_norm is not None:
            norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
            scale = (self.max_norm / norm).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(scale)
