"""Between a sampler in numbers without bounds and a function of parameters with some."""

from __future__ import annotations

import math
import sys

import pytest
import torch

from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.replay import Replay
from torchbridge.autodiff.sampling import (
    Bounds,
    by_graph,
    by_program,
    effective_sizes,
    find_pyro,
    sample,
)

INF = math.inf
SETTINGS = {"target_accept": 0.8, "max_depth": 10, "dense": False, "jitter": 0.5}


def _v(*values):
    return torch.tensor(values, dtype=torch.float64)


LOWER, UPPER = _v(-INF, 2, -INF, -1), _v(INF, INF, 3, 4)


def test_bounds_there_and_back():
    x = _v(-7, 2.5, -20, 3.9)
    space = Bounds(LOWER, UPPER)
    torch.testing.assert_close(space.bounded(space.free(x))[0], x, rtol=1e-14, atol=0)


def test_the_derivatives_of_the_transforms_are_those_of_autograd():
    space = Bounds(LOWER, UPPER)
    u = _v(0.3, -1.2, 0.7, 2.1).requires_grad_()
    x, slope, logs, of_logs = space.bounded(u)
    found = torch.autograd.functional.jacobian(lambda v: space.bounded(v)[0], u.detach())
    torch.testing.assert_close(found, slope.detach().diag())
    torch.testing.assert_close(slope.abs().log().sum(), logs)
    torch.testing.assert_close(torch.autograd.grad(logs, u)[0], of_logs.detach())
    assert bool(((x > LOWER) & (x < UPPER)).all())


def test_a_program_gives_what_a_graph_gives():
    def f(x):
        return (x**2).sum() * x[1].exp() + x[0]

    whole, places = _v(1, 2, 3), torch.tensor([0, 2])
    evaluator = Evaluator(Replay(f), "value_and_grad_or_nan", places)
    derivatives = by_program(evaluator, whole, places)
    for turn in range(6):  # the program is made on the way
        x = _v(0.1 * turn, -turn)
        value, slope = by_graph(lambda z: f(torch.stack([z[0], whole[1], z[1]])))(x)
        found = derivatives(x)
        assert found[0] == pytest.approx(value, rel=1e-15)
        torch.testing.assert_close(found[1], slope, rtol=1e-15, atol=0)


def test_draws_have_the_moments_and_are_the_seeds():
    pytest.importorskip("pyro")
    precision = torch.tensor([[2.0, 1.2], [1.2, 1.0]], dtype=torch.float64)
    center = _v(3, -1)
    f = by_graph(lambda x: 0.5 * (x - center) @ precision @ (x - center))
    before = torch.default_generator.get_state()

    def run(seed, chains):
        free = _v(INF, INF)
        dense = {**SETTINGS, "dense": True}
        return sample(f, _v(0, 0), -free, free, chains, 150, 200, seed, dense)

    draws, divergent, steps, calls = run(1, 2)
    assert torch.equal(before, torch.default_generator.get_state())
    assert divergent == [[], []] and len(steps) == 2 and calls > 700
    covariance = precision.inverse()
    sizes = _v(*effective_sizes([draws[:, :, i] for i in range(2)]))
    error = (covariance.diagonal() / sizes).sqrt()
    assert bool(((draws.mean((0, 1)) - center).abs() < 6 * error).all())
    torch.testing.assert_close(draws.reshape(-1, 2).T.cov(), covariance, rtol=0.5, atol=0)
    # Chain 2 of seed 1 is chain 1 of seed 2.
    assert torch.equal(run(2, 1)[0][:, 0], draws[:, 1])


def test_effective_sizes_of_constants_are_nan():
    assert math.isnan(effective_sizes([torch.ones(10, 2, dtype=torch.float64)])[0])


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyro", None)
    with pytest.raises(ImportError, match=r'pyro-ppl.*pip install "torchbridge\[sample\]"'):
        find_pyro()
