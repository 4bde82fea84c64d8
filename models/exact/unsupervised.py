"""Mixtures, clusters and components as modules, which take rows of a table's columns."""

from torch import Tensor, nn

from .kmeans import nearest
from .mixture import GaussianMixture


class ResultModule(nn.Module):
    """A result's tensors, called `names`, as buffers of a module."""

    names: tuple[str, ...]

    def __init__(self, **tensors: Tensor) -> None:
        super().__init__()
        for name in self.names:
            self.register_buffer(name, tensors[name])

    def tensors(self) -> list[Tensor]:
        """In the order of their names."""
        return [getattr(self, name) for name in self.names]


class MixtureModule(ResultModule):
    """Rows to their probabilities of the components."""

    names = ("weights", "means", "covariances")

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, k)."""
        weights, means, covariances = self.tensors()
        return GaussianMixture(weights, means, covariances, [], 0, True).responsibilities(x)


class KMeansModule(ResultModule):
    """Rows to the codes of their clusters."""

    names = ("centers",)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n,), int64."""
        (centers,) = self.tensors()
        return nearest(x, centers)[0]


class PCAModule(ResultModule):
    """Rows to their scores on the components."""

    names = ("rotation", "center", "scale")

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, components)."""
        rotation, center, scale = self.tensors()
        return (x - center) / scale @ rotation
