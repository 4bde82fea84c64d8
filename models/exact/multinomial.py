"""Multinomial logistic regression, fitted exactly: what `nnet::multinom` converges to."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import flag, positive, whole_number
from .design import as_design, as_weights, new_design, times, with_intercept
from .least_squares import independent_columns, scales


@dataclass(frozen=True, eq=False, repr=False)
class MultinomialFit:
    """A multinomial logistic regression, with class 0 as the baseline, in float64 on the CPU.

    Attributes:
        intercept: whether the first coefficient is the intercept.
        coefficients: shape (classes - 1, p), NaN for a column that depends on earlier ones.
        covariance: of the coefficients class by class, shape ((classes - 1) p, the same).
        standard_errors: in the shape of the coefficients, also where their squares leave the
            range of float64.
        deviance, log_likelihood, df, df_residual, n_obs: as of `GLMFit`; the deviance is
            -2 log-likelihood.
        iterations, converged: how the fit went.
        linear_predictor: log odds against the baseline, shape (n, classes), the first 0
            plus its offset.
        fitted: probabilities, shape (n, classes).
    """

    intercept: bool
    coefficients: Tensor
    covariance: Tensor
    standard_errors: Tensor
    deviance: float
    log_likelihood: float
    df: int
    df_residual: int
    n_obs: int
    iterations: int
    converged: bool
    linear_predictor: Tensor
    fitted: Tensor

    family: ClassVar[str] = "multinomial"
    link: ClassVar[str] = "logit"
    dispersion: ClassVar[float] = 1.0

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Probabilities ("response") or linear predictors ("link"), shape (n, classes)."""
        design = new_design(x, self.intercept, self.coefficients.shape[1], type)
        b = self.coefficients.nan_to_num(0.0).to(design.device)
        beside = _as_offset(offset, len(design), len(b) + 1, design.device)
        eta = _with_baseline(times(design, b.T, self.intercept), beside).cpu()
        return eta if type == "link" else eta.softmax(1)

    def __repr__(self) -> str:
        return (
            f"<MultinomialFit: {len(self.coefficients) + 1} classes, {self.n_obs} rows, "
            f"deviance {self.deviance:.6g}, {self.df} parameters>"
        )


def fit_multinomial(
    x: Tensor,
    y: Tensor,
    n_classes: int | None = None,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    tol: float = 1e-12,
    max_iter: int = 100,
) -> MultinomialFit:
    """Fit log odds against class 0, by Newton's method on the log-likelihood.

    In float64 on the device of `x`, with steps halved until the log-likelihood rises
    (Agresti, Categorical Data Analysis, 2013, section 8.1).

    Args:
        x: shape (n, p), finite.
        y: integer class codes from 0, shape (n,); every class has a row.
        n_classes: at least 2; None takes the greatest code.
        weights: what each row counts, not negative, shape (n,).
        offset: added to the linear predictors, shape (n, classes).
        intercept: add a column of ones, first.
        tol: stop where the log-likelihood changes by less than this, relative to its size.
        max_iter: the most iterations; beyond them (classes that x separates) it warns.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range.
    """
    design = with_intercept(as_design("x", x), flag("intercept", intercept))
    n, device = len(design), design.device
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    y, k = as_codes(y, n, n_classes)
    y = y.to(device)
    w = as_weights(weights, n).to(device)
    empty = (torch.bincount(y[w > 0], minlength=k) == 0).nonzero()
    if len(empty):
        raise ValueError(f"y has no row of class {int(empty[0])}: drop it")
    offsets = _as_offset(offset, n, k, device)
    counts = w > 0
    rows = slice(None) if bool(counts.all()) else counts  # without a copy, where all count
    # All columns alike in size: Newton's steps and pinv() take what is far smaller for nothing.
    of_column = scales(design[rows], beyond=0)
    x_scaled = design[rows] / of_column
    kept = independent_columns(x_scaled)
    on_device = kept.to(device)
    counted = (x_scaled[:, on_device], y[rows], w[rows], offsets.expand(n, k)[rows])

    b = torch.zeros(k - 1, len(kept), dtype=torch.float64, device=device)
    b, value, iteration, converged = _newton(*counted, b, tol, max_iter)
    if not converged or value > -1e-6:
        warnings.warn(
            "the classes are separated by x, or nearly so: the coefficients have no finite maximum",
            stacklevel=2,
        )
    _, information = _derivatives(*counted, b)
    covariance = torch.linalg.pinv(information, hermitian=True)
    b = b / of_column[on_device]
    estimates = _of_all_columns(b, covariance, kept, of_column)
    eta = _scores(design[:, on_device], b, offsets).cpu()
    n_obs, df = int(counts.sum()), (k - 1) * len(kept)
    return MultinomialFit(
        intercept=intercept,
        **estimates,
        deviance=-2 * value,
        log_likelihood=value,
        df=df,
        df_residual=n_obs * (k - 1) - df,
        n_obs=n_obs,
        iterations=iteration,
        converged=converged,
        linear_predictor=eta,
        fitted=eta.softmax(1),
    )


def _of_all_columns(
    b: Tensor, scaled_covariance: Tensor, kept: Tensor, of_column: Tensor
) -> dict[str, Tensor]:
    """Coefficients, covariance and standard errors of the columns as they were given."""
    k, p = len(b), len(of_column)
    coefficients = torch.full((k, p), torch.nan, dtype=torch.float64)
    coefficients[:, kept] = b.cpu()
    covariance = torch.full((k * p, k * p), torch.nan, dtype=torch.float64)
    where = (torch.arange(k)[:, None] * p + kept).reshape(-1)
    covariance[where[:, None], where] = scaled_covariance.cpu()
    back = (1 / of_column).cpu().repeat(k)
    return {
        "coefficients": coefficients,
        "covariance": back[:, None] * covariance * back,
        "standard_errors": (back * covariance.diagonal().sqrt()).reshape(k, p),
    }


def as_codes(y: Any, n: int, n_classes: int | None) -> tuple[Tensor, int]:
    """Class codes, and how many classes there are."""
    if not isinstance(y, Tensor) or y.is_floating_point() or y.dtype == torch.bool:
        raise TypeError("y must be a tensor of integer class codes")
    if n == 0 or y.shape != (n,):
        raise ValueError(f"x has {n} rows and y has shape {tuple(y.shape)}")
    y = y.long()
    k = int(y.max()) + 1 if n_classes is None else whole_number("n_classes", n_classes, 2)
    if k < 2 or int(y.min()) < 0 or int(y.max()) >= k:
        raise ValueError(f"y must hold class codes from 0, of at least 2 and at most {k} classes")
    return y, k


def _newton(
    x: Tensor, y: Tensor, w: Tensor, offset: Tensor, b: Tensor, tol: float, max_iter: int
) -> tuple[Tensor, float, int, bool]:
    """From b: the maximum, the log-likelihood there, the iterations, and whether it stood still."""
    value, iteration, converged = _log_likelihood(x, y, w, offset, b), 0, False
    while iteration < max_iter and not converged:
        let_r_look()
        iteration += 1
        gradient, information = _derivatives(x, y, w, offset, b)
        # Where classes are separated the information vanishes; least squares still goes uphill.
        step = torch.linalg.lstsq(information, gradient[:, None]).solution.reshape(b.shape)
        for _ in range(40):
            now = _log_likelihood(x, y, w, offset, b + step)
            if now >= value - 1e-14 * abs(value):
                break
            step = step / 2
        b = b + step
        converged = abs(now - value) <= tol * (abs(now) + 0.1)
        value = now
    return b, value, iteration, converged


def _as_offset(offset: Any, n: int, k: int, device: torch.device) -> Tensor:
    if offset is None:
        return torch.zeros(1, k, dtype=torch.float64, device=device)
    found = as_design("offset", offset).to(device)
    if found.shape != (n, k):
        raise ValueError(f"offset must have shape ({n}, {k}), not {tuple(found.shape)}")
    return found


def _scores(x: Tensor, b: Tensor, offset: Tensor) -> Tensor:
    return _with_baseline(x @ b.T, offset)


def _with_baseline(eta: Tensor, offset: Tensor) -> Tensor:
    return torch.cat([eta.new_zeros(len(eta), 1), eta], 1) + offset


def _log_likelihood(x: Tensor, y: Tensor, w: Tensor, offset: Tensor, b: Tensor) -> float:
    logs = _scores(x, b, offset).log_softmax(1)
    return float((w * logs.gather(1, y[:, None])[:, 0]).sum())


def _derivatives(
    x: Tensor, y: Tensor, w: Tensor, offset: Tensor, b: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradient, and the information: minus the Hessian."""
    probabilities = _scores(x, b, offset).softmax(1)[:, 1:]
    observed = torch.nn.functional.one_hot(y, len(b) + 1)[:, 1:]
    gradient = ((w[:, None] * (observed - probabilities)).T @ x).reshape(-1)
    k, p = b.shape
    information = x.new_empty(k, p, k, p)
    for i in range(k):
        for j in range(i, k):
            variance = w * probabilities[:, i] * (float(i == j) - probabilities[:, j])
            block = x.T @ (variance[:, None] * x)
            information[i, :, j] = block
            information[j, :, i] = block
    return gradient, information.reshape(k * p, k * p)
