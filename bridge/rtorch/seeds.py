"""R torch's ``torch_manual_seed()``, and the two streams of its option old_seed_behavior.

With ``options(torch.old_seed_behavior = TRUE)`` R torch draws what takes a generator (``uniform_``,
``bernoulli``, ...; so the first weights of layers) from a second generator, which it seeds from the
first; ``torch_rand()`` and ``torch_randn()`` stay with the first. Packages' reference values were
made so.

Tests: test-tensor-contexts.R.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

# By name: PyTorch has most of them as functions, as methods and in torch.nn.init.
_DRAWS = frozenset(
    (
        *("uniform_", "normal_", "cauchy_", "exponential_", "geometric_", "log_normal_", "random_"),
        *("bernoulli", "bernoulli_", "binomial", "multinomial", "normal", "poisson"),
        *("_standard_gamma", "_sample_dirichlet", "trunc_normal_"),
        *("kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_"),
    )
)


def manual_seed(_: object, seed: float, old_behavior: bool) -> None:
    """R's ``torch_manual_seed``; ``old_behavior`` is the option, for all draws until the next."""
    torch.manual_seed(int(seed))
    if old_behavior:
        _SECOND.start()
    else:
        _SECOND.stop()


class _SecondStream(TorchFunctionMode):
    """While it is started, draws on the CPU that name no generator are this one's."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator()
        self.started = False

    def start(self) -> None:
        self.stop()
        self.generator.manual_seed(int(torch.randint(1, 1_000_000, (1,)).item()))
        self.__enter__()  # type: ignore[no-untyped-call]
        self.started = True

    def stop(self) -> None:
        if self.started:
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self.started = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if getattr(func, "__name__", "") in _DRAWS and options.get("generator") is None:
            first = args[0] if args else None
            if not isinstance(first, torch.Tensor) or first.is_cpu:
                options["generator"] = self.generator
        return func(*args, **options)


_SECOND = _SecondStream()
