"""Ordered classes by a cumulative link: what `MASS::polr` converges to.

Tests: tests/models/exact/test_ordinal.py.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..arguments import lookup, positive, whole_number
from .design import as_column, as_design, as_weights, predictors_of
from .distributions import CAUCHY, LARGEST, LOGISTIC, NORMAL, SMALLEST, Distribution
from .least_squares import independent_columns
from .multinomial import as_codes
from .newton import Maximum, Rows, covariance_of, curve_of, maximise, value_of

#: The links, by the names that `polr` has for them ("logit" is its "logistic").
ORDINAL_LINKS: dict[str, Distribution] = {
    "logit": LOGISTIC,
    "probit": NORMAL,
    "cloglog": SMALLEST,
    "loglog": LARGEST,
    "cauchit": CAUCHY,
}


@dataclass(frozen=True, eq=False, repr=False)
class OrdinalFit:
    """A cumulative link model of k ordered classes, in float64 on the CPU.

    P(class <= j) is the link's inverse of `threshold j - x b`.

    Attributes:
        link: the link's name.
        coefficients: b, shape (p,), NaN for a column that depends on earlier ones.
        extra: the thresholds, rising, shape (k - 1,).
        covariance, standard_errors: of the coefficients, and the thresholds after them.
        deviance, log_likelihood, df, df_residual, n_obs: as of `MultinomialFit`.
        null_log_likelihood: with thresholds alone.
        iterations, converged: how the fit went.
        linear_predictor: x b with its offset, shape (n,).
        fitted: probabilities, shape (n, k).
    """

    link: str
    coefficients: Tensor
    extra: Tensor
    covariance: Tensor
    standard_errors: Tensor
    deviance: float
    log_likelihood: float
    null_log_likelihood: float
    df: int
    df_residual: int
    n_obs: int
    iterations: int
    converged: bool
    linear_predictor: Tensor
    fitted: Tensor

    intercept: ClassVar[bool] = False
    family: ClassVar[str] = "ordinal"
    dispersion: ClassVar[float] = 1.0

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Probabilities ("response"), shape (n, k), or x b ("link"), shape (n,)."""
        eta = predictors_of(x, self.coefficients, self.intercept, offset, type)
        if type == "link":
            return eta.cpu()
        return class_logarithms(eta, self.extra.to(eta), self.link).exp().cpu()

    def __repr__(self) -> str:
        return (
            f"<OrdinalFit: {len(self.extra) + 1} classes, {self.n_obs} rows, "
            f"deviance {self.deviance:.6g}, {self.df} parameters>"
        )


class OrdinalPredictor(nn.Module):
    """The module of such a fit: log probabilities of the classes, (n, k), of columns (n, p)."""

    coefficients: Tensor
    thresholds: Tensor

    def __init__(self, n_coefficients: int, n_thresholds: int, link: str) -> None:
        super().__init__()
        self.link = lookup("link", link, ORDINAL_LINKS) and link
        for name, n in (("coefficients", n_coefficients), ("thresholds", n_thresholds)):
            self.register_buffer(name, torch.zeros(n, dtype=torch.float64))

    def forward(self, x: Tensor, offset: Tensor | None = None) -> Tensor:
        """Log probabilities, shape (n, k)."""
        eta = x @ self.coefficients
        eta = eta if offset is None else eta + offset.reshape(len(eta))
        return class_logarithms(eta, self.thresholds, self.link)


def class_logarithms(eta: Tensor, thresholds: Tensor, link: str) -> Tensor:
    """Log probabilities of the classes, shape (n, k), of x b, shape (n,)."""
    of = ORDINAL_LINKS[link]
    z = thresholds - eta[:, None]
    first, last = of.log_below(z[:, :1]), of.log_above(z[:, -1:])
    return torch.cat([first, of.log_between(z[:, :-1], z[:, 1:]), last], 1)


def fit_ordinal(
    x: Tensor,
    y: Tensor,
    n_classes: int | None = None,
    *,
    link: str = "logit",
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    tol: float = 1e-8,
    max_iter: int = 100,
) -> OrdinalFit:
    """Fit a proportional odds model, or with other links its likes, by Newton's method.

    In float64 on the device of `x` (McCullagh, 1980, Regression models for ordinal data).

    Args:
        x: shape (n, p), finite, without an intercept: the thresholds are the classes' own; p may
            be 0.
        y: integer class codes from 0, in their order, shape (n,); every class has a row.
        n_classes: at least 2; None takes the greatest code.
        link: "logit", "probit", "cloglog", "loglog" or "cauchit".
        weights: what each row counts, not negative, shape (n,).
        offset: added to x b, shape (n,).
        tol, max_iter: as of `fit_cox`.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range.
    """
    of = lookup("link", link, ORDINAL_LINKS)
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    design = as_design("x", x)
    n, device = len(design), design.device
    y, k = as_codes(y, n, n_classes)
    y = y.to(device)
    w = as_weights(weights, n).to(device)
    shares = torch.bincount(y, w, minlength=k) / w.sum()
    if bool((shares == 0).any()):
        raise ValueError(f"y has no row of class {int((shares == 0).nonzero()[0])}: drop it")
    o = torch.zeros_like(w) if offset is None else as_column("offset", offset, n).to(device)
    counts = w > 0
    # About its mean, so that a column that is nearly constant is not taken for a threshold.
    center = design[counts].mean(0) if n else design.new_zeros(design.shape[1])
    centred = design - center
    kept = independent_columns(torch.cat([design.new_ones(n, 1), centred], 1)[counts])[1:] - 1
    on_device = kept.to(device)
    thresholds = of.quantile(shares.cumsum(0)[:-1].clamp(1e-12, 1 - 1e-12))
    parts = _parts(centred[:, on_device], y, k, w, o, of)
    start = torch.cat([thresholds.new_zeros(len(kept)), thresholds])
    found = maximise(
        lambda b: curve_of(parts, b), lambda b: value_of(parts, b), start, tol, max_iter
    )
    if bool(found.unbounded.any()):
        warnings.warn(
            "the classes are separated by x, or nearly so: the coefficients have no finite maximum",
            stacklevel=2,
        )
    none = _parts(centred[:, :0], y, k, w, o, of)
    null = maximise(
        lambda b: curve_of(none, b), lambda b: value_of(none, b), thresholds, tol, max_iter
    )
    return _result(found, design, kept, center, o, link, null.curve.value, n_obs=int(counts.sum()))


def _parts(x: Tensor, y: Tensor, k: int, w: Tensor, o: Tensor, of: Distribution) -> list[Rows]:
    """Rows of the first class, of the last, and of those between two thresholds."""
    p = x.shape[1]

    def rows_of(rows: Tensor, log_likelihood: Callable[..., Tensor], places: list[Tensor]) -> Rows:
        designs = [
            (torch.cat([-x[rows], nn.functional.one_hot(at, k - 1).to(x)], 1), slice(0, p + k - 1))
            for at in places
        ]
        return Rows(log_likelihood, designs, [-o[rows]] * len(places), w[rows])

    found = []
    counts = w > 0
    first, last = (y == 0) & counts, (y == k - 1) & counts
    found.append(rows_of(first, of.log_below, [y[first]]))
    found.append(rows_of(last, of.log_above, [y[last] - 1]))
    between = counts & ~first & ~last
    if bool(between.any()):
        found.append(rows_of(between, of.log_between, [y[between] - 1, y[between]]))
    return found


def _result(
    found: Maximum,
    design: Tensor,
    kept: Tensor,
    center: Tensor,
    o: Tensor,
    link: str,
    null: float,
    n_obs: int,
) -> OrdinalFit:
    p, rank = design.shape[1], len(kept)
    b = found.parameters.cpu()
    q = len(b) - rank
    # Back from columns about their means: thresholds move by what these are worth.
    back = torch.eye(rank + q, dtype=torch.float64)
    back[rank:, :rank] = center.cpu()[kept]
    b = back @ b
    covariance = torch.full((p + q, p + q), torch.nan, dtype=torch.float64)
    where = torch.cat([kept, torch.arange(p, p + q)])
    inverse = covariance_of(found.curve.information)
    covariance[where[:, None], where] = back @ inverse @ back.T
    coefficients = torch.full((p,), torch.nan, dtype=torch.float64)
    coefficients[kept] = b[:rank]
    value = found.curve.value
    eta = (design[:, kept.to(design.device)] @ b[:rank].to(design.device) + o).cpu()
    return OrdinalFit(
        link=link,
        coefficients=coefficients,
        extra=b[rank:],
        covariance=covariance,
        standard_errors=covariance.diagonal().sqrt(),
        deviance=-2 * value,
        log_likelihood=value,
        null_log_likelihood=null,
        df=rank + q,
        df_residual=n_obs - rank - q,
        n_obs=n_obs,
        iterations=found.iterations,
        converged=found.converged,
        linear_predictor=eta,
        fitted=class_logarithms(eta, b[rank:], link).exp(),
    )
