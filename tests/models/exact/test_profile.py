"""Profile likelihood intervals against R's, and against what defines them."""

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.models import fit_glm, profile_limits

GENERATOR = torch.Generator().manual_seed(3)
X = torch.randn(60, 2, generator=GENERATOR, dtype=torch.float64)
RATE = (0.4 + 0.5 * X[:, 0]).exp()
Y = torch.poisson(RATE, generator=GENERATOR)
OFFSET = 0.1 * X[:, 1] ** 2


def test_limits_are_where_the_likelihood_has_fallen_so_far():
    limits = profile_limits(X, Y, "poisson", offset=OFFSET)
    best = fit_glm(X, Y, "poisson", offset=OFFSET)
    for value in limits[1]:
        held = fit_glm(X[:, 1:], Y, "poisson", offset=OFFSET + value * X[:, 0])
        assert held.deviance - best.deviance == pytest.approx(3.841458820694124, rel=1e-8)


def test_limits_equal_rs_confint(r):
    x, y, offset = tb.to_r(X), tb.to_r(Y), tb.to_r(OFFSET)
    code = "suppressMessages(confint(glm(y ~ x, family = poisson(), offset = o)))"
    expected = np.asarray(r(code, x=x, y=y, o=offset))
    # R interpolates between points of the profile.
    np.testing.assert_allclose(
        profile_limits(X, Y, "poisson", offset=OFFSET), expected, rtol=2e-3, atol=2e-4
    )


def test_a_column_that_depends_on_others_has_no_limits():
    twice = torch.cat([X[:, :1], 2 * X[:, :1]], 1)
    limits = profile_limits(twice, Y, "poisson")
    assert limits[2].isnan().all()
    assert limits[:2].isfinite().all()


def test_bad_input():
    with pytest.raises(ValueError, match="which must be below 3, not 3"):
        profile_limits(X, Y, "poisson", which=[3])
    with pytest.raises(ValueError, match="level must be"):
        profile_limits(X, Y, "poisson", level=1.0)
