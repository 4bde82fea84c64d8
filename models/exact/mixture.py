"""Gaussian mixtures, by EM and by gradient on the same likelihood.

Tests: tests/models/exact/test_unsupervised.py.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import lookup, positive, whole_number
from ..randomness import seeded
from .design import as_design
from .kmeans import fit_kmeans, spread_out

METHODS = {"em": "em", "gradient": "gradient"}
COVARIANCES = {"full": "full", "diagonal": "diagonal", "spherical": "spherical"}


@dataclass(frozen=True, eq=False, repr=False)
class GaussianMixture:
    """A mixture of k normal distributions in p dimensions, in float64.

    Attributes:
        weights: shape (k,), of sum 1.
        means: shape (k, p).
        covariances: shape (k, p, p), whatever form they were held to.
        log_likelihoods: after each iteration, the last that of the result.
        df: free parameters.
        converged: whether it stood still before `max_iter`.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor
    log_likelihoods: list[float]
    df: int
    converged: bool

    @property
    def log_likelihood(self) -> float:
        """That of the result."""
        return self.log_likelihoods[-1]

    def __repr__(self) -> str:
        return (
            f"<GaussianMixture: {len(self.weights)} components, "
            f"log-likelihood {self.log_likelihood:.6g} on {self.df} degrees of freedom>"
        )

    def log_density(self, x: Tensor) -> Tensor:
        """The log density of each row."""
        return _joint(as_design("x", x), self.weights, self.means, self.covariances).logsumexp(1)

    def responsibilities(self, x: Tensor) -> Tensor:
        """Each row's probabilities of the components, shape (n, k)."""
        return _joint(as_design("x", x), self.weights, self.means, self.covariances).softmax(1)


def fit_mixture(
    x: Tensor,
    k: int,
    *,
    method: str = "em",
    covariance: str = "full",
    start: GaussianMixture | None = None,
    n_init: int = 1,
    tol: float = 1e-10,
    max_iter: int = 1000,
    seed: int | None = None,
) -> GaussianMixture:
    """Maximise the likelihood of a mixture of k normal distributions.

    Args:
        x: shape (n, p), finite; shape (n,) is one column.
        k: components.
        method: "em" (Dempster, Laird and Rubin, 1977: the log-likelihood never falls), or
            "gradient": L-BFGS by automatic differentiation on weights, means and
            Cholesky factors without bounds. Both find the same maxima.
        covariance: "full", "diagonal" or "spherical", each component its own.
        start: where to begin, such as an earlier fit; None begins with k-means.
        n_init: starts, of which the best result is kept; those after the first draw
            their centers by k-means++.
        tol: stop where the log-likelihood a row changes by less than this.
        max_iter: the most iterations.
        seed: decides the starts, and leaves torch's global random state as it was.

    Raises:
        ValueError: a component collapsed onto too few points, in every start: its
            likelihood has no maximum.
    """
    if isinstance(x, Tensor) and x.ndim == 1:
        x = x[:, None]
    x = as_design("x", x)
    k, n_init = whole_number("k", k, 1), whole_number("n_init", n_init, 1)
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    lookup("method", method, METHODS)
    lookup("covariance", covariance, COVARIANCES)
    if len(x) <= k:
        raise ValueError(f"x must have more than k = {k} rows, and has {len(x)}")
    best: GaussianMixture | None = None
    collapsed: Exception | None = None
    with seeded(seed, x.device):
        for i in range(n_init):
            try:
                begin = start or _start(x, k, covariance, by_kmeans=i == 0)
                run = _em if method == "em" else _ascent
                found = run(x, begin, covariance, tol, max_iter)
            except torch.linalg.LinAlgError as error:
                collapsed = error
                continue
            if best is None or found.log_likelihood > best.log_likelihood:
                best = found
    if best is None:
        raise ValueError(
            f"a component of {k} collapsed onto too few points of x: try a smaller k, more "
            'starts (n_init), or covariance="spherical"'
        ) from collapsed
    return best


def _em(
    x: Tensor, mixture: GaussianMixture, covariance: str, tol: float, max_iter: int
) -> GaussianMixture:
    weights, means, covariances = mixture.weights, mixture.means, mixture.covariances
    joint = _joint(x, weights, means, covariances)
    values = [float(joint.logsumexp(1).sum())]
    converged = False
    while len(values) <= max_iter and not converged:
        let_r_look()
        weights, means, covariances = _maximise(x, joint.softmax(1), covariance)
        joint = _joint(x, weights, means, covariances)
        values.append(float(joint.logsumexp(1).sum()))
        converged = values[-1] - values[-2] <= tol * len(x)
    return GaussianMixture(weights, means, covariances, values, mixture.df, converged)


def _ascent(
    x: Tensor, mixture: GaussianMixture, covariance: str, tol: float, max_iter: int
) -> GaussianMixture:
    p = x.shape[1]
    factor = torch.linalg.cholesky(mixture.covariances)
    logits, means = mixture.weights.log().clone(), mixture.means.clone()
    scales = factor.diagonal(dim1=1, dim2=2).log()
    if covariance == "spherical":
        scales = scales.mean(1, keepdim=True)
    lower = factor.tril(-1) if covariance == "full" else factor.new_zeros(0)
    parameters = [t.clone().requires_grad_() for t in (logits, means, scales, lower)]

    def parts() -> tuple[Tensor, Tensor, Tensor]:
        logits, means, scales, lower = parameters
        diagonal = torch.diag_embed(scales.exp().expand(-1, p))
        root = diagonal + lower.tril(-1) if covariance == "full" else diagonal
        return logits.softmax(0), means, root @ root.mT

    values: list[float] = []
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=20,
        tolerance_grad=1e-12,
        tolerance_change=0,
        history_size=50,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = -_joint(x, *parts()).logsumexp(1).mean()
        loss.backward()
        return loss

    converged = False
    while len(values) * 20 <= max_iter and not converged:
        let_r_look()
        optimizer.step(closure)
        with torch.no_grad():
            values.append(float(_joint(x, *parts()).logsumexp(1).sum()))
        converged = len(values) > 1 and abs(values[-1] - values[-2]) <= tol * len(x)
    with torch.no_grad():
        weights, means, covariances = (t.detach() for t in parts())
    return GaussianMixture(weights, means, covariances, values, mixture.df, converged)


def _joint(x: Tensor, weights: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    """Log of weight times density, rows by components."""
    root = torch.linalg.cholesky(covariances)
    centered = (x[None] - means[:, None]).mT
    squares = torch.linalg.solve_triangular(root, centered, upper=False).square().sum(1)
    half_log_det = root.diagonal(dim1=1, dim2=2).log().sum(1)
    constant = x.shape[1] * math.log(2 * math.pi) / 2
    return (weights.log() - half_log_det - constant - squares.T / 2).contiguous()


def _maximise(x: Tensor, shares: Tensor, covariance: str) -> tuple[Tensor, Tensor, Tensor]:
    """The M step: weights, means and covariances that maximise, given the shares."""
    p = x.shape[1]
    n = shares.sum(0)
    means = shares.T @ x / n[:, None]
    centered = x[None] - means[:, None]
    if covariance == "full":
        weighted = centered * shares.T[:, :, None]
        return n / len(x), means, weighted.mT @ centered / n[:, None, None]
    variances = (shares.T[:, :, None] * centered.square()).sum(1) / n[:, None]
    if covariance == "spherical":
        variances = variances.mean(1, keepdim=True).expand(-1, p)
    return n / len(x), means, torch.diag_embed(variances)


def _start(x: Tensor, k: int, covariance: str, by_kmeans: bool) -> GaussianMixture:
    if by_kmeans:
        clusters = fit_kmeans(x, k, n_init=3).clusters
    else:
        clusters = torch.cdist(x, spread_out(x, k)).argmin(1)
    p = x.shape[1]
    shapes = {"full": p * (p + 1) // 2, "diagonal": p, "spherical": 1}
    df = k - 1 + k * p + k * shapes[covariance]
    shares = torch.nn.functional.one_hot(clusters, k).to(x.dtype)
    return GaussianMixture(*_maximise(x, shares, covariance), [], df, False)
