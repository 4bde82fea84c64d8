"""Generalized linear models, fitted exactly: what `lm` and `glm` give, to the last digits."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import flag, kind_of, positive, whole_number
from .families import Family, find_family
from .least_squares import (
    independent_columns,
    scales,
    unscaled_covariance,
    weighted_least_squares,
)
from .links import Link


@dataclass(frozen=True, eq=False, repr=False)
class GLMFit:
    """A generalized linear model and its estimates, all in float64 on the CPU.

    Attributes:
        family, link: R's names of them ("inverse_gaussian" with an underscore).
        intercept: whether the first coefficient is the intercept.
        coefficients: shape (p,), NaN for a column that depends on earlier ones.
        covariance: of the coefficients, shape (p, p), NaN likewise.
        standard_errors: of the coefficients, also where their squares leave the range of float64.
        dispersion: 1 for binomial and poisson, else Pearson's estimate; NaN without
            residual degrees of freedom.
        deviance, null_deviance: the latter of the intercept (and offset) alone.
        log_likelihood: as R's logLik; NaN for the quasi families.
        df: parameters that logLik counts (the rank, and the dispersion where estimated).
        rank: columns that count.
        df_residual, df_null: residual degrees of freedom.
        n_obs: rows with a weight above 0.
        iterations, converged: how the fit went; 1 iteration for least squares.
        linear_predictor, fitted: one a row, offset included; on the link's scale and the
            response's.
        working_weights: those of the last iteration.
    """

    family: str
    link: str
    intercept: bool
    coefficients: Tensor
    covariance: Tensor
    standard_errors: Tensor
    dispersion: float
    deviance: float
    null_deviance: float
    log_likelihood: float
    df: int
    rank: int
    df_residual: int
    df_null: int
    n_obs: int
    iterations: int
    converged: bool
    linear_predictor: Tensor
    fitted: Tensor
    working_weights: Tensor

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Means ("response") or linear predictors ("link") for rows of x, shape (n,)."""
        design = new_design(x, self.intercept, len(self.coefficients), type)
        eta = design @ self.coefficients.nan_to_num(0.0).to(design.device)
        if offset is not None:
            eta = eta + as_column("offset", offset, len(eta)).to(eta.device)
        return (
            eta if type == "link" else find_family(self.family, self.link)[1].inverse(eta)
        ).cpu()

    def __repr__(self) -> str:
        return (
            f"<GLMFit: {self.family}({self.link}), {self.n_obs} rows, rank {self.rank}, "
            f"deviance {self.deviance:.6g} on {self.df_residual} degrees of freedom>"
        )


def fit_glm(
    x: Tensor,
    y: Tensor,
    family: str = "gaussian",
    link: str | None = None,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    tol: float = 1e-8,
    max_iter: int = 50,
) -> GLMFit:
    """Fit a generalized linear model by iteratively reweighted least squares.

    Each iteration solves by QR, in float64, on the device of `x`; a step that leaves the
    range of the mean or raises the deviance to infinity is halved (McCullagh and Nelder,
    1989, section 2.5; R's glm.fit). With family "gaussian" and link "identity" that is
    least squares, in one step.

    Args:
        x: shape (n, p), finite; p may be 0.
        y: shape (n,): any values for "gaussian"; shares of successes (0 and 1 with a
            single trial) for "binomial"; counts for "poisson"; above 0 for "gamma" and
            "inverse_gaussian". "quasibinomial" and "quasipoisson" estimate the dispersion.
            Families with a parameter in their name: "negative_binomial(2)", of counts, whose
            variance is mu + mu^2 / 2; "quasi(mu^2)", of the variances "constant", "mu",
            "mu(1-mu)", "mu^2" and "mu^3".
        family: see `y`.
        link: "identity", "log", "inverse", "1/mu^2", "sqrt", "logit", "probit", "cloglog"
            or "cauchit", of those that the family takes; "quasi" takes all, and powers such as
            "mu^0.5"; None is R's default.
        weights: as R's: each row counts so many times; for "binomial", numbers of trials.
        offset: added to the linear predictor, shape (n,).
        intercept: add a column of ones, first.
        tol: the fit has converged where the deviance changes by less than this, relative
            to its size; iterations go on until the coefficients stand still as well.
        max_iter: the most iterations; beyond them it warns, and `converged` is False.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range, a name not known.
    """
    found, link_ = find_family(family, link)
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    design = as_design("x", x)
    if len(design) == 0:
        raise ValueError("x has no rows")
    y, w, o = as_data(design, y, weights, offset)
    check_values("y", y, found, family)
    design = with_intercept(design, flag("intercept", intercept))
    # A row that does not count must not matter, whatever its mean would be.
    counts = w > 0
    linear = is_least_squares(found, link_)
    rows = slice(None) if bool(counts.all()) else counts  # without a copy, where all count
    x, y, o, of_column, unit = _in_range(design, y, o, rows, linear)
    problem = _Problem(x[rows], y[rows], w[rows], o[rows], found, link_, tol, max_iter)
    kept = independent_columns(problem.x)
    found_ = problem.solve(kept)

    eta = o + x[:, kept.to(x.device)] @ found_.coefficients
    p, rank, n_obs = design.shape[1], len(kept), len(problem.y)
    back = (unit / of_column).cpu()
    coefficients = torch.full((p,), torch.nan, dtype=torch.float64)
    coefficients[kept] = found_.coefficients.cpu()
    dispersion = problem.dispersion(found_, rank)
    covariance = dispersion * unscaled_covariance(found_.r, kept, p)
    return GLMFit(
        family=family,
        link=link_.name,
        intercept=intercept,
        coefficients=coefficients * back,
        covariance=back[:, None] * covariance * back,
        standard_errors=back * covariance.diagonal().sqrt(),
        dispersion=dispersion * unit * unit,
        deviance=found_.deviance * unit * unit,
        null_deviance=problem.null_deviance(intercept) * unit * unit,
        log_likelihood=problem.log_likelihood(found_) - n_obs * math.log(unit),
        df=rank + found.estimates_scale,
        rank=rank,
        df_residual=n_obs - rank,
        df_null=n_obs - intercept,
        n_obs=n_obs,
        iterations=found_.iterations,
        converged=found_.converged,
        linear_predictor=unit * eta.cpu(),
        fitted=unit * link_.inverse(eta).cpu(),
        working_weights=torch.zeros_like(y).masked_scatter(counts, found_.working_weights).cpu(),
    )


@dataclass
class _Solved:
    coefficients: Tensor
    mu: Tensor
    r: Tensor
    deviance: float
    working_weights: Tensor
    iterations: int
    converged: bool


@dataclass
class _Problem:
    """Rows that count, and the iterations."""

    x: Tensor
    y: Tensor
    w: Tensor
    offset: Tensor
    family: Family
    link: Link
    tol: float
    max_iter: int

    def deviance(self, mu: Tensor) -> float:
        return float((self.w * self.family.unit_deviance(self.y, mu)).sum())

    def dispersion(self, found: _Solved, rank: int) -> float:
        """The family's, or Pearson's estimate."""
        if self.family.dispersion is not None:
            return self.family.dispersion
        df = len(self.y) - rank
        pearson = self.w * (self.y - found.mu) ** 2 / self.family.variance(found.mu)
        return float(pearson.sum()) / df if df > 0 else torch.nan

    def log_likelihood(self, found: _Solved) -> float:
        """NaN for a family without one; infinite where nothing is left to explain."""
        if self.family.log_likelihood is None:
            return torch.nan
        if self.family.estimates_scale and found.deviance <= 0:
            return torch.inf
        return self.family.log_likelihood(self.y, found.mu, self.w, found.deviance)

    def solve(self, kept: Tensor) -> _Solved:
        """Iteratively reweighted least squares on these columns."""
        x = self.x[:, kept.to(self.x.device)]
        least_squares = is_least_squares(self.family, self.link)
        mu = self.family.start(self.y, self.w)
        eta = self.link.link(mu)
        if not bool(eta.isfinite().all()):
            mu = self._plain_start()
            eta = self.link.link(mu)
        b = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
        if not x.shape[1]:
            mu = self.link.inverse(self.offset)
            return _Solved(
                b, mu, b[:, None], self.deviance(mu), self._weights(self.offset, mu), 0, True
            )
        deviance, iteration, converged = self.deviance(mu), 0, False
        previous: Tensor | None = None
        still = False
        while iteration < self.max_iter and not (converged and still):
            let_r_look()
            iteration += 1
            slope = self.link.slope(eta)
            working = self._weights(eta, mu)
            z = eta - self.offset + (self.y - mu) / slope
            b, r = weighted_least_squares(x, z, working)
            eta, mu, now, b = self._inside(x, b, previous)
            converged = least_squares or abs(now - deviance) <= self.tol * (abs(now) + 0.1)
            # The deviance is flat at its minimum: it stands still digits before b does.
            still = least_squares or _is_still(b, previous)
            deviance, previous = now, b
        if not converged:
            warnings.warn(
                f"the fit did not converge in {self.max_iter} iterations (max_iter)", stacklevel=3
            )
        if self.family.takes_shares and bool(((mu < 1e-14) | (mu > 1 - 1e-14)).any()):
            warnings.warn("fitted probabilities numerically 0 or 1 occurred", stacklevel=3)
        working = self._weights(eta, mu)
        r = weighted_least_squares(x, eta, working).r
        return _Solved(b, mu, r, deviance, working, iteration, converged)

    def null_deviance(self, intercept: bool) -> float:
        """The deviance without the columns of x."""
        if not intercept:
            return self.deviance(self.link.inverse(self.offset))
        if not self.offset.any():
            mean = (self.w * self.y).sum() / self.w.sum()
            return self.deviance(torch.full_like(self.y, float(mean)))
        ones = torch.ones_like(self.y)[:, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alone = _Problem(
                ones, self.y, self.w, self.offset, self.family, self.link, self.tol, self.max_iter
            )
            return alone.solve(torch.tensor([0])).deviance

    def _weights(self, eta: Tensor, mu: Tensor) -> Tensor:
        return self.w * self.link.slope(eta) ** 2 / self.family.variance(mu)

    def _inside(
        self, x: Tensor, b: Tensor, previous: Tensor | None
    ) -> tuple[Tensor, Tensor, float, Tensor]:
        """The step's eta, mu and deviance, halved until all are what they may be."""
        for _ in range(60):
            eta = x @ b + self.offset
            mu = self.link.inverse(eta)
            deviance = self.deviance(mu)
            if bool(self.family.mean(mu).all()) and abs(deviance) < torch.inf:
                return eta, mu, deviance, b
            if previous is None:
                break
            b = (b + previous) / 2
        raise ValueError(
            f'family "{self.family.name}" with link "{self.link.name}" found no coefficients for '
            "which every mean is in its range: try another link"
        )

    def _plain_start(self) -> Tensor:
        """The mean of y for every row, where y itself has no finite link."""
        mean = float((self.w * self.y).sum() / self.w.sum())
        if not bool(self.link.link(torch.tensor(mean, dtype=torch.float64)).isfinite()):
            raise ValueError(
                f'y: its mean, {mean:g}, has no finite value of link "{self.link.name}"'
            )
        return torch.full_like(self.y, mean)


def _in_range(
    design: Tensor, y: Tensor, offset: Tensor, rows: Tensor | slice, linear: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Columns, and y and offset where the fit is linear in them, divided so that squares stay
    in range; and what each column, and y, was divided by.
    """
    unit = float(scales(torch.stack([y, offset], 1)).max()) if linear else 1.0
    of_column = scales(design[rows])
    if unit != 1 or bool((of_column != 1).any()):
        design, y, offset = design / of_column, y / unit, offset / unit
    return design, y, offset, of_column, unit


def is_least_squares(family: Family, link: Link) -> bool:
    """Is it least squares, in one step?"""
    return (family.name, link.name) == ("gaussian", "identity")


def _is_still(b: Tensor, previous: Tensor | None) -> bool:
    return previous is not None and bool((b - previous).abs().max() <= 1e-10 * b.abs().max())


def as_design(name: str, x: Any) -> Tensor:
    """`x` as a finite float64 matrix."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(x)}")
    if x.ndim != 2:
        raise ValueError(f"{name} must have shape (n, p), not {tuple(x.shape)}")
    x = x.detach().to(torch.float64)
    if not bool(x.isfinite().all()):
        raise ValueError(f"{name} holds values that are NaN or infinite")
    return x


def as_column(name: str, value: Any, n: int) -> Tensor:
    """`value` as n finite float64 numbers."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(value)}")
    if value.shape not in ((n,), (n, 1)):
        raise ValueError(f"{name} must have shape ({n},), not {tuple(value.shape)}")
    value = value.detach().to(torch.float64).reshape(n)
    if not bool(value.isfinite().all()):
        raise ValueError(f"{name} holds values that are NaN or infinite")
    return value


def as_weights(weights: Any, n: int) -> Tensor:
    """What each of n rows counts: 1 for None."""
    if weights is None:
        return torch.ones(n, dtype=torch.float64)
    found = as_column("weights", weights, n)
    if found.min() < 0 or found.max() == 0:
        raise ValueError("weights must not be negative, and not all 0")
    return found


def as_data(design: Tensor, y: Any, weights: Any, offset: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Response, weights (all 1 for None) and offset (all 0) for the rows of a design, beside it."""
    n, device = len(design), design.device
    y = as_column("y", y, n).to(device)
    w = as_weights(weights, n).to(device)
    o = torch.zeros_like(y) if offset is None else as_column("offset", offset, n).to(device)
    return y, w, o


def check_values(argument: str, y: Tensor, family: Family, name: str) -> None:
    """Are they values that the family, which the caller calls `name`, can give?"""
    words, is_valid = family.valid
    if not is_valid(y).all():
        raise ValueError(f'{argument} must be {words} with family "{name}"')


def with_intercept(x: Tensor, intercept: bool) -> Tensor:
    """`x` with a column of ones before it, or as it is."""
    return torch.cat([x.new_ones(len(x), 1), x], 1) if intercept else x


def new_design(x: Any, intercept: bool, n_coefficients: int, type: str) -> Tensor:
    """The design of rows to predict a `type` for, checked against the fit's."""
    if type not in ("response", "link"):
        raise ValueError(f'type "{type}" is not known; it can be "response", "link"')
    design = with_intercept(as_design("x", x), intercept)
    if design.shape[1] != n_coefficients:
        raise ValueError(f"x must have {n_coefficients - intercept} columns, not {x.shape[1]}")
    return design
