"""Profile likelihood intervals of generalized linear models."""

import math
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..arguments import probability, whole_numbers
from .design import as_column, as_design, with_intercept
from .glm import fit_glm

#: How often a limit is looked for twice as far out as before.
_DOUBLINGS = 10


def profile_limits(
    x: Tensor,
    y: Tensor,
    family: str = "gaussian",
    link: str | None = None,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    level: float = 0.95,
    which: Sequence[int] | None = None,
) -> Tensor:
    """Limits within which the profile likelihood of a coefficient stays near its maximum.

    The signed root of the rise of the deviance, over the dispersion, is a normal quantile at
    each limit (Venables and Ripley, 2002, Modern Applied Statistics with S, section 7.2): what
    `confint` of a `glm` interpolates is here solved for.

    Args:
        x, y, family, link, weights, offset, intercept: as of `fit_glm`.
        level: coverage of the intervals.
        which: numbers from 0 of coefficients, the intercept first; None for all.

    Returns:
        Shape (len(which), 2), float64: NaN for a coefficient that depends on others, and for a
        side on which the likelihood has no such point.
    """
    level = probability("level", level)
    design = with_intercept(as_design("x", x), intercept)
    n = len(design)
    o = design.new_zeros(n) if offset is None else as_column("offset", offset, n).to(design.device)
    found = fit_glm(design, y, family, link, weights=weights, offset=o, intercept=False)
    kept = found.coefficients.isfinite().nonzero()[:, 0].tolist()
    quantile = math.sqrt(2) * float(torch.erfinv(torch.tensor(level, dtype=torch.float64)))
    chosen = range(design.shape[1]) if which is None else whole_numbers("which", which, 0)
    limits = torch.full((len(chosen), 2), torch.nan, dtype=torch.float64)
    for row, j in enumerate(chosen):
        if j >= design.shape[1]:
            raise ValueError(f"which must be below {design.shape[1]}, not {j}")
        estimate, error = float(found.coefficients[j]), float(found.standard_errors[j])
        if not (math.isfinite(estimate) and math.isfinite(error) and error > 0):
            continue
        others = design[:, [i for i in kept if i != j]]

        def root(value: float, j: int = j, others: Tensor = others) -> float:
            """The signed root at a value of the coefficient, without its sign."""
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    held = fit_glm(
                        others,
                        y,
                        family,
                        link,
                        weights=weights,
                        offset=o + value * design[:, j],
                        intercept=False,
                    )
                except ValueError:
                    return math.inf  # no means of the family's range are left
            rise = max(held.deviance - found.deviance, 0.0) / found.dispersion
            return math.sqrt(rise) if math.isfinite(rise) else math.inf

        for side, sign in enumerate((-1, 1)):
            limits[row, side] = _crossing(root, estimate, sign * error, quantile)
    return limits


def _crossing(root: Callable[[float], float], at: float, step: float, quantile: float) -> float:
    """Where `root`, 0 at `at`, reaches the quantile in the direction of `step`; NaN if nowhere."""
    inner, low = at, 0.0
    step *= quantile
    for _ in range(_DOUBLINGS):
        outer = at + step
        high = root(outer)
        if high >= quantile:
            break
        inner, low = outer, high
        step *= 2
    else:
        return math.nan
    # The root is nearly a straight line: false position, with Illinois' halving, is fast.
    f_inner, f_outer = low - quantile, high - quantile
    last = 0
    for _ in range(200):
        straight = math.isfinite(f_outer)
        share = f_inner / (f_inner - f_outer) if straight else 0.5
        value = inner + share * (outer - inner)
        found = root(value) - quantile
        if abs(found) < 1e-10 or abs(outer - inner) <= 1e-13 * abs(outer):
            return value
        if found < 0:
            inner, f_inner = value, found
            f_outer = f_outer / 2 if last < 0 and straight else f_outer
            last = -1
        else:
            outer, f_outer = value, found
            f_inner = f_inner / 2 if last > 0 else f_inner
            last = 1
    return value
