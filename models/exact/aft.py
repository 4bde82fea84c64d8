"""Parametric models of times that may be censored: what `survival::survreg` converges to.

Tests: tests/models/exact/test_aft.py.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from ..arguments import flag, kind_of, lookup, positive, whole_number
from .design import as_column, as_design, as_strata, as_weights, predictors_of, with_intercept
from .distributions import LOGISTIC, NORMAL, SMALLEST, Distribution
from .least_squares import independent_columns
from .newton import Rows, curve_of, maximise, of_all_columns, value_of


class Family(NamedTuple):
    """Of a location-scale model: the standard distribution, and of what.

    Attributes:
        log_time: is it of the logarithm of the times?
        scale: where that is no parameter.
    """

    of: Distribution
    log_time: bool
    scale: float | None = None


#: By the names that `survreg` has for them.
TIME_DISTRIBUTIONS: dict[str, Family] = {
    "weibull": Family(SMALLEST, True),
    "exponential": Family(SMALLEST, True, 1.0),
    "rayleigh": Family(SMALLEST, True, 0.5),
    "lognormal": Family(NORMAL, True),
    "loglogistic": Family(LOGISTIC, True),
    "extreme": Family(SMALLEST, False),
    "gaussian": Family(NORMAL, False),
    "logistic": Family(LOGISTIC, False),
}


@dataclass(frozen=True, eq=False, repr=False)
class AFTFit:
    """An accelerated failure time model, in float64 on the CPU.

    Attributes:
        distribution: its name.
        intercept: whether the first coefficient is the intercept.
        coefficients: of the location, shape (p,), NaN for a column that depends on earlier ones.
        extra: the log scale of each stratum, shape (q,); q is 0 where the scale is given.
        scale: the scales, shape (q,), or the one that is given.
        covariance, standard_errors: of the coefficients, and the log scales after them.
        log_likelihood, null_log_likelihood: of the times, with the columns and without.
        deviance: -2 log-likelihood.
        df, df_residual, n_obs, n_events: parameters; rows that count; rows not censored.
        iterations, converged: how the fit went.
        link: "log" where it is of log times, else "identity".
        linear_predictor: the location of each row, shape (n,).
        fitted: the same on the scale of the times.
    """

    distribution: str
    intercept: bool
    coefficients: Tensor
    extra: Tensor
    scale: Tensor
    covariance: Tensor
    standard_errors: Tensor
    log_likelihood: float
    null_log_likelihood: float
    deviance: float
    df: int
    df_residual: int
    n_obs: int
    n_events: int
    iterations: int
    converged: bool
    link: str
    linear_predictor: Tensor
    fitted: Tensor

    family: ClassVar[str] = "aft"
    dispersion: ClassVar[float] = 1.0

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Locations ("link"), or on the scale of the times ("response"), shape (n,)."""
        eta = predictors_of(x, self.coefficients, self.intercept, offset, type)
        return (eta.exp() if type == "response" and self.link == "log" else eta).cpu()

    def survival(
        self,
        x: Tensor,
        times: Tensor,
        strata: Tensor | None = None,
        offset: Tensor | None = None,
    ) -> Tensor:
        """Probabilities to survive each time, shape (n, times)."""
        family, scale = TIME_DISTRIBUTIONS[self.distribution], self._scales(len(x), strata)
        at = times.detach().to(torch.float64).cpu()
        at = at.log() if family.log_time else at
        z = (at - self.predict(x, offset, "link")[:, None]) / scale[:, None]
        return family.of.log_above(z).exp()

    def quantile(
        self,
        x: Tensor,
        p: Tensor,
        strata: Tensor | None = None,
        offset: Tensor | None = None,
    ) -> Tensor:
        """Times by which shares `p` have had the event, shape (n, len(p))."""
        family, scale = TIME_DISTRIBUTIONS[self.distribution], self._scales(len(x), strata)
        z = family.of.quantile(p.detach().to(torch.float64).cpu())
        at = self.predict(x, offset, "link")[:, None] + scale[:, None] * z
        return at.exp() if family.log_time else at

    def _scales(self, n: int, strata: Tensor | None) -> Tensor:
        if strata is None:
            return self.scale[:1].expand(n)
        return self.scale[strata.long().cpu()]

    def __repr__(self) -> str:
        return (
            f"<AFTFit: {self.distribution}, {self.n_events} events of {self.n_obs} rows, "
            f"log-likelihood {self.log_likelihood:.6g}, {self.df} parameters>"
        )


def fit_aft(
    x: Tensor,
    lower: Tensor,
    upper: Tensor,
    distribution: str = "weibull",
    *,
    strata: Tensor | None = None,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    scale: float | None = None,
    tol: float = 1e-8,
    max_iter: int = 100,
) -> AFTFit:
    """Fit a location-scale model of (log) times by Newton's method (Kalbfleisch and Prentice,
    The Statistical Analysis of Failure Time Data, 2002, chapter 3).

    Args:
        x: shape (n, p), finite; p may be 0.
        lower, upper: between which each time is known to lie, shape (n,): equal for an event,
            `upper` infinite for a time censored on the right, `lower` 0 (or minus infinity) for
            one censored on the left.
        distribution: "weibull", "exponential", "rayleigh", "lognormal" or "loglogistic", of
            positive times, whose logarithms have the scale; "extreme", "gaussian" or "logistic",
            of times as they are.
        strata: integer codes from 0, of rows that have scales of their own, shape (n,).
        weights: what each row counts, not negative, shape (n,).
        offset: added to the location, shape (n,).
        intercept: add a column of ones, first.
        scale: hold the scale at this; None estimates it (1 for "exponential", 1/2 for
            "rayleigh").
        tol, max_iter: as of `fit_cox`.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range, no events.

    (Long: each argument is checked, and each number of the result is named.)
    """
    family = lookup("distribution", distribution, TIME_DISTRIBUTIONS)
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    held = family.scale if scale is None else positive("scale", scale)
    design = with_intercept(as_design("x", x), flag("intercept", intercept))
    n, device = len(design), design.device
    if n == 0:
        raise ValueError("x has no rows")
    w = as_weights(weights, n).to(device)
    o = torch.zeros_like(w) if offset is None else as_column("offset", offset, n).to(device)
    bounds = _Bounds.of(lower, upper, n, family.log_time, device)
    groups = _groups(strata, n, device) if held is None else w.new_zeros(n, 0)
    counts = w > 0
    if not bool((bounds.exact & counts).any() | (bounds.between & counts).any()):
        raise ValueError("there is no event among the rows that count: all times are censored")
    kept = independent_columns(design[counts])
    on_device = kept.to(device)
    task = _Task(family.of, bounds, w, o, groups, held)
    start = task.start(design[:, on_device])
    found = maximise(*task.likelihood(design[:, on_device]), start, tol, max_iter)
    null = design[:, :1] if intercept else design[:, :0]
    none = maximise(*task.likelihood(null), task.start(null), tol, max_iter)
    if bool(found.unbounded.any()):
        warnings.warn(
            "the likelihood has no maximum: some coefficients may be infinite", stacklevel=2
        )
    coefficients, extra, covariance = of_all_columns(found, kept, design.shape[1])
    eta = (design[:, on_device] @ found.parameters[: len(kept)] + o).cpu()
    # The density of a time is that of its logarithm divided by the time.
    events = bounds.exact & counts
    jacobian = float((w[events] * bounds.lower[events]).sum()) if family.log_time else 0.0
    n_obs, df = int(counts.sum()), len(found.parameters)
    return AFTFit(
        distribution=distribution,
        intercept=intercept,
        coefficients=coefficients,
        extra=extra,
        scale=extra.exp() if held is None else torch.tensor([held], dtype=torch.float64),
        covariance=covariance,
        standard_errors=covariance.diagonal().sqrt(),
        log_likelihood=found.curve.value - jacobian,
        null_log_likelihood=none.curve.value - jacobian,
        deviance=-2 * (found.curve.value - jacobian),
        df=df,
        df_residual=n_obs - df,
        n_obs=n_obs,
        n_events=int(events.sum()),
        iterations=found.iterations,
        converged=found.converged,
        link="log" if family.log_time else "identity",
        linear_predictor=eta,
        fitted=eta.exp() if family.log_time else eta,
    )


class _Bounds(NamedTuple):
    """Between what each (log) time lies, and of which kind it is."""

    lower: Tensor
    upper: Tensor
    exact: Tensor
    right: Tensor
    left: Tensor
    between: Tensor

    @classmethod
    def of(cls, lower: Any, upper: Any, n: int, logs: bool, device: torch.device) -> "_Bounds":
        low, high = (
            _times(name, value, n).to(device)
            for name, value in (("lower", lower), ("upper", upper))
        )
        if not bool((low <= high).all()):
            raise ValueError("lower must be at most upper in each row")
        if logs:
            known = low > -torch.inf
            ends = (low == high) | (high == torch.inf)
            if bool((high <= 0).any()) or bool((known & (low < 0) | ends & (low <= 0)).any()):
                raise ValueError("times must be above 0 for this distribution")
            low, high = low.clamp(min=0).log(), high.log()
        from_left, from_right = low == -torch.inf, high == torch.inf
        if bool((from_left & from_right).any()):
            raise ValueError("a row's time must have a bound: its lower or upper must be finite")
        exact = low == high
        return cls(
            low,
            high,
            exact,
            from_right,
            from_left,
            ~(exact | from_left | from_right),
        )


def _times(name: str, value: Any, n: int) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(value)}")
    if value.shape not in ((n,), (n, 1)):
        raise ValueError(f"{name} must have shape ({n},), not {tuple(value.shape)}")
    found = value.detach().to(torch.float64).reshape(n)
    if bool(found.isnan().any()):
        raise ValueError(f"{name} holds NaN")
    return found


def _groups(strata: Any, n: int, device: torch.device) -> Tensor:
    """A column of 0 and 1 for each stratum."""
    if strata is None:
        return torch.ones(n, 1, dtype=torch.float64, device=device)
    return torch.nn.functional.one_hot(as_strata(strata, n)).to(device, torch.float64)


class _Task(NamedTuple):
    """What is the same for any columns: the times, and what stands beside them."""

    of: Distribution
    bounds: _Bounds
    w: Tensor
    o: Tensor
    groups: Tensor
    held: float | None

    def likelihood(self, x: Tensor) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Curve and value, of the coefficients of `x` and log scales."""
        parts = self._parts(x)
        return lambda b: curve_of(parts, b), lambda b: value_of(parts, b)

    def _parts(self, x: Tensor) -> list[Rows]:
        p, q = x.shape[1], self.groups.shape[1]
        kinds = (
            (self.bounds.exact, self._exact),
            (self.bounds.right, self._right),
            (self.bounds.left, self._left),
            (self.bounds.between, self._between),
        )
        found = []
        for rows, log_likelihood in kinds:
            rows = rows & (self.w > 0)
            if not bool(rows.any()):
                continue
            m = int(rows.sum())
            scale = self.w.new_full((m,), 0.0 if self.held is None else math.log(self.held))
            found.append(
                Rows(
                    log_likelihood(self.bounds.lower[rows], self.bounds.upper[rows]),
                    [(x[rows], slice(0, p)), (self.groups[rows], slice(p, p + q))],
                    [self.o[rows], scale],
                    self.w[rows],
                )
            )
        return found

    def _exact(self, at: Tensor, _: Tensor) -> Callable[..., Tensor]:
        return lambda eta, s: self.of.log_density((at - eta) * torch.exp(-s)) - s

    def _right(self, low: Tensor, _: Tensor) -> Callable[..., Tensor]:
        return lambda eta, s: self.of.log_above((low - eta) * torch.exp(-s))

    def _left(self, _: Tensor, high: Tensor) -> Callable[..., Tensor]:
        return lambda eta, s: self.of.log_below((high - eta) * torch.exp(-s))

    def _between(self, low: Tensor, high: Tensor) -> Callable[..., Tensor]:
        def of_both(eta: Tensor, s: Tensor) -> Tensor:
            size = torch.exp(-s)
            return self.of.log_between((low - eta) * size, (high - eta) * size)

        return of_both

    def start(self, x: Tensor) -> Tensor:
        """Least squares of the times as if none were censored, and the size of its residuals."""
        low, high = self.bounds.lower, self.bounds.upper
        at = torch.where(self.bounds.right, low, torch.where(self.bounds.left, high, 0.0))
        inside = self.bounds.exact | self.bounds.between
        at = torch.where(inside, (low + high) / 2, at) - self.o
        root = self.w.sqrt()
        b = torch.linalg.lstsq(root[:, None] * x, (root * at)[:, None]).solution[:, 0]
        left = (at - x @ b) * root
        size = (left.square().sum() / self.w.sum()).sqrt().clamp(min=1e-8)
        return torch.cat([b, size.log().expand(self.groups.shape[1])])
