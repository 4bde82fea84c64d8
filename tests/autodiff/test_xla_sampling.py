"""NUTS as one program: the draws, the ways a function takes, the threads."""

from __future__ import annotations

import math
import os
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.replay import Replay
from torchbridge.autodiff.sampling import Replayed, effective_sizes, sample

pytestmark = pytest.mark.skipif(
    find_spec("jax") is None or find_spec("blackjax") is None, reason="jax, blackjax"
)

INF = math.inf
SETTINGS = {
    "target_accept": 0.8, "max_depth": 10, "dense": False, "jitter": 0.5, "compile": "xla",
}  # fmt: skip


def _v(*values):
    return torch.tensor(values, dtype=torch.float64)


def _run(f, start, lower, upper, seed=1, chains=2, whole=None, places=None, **more):
    """Draws of a function, 500 a chain after 200."""
    whole = start if whole is None else whole
    derivatives = Replayed(Evaluator(Replay(f), "value_and_grad_or_nan", places), whole, places)
    return sample(derivatives, start, lower, upper, chains, 200, 500, seed, {**SETTINGS, **more})


def _gamma(x):
    """Of the shapes 3 and 0.5, and of a beta of 2 and 5."""
    a, b, p = x[0], x[1], x[2]
    return a - 2 * a.log() + b + 0.5 * b.log() - p.log() - 4 * (1 - p).log()


GAMMA = (_v(1, 1, 0.5), _v(0, 0, 0), _v(INF, INF, 1))


def test_draws_within_bounds_have_the_moments_and_are_the_seeds():
    found = _run(_gamma, *GAMMA)
    assert found.engine == "xla" and tuple(found.draws.shape) == (500, 2, 3)
    sizes = _v(*effective_sizes([found.draws[:, :, i] for i in range(3)]))
    error = (_v(3, 0.5, 2 * 5 / 49 / 8) / sizes).sqrt()
    means = found.draws.mean((0, 1))
    assert bool(((means - _v(3, 0.5, 2 / 7)).abs() < 6 * error).all())
    assert bool((found.draws > 0).all()) and bool((found.draws[..., 2] < 1).all())
    assert found.evaluations > found.steps.sum() >= 1000
    assert torch.equal(_run(_gamma, *GAMMA).draws, found.draws)
    assert torch.equal(_run(_gamma, *GAMMA, chains=1).draws[:, 0], found.draws[:, 0])


def test_threads_change_nothing():
    before = torch.get_num_threads()
    draws = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            draws.append(_run(_gamma, *GAMMA, chains=3).draws)
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(*draws, rtol=1e-9, atol=0)


def test_fixed_parameters_and_a_dense_metric():
    precision = _v(2, 1.2, 0.3, 1.2, 1, 0.1, 0.3, 0.1, 1).reshape(3, 3)

    def f(x):
        return 0.5 * (x * torch.mv(precision, x)).sum()

    whole, places, free = _v(0, 2, 0), torch.tensor([0, 2]), _v(INF, INF)
    found = _run(f, _v(0, 0), -free, free, whole=whole, places=places, dense=True).draws
    part = precision[places][:, places]
    means = -torch.linalg.solve(part, precision[places, 1] * 2)
    sizes = _v(*effective_sizes([found[:, :, i] for i in range(2)]))
    error = (part.inverse().diagonal() / sizes).sqrt()
    assert bool(((found.mean((0, 1)) - means).abs() < 6 * error).all())


def test_another_way_is_impossible_there_or_not_for_this_engine():
    def cut(x):  # a half normal: its way out is no density
        return 0.5 * x[0] ** 2 if x[0] > 0 else x[0] * INF

    found = _run(cut, _v(1), _v(-INF), _v(INF))
    assert found.engine == "xla" and bool((found.draws > 0).all()) and bool(found.divergent.any())

    def laplace(x):
        return x[0] if x[0] > 0 else -x[0]

    with pytest.raises(ValueError, match='compile = "xla": it takes another way at'):
        _run(laplace, _v(1), _v(-INF), _v(INF))
    pytest.importorskip("pyro")
    found = _run(laplace, _v(1), _v(-INF), _v(INF), chains=1, compile=None)
    assert found.engine == "pyro" and "takes another way" in found.why
    assert bool((found.draws < 0).any())


def _with_bessel(x):
    return torch.special.bessel_j0(x[0].detach()) + x[0] ** 2


def test_operators_that_it_does_not_know_are_named():
    with pytest.raises(ValueError, match=r"operators that XLA is not told of: aten\.\w+"):
        _run(_with_bessel, _v(1), _v(-INF), _v(INF))


def test_an_end_asked_for_ends_all_chains(monkeypatch):
    from torchbridge.autodiff import xla_sampling

    def end():
        raise KeyboardInterrupt

    monkeypatch.setattr(xla_sampling, "let_r_look", end)
    with pytest.raises(KeyboardInterrupt):
        _run(_gamma, *GAMMA)
    assert not xla_sampling._met


def test_a_forked_child_takes_the_other_engine():
    _run(_gamma, *GAMMA, chains=1)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _run(_gamma, *GAMMA, chains=1)
        except ValueError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert b"this process was forked" in os.read(read, 1000)
    os.close(read)
    os.close(write)


def test_all_draws_are_numbers_of_their_own():
    draws = _run(_gamma, *GAMMA).draws.numpy()
    assert np.isfinite(draws).all() and len(np.unique(draws[:, 0, 0])) > 100
    assert len(np.intersect1d(draws[:, 0, 0], draws[:, 1, 0])) == 0
