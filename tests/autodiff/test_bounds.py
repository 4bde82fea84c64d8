"""Between parameters within bounds and numbers without."""

from __future__ import annotations

import math

import numpy as np
import torch

from torchbridge.autodiff.bounds import bounded, bounds, free

INF = math.inf
LOWER, UPPER = np.array([-INF, 2, -INF, -1]), np.array([INF, INF, 3, 4])


def test_there_and_back():
    x = np.array([-7, 2.5, -20, 3.9])
    space = bounds(LOWER, UPPER)
    np.testing.assert_allclose(bounded(space, free(space, x))[0], x, rtol=1e-14)


def test_the_derivatives_are_those_of_autograd():
    space = bounds(LOWER, UPPER)
    for at in ([0.3, -1.2, 0.7, 2.1], [-3, 0.2, -1, -0.4]):
        u = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        tensors = type(space)(*(torch.as_tensor(part) for part in space))
        x, slope, logs, of_logs = bounded(tensors, u, torch)
        found = torch.autograd.functional.jacobian(
            lambda v, t=tensors: bounded(t, v, torch)[0], u.detach()
        )
        torch.testing.assert_close(found, slope.detach().diag())
        torch.testing.assert_close(slope.abs().log().sum(), logs)
        torch.testing.assert_close(torch.autograd.grad(logs, u)[0], of_logs.detach())
        for mine, theirs in zip(
            bounded(space, np.array(at)), (x, slope, logs, of_logs), strict=True
        ):
            np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=1e-14)
        assert np.all((x.detach().numpy() > LOWER) & (x.detach().numpy() < UPPER))


def test_far_out_it_stays_what_it_is():
    space = bounds(np.array([0.0, 0.0]), np.array([1.0, INF]))
    x, slope, logs, of_logs = bounded(space, np.array([[-800.0, -700], [800, 700]]))
    assert np.all(np.isfinite(logs)) and np.all(np.isfinite(of_logs)) and np.all(slope >= 0)
    np.testing.assert_allclose(logs, [-1500, -100], rtol=1e-14)
    np.testing.assert_allclose(x[:, 0], [0, 1], atol=1e-300)
