"""k-means on tensors.

Tests: tests/models/exact/test_unsupervised.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import whole_number
from ..randomness import seeded
from .design import as_design


@dataclass(frozen=True, eq=False, repr=False)
class KMeans:
    """A partition into k clusters, in float64.

    Attributes:
        centers: shape (k, p).
        clusters: each row's cluster from 0, int64.
        sizes: rows of each cluster.
        within: sums of squares within each cluster; `inertia` is their sum.
        iterations: of the start that was kept.
    """

    centers: Tensor
    clusters: Tensor
    sizes: Tensor
    within: Tensor
    inertia: float
    iterations: int

    def __repr__(self) -> str:
        return f"<KMeans: sizes {self.sizes.tolist()}, within {self.inertia:.6g}>"

    def predict(self, x: Tensor) -> Tensor:
        """The cluster with the closest center, for new rows."""
        return nearest(as_design("x", x), self.centers)[0]


def fit_kmeans(
    x: Tensor, k: int, n_init: int = 10, max_iter: int = 300, seed: int | None = None
) -> KMeans:
    """Minimise the sum of squared distances to cluster centers, by Lloyd's algorithm.

    Starts are drawn by k-means++ (Arthur and Vassilvitskii, 2007). A cluster that loses all
    its rows gets the row farthest from its center.

    Args:
        x: shape (n, p), finite.
        k: clusters, at most as many as there are different rows.
        n_init: starts, of which the best result is kept.
        max_iter: the most iterations of a start.
        seed: decides the starts, and leaves torch's global random state as it was.
    """
    x = as_design("x", x)
    k = whole_number("k", k, 1)
    n_init, max_iter = whole_number("n_init", n_init, 1), whole_number("max_iter", max_iter, 1)
    different = len(x.unique(dim=0)) if k > 1 else len(x)
    if k > different:
        raise ValueError(f"k is {k}, and x has only {different} different rows")
    best: KMeans | None = None
    with seeded(seed, x.device):
        for _ in range(n_init):
            found = _lloyd(x, spread_out(x, k), max_iter)
            if best is None or found.inertia < best.inertia:
                best = found
    assert best is not None
    return best


def spread_out(x: Tensor, k: int) -> Tensor:
    """k rows drawn by k-means++: each with probability as its squared distance to those before."""
    chosen = torch.randint(len(x), (1,), device=x.device)
    distance = (x - x[chosen]).square().sum(1)
    while len(chosen) < k:
        row = torch.multinomial(distance, 1)
        chosen = torch.cat([chosen, row])
        distance = torch.minimum(distance, (x - x[row]).square().sum(1))
    return x[chosen]


def _lloyd(x: Tensor, centers: Tensor, max_iter: int) -> KMeans:
    k = len(centers)
    clusters, distance = nearest(x, centers)
    iteration = 0
    for iteration in range(1, max_iter + 1):  # noqa: B007
        let_r_look()
        sizes = torch.bincount(clusters, minlength=k)
        for empty in (sizes == 0).nonzero()[:, 0]:
            far = int(distance.argmax())
            clusters[far], distance[far] = empty, 0
            sizes = torch.bincount(clusters, minlength=k)
        sums = torch.zeros_like(centers).index_add_(0, clusters, x)
        centers = sums / sizes[:, None]
        now, distance = nearest(x, centers)
        if torch.equal(now, clusters):
            break
        clusters = now
    sizes = torch.bincount(clusters, minlength=k)
    squares = (x - centers[clusters]).square().sum(1)
    within = torch.zeros(k, dtype=x.dtype, device=x.device).index_add_(0, clusters, squares)
    return KMeans(centers, clusters, sizes, within, float(within.sum()), iteration)


def nearest(x: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """The closest center of each row, and its distance."""
    # Distances without their cancelling part, exact enough for what lies far from 0 too.
    distance = torch.cdist(x, centers, compute_mode="donot_use_mm_for_euclid_dist")
    closest = distance.min(1)
    return closest.indices, closest.values
