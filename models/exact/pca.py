"""Principal components: what `prcomp` gives, on a tensor's device.

Tests: tests/models/exact/test_unsupervised.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..arguments import flag, whole_number
from .design import as_design
from .least_squares import scales


@dataclass(frozen=True, eq=False, repr=False)
class PCA:
    """Principal components, in float64.

    Attributes:
        sdev: standard deviations of the components, in decreasing order (divisor n - 1).
        rotation: one column a component, shape (p, k); a column's sign is arbitrary.
        center, scale: what was subtracted from and what divided the columns.
        total_variance: of all components, whether they are kept or not.
        scores: the rows on the components, shape (n, k).
    """

    sdev: Tensor
    rotation: Tensor
    center: Tensor
    scale: Tensor
    total_variance: float
    scores: Tensor

    def __repr__(self) -> str:
        sdev = ", ".join(f"{value:.4g}" for value in self.sdev.tolist())
        return f"<PCA: standard deviations {sdev}>"

    def transform(self, x: Tensor) -> Tensor:
        """New rows on the components."""
        return (as_design("x", x) - self.center) / self.scale @ self.rotation

    def inverse_transform(self, scores: Tensor) -> Tensor:
        """Rows from components: the closest to the originals that these can give."""
        return scores.to(self.rotation.dtype) @ self.rotation.T * self.scale + self.center


def fit_pca(
    x: Tensor, n_components: int | None = None, center: bool = True, scale: bool = False
) -> PCA:
    """Principal components by singular value decomposition.

    Args:
        x: shape (n, p), n >= 2, finite.
        n_components: how many, at most min(n, p); None takes them all.
        center: subtract the columns' means.
        scale: divide by the columns' standard deviations (root mean squares where
            `center` is False, as in R); a constant column is an error.
    """
    x = as_design("x", x)
    n, p = x.shape
    if n < 2:
        raise ValueError("x must have at least 2 rows")
    k = min(n, p) if n_components is None else whole_number("n_components", n_components, 1)
    if k > min(n, p):
        raise ValueError(f"n_components must be at most {min(n, p)}, not {k}")
    middle = x.mean(0) if flag("center", center) else x.new_zeros(p)
    x = x - middle
    divisor = x.new_ones(p)
    if flag("scale", scale):
        unit = scales(x)
        divisor = unit * ((x / unit).square().sum(0) / (n - 1)).sqrt()
        constant = (divisor == 0).nonzero()
        if len(constant):
            raise ValueError(f"x: column {int(constant[0])} is constant and cannot be scaled")
        x = x / divisor
    _, d, vh = torch.linalg.svd(x, full_matrices=False)
    rotation = vh[:k].T
    total = float(x.square().sum()) / (n - 1)
    return PCA(d[:k] / (n - 1) ** 0.5, rotation, middle, divisor, total, x @ rotation)
