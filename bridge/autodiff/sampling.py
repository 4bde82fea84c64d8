"""Draws from a posterior by NUTS; R's ``torch_sample``.

Pyro's sampler (M. Hoffman and A. Gelman, The No-U-Turn Sampler, 2014, with Stan's adaptation)
walks in numbers without bounds; here is what lies between it and a function of parameters that have
some: the transforms, and the derivatives, from the program of a replayed function where there is
one.

Tests: tests/autodiff/test_sampling.py, test-mle-sample.R.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from torchbridge.autodiff.derivatives import Function, value_and_grad_or_nan
from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.process.interrupts import let_r_look

#: A point (n) to the value there and its gradient (n).
_Derivatives = Callable[[Tensor], tuple[float, Tensor]]


def find_pyro() -> None:
    """Import what samples.

    Raises:
        ImportError: the package pyro-ppl is missing.
    """
    try:
        import pyro.infer.mcmc  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "sampling needs the Python package pyro-ppl; install it where this Python is: "
            'pip install "torchbridge[sample]"'
        ) from error


def by_program(evaluator: Evaluator, whole: Tensor, places: Tensor | None) -> _Derivatives:
    """What an evaluator of the verb "value_and_grad_or_nan" gives.

    Args:
        evaluator: A function of all parameters, its derivatives those of the free ones.
        whole: All parameters (m), the fixed ones at their values.
        places: Where the free ones are (n), from 0; None: everywhere.
    """
    whole = whole.detach().clone()

    def derivatives(x: Tensor) -> tuple[float, Tensor]:
        if places is None:
            whole.copy_(x)
        else:
            whole[places] = x
        found = torch.frombuffer(
            bytearray(evaluator(bytearray(whole.numpy().tobytes()))), dtype=torch.float64
        )
        return found[0].item(), found[1:]

    return derivatives


def by_graph(f: Function) -> _Derivatives:
    """What PyTorch differentiates at each point anew."""
    return lambda x: value_and_grad_or_nan(f, x)


def sample(
    derivatives: _Derivatives,
    start: Tensor,
    lower: Tensor,
    upper: Tensor,
    chains: int,
    warmup: int,
    iterations: int,
    seed: int,
    settings: dict[str, Any],
) -> tuple[Tensor, list[list[int]], list[float], int]:
    """Run the chains, one after another; a chain's draws depend on its seed alone.

    Args:
        derivatives: Of the negative log density, of by_program() or by_graph().
        start: Where it is finite (n), within the bounds; each chain starts near it.
        lower: Bounds (n), infinite where there are none.
        upper: Likewise.
        chains: How many.
        warmup: Iterations that set step size and metric, and are not kept.
        iterations: Draws of each chain.
        seed: Chain i's is seed + i. PyTorch's generator is as it was afterwards.
        settings: target_accept, max_depth, dense (the metric), and jitter: how far from the start
            a chain may begin, in each parameter without bounds.

    Returns:
        Draws (iterations, chains, n), for each chain the divergent ones (from 0) and its step
        size, and how often the derivatives were asked for.
    """
    find_pyro()
    import pyro

    space = Bounds(lower, upper)
    potential = _Potential(derivatives, space)
    draws = torch.empty(iterations, chains, start.numel(), dtype=torch.float64)
    divergent, steps = [], []
    with torch.enable_grad(), torch.random.fork_rng([]), pyro.validation_enabled(False):
        for chain in range(chains):
            torch.default_generator.manual_seed((seed + chain) % 2**31)
            begin = _jittered(potential, space.free(start), float(settings["jitter"]))
            kernel = _chain(potential, begin, warmup, iterations, settings, draws[:, chain])
            divergent.append(kernel.diagnostics()["divergences"])
            steps.append(float(kernel.step_size))
    return draws, divergent, steps, potential.calls


def _chain(
    potential: _Potential,
    begin: Tensor,
    warmup: int,
    iterations: int,
    settings: dict[str, Any],
    into: Tensor,
) -> Any:
    from pyro.infer import mcmc

    make: Any = mcmc.NUTS
    value: Any = _Differentiated.apply
    kernel = make(
        potential_fn=lambda z: value(z["x"], potential),
        target_accept_prob=settings["target_accept"],
        max_tree_depth=int(settings["max_depth"]),
        full_mass=settings["dense"],
    )
    point = kernel.initial_params = {"x": begin}
    kernel.setup(warmup)
    for i in range(-warmup, iterations):
        point = kernel.sample(point)
        if i >= 0:
            into[i] = potential.space.bounded(point["x"])[0]
    return kernel


def _jittered(potential: _Potential, start: Tensor, size: float) -> Tensor:
    """A point near the start where the value is finite."""
    way = torch.rand(start.numel(), dtype=torch.float64) * 2 - 1
    for _ in range(20):
        point = start + size * way
        value, slope = potential(point)
        if math.isfinite(value) and bool(slope.isfinite().all()):
            return point
        size /= 2
    return start.clone()


class Bounds:
    """Parameters within bounds as numbers without, and back.

    With both bounds a logit of the part of the way, with one the logarithm of the distance.
    """

    def __init__(self, lower: Tensor, upper: Tensor) -> None:
        low, high = lower.isfinite(), upper.isfinite()
        self._one = (low ^ high).nonzero().flatten()
        self._both = (low & high).nonzero().flatten()
        self._sign = torch.where(low, 1.0, -1.0).double()[self._one]
        self._edge = torch.where(low, lower, upper)[self._one]
        self._low = lower[self._both]
        self._width = (upper - lower)[self._both]
        self._log_width = self._width.log().sum()

    def free(self, x: Tensor) -> Tensor:
        """Numbers without bounds (n)."""
        u = x.clone()
        u[self._one] = ((x[self._one] - self._edge) * self._sign).log()
        u[self._both] = ((x[self._both] - self._low) / self._width).logit()
        return u

    def bounded(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The parameters (n), their derivatives (n), the log of these's product, and its (n)."""
        x, slope, logs, of_logs = (
            u.clone(),
            torch.ones_like(u),
            self._log_width,
            u.new_zeros(len(u)),
        )
        if len(self._one) > 0:
            log_far = u[self._one]
            slope[self._one] = far = self._sign * log_far.exp()
            x[self._one] = self._edge + far
            logs = logs + log_far.sum()
            of_logs[self._one] = 1.0
        if len(self._both) > 0:
            logit = u[self._both]
            part, rest = logit.sigmoid(), (-logit).sigmoid()
            x[self._both] = self._low + self._width * part
            slope[self._both] = self._width * part * rest
            logs = logs + (part.log() + rest.log()).sum()
            of_logs[self._both] = rest - part
        return x, slope, logs, of_logs


class _Potential:
    """The negative log density of the numbers without bounds, and its gradient."""

    def __init__(self, derivatives: _Derivatives, space: Bounds) -> None:
        self._derivatives = derivatives
        self.space = space
        self.calls = 0

    def __call__(self, u: Tensor) -> tuple[float, Tensor]:
        let_r_look()
        self.calls += 1
        x, slope, logs, of_logs = self.space.bounded(u)
        with torch.enable_grad():  # (PyTorch runs a function's forward() without)
            value, gradient = self._derivatives(x)
        value -= logs.item()
        # Neither NaN nor an infinite density is one to stay at.
        return (value if value > -math.inf else math.inf), gradient * slope - of_logs


class _Differentiated(torch.autograd.Function):
    """A potential as PyTorch differentiates it: its gradient is there already."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, potential: _Potential) -> Tensor:
        value, slope = potential(u.detach())
        ctx.save_for_backward(slope)
        return u.new_tensor(value)

    @staticmethod
    def backward(ctx: Any, *weights: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return weights[0] * slope, None


def effective_sizes(columns: Sequence[Tensor]) -> list[float]:
    """How many independent draws say as much of a mean, for each (draws, chains).

    From the autocorrelations, summed in pairs as long as the pairs are positive and do not rise
    (C. Geyer, Practical Markov chain Monte Carlo, 1992); NaN where nothing varies.
    """
    return [_effective_size(x) for x in columns]


def _effective_size(x: Tensor) -> float:
    (n, chains), total = x.shape, x.numel()
    if not bool(x.isfinite().all()) or bool((x == x[0, 0]).all()):
        return math.nan
    waves = torch.fft.rfft(x - x.mean(0), n=2 * n, dim=0)
    covariances = torch.fft.irfft(waves.abs() ** 2, n=2 * n, dim=0)[:n].mean(1) / n
    between = x.mean(0).var() if chains > 1 else 0.0
    within = covariances[0] * n / (n - 1)
    rho = 1 - (within - covariances) / (covariances[0] + between)
    rho[0] = 1.0
    pairs = rho[: n // 2 * 2].reshape(-1, 2).sum(1)
    gone = (pairs <= 0).nonzero()
    k = min(int(gone[0]) if len(gone) > 0 else n, (n - 4) // 2)  # (the last lags have few draws)
    time = -1 + 2 * pairs[:k].cummin(0).values.sum() + rho[2 * k].clamp(min=0)
    return total / max(float(time), 1 / math.log10(total))
