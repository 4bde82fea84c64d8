"""Draws from a posterior by NUTS; R's ``torch_sample``.

Two samplers (M. Hoffman and A. Gelman, The No-U-Turn Sampler, 2014, with Stan's adaptation) walk in
numbers without bounds: BlackJAX's, as one program with the density (xla_sampling.py), and Pyro's,
which asks for a gradient at a time. Here is what lies between them and a function of parameters:
where chains begin, and the derivatives.

Tests: tests/autodiff/test_sampling.py, test-mle-sample.R.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from torchbridge.autodiff import xla
from torchbridge.autodiff.bounds import Bounds, bounded, bounds, free
from torchbridge.autodiff.density_table import for_any_values
from torchbridge.autodiff.derivatives import Function, bare_value_and_grad, value_and_grad_or_nan
from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.programs import NoProgramError, Program, record
from torchbridge.process.interrupts import let_r_look

Array = Any

#: A point (n) to the value there and its gradient (n).
Derivatives = Callable[[Array], tuple[float, Array]]


def find_sampler(compile: object) -> None:
    """Import what samples.

    Args:
        compile: As torch_sample() of R has it: "xla", True, False, or None for what there is.

    Raises:
        ImportError: a package is missing.
    """
    if compile == "xla" and not xla.is_there("blackjax"):
        raise ImportError(
            'compile = "xla" needs the Python packages jax and blackjax (CPU, Python 3.11 or '
            'later); install them where this Python is: pip install "torchbridge[xla]"'
        )
    if compile == "xla" or compile is None and xla.is_there("blackjax"):
        return
    try:
        import pyro.infer.mcmc  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "sampling needs the Python package pyro-ppl; install it where this Python is: "
            'pip install "torchbridge[sample]"'
        ) from error


class Replayed:
    """A replayed function of all parameters, its derivatives those of the free ones.

    Args:
        evaluator: Of the verb "value_and_grad_or_nan", of these places.
        whole: All parameters (m), the fixed ones at their values.
        places: Where the free ones are (n), from 0; None: everywhere.
    """

    def __init__(self, evaluator: Evaluator, whole: Tensor, places: Tensor | None) -> None:
        self._evaluator = evaluator
        self.whole = whole.detach().numpy().copy()
        self.places = np.arange(len(self.whole)) if places is None else places.numpy()

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at a point."""
        self.whole[self.places] = x
        found = np.frombuffer(self._evaluator(bytearray(self.whole.tobytes())))
        return float(found[0]), found[1:]

    def program(self, for_any: bool) -> Program:
        """Value and gradient of all parameters, where they stand now.

        Args:
            for_any: Is it to be of the formulas that hold for all arguments of densities? Those
                of the ordinary ones are shorter, and other values are another way.

        Raises:
            NoProgramError: it cannot be one.
        """
        replay = self._evaluator.replay
        x = torch.from_numpy(self.whole.copy()).requires_grad_()
        if for_any:
            replay = replay.anew()
            with for_any_values():
                replay(x)
        replay.path = None
        for _ in range(2):  # the first time it may be recorded
            replay(x)
        if replay.path is None:
            raise NoProgramError(replay.why or "it is not the same a second time")
        path = replay.path
        return record(bare_value_and_grad, path.run, [x], [*path.known, *path.data])


class Differentiated:
    """A function that PyTorch differentiates at each point anew."""

    def __init__(self, f: Function) -> None:
        self._f = f

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at a point."""
        value, slope = value_and_grad_or_nan(self._f, torch.from_numpy(np.array(x)))
        return value, slope.numpy()


class Draws(NamedTuple):
    """What sample() gives.

    Attributes:
        draws: Parameters (iterations, chains, n).
        divergent: Which iterations diverged (iterations, chains).
        steps: How many steps each iteration took (iterations, chains).
        step_sizes: Of each chain.
        evaluations: How often the gradient was computed.
        engine: What sampled: "xla" or "pyro".
        why: Why it was not XLA; None where it was, or was not asked.
    """

    draws: Tensor
    divergent: Tensor
    steps: Tensor
    step_sizes: list[float]
    evaluations: int
    engine: str
    why: str | None = None


def sample(
    derivatives: Replayed | Differentiated,
    start: Tensor,
    lower: Tensor,
    upper: Tensor,
    chains: int,
    warmup: int,
    iterations: int,
    seed: int,
    settings: dict[str, Any],
) -> Draws:
    """Run the chains; a chain's draws depend on the seed and its number alone.

    Args:
        derivatives: Of the negative log density.
        start: Where it is finite (n), within the bounds; each chain starts near it.
        lower: Bounds (n), infinite where there are none.
        upper: Likewise.
        chains: How many.
        warmup: Iterations that set step size and metric, and are not kept.
        iterations: Draws of each chain.
        seed: What decides all draws. PyTorch's generator is as it was afterwards.
        settings: target_accept, max_depth, dense (the metric), jitter: how far from the start
            a chain may begin, in each parameter without bounds, covariance: of the parameters
            about the start (n, n), as far as is known, and compile, as of find_sampler().

    Raises:
        ImportError: a package is missing.
        ValueError: compile is "xla", and the function can't be.
    """
    walk = _Walk(derivatives, bounds(lower.numpy(), upper.numpy()), settings)
    spread = walk.spread(start.numpy(), settings.get("covariance"))
    seeds = [np.random.SeedSequence([seed, chain]) for chain in range(chains)]
    begins = [walk.begin(start.numpy(), spread, np.random.default_rng(one)) for one in seeds]
    numbers = [int(one.generate_state(1, np.uint32)[0]) for one in seeds]
    metric = spread if spread is None or settings["dense"] else spread.diagonal().copy()
    how = (begins, metric, warmup, iterations, numbers)
    compile, why = settings.get("compile"), None
    if compile == "xla" or compile is None:
        found, why = _by_xla(walk, *how)
        if found is not None:
            return found
        if compile == "xla":
            raise ValueError(f'the function cannot be sampled with compile = "xla": {why}')
    return _by_pyro(walk, *how)._replace(why=why)


class _Walk:
    """The negative log density of numbers without bounds, and its gradient.

    Attributes:
        calls: How often they were asked for.
    """

    def __init__(
        self, derivatives: Replayed | Differentiated, space: Bounds, settings: dict[str, Any]
    ) -> None:
        self.derivatives = derivatives
        self.space = space
        self.settings = settings
        self.calls = 0

    def __call__(self, u: Array) -> tuple[float, Array]:
        let_r_look()
        self.calls += 1
        with np.errstate(all="ignore"):
            x, slope, logs, of_logs = bounded(self.space, u)
            with torch.enable_grad():  # (PyTorch runs a function's forward() without)
                value, gradient = self.derivatives(x)
            value -= float(logs)
            # Neither NaN nor an infinite density is one to stay at.
            return (value if value > -math.inf else math.inf), gradient * slope - of_logs

    def spread(self, start: Array, covariance: Tensor | None) -> Array | None:
        """The covariance (n, n) of the numbers without bounds of parameters with this one."""
        if covariance is None:
            return None
        slope = bounded(self.space, free(self.space, start))[1]
        found: Array = covariance.numpy() / np.outer(slope, slope)
        return found

    def begin(self, start: Array, spread: Array | None, generator: np.random.Generator) -> Array:
        """A point near the start where the value is finite, in numbers without bounds."""
        middle = free(self.space, start)
        if spread is None:
            way = self.settings["jitter"] * generator.uniform(-1, 1, len(middle))
        else:
            way = np.linalg.cholesky(spread) @ generator.standard_normal(len(middle))
        for _ in range(20):
            value, slope = self(middle + way)
            if math.isfinite(value) and bool(np.isfinite(slope).all()):
                return middle + way
            way = way / 2
        return middle


def _by_xla(
    walk: _Walk,
    begins: list[Array],
    metric: Array | None,
    warmup: int,
    iterations: int,
    seeds: list[int],
) -> tuple[Draws | None, str | None]:
    """The draws; or None, and why there are none."""
    derivatives = walk.derivatives
    if isinstance(derivatives, Differentiated):
        return None, "it is not replayed without R"
    if not xla.is_there("blackjax"):
        return None, "jax and blackjax are not installed"
    if xla.is_forked():
        return None, "this process was forked from one in which JAX runs"
    xla.start()
    engine = import_module("torchbridge.autodiff.xla_sampling")  # which takes JAX
    whole, places = derivatives.whole.copy(), derivatives.places
    found, why = None, None
    for for_any in (True, False):
        try:
            program = derivatives.program(for_any)
            what = engine.Walk(program, whole, places, walk.space, derivatives)
            how = (begins, metric, warmup, iterations, seeds, walk.settings)
            found = engine.run_chains(what, *how)
            break
        except (NoProgramError, engine.UnknownOperatorsError) as reason:
            why = why or str(reason)
        except engine.NotServedError as reason:
            return None, str(reason)
    if found is None:
        return None, why
    draws = bounded(walk.space, np.stack([one.draws for one in found], axis=1))[0]
    return Draws(
        torch.from_numpy(draws),
        torch.from_numpy(np.stack([one.divergent for one in found], axis=1)),
        torch.from_numpy(np.stack([one.steps for one in found], axis=1)),
        [one.step_size for one in found],
        walk.calls + sum(one.evaluations for one in found),
        "xla",
    ), None


def _by_pyro(
    walk: _Walk,
    begins: list[Array],
    metric: Array | None,
    warmup: int,
    iterations: int,
    seeds: list[int],
) -> Draws:
    """One chain after another: they would wait for each other's Python."""
    find_sampler(False)
    import pyro

    size = (iterations, len(begins))
    draws = np.empty((*size, len(begins[0])))
    divergent, steps, step_sizes = np.zeros(size, bool), np.zeros(size, np.int64), []
    with torch.enable_grad(), torch.random.fork_rng([]), pyro.validation_enabled(False):
        for chain, (begin, seed) in enumerate(zip(begins, seeds, strict=True)):
            torch.default_generator.manual_seed(seed)
            kernel = _pyros_kernel(walk, begin, metric, warmup)
            point = kernel.initial_params
            for i in range(-warmup, iterations):
                before = walk.calls
                point = kernel.sample(point)
                if i >= 0:
                    draws[i, chain] = bounded(walk.space, point["x"].numpy())[0]
                    steps[i, chain] = walk.calls - before
            divergent[kernel.diagnostics()["divergences"], chain] = True
            step_sizes.append(float(kernel.step_size))
    tensors = [torch.from_numpy(part) for part in (draws, divergent, steps)]
    return Draws(tensors[0], tensors[1], tensors[2], step_sizes, walk.calls, "pyro")


def _pyros_kernel(walk: _Walk, begin: Array, metric: Array | None, warmup: int) -> Any:
    from pyro.infer import mcmc

    make: Any = mcmc.NUTS
    value: Any = _AsGraph.apply
    kernel = make(
        potential_fn=lambda z: value(z["x"], walk),
        target_accept_prob=walk.settings["target_accept"],
        max_tree_depth=int(walk.settings["max_depth"]),
        full_mass=walk.settings["dense"],
    )
    kernel.initial_params = {"x": torch.from_numpy(begin)}
    kernel.setup(warmup)
    if metric is not None:
        kernel.mass_matrix_adapter.inverse_mass_matrix = {("x",): torch.from_numpy(metric)}
    return kernel


class _AsGraph(torch.autograd.Function):
    """A walk as PyTorch differentiates it: its gradient is there already."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, walk: _Walk) -> Tensor:
        value, slope = walk(u.detach().numpy())
        ctx.save_for_backward(torch.from_numpy(slope))
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
