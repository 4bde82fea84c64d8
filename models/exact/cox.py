"""Cox's proportional hazards model, fitted exactly: what `survival::coxph` converges to.

Tests: tests/models/exact/test_cox.py.
"""

import math
import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from ..arguments import lookup, positive, whole_number
from .design import as_column, as_design, as_strata, as_weights, predictors_of
from .least_squares import independent_columns
from .newton import Curve, maximise, of_all_columns


@dataclass(frozen=True, eq=False, repr=False)
class CoxFit:
    """A proportional hazards model, in float64 on the CPU.

    Attributes:
        coefficients: log hazard ratios, shape (p,), NaN for a column that depends on earlier ones.
        covariance, standard_errors: of them.
        log_likelihood, null_log_likelihood: the partial log-likelihoods with them and without.
        deviance: -2 log-likelihood.
        df, df_residual: how many of them are estimated, and rows beyond their number.
        n_obs, n_events: rows that count, and events among them.
        iterations, converged: how the fit went.
        center: the mean of each column, shape (p,), where the baseline is; 0 where a column holds
            -1, 0 and 1 alone (as `coxph` has it).
        linear_predictor: of each row, centred, with its offset, shape (n,).
        fitted: their exponentials, relative hazards.
        baseline: cumulative hazard at `center`, shape (m, 3): the stratum's code, a time with
            events, and the hazard up to it, in this order.
        martingale: the martingale residual of each row, shape (n,): events minus their number
            that the model expects.
        ties: "efron" or "breslow".
    """

    coefficients: Tensor
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
    center: Tensor
    linear_predictor: Tensor
    fitted: Tensor
    baseline: Tensor
    martingale: Tensor
    ties: str

    intercept: ClassVar[bool] = False
    family: ClassVar[str] = "cox"
    link: ClassVar[str] = "log"
    dispersion: ClassVar[float] = 1.0

    @property
    def aic(self) -> float:
        """Akaike's information criterion, of the partial likelihood."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Hazards relative to a row at `center` ("response") or their logarithms ("link")."""
        eta = predictors_of(x, self.coefficients, self.intercept, offset, type, self.center)
        return (eta if type == "link" else eta.exp()).cpu()

    def survival(
        self,
        x: Tensor,
        times: Tensor,
        strata: Tensor | None = None,
        offset: Tensor | None = None,
    ) -> Tensor:
        """Probabilities to survive each time, shape (n, times)."""
        risk = self.predict(x, offset)
        times = times.detach().to(torch.float64).cpu()
        of = torch.zeros(len(risk)) if strata is None else strata.cpu()
        found = torch.ones(len(risk), len(times), dtype=torch.float64)
        for stratum in of.unique():
            curve = self.baseline[self.baseline[:, 0] == stratum]
            hazard = torch.cat([curve.new_zeros(1), curve[:, 2]])
            at = hazard[torch.searchsorted(curve[:, 1].contiguous(), times, right=True)]
            rows = of == stratum
            found[rows] = torch.exp(-risk[rows, None] * at)
        return found

    def __repr__(self) -> str:
        return (
            f"<CoxFit: {self.n_events} events of {self.n_obs} rows, partial log-likelihood "
            f"{self.log_likelihood:.6g}, {self.df} parameters>"
        )


def fit_cox(
    x: Tensor,
    time: Tensor,
    event: Tensor,
    *,
    start: Tensor | None = None,
    strata: Tensor | None = None,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    ties: str = "efron",
    tol: float = 1e-8,
    max_iter: int = 50,
) -> CoxFit:
    """Fit log hazard ratios by Newton's method on the partial likelihood (Cox, 1972).

    In float64 on the device of `x`; n p^2 multiplications a step, and memory of a few times x.

    Args:
        x: shape (n, p), finite, without an intercept; p may be 0.
        time: when each row ended, shape (n,).
        event: whether by an event (1) or censored (0), shape (n,).
        start: since when each row was at risk, before `time`, shape (n,); None for always.
        strata: integer codes from 0 of strata, each with a baseline of its own, shape (n,).
        weights: what each row counts, not negative, shape (n,).
        offset: added to the linear predictor, shape (n,).
        ties: of events at one time: "efron" (1977) or "breslow" (1974).
        tol: it has converged where a step is smaller than this in units of standard errors.
        max_iter: the most iterations; beyond them it warns.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range, no events.

    (Long: each argument is checked, and each number of the result is named.)
    """
    lookup("ties", ties, {"efron": None, "breslow": None})
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    design = as_design("x", x)
    n, device = len(design), design.device
    w = as_weights(weights, n).to(device)
    o = torch.zeros_like(w) if offset is None else as_column("offset", offset, n).to(device)
    data = _Data.of(n, device, time, event, start, strata)
    center = _center(design, w)
    centred = design - center
    kept = independent_columns(_within_strata(centred, data.stratum, w)[w > 0])
    on_device = kept.to(device)
    risk = _RiskSets(centred[:, on_device], data, w, o, ties == "efron")
    if not bool(risk.dies.any()):
        raise ValueError("event holds no event among the rows that count")
    b0 = design.new_zeros(len(kept))
    found = maximise(risk.curve, risk.value, b0, tol, max_iter)
    if bool(found.unbounded.any()):
        columns = ", ".join(str(int(i)) for i in kept[found.unbounded.cpu()])
        warnings.warn(
            f"the likelihood has no maximum: coefficients of columns {columns} (from 0) may be "
            "infinite",
            stacklevel=2,
        )
    coefficients, _, covariance = of_all_columns(found, kept, design.shape[1])
    eta = centred[:, on_device] @ found.parameters + o
    baseline, expected = risk.hazards(found.parameters)
    return CoxFit(
        coefficients=coefficients,
        covariance=covariance,
        standard_errors=covariance.diagonal().sqrt(),
        log_likelihood=found.curve.value,
        null_log_likelihood=risk.value(b0),
        deviance=-2 * found.curve.value,
        df=len(kept),
        df_residual=int((w > 0).sum()) - len(kept),
        n_obs=int((w > 0).sum()),
        n_events=int((data.event & (w > 0)).sum()),
        iterations=found.iterations,
        converged=found.converged,
        center=center.cpu(),
        linear_predictor=eta.cpu(),
        fitted=eta.exp().cpu(),
        baseline=baseline.cpu(),
        martingale=(data.event.to(expected) - expected).cpu(),
        ties=ties,
    )


def _center(x: Tensor, w: Tensor) -> Tensor:
    """Means of columns; 0 of those that say yes and no."""
    mean = (w[:, None] * x).sum(0) / w.sum()
    plain = ((x == 0) | (x.abs() == 1)).all(0)
    return torch.where(plain, 0.0, mean)


def _within_strata(x: Tensor, stratum: Tensor, w: Tensor) -> Tensor:
    """Columns less their means within strata: what is constant there says nothing."""
    k = int(stratum.max()) + 1
    sums = x.new_zeros(k, x.shape[1]).index_add(0, stratum, w[:, None] * x)
    totals = x.new_zeros(k).index_add(0, stratum, w).clamp(min=1e-300)
    found = x - (sums / totals[:, None])[stratum]
    size = x.abs().amax(0) if len(x) else x.new_zeros(x.shape[1])
    return torch.where(found.abs() <= 1e-12 * size, 0.0, found)


class _Data(NamedTuple):
    """When rows were at risk, checked."""

    time: Tensor
    event: Tensor
    start: Tensor | None
    stratum: Tensor

    @classmethod
    def of(
        cls, n: int, device: torch.device, time: Any, event: Any, start: Any, strata: Any
    ) -> "_Data":
        if n == 0:
            raise ValueError("x has no rows")
        until = as_column("time", time, n).to(device)
        is_event = event if not isinstance(event, Tensor) else event.to(torch.float64)
        died = as_column("event", is_event, n).to(device)
        if not bool(((died == 0) | (died == 1)).all()):
            raise ValueError("event must hold 0 (censored) and 1 (an event)")
        since = None if start is None else as_column("start", start, n).to(device)
        if since is not None and not bool((since < until).all()):
            raise ValueError("start must be before time in each row")
        if strata is None:
            return cls(until, died > 0, since, torch.zeros(n, dtype=torch.long, device=device))
        return cls(until, died > 0, since, as_strata(strata, n).to(device))


class _RiskSets:
    """The partial likelihood, as sums over the rows in an order in which risk sets are ends of it.

    Efron's denominators are those of the risk set less a share of the events at that time: each
    event has a denominator of its own ("term").
    """

    def __init__(self, x: Tensor, data: _Data, w: Tensor, o: Tensor, efron: bool) -> None:
        self.x, self.data, self.w, self.o = x, data, w, o
        # Places of (stratum, time) on one line, such that later times of a stratum come after.
        self.line = _ranks(data.stratum, data.time)
        self.dies = data.event & (w > 0)
        events = self.dies.nonzero()[:, 0]
        events = events[self.line[events].argsort(stable=True)]
        at, self.of_term, counts = self.line[events].unique_consecutive(
            return_inverse=True, return_counts=True
        )
        self.events, self.at = events, at
        #: A row of each time of events.
        self.one = events[torch.searchsorted(self.line[events], at)]
        first = counts.cumsum(0) - counts
        nth = torch.arange(len(events), device=x.device) - first[self.of_term]
        share = nth.to(x) / counts[self.of_term]
        self.share = share if efron else torch.zeros_like(share)
        # All events of a time count their mean weight (as coxph has it).
        mean = w.new_zeros(len(at)).index_add(0, self.of_term, w[events]) / counts
        self.weight = mean[self.of_term] if efron else w[events]
        self.n_line = int(self.line.max()) + 1
        self._set_ends()

    def _set_ends(self) -> None:
        data = self.data
        order = torch.argsort(self.line, descending=True, stable=True)
        self.order = order
        # How many rows, in this order, are at risk at each time of events: all from the end of
        # the stratum, less those of later strata, less those that had not started.
        descending = -self.line[order]
        self.until = torch.searchsorted(descending, -self.at, right=True)
        stratum = data.stratum[self.one]
        strata_descending = -data.stratum[order]
        self.since = torch.searchsorted(strata_descending, -stratum, right=False)
        self.late: tuple[Tensor, Tensor, Tensor] | None = None
        if data.start is not None:
            both = torch.cat([data.stratum, data.stratum]), torch.cat([data.time, data.start])
            places = _ranks(*both)
            begin, end = places[len(data.time) :], places[: len(data.time)]
            late = torch.argsort(begin, descending=True, stable=True)
            at = end[self.one]
            until = torch.searchsorted(-begin[late], -at, right=True)
            since = torch.searchsorted(-data.stratum[late], -stratum, right=False)
            self.late = late, until, since

    def _at_risk(self, values: Tensor) -> Tensor:
        """Sums of values of rows over the risk set of each time of events."""
        found = _ranges(values[self.order], self.since, self.until)
        if self.late is not None:
            late, until, since = self.late
            found = found - _ranges(values[late], since, until)
        return found

    def _per_row(self, terms: Tensor) -> Tensor:
        """Of each row, the sum of a number per time of events over the times it was at risk."""
        total = terms.new_zeros(len(self.at) + 1)
        total[1:] = terms.cumsum(0)
        first_of = self._first_of_stratum()
        upto = torch.searchsorted(self.at, self.line, right=True)
        found = total[upto] - total[first_of]
        if self.data.start is not None:
            # Times of its stratum that are not after the start.
            begin = self._before(self.data.start)
            found = found - (total[begin] - total[first_of])
        return found

    def _first_of_stratum(self) -> Tensor:
        stratum = self.data.stratum[self.one]
        return torch.searchsorted(stratum, self.data.stratum, right=False)

    def _before(self, start: Tensor) -> Tensor:
        """How many times of events come before each row's start, or with it, on the line."""
        both = (
            torch.cat([self.data.stratum, self.data.stratum[self.one]]),
            torch.cat([start, self.data.time[self.one]]),
        )
        places = _ranks(*both)
        return torch.searchsorted(
            places[len(start) :].contiguous(), places[: len(start)], right=True
        )

    def _denominators(self, b: Tensor) -> tuple[Tensor, Tensor, Tensor, float]:
        """Linear predictors, relative hazards, each term's denominator, and what was taken off."""
        eta = self.x @ b + self.o
        top = float(eta[self.w > 0].max()) if len(eta) else 0.0
        hazard = self.w * torch.exp(eta - top)
        all_, dying = self._at_risk(hazard), self._dying(hazard)
        return eta, hazard, all_[self.of_term] - self.share * dying[self.of_term], top

    def _dying(self, values: Tensor) -> Tensor:
        """Sums over the rows with events, at each time of events."""
        shape = (len(self.at), *values.shape[1:])
        return values.new_zeros(shape).index_add(0, self.of_term, values[self.events])

    def value(self, b: Tensor) -> float:
        """The partial log-likelihood."""
        eta, _, denominator, top = self._denominators(b)
        found = self._sum(eta, denominator, top)
        return found if math.isfinite(found) else -math.inf

    def _sum(self, eta: Tensor, denominator: Tensor, top: float) -> float:
        found = float((self.w[self.events] * eta[self.events]).sum())
        return found - float((self.weight * (denominator.log() + top)).sum())

    def curve(self, b: Tensor) -> Curve:
        """The same with its derivatives."""
        eta, hazard, denominator, top = self._denominators(b)
        value = self._sum(eta, denominator, top)
        each = self.weight / denominator
        counted = self._counted(hazard, each)
        weighted = hazard[:, None] * self.x
        means = self._at_risk(weighted)[self.of_term]
        means -= self.share[:, None] * self._dying(weighted)[self.of_term]
        means /= denominator[:, None]
        gradient = (self.w[self.events, None] * self.x[self.events]).sum(0) - counted @ self.x
        information = self.x.T @ (counted[:, None] * self.x)
        information -= means.T @ (self.weight[:, None] * means)
        return Curve(value, gradient, information)

    def _counted(self, hazard: Tensor, each: Tensor) -> Tensor:
        """How many events each row expects: its hazard times what a unit of hazard gathers."""
        empty = each.new_zeros(len(self.at))
        gathered = self._per_row(empty.index_add(0, self.of_term, each))
        less = empty.index_add(0, self.of_term, self.share * each)
        gathered[self.events] -= less[self.of_term]
        return hazard * gathered

    def hazards(self, b: Tensor) -> tuple[Tensor, Tensor]:
        """The baseline's cumulative hazard, as of `CoxFit`, and how many events rows expect."""
        _, hazard, denominator, top = self._denominators(b)
        each = self.weight / denominator
        expected = self._counted(hazard, each) / torch.where(self.w > 0, self.w, 1.0)
        jump = each.new_zeros(len(self.at)).index_add(0, self.of_term, each) * math.exp(-top)
        stratum, time = self.data.stratum[self.one], self.data.time[self.one]
        total = jump.cumsum(0)
        first = torch.searchsorted(stratum, stratum, right=False)
        total = total - torch.cat([total.new_zeros(1), total])[first]
        return torch.stack([stratum.to(total), time, total], 1), expected


def _ranks(stratum: Tensor, time: Tensor) -> Tensor:
    """Places of (stratum, time) in their order, the same for what is equal."""
    _, by_time = time.unique(return_inverse=True)
    return (stratum * (int(by_time.max()) + 1) + by_time).unique(return_inverse=True)[1]


def _ranges(values: Tensor, since: Tensor, until: Tensor) -> Tensor:
    """Sums of values over ranges of places, each from `since` and before `until`."""
    zero = values.new_zeros((1, *values.shape[1:]))
    total = torch.cat([zero, values.cumsum(0)])
    return total[until] - total[since]
