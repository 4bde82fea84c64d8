"""Between a sampler in numbers without bounds and a function of parameters with some."""

from __future__ import annotations

import math
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from torchbridge.autodiff import xla
from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.replay import Replay
from torchbridge.autodiff.sampling import (
    Differentiated,
    Replayed,
    effective_sizes,
    find_sampler,
    sample,
)

INF = math.inf
SETTINGS = {"target_accept": 0.8, "max_depth": 10, "dense": False, "jitter": 0.5, "compile": False}
needs_jax = pytest.mark.skipif(
    find_spec("jax") is None or find_spec("blackjax") is None, reason="jax, blackjax"
)


def _v(*values):
    return torch.tensor(values, dtype=torch.float64)


PRECISION = torch.tensor([[2.0, 1.2], [1.2, 1.0]], dtype=torch.float64)
CENTER = _v(3, -1)


def _normal(x):
    return 0.5 * ((x - CENTER) * torch.mv(PRECISION, x - CENTER)).sum()


def _replayed(f, whole, places=None):
    return Replayed(Evaluator(Replay(f), "value_and_grad_or_nan", places), whole, places)


def test_a_program_gives_what_a_graph_gives():
    def f(x):
        return (x**2).sum() * x[1].exp() + x[0]

    whole = _v(1, 2, 3)
    replayed = _replayed(f, whole, torch.tensor([0, 2]))
    differentiated = Differentiated(lambda z: f(torch.stack([z[0], whole[1], z[1]])))
    for turn in range(6):  # the program is made on the way
        x = np.array([0.1 * turn, -turn])
        value, slope = differentiated(x)
        found = replayed(x)
        assert found[0] == pytest.approx(value, rel=1e-15)
        np.testing.assert_allclose(found[1], slope, rtol=1e-15)


def _run(derivatives, seed, chains=2, warmup=150, iterations=200, **more):
    free = _v(INF, INF)
    settings = {**SETTINGS, **more}
    return sample(derivatives, _v(0, 0), -free, free, chains, warmup, iterations, seed, settings)


def _has_the_moments(draws):
    """Means within six Monte Carlo errors, whatever the seed gives on this processor."""
    covariance = PRECISION.inverse()
    sizes = _v(*effective_sizes([draws[:, :, i] for i in range(2)]))
    error = (covariance.diagonal() / sizes).sqrt()
    assert bool(((draws.mean((0, 1)) - CENTER).abs() < 6 * error).all())
    torch.testing.assert_close(draws.reshape(-1, 2).T.cov(), covariance, rtol=0.5, atol=0)


def test_draws_have_the_moments_and_are_the_seeds():
    pytest.importorskip("pyro")
    f = Differentiated(_normal)
    before = torch.default_generator.get_state()
    found = _run(f, 1, 2, 100, 150, dense=True)
    assert torch.equal(before, torch.default_generator.get_state())
    assert found.engine == "pyro" and found.why is None
    assert not found.divergent.any() and len(found.step_sizes) == 2
    assert found.evaluations > found.steps.sum() >= 300
    _has_the_moments(found.draws)
    # A chain depends on the seed and its number alone, and no other seed has it.
    both, one, other = (_run(f, *how, 20, 20).draws for how in ((1, 2), (1, 1), (2, 1)))
    assert torch.equal(one[:, 0], both[:, 0])
    assert not torch.equal(other[:, 0], both[:, 0]) and not torch.equal(other[:, 0], both[:, 1])


@needs_jax
def test_xla_is_taken_where_it_can_be():
    found = _run(_replayed(_normal, _v(0, 0)), 1, compile=None)
    assert (found.engine, found.why) == ("xla", None)
    _has_the_moments(found.draws)
    found = _run(Differentiated(_normal), 1, 1, 20, 20, compile=None)
    assert (found.engine, found.why) == ("pyro", "it is not replayed without R")
    with pytest.raises(ValueError, match='with compile = "xla": it is not replayed without R'):
        _run(Differentiated(_normal), 1, compile="xla")


def test_what_is_known_of_the_spread_is_where_it_begins():
    """Of 1000 and 0.1: with nothing known, a path from one end to the other takes 10,000 steps."""
    pytest.importorskip("pyro")
    scale = _v(1e3, 0.1)
    f = Differentiated(lambda x: 0.5 * ((x / scale) ** 2).sum())
    found = _run(f, 1, 2, 40, 100, covariance=(scale**2).diag())
    assert found.evaluations < 10_000
    ratio = found.draws.std((0, 1)) / scale
    assert bool(((ratio > 0.3) & (ratio < 3)).all())


def test_effective_sizes_of_constants_are_nan():
    assert math.isnan(effective_sizes([torch.ones(10, 2, dtype=torch.float64)])[0])


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyro", None)
    with pytest.raises(ImportError, match=r'pyro-ppl.*pip install "torchbridge\[sample\]"'):
        find_sampler(False)
    monkeypatch.setattr(xla, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pyro-ppl"):
        find_sampler(None)
    with pytest.raises(ImportError, match=r'jax and blackjax .*pip install "torchbridge\[xla\]"'):
        find_sampler("xla")
