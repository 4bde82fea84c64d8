"""NUTS as one program of XLA: BlackJAX's steps, and the density of a replayed R function.

A program goes on with one chain for as many iterations as it is told, warm-up or not, so that one
serves all chains, whatever their lengths; data are inputs of it. Chains run beside one another on
threads, of which none calls R: the main thread looks meanwhile whether R's user wants an end.

Where the function looked at a value, and went a way for it, the program knows that way alone. A
point where the value is another is noted; there the function itself is asked. Is it impossible
there (what an edge of a density is), the program was right to think so; else it was not, and
this engine does not serve.

Tests: tests/autodiff/test_xla_sampling.py, test-mle-sample.R.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
import torch
from blackjax.adaptation.mass_matrix import mass_matrix_adaptation
from blackjax.adaptation.step_size import dual_averaging_adaptation
from blackjax.adaptation.window_adaptation import build_schedule
from jax import lax
from jax.experimental import io_callback

from torchbridge.autodiff import xla
from torchbridge.autodiff.bounds import Bounds, bounded
from torchbridge.autodiff.compiled import as_graph
from torchbridge.autodiff.programs import Program
from torchbridge.autodiff.xla_operators import UnknownOperator, run, unknown
from torchbridge.process.interrupts import let_r_look

Array = Any

#: The most iterations of a call, and seconds that a call should take: meanwhile no R is heard.
_MOST, _SECONDS = 512, 0.2
#: The most points that the function itself is asked about.
_ASKED = 2000

#: What this process has compiled.
_CODE: dict[Any, _Code] = {}

#: A chain's number in this process -> the points where it met another value than the program knows.
_met: dict[int, list[Array]] = {}
_tickets = itertools.count()


class NotServedError(Exception):
    """Why a function is not sampled by this engine."""


class UnknownOperatorsError(NotServedError):
    """XLA lacks an operator of the program; it may not need it for another program."""


class Walk(NamedTuple):
    """What is to be sampled.

    Attributes:
        program: Value and gradient of the negative log density, of all parameters (m).
        whole: All parameters, the fixed ones at their values.
        places: Where the free ones (n) are, from 0.
        space: Their bounds.
        derivatives: The function itself: of the free ones, value and gradient.
    """

    program: Program
    whole: Array
    places: Array
    space: Bounds
    derivatives: Callable[[Array], tuple[float, Array]]


class Drawn(NamedTuple):
    """A chain: numbers without bounds (iterations, n), what each iteration took, and the step."""

    draws: Array
    steps: Array
    divergent: Array
    step_size: float
    evaluations: int


class _Chain(NamedTuple):
    """Where a chain is, and what it has adapted: BlackJAX's own states."""

    state: Any
    step: Any
    metric: Any


class _Code(NamedTuple):
    """Compiled: a chain where it begins, and the same some iterations later."""

    begin: Callable[..., Any]
    go_on: Callable[..., Any]


def run_chains(
    walk: Walk,
    begins: list[Array],
    metric: Array | None,
    warmup: int,
    iterations: int,
    seeds: list[int],
    settings: dict[str, Any],
) -> list[Drawn]:
    """Run the chains, as many at once as PyTorch has threads.

    Args:
        walk: What to sample.
        begins: Where each chain begins (n), in numbers without bounds.
        metric: Variances (n) or covariances (n x n) to begin with; None: ones.
        warmup: Iterations that adapt step size and metric.
        iterations: Draws to keep.
        seeds: Of each chain.
        settings: As sampling.sample() has them.

    Raises:
        NotServedError: the program does not hold, or XLA lacks an operator.
    """
    schedule = [*build_schedule(warmup), *[(2, False)] * iterations]
    n = len(walk.places)
    if metric is None:
        metric = np.eye(n) if settings["dense"] else np.ones(n)
    code, data = _compiled(walk, settings)
    running = _Running(walk)
    with ThreadPoolExecutor(min(len(begins), torch.get_num_threads())) as pool:
        futures = [
            pool.submit(running.chain, code, data, begin, metric, warmup, schedule, seed)
            for begin, seed in zip(begins, seeds, strict=True)
        ]
        running.look_after(futures)
    return [future.result() for future in futures]


class _Running:
    """Chains while they run."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ended = threading.Event()
        self._to_ask: list[Array] = []
        self._asked = 0

    def look_after(self, futures: list[Future[Drawn]]) -> None:
        """Wait for all, let R look, and ask the function about points that are noted."""
        try:
            waiting: set[Future[Drawn]] = set(futures)
            while waiting:
                _, waiting = wait(waiting, timeout=0.05)
                let_r_look()
                self._ask()
            self._ask()
        finally:
            self._ended.set()

    def _ask(self) -> None:
        while self._to_ask:
            x = self._to_ask.pop()
            self._asked += 1
            if self._asked > _ASKED:
                raise NotServedError("it takes another way at many points")
            if math.isfinite(self._walk.derivatives(x)[0]):
                raise NotServedError("it takes another way at some points")

    def chain(
        self,
        code: _Code,
        data: Any,
        begin: Array,
        metric: Array,
        warmup: int,
        schedule: list[tuple[int, bool]],
        seed: int,
    ) -> Drawn:
        """One chain, in calls of a part of a second each. Runs on a thread of its own."""
        total, n = len(schedule), len(begin)
        stages, ends = (np.array(x) for x in zip(*schedule, strict=True))
        draws, steps = np.empty((total, n)), np.empty(total, dtype=np.int64)
        divergent = np.empty(total, dtype=bool)
        at, size = 0, 8
        ticket = next(_tickets)
        _met[ticket] = self._to_ask
        try:
            with xla.as_torch():
                key = jax.random.key_data(jax.random.key(seed))
                chain = code.begin(begin, metric, data, ticket)
                while at < total and not self._ended.is_set():
                    began = time.monotonic()
                    many = min(size, total - at)
                    now = slice(at, at + many)
                    how = np.zeros((2, _MOST), dtype=np.int64)
                    how[0, :many], how[1, :many] = stages[now], ends[now]
                    chain, found = code.go_on(chain, data, ticket, key, at, how, many)
                    found = [np.asarray(part)[:many] for part in found]
                    draws[now], steps[now], divergent[now] = found
                    at += many
                    took = time.monotonic() - began
                    size = max(1, min(_MOST, 2 * size, int(size * _SECONDS / max(took, 1e-4))))
                step_size = float(np.exp(np.asarray(chain.step.log_step_size_avg)))
        finally:
            del _met[ticket]
        kept = slice(warmup, None)
        return Drawn(
            draws[kept], steps[kept], divergent[kept], step_size, int(steps[:at].sum()) + 1
        )


# ---- the program -----------------------------------------------------------------------------


def _compiled(walk: Walk, settings: dict[str, Any]) -> tuple[_Code, Any]:
    """The compiled program, and the data that it takes."""
    program = walk.program
    looked_at = [step for step in program.steps if step.number is not None]
    if any(step.op is not torch.ops.aten._local_scalar_dense.default for step in looked_at):
        raise NotServedError("it looks at values in a way that is not compiled")
    plain, tensors = as_graph(program)
    tensors = [torch.from_numpy(walk.whole), *tensors]
    if any(t.device.type != "cpu" for t in tensors):
        raise NotServedError("its tensors are not the CPU's")
    try:
        module = xla.core_graph(plain, tensors)
    except Exception as error:  # PyTorch's own, of many kinds
        text = str(error).strip().split("\n")[0]
        raise NotServedError(f"it cannot be traced ({type(error).__name__}: {text})") from error
    absent = unknown(module)
    if absent:
        raise UnknownOperatorsError(
            f"it has operators that XLA is not told of: {', '.join(absent)}"
        )
    inside = [np.asarray(t) for _, t in module.named_buffers()]
    how = (settings["max_depth"], settings["dense"], settings["target_accept"])
    key = (
        module.code, tuple((tuple(t.shape), t.dtype) for t in tensors), tuple(walk.places),
        tuple(step.number for step in looked_at), how, torch.get_num_threads(),
        tuple(part.tobytes() for part in inside), bool(walk.space.one.any()),
        bool(walk.space.both.any()), os.getpid(),
    )  # fmt: skip
    with xla.as_torch():
        data = jax.device_put(([t.detach().numpy() for t in tensors], walk.space))
        if key not in _CODE:
            density = _density(module, walk, [step.number for step in looked_at])
            try:
                with xla.kept_on_disk():
                    _CODE[key] = _code(density, how, walk, data)
            except UnknownOperator as error:
                raise UnknownOperatorsError(f"XLA is not told of {error}") from error
        return _CODE[key], data


def _density(
    module: torch.fx.GraphModule, walk: Walk, numbers: list[Any]
) -> Callable[[Array, Any, Array], Array]:
    """The log density of numbers without bounds, as JAX traces and differentiates it."""
    places = np.asarray(walk.places)

    # (JAX runs it on a thread where float64 is float32.)
    def note(ticket: Array, x: Array) -> Array:
        _met[int(ticket)].append(np.array(x).view(np.float64)[:, 0])
        return np.int32(0)

    def both(u: Array, data: Any, ticket: Array) -> tuple[Array, Array]:
        (whole, *more), space = data
        x, slope, logs, of_logs = bounded(Bounds(*space), u, jnp)
        value, gradient, *looked_at = run(module, [whole.at[places].set(x), *more])
        if numbers:
            held = [_is_same(found, then) for found, then in zip(looked_at, numbers, strict=True)]
            done = jax.ShapeDtypeStruct((), jnp.int32)

            def elsewhere() -> Array:
                noted = io_callback(note, done, ticket, lax.bitcast_convert_type(x, jnp.int32))
                return jnp.where(noted == 0, jnp.nan, value)

            value = lax.cond(jnp.stack(held).all(), lambda: value, elsewhere)
        found = logs - value
        # Neither NaN nor an infinite density is one to stay at.
        found = jnp.where(jnp.isfinite(found), found, -jnp.inf)
        return found, of_logs - gradient[places] * slope

    def value_alone(u: Array, data: Any, ticket: Array) -> Array:
        return both(u, data, ticket)[0]

    def backward(gradient: Array, weight: Array) -> tuple[Array, None, None]:
        return weight * gradient, None, None

    density: Any = jax.custom_vjp(value_alone)
    density.defvjp(both, backward)
    found: Callable[[Array, Any, Array], Array] = density
    return found


def _is_same(found: Array, then: Any) -> Array:
    """As programs.same() of two numbers of one type."""
    return jnp.isnan(found) if then != then else found == then


def _code(density: Callable[..., Array], how: Any, walk: Walk, data: Any) -> _Code:
    """Compile it, for one chain of `len(walk.places)` numbers.

    Long: the functions are one program, written within each other.
    """
    max_depth, dense, target = how
    n = len(walk.places)
    kernel = blackjax.nuts.build_kernel()
    step_init, step_update, step_final = dual_averaging_adaptation(target)
    metric_init, metric_update, metric_final = mass_matrix_adaptation(not dense)

    def begin(u: Array, metric: Array, data: Any, ticket: Array) -> _Chain:
        state = blackjax.nuts.init(u, partial(density, data=data, ticket=ticket))
        return _Chain(state, step_init(1.0), metric_init(n, metric))

    def fast(chain: _Chain, accepted: Array) -> _Chain:
        return chain._replace(step=step_update(chain.step, accepted))

    def slow(chain: _Chain, accepted: Array) -> _Chain:
        metric = metric_update(chain.metric, chain.state.position)
        return fast(chain, accepted)._replace(metric=metric)

    def kept(chain: _Chain, accepted: Array) -> _Chain:
        return chain

    def end_window(chain: _Chain) -> _Chain:
        step = step_init(step_final(chain.step))
        return chain._replace(step=step, metric=metric_final(chain.metric))

    def go_on(
        chain: _Chain, data: Any, ticket: Array, key: Array, at: Array, how: Array, many: Array
    ) -> Any:
        here = partial(density, data=data, ticket=ticket)
        whole_key = jax.random.wrap_key_data(key)

        def iteration(i: Array, carried: Any) -> Any:
            chain, draws, steps, divergent = carried
            step = chain.step
            size = jnp.exp(jnp.where(how[0, i] == 2, step.log_step_size_avg, step.log_step_size))
            state, info = kernel(
                jax.random.fold_in(whole_key, at + i), chain.state, here, size,
                chain.metric.inverse_mass_matrix, max_depth,
            )  # fmt: skip
            chain = chain._replace(state=state)
            chain = lax.switch(how[0, i], (fast, slow, kept), chain, info.acceptance_rate)
            chain = lax.cond(how[1, i] == 1, end_window, lambda same: same, chain)
            return (
                chain,
                draws.at[i].set(state.position),
                steps.at[i].set(info.num_integration_steps),
                divergent.at[i].set(info.is_divergent),
            )

        room = (jnp.zeros((_MOST, n)), jnp.zeros(_MOST, jnp.int64), jnp.zeros(_MOST, bool))
        chain, *found = lax.fori_loop(0, many, iteration, (chain, *room))
        return chain, found

    metric = np.eye(n) if dense else np.ones(n)
    start = jax.jit(begin, compiler_options=xla.options())
    first = start.lower(np.zeros(n), metric, data, 0).compile()
    key = jax.random.key_data(jax.random.key(0))
    shape = jax.eval_shape(begin, np.zeros(n), metric, data, 0)
    how_of = np.zeros((2, _MOST), dtype=np.int64)
    rest = jax.jit(go_on, compiler_options=xla.options())
    return _Code(first, rest.lower(shape, data, 0, key, 0, how_of, 0).compile())
