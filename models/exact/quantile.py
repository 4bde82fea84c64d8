"""Quantile regression, fitted exactly: what `quantreg::rq` gives.

Tests: tests/models/exact/test_quantile.py.
"""

import math
import warnings
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import flag, number, positive, whole_number
from .design import as_data, as_design, predictors_of, with_intercept
from .least_squares import independent_columns


@dataclass(frozen=True, eq=False, repr=False)
class QuantileFit:
    """A linear model of a quantile, in float64 on the CPU.

    Attributes:
        tau: which quantile.
        intercept: whether the first coefficient is the intercept.
        coefficients: shape (p,), NaN for a column that depends on earlier ones.
        covariance, standard_errors: of them, as `summary(rq(), se = "nid")` has them (Hendricks
            and Koenker, 1992): the density of the response at the quantile from fits on either
            side of it.
        deviance: the sum of the residuals' costs, `r (tau - (r < 0))`.
        log_likelihood: of asymmetric Laplace errors, as of `logLik(rq())`.
        df, rank, df_residual, n_obs, iterations, converged: as of `GLMFit`.
        linear_predictor, fitted: shape (n,).
    """

    tau: float
    intercept: bool
    coefficients: Tensor
    covariance: Tensor
    standard_errors: Tensor
    deviance: float
    log_likelihood: float
    df: int
    rank: int
    df_residual: int
    n_obs: int
    iterations: int
    converged: bool
    linear_predictor: Tensor
    fitted: Tensor

    family: ClassVar[str] = "quantile"
    link: ClassVar[str] = "identity"
    dispersion: ClassVar[float] = 1.0

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Quantiles, shape (n,)."""
        eta = predictors_of(x, self.coefficients, self.intercept, offset, type)
        return eta.cpu()

    def __repr__(self) -> str:
        return f"<QuantileFit: tau {self.tau:g}, {self.n_obs} rows, {self.df} parameters>"


def fit_quantile(
    x: Tensor,
    y: Tensor,
    tau: float = 0.5,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> QuantileFit:
    """Fit a linear model of the quantile `tau` by a primal-dual interior point method, and go
    from there to the vertex where the minimum is.

    In float64 on the device of `x`; each iteration costs n p^2 multiplications, and there are some
    twenty (Portnoy and Koenker, 1997, The Gaussian hare and the Laplacian tortoise).

    Args:
        x: shape (n, p), finite; p may be 0.
        y: shape (n,), finite.
        tau: above 0 and below 1; 0.5 is the median.
        weights: what each row's cost counts, not negative, shape (n,).
        offset: added to the quantile, shape (n,).
        intercept: add a column of ones, first.
        tol: it has converged where primal and dual are so near, relative to the cost.
        max_iter: the most iterations; beyond them it warns.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range.
    """
    if not 0 < number("tau", tau) < 1:
        raise ValueError(f"tau must be above 0 and below 1, not {tau!r}")
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    design = with_intercept(as_design("x", x), flag("intercept", intercept))
    y, w, o = as_data(design, y, weights, offset)
    counts = w > 0
    weighted = w[counts, None] * design[counts]
    z = w[counts] * (y - o)[counts]
    kept = independent_columns(weighted)
    if len(kept) == 0:
        raise ValueError("x has no column that is not 0")
    columns = weighted[:, kept.to(design.device)]
    n_obs, rank, p = len(z), len(kept), design.shape[1]
    if n_obs <= rank:
        raise ValueError(f"there are {n_obs} rows that count, and {rank} columns: too few rows")
    b, iterations, converged = _minimise(columns, z, tau, tol, max_iter)
    if not converged:
        warnings.warn(f"the fit did not converge in {iterations} iterations", stacklevel=2)
    coefficients = torch.full((p,), torch.nan, dtype=torch.float64)
    coefficients[kept] = b.cpu()
    covariance = torch.full((p, p), torch.nan, dtype=torch.float64)
    covariance[kept[:, None], kept] = _covariance(columns, z, tau, tol, max_iter).cpu()
    cost = float(_cost(z - columns @ b, tau))
    eta = (design[:, kept.to(design.device)] @ b + o).cpu()
    likelihood = math.log(tau * (1 - tau)) - 1 - math.log(cost / n_obs) if cost > 0 else math.inf
    return QuantileFit(
        tau=tau,
        intercept=intercept,
        coefficients=coefficients,
        covariance=covariance,
        standard_errors=covariance.diagonal().sqrt(),
        deviance=cost,
        log_likelihood=n_obs * likelihood,
        df=rank,
        rank=rank,
        df_residual=n_obs - rank,
        n_obs=n_obs,
        iterations=iterations,
        converged=converged,
        linear_predictor=eta,
        fitted=eta,
    )


def _cost(residual: Tensor, tau: float) -> Tensor:
    return (residual * (tau - (residual < 0).to(residual))).sum()


def _minimise(
    x: Tensor, y: Tensor, tau: float, tol: float, max_iter: int
) -> tuple[Tensor, int, bool]:
    """The coefficients of full-rank columns, the iterations, and whether they converged."""
    unit = y.abs().max().clamp(min=1e-300)
    sizes = torch.linalg.vector_norm(x, dim=0)
    scaled, goal = x / sizes, y / unit
    b, iterations, converged = _interior_point(scaled, goal, tau, tol, max_iter)
    return _vertex(scaled, goal, tau, b) * unit / sizes, iterations, converged


def _interior_point(
    x: Tensor, y: Tensor, tau: float, tol: float, max_iter: int
) -> tuple[Tensor, int, bool]:
    """Mehrotra's (1992) steps on the dual: shares a in [0, 1] of the rows, x'a = (1 - tau) x'1.

    `above` and `below` are the prices of its bounds: the parts of the residuals.
    """
    n = len(y)
    a = torch.full_like(y, 1 - tau)
    b = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
    residual = y - x @ b
    room = residual.abs().mean().clamp(min=1e-8)
    above, below = residual.clamp(min=0) + room, (-residual).clamp(min=0) + room
    for iteration in range(1, max_iter + 1):
        let_r_look()
        gap = float(below @ a + above @ (1 - a))
        if gap <= tol * max(float(_cost(y - x @ b, tau)), 1e-12):
            return b, iteration - 1, True
        q = 1 / (below / a + above / (1 - a))
        root = torch.linalg.cholesky_ex(x.T @ (q[:, None] * x))[0]

        def direction(target: Tensor) -> tuple[Tensor, Tensor]:
            # Of b and a, such that x'a stays as it is.
            db = torch.cholesky_solve((x.T @ (q * target))[:, None], root)[:, 0]  # noqa: B023
            return db, q * (target - x @ db)  # noqa: B023

        left = y - x @ b  # above - below, and what they have beyond it
        db, da = direction(left)
        d_below = -below - below * da / a
        d_above = -above + above * da / (1 - a)
        primal, dual = _room(a, da), _room_of_prices(below, d_below, above, d_above)
        if min(primal, dual) < 1:
            after = float(
                (below + dual * d_below) @ (a + primal * da)
                + (above + dual * d_above) @ (1 - a - primal * da)
            )
            mu = gap * (after / gap) ** 3 / (2 * n)
            products = da * d_below, da * d_above
            more = mu * (1 / a - 1 / (1 - a)) - products[0] / a - products[1] / (1 - a)
            db, da = direction(left + more)
            d_below = (mu - products[0] - below * da) / a - below
            d_above = (mu + products[1] + above * da) / (1 - a) - above
            primal, dual = _room(a, da), _room_of_prices(below, d_below, above, d_above)
        a = a + primal * da
        b = b + dual * db
        below, above = below + dual * d_below, above + dual * d_above
    return b, max_iter, False


#: How near to a bound a step may go.
_SHARE = 0.99995


def _room(a: Tensor, da: Tensor) -> float:
    """How much of a step keeps shares above 0 and below 1."""
    down = torch.where(da < 0, -a / da, torch.inf).min()
    up = torch.where(da > 0, (1 - a) / da, torch.inf).min()
    return min(1.0, _SHARE * float(torch.minimum(down, up)))


def _room_of_prices(below: Tensor, d_below: Tensor, above: Tensor, d_above: Tensor) -> float:
    """How much of a step keeps prices above 0."""
    found = [
        torch.where(step < 0, -price / step, torch.inf).min()
        for price, step in ((below, d_below), (above, d_above))
    ]
    return min(1.0, _SHARE * float(torch.minimum(*found)))


def _vertex(x: Tensor, y: Tensor, tau: float, b: Tensor) -> Tensor:
    """The minimum is where as many rows as columns are met: those that nearly are, if it is."""
    p = x.shape[1]
    residual = y - x @ b
    nearest = residual.abs().topk(min(len(y), 5 * p + 10), largest=False, sorted=True).indices
    rows = nearest[independent_columns(x[nearest].T)[:p].to(x.device)]
    if len(rows) < p:
        return b
    found = torch.linalg.solve(x[rows], y[rows])
    return found if _cost(y - x @ found, tau) <= _cost(residual, tau) else b


def _covariance(x: Tensor, y: Tensor, tau: float, tol: float, max_iter: int) -> Tensor:
    """Hendricks and Koenker's sandwich, with the bandwidth of Hall and Sheather (1988)."""
    n = len(y)
    width = _bandwidth(tau, n)
    while tau - width < 0 or tau + width > 1:
        width /= 2
    low, high = (_minimise(x, y, tau + h, tol, max_iter)[0] for h in (-width, width))
    spread = x @ (high - low)
    # Where the fits cross there is none.
    rising = spread > 1e-12 * spread.abs().max()
    density = torch.where(rising, 2 * width / torch.where(rising, spread, 1.0), 0.0)
    inner = torch.linalg.pinv(x.T @ (density[:, None] * x), hermitian=True)
    return tau * (1 - tau) * inner @ (x.T @ x) @ inner


def _bandwidth(tau: float, n: int) -> float:
    normal = NormalDist()
    z = normal.inv_cdf(tau)
    size = (1.5 * normal.pdf(z) ** 2 / (2 * z**2 + 1)) ** (1 / 3)
    return n ** (-1 / 3) * normal.inv_cdf(0.975) ** (2 / 3) * size
