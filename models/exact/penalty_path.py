"""The path of penalized coefficients: the elastic net, from no coefficient to all of them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look, took_interrupt, waits_for_exits

from ..arguments import flag, positive, whole_number
from .design import as_data, as_design
from .families import check_values, find_family
from .least_squares import scales


@dataclass(frozen=True, eq=False, repr=False)
class PenaltyPath:
    """Coefficients by penalty, in float64.

    Attributes:
        penalty: shape (k,), in decreasing order.
        coefficients: shape (k, p), on the scale of the columns, the intercept (where there
            is one) first.
        df: coefficients that are not 0, without the intercept.
        deviance_ratio: the share of the null deviance that is explained.
        family, link, intercept: as of `GLMFit`.
        converged: for each penalty.
        status: "completed", or "interrupted after 7 of 100 penalties".
    """

    penalty: Tensor
    coefficients: Tensor
    df: Tensor
    deviance_ratio: Tensor
    family: str
    link: str
    intercept: bool
    converged: Tensor
    status: str = "completed"

    def __repr__(self) -> str:
        return (
            f"<PenaltyPath: {self.family}({self.link}), {len(self.penalty)} penalties from "
            f"{self.penalty[0]:.4g} to {self.penalty[-1]:.4g}>"
        )


def fit_path(
    x: Tensor,
    y: Tensor,
    family: str = "gaussian",
    link: str | None = None,
    *,
    penalty: Sequence[float] | None = None,
    n_penalties: int = 100,
    mixture: float = 1.0,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> PenaltyPath:
    """Fit a generalized linear model for each of many penalties.

    Minimises `-loglik / sum(weights) + penalty * (mixture * sum(abs(b)) + (1 - mixture) / 2 *
    sum(b**2))`, the log-likelihood at dispersion 1 and b for columns of mean 0 and standard
    deviation 1 (divisor n), by coordinate descent within Newton steps, each penalty starting
    from the one before (Friedman, Hastie and Tibshirani, 2010, Regularization paths for
    generalized linear models via coordinate descent).

    Args:
        x, y, family, link, weights, offset, intercept: as of `fit_glm`.
        penalty: the penalties, not negative; None takes `n_penalties` from the smallest for
            which all coefficients are 0, falling evenly on the log scale to a ten-thousandth
            of it (a hundredth where there are no more rows than columns).
        n_penalties: see `penalty`.
        mixture: 1 is the lasso, 0 ridge regression, between them the elastic net.
        tol: a penalty is done where no coefficient moves by more than this, for columns of
            standard deviation 1, relative to the largest.
        max_iter: the most Newton steps, and the most sweeps of one.

    An interrupt (Ctrl-C) ends the path with the penalties so far, and `status` says so.
    """
    found, link_ = find_family(family, link)
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    if isinstance(mixture, bool) or not isinstance(mixture, Real) or not 0 <= mixture <= 1:
        raise ValueError(f"mixture must be a number from 0 to 1, not {mixture!r}")
    design = as_design("x", x)
    n, p = design.shape
    if n == 0 or p == 0:
        raise ValueError("x must have rows and columns")
    y, w, o = as_data(design, y, weights, offset)
    check_values("y", y, found, family)
    share, with_mean = w / w.sum(), flag("intercept", intercept)
    scaled, middle, scale = _scaled(design, share, with_mean)
    settings = (float(mixture), with_mean, tol, max_iter)
    task = _Task(scaled, y, share, o, found, link_, *settings)
    b = task.null()
    penalties = task.sequence(b, n_penalties, n > p) if penalty is None else _given(penalty)
    found_ = _path(task, b, penalties, middle, scale)
    raw, df, ratios, converged = zip(*found_, strict=True)
    if not all(converged):
        warnings.warn(
            f"{converged.count(False)} of {len(converged)} penalties did not converge in "
            f"{max_iter} iterations (max_iter)",
            stacklevel=2,
        )
    done, all_ = len(converged), len(penalties)
    return PenaltyPath(
        torch.tensor(penalties[:done], dtype=torch.float64),
        torch.stack(raw),
        torch.tensor(df),
        torch.tensor(ratios, dtype=torch.float64),
        family,
        link_.name,
        with_mean,
        torch.tensor(converged),
        "completed" if done == all_ else f"interrupted after {done} of {all_} penalties",
    )


def _path(
    task: "_Task", b: Tensor, penalties: Sequence[float], middle: Tensor, scale: Tensor
) -> list[tuple[Tensor, int, float, bool]]:
    """Of each penalty: coefficients, those that are not 0, deviance ratio, whether it converged.

    What there is so far where an interrupt ends it.
    """
    null, first_slope = task.deviance(task.mean(b)), int(task.intercept)
    found: list[tuple[Tensor, int, float, bool]] = []
    try:
        with waits_for_exits():
            for value in penalties:
                b, done = task.solve(b, value)
                slopes = b[first_slope:] / scale
                first = (b[:1] - middle @ slopes) if task.intercept else b[:0]
                ratio = 1 - task.deviance(task.mean(b)) / null if null > 0 else torch.nan
                df = int((b[first_slope:] != 0).sum())
                found.append((torch.cat([first, slopes]).cpu(), df, ratio, done))
    except KeyboardInterrupt:
        if not found:
            raise
        took_interrupt()
    return found


def _scaled(design: Tensor, share: Tensor, with_mean: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Columns of mean 0 and deviation 1 (after one of ones, for an intercept); both of these."""
    of_column = scales(design[share > 0])
    design = design / of_column
    middle = share @ design if with_mean else design.new_zeros(design.shape[1])
    scale = (share @ (design - middle).square()).sqrt()
    # A constant column has nothing to say, and stays at 0.
    scale = torch.where(scale > 1e-12 * middle.abs(), scale, torch.inf)
    ones = [torch.ones_like(share)[:, None]] if with_mean else []
    columns = torch.cat([*ones, (design - middle) / scale], 1)
    return columns, of_column * middle, of_column * scale


@dataclass
class _Task:
    """Scaled columns (the first is the intercept's), and the steps."""

    x: Tensor
    y: Tensor
    share: Tensor
    offset: Tensor
    family: Any
    link: Any
    mixture: float
    intercept: bool
    tol: float
    max_iter: int

    def mean(self, b: Tensor) -> Tensor:
        return self.link.inverse(self.x @ b + self.offset)

    def deviance(self, mu: Tensor) -> float:
        return float(self.share @ self.family.unit_deviance(self.y, mu))

    def null(self) -> Tensor:
        """All 0 but the intercept, which is at its best."""
        b = self.x.new_zeros(self.x.shape[1])
        if not self.intercept:
            return b
        average = float(self.share @ self.y)
        b[0] = float(self.link.link(torch.tensor(average, dtype=torch.float64)))
        if not bool(b[0].isfinite()):
            raise ValueError(f"y: its mean, {average:g}, has no finite value of its link")
        return self.solve(b, torch.inf)[0]

    def sequence(self, b: Tensor, n_penalties: int, is_tall: bool) -> list[float]:
        n_penalties = whole_number("n_penalties", n_penalties, 1)
        eta = self.x @ b + self.offset
        mu = self.link.inverse(eta)
        score = self.share * (self.y - mu) * self.link.slope(eta) / self.family.variance(mu)
        slopes = (self.x.T @ score)[self.intercept :]
        # Ridge regression has no such penalty: as in the paper, that of mixture 0.001.
        # A little more, so that rounding leaves all of them at 0.
        highest = float(slopes.abs().max()) / max(self.mixture, 1e-3) * (1 + 1e-9)
        if highest == 0:
            raise ValueError("x: no column is related to y, and there is no path")
        lowest = highest * (1e-4 if is_tall else 1e-2)
        return np.geomspace(highest, lowest, n_penalties).tolist()

    def objective(self, b: Tensor, penalty: float) -> float:
        slopes = b[self.intercept :]
        l1, l2 = float(slopes.abs().sum()), float(slopes.square().sum())
        size = self.mixture * l1 + (1 - self.mixture) / 2 * l2
        mu = self.mean(b)
        if not self.family.mean(mu):
            return np.inf
        return self.deviance(mu) / 2 + (penalty * size if size else 0.0)

    def solve(self, b: Tensor, penalty: float) -> tuple[Tensor, bool]:
        is_plain = (self.family.name, self.link.name) == ("gaussian", "identity")
        now = self.objective(b, penalty)
        for _ in range(self.max_iter):
            let_r_look()
            eta = self.x @ b + self.offset
            mu, slope = self.link.inverse(eta), self.link.slope(eta)
            v = self.share * slope.square() / self.family.variance(mu)
            z = eta - self.offset + (self.y - mu) / slope
            weighted = self.x * v[:, None]
            step, done = _descend(
                (self.x.T @ weighted).cpu().numpy(),
                (weighted.T @ z).cpu().numpy(),
                b.cpu().numpy(),
                penalty,
                self.mixture,
                self.intercept,
                self.tol / 10,
                self.max_iter,
            )
            next_b = torch.from_numpy(step).to(b)
            for _ in range(40):
                after = self.objective(next_b, penalty)
                if after <= now + 1e-14 * abs(now):
                    break
                next_b = (next_b + b) / 2
            moved = float((next_b - b).abs().max())
            b, now = next_b, after
            if is_plain or moved <= self.tol * max(1.0, float(b.abs().max())):
                return b, done
        return b, False


def _descend(
    gram: np.ndarray,
    target: np.ndarray,
    b: np.ndarray,
    penalty: float,
    mixture: float,
    intercept: bool,
    tol: float,
    max_iter: int,
) -> tuple[np.ndarray, bool]:
    """Minimise b' gram b / 2 - target' b and the penalty, a coordinate at a time."""
    b = b.copy()
    gradient = target - gram @ b
    free = [0] if intercept else []
    others = [j for j in range(intercept, len(b)) if gram[j, j] > 0] if penalty < np.inf else []
    l1 = penalty * mixture if others else 0.0
    l2 = penalty * (1 - mixture) if others else 0.0
    diagonal = gram.diagonal()

    def sweep(columns: list[int]) -> float:
        nonlocal gradient
        largest = 0.0
        for j in columns:
            old = b[j]
            pull = gradient[j] + diagonal[j] * old
            if j < intercept:
                new = pull / diagonal[j]
            else:
                size = abs(pull) - l1
                new = 0.0 if size <= 0 else np.sign(pull) * size / (diagonal[j] + l2)
            if new != old:
                b[j] = new
                gradient -= gram[:, j] * (new - old)
                largest = max(largest, abs(new - old))
        return largest

    everything = free + others
    for _ in range(max_iter):
        # Those that are not 0 until they stand still, and then a look at all.
        active = free + [j for j in others if b[j] != 0]
        for _ in range(max_iter):
            if sweep(active) <= tol * max(1.0, np.abs(b).max()):
                break
        if sweep(everything) <= tol * max(1.0, np.abs(b).max()):
            return b, True
    return b, False


def _given(penalty: Sequence[float]) -> list[float]:
    values = [penalty] if isinstance(penalty, Real) else list(penalty)
    for value in values:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not 0 <= float(value) < np.inf:
            raise ValueError(f"penalty must be finite numbers from 0, not {value!r}")
    if not values:
        raise ValueError("penalty holds no numbers")
    return sorted((float(value) for value in values), reverse=True)
