"""Parameters within bounds as numbers without, and back.

With both bounds a logit of the part of the way, with one the logarithm of the distance.

Tests: tests/autodiff/test_bounds.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

#: An array of NumPy's, or of a library with its functions.
Array = Any


class Bounds(NamedTuple):
    """Where parameters (n) may be; each field an array (n).

    Attributes:
        one, both: Which have one bound, which both.
        edge: The one bound, or the lower of both.
        width: From the lower to the upper bound.
        sign: 1 where the edge is a lower bound, -1 where it is an upper one.
    """

    one: Array
    both: Array
    edge: Array
    width: Array
    sign: Array


def bounds(lower: Array, upper: Array) -> Bounds:
    """Of lower and upper bounds (n), infinite where there are none."""
    low, high = np.isfinite(lower), np.isfinite(upper)
    both = low & high
    edge = np.where(low, lower, np.where(high, upper, 0.0))
    width = np.where(both, upper, 1.0) - np.where(both, lower, 0.0)
    return Bounds(low ^ high, both, edge, width, np.where(low, 1.0, -1.0))


def free(space: Bounds, x: Array) -> Array:
    """Numbers without bounds of parameters (n) inside theirs."""
    far = np.where(space.one, (x - space.edge) * space.sign, 1.0)
    part = np.where(space.both, (x - space.edge) / space.width, 0.5)
    u = np.where(space.one, np.log(far), x)
    return np.where(space.both, np.log(part) - np.log1p(-part), u)


def bounded(space: Bounds, u: Array, xp: Any = np) -> tuple[Array, Array, Array, Array]:
    """Of numbers without bounds (..., n): parameters, slopes, the log of these's product, its own.

    Args:
        space: The bounds.
        u: The numbers.
        xp: The library of the arrays.

    Returns:
        The parameters (..., n), their derivatives (..., n), the logarithm of the absolute value of
        the product of these (...), and its derivatives (..., n).
    """
    far = space.sign * xp.exp(xp.where(space.one, u, 0.0))
    size = xp.abs(u)
    small = xp.exp(-size)
    less, more = small / (1 + small), 1 / (1 + small)
    up = u >= 0
    # From the nearer bound: so no digit is lost beside it.
    part = xp.where(up, 1 - less, less)
    inside = space.edge + space.width * part
    x = xp.where(space.both, inside, xp.where(space.one, space.edge + far, u))
    slope = xp.where(space.both, space.width * less * more, xp.where(space.one, far, 1.0))
    logs = xp.where(
        space.both,
        xp.log(space.width) - size - 2 * xp.log1p(small),
        xp.where(space.one, u, 0.0),
    )
    of_logs = xp.where(
        space.both, xp.where(up, less - more, more - less), xp.where(space.one, 1.0, 0.0)
    )
    return x, slope, logs.sum(-1), of_logs
