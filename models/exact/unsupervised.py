"""Mixtures, clusters and components as models of a table's columns: fitted exactly, no response."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..arguments import check_options
from .kmeans import KMeans, fit_kmeans, nearest
from .mixture import GaussianMixture, fit_mixture
from .pca import PCA, fit_pca


class _Kept(nn.Module):
    """A result's tensors, as buffers of a module."""

    names: tuple[str, ...]

    def __init__(self, **tensors: Tensor) -> None:
        super().__init__()
        for name in self.names:
            self.register_buffer(name, tensors[name])

    def kept(self) -> list[Tensor]:
        return [getattr(self, name) for name in self.names]


class MixtureModule(_Kept):
    """Rows to their probabilities of the components."""

    names = ("weights", "means", "covariances")

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, k)."""
        weights, means, covariances = self.kept()
        return GaussianMixture(weights, means, covariances, [], 0, True).responsibilities(x)


class KMeansModule(_Kept):
    """Rows to the codes of their clusters."""

    names = ("centers",)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n,), int64."""
        (centers,) = self.kept()
        return nearest(x, centers)[0]


class PCAModule(_Kept):
    """Rows to their scores on the components."""

    names = ("rotation", "center", "scale")

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, components)."""
        rotation, center, scale = self.kept()
        return (x - center) / scale @ rotation


class _Kind(NamedTuple):
    fit: Callable[..., Any]
    module: type[_Kept]
    types: tuple[str, ...]


#: Models without a response -> how they are fitted, kept, and what they predict.
UNSUPERVISED = {
    "gaussian_mixture": _Kind(fit_mixture, MixtureModule, ("response", "prob", "class")),
    "k_means": _Kind(fit_kmeans, KMeansModule, ("response", "class")),
    "pca": _Kind(fit_pca, PCAModule, ("response",)),
}


def fit_unsupervised(
    model: str, x: Tensor, given: Mapping[str, Any], seed: int | None
) -> tuple[GaussianMixture | KMeans | PCA, nn.Module, dict[str, Any]]:
    """The result, the module that applies it to rows, and what a spec says about it."""
    kind = UNSUPERVISED[model]
    check_options("model_options", model, kind.fit, given)
    wrong = [name for name in given if name in ("x", "seed", "start")]
    if wrong:
        raise ValueError(f'model_options: "{wrong[0]}" is no option of a table\'s model')
    if model != "pca" and "k" not in given:
        raise ValueError(f'model_options: "k" is missing for model "{model}"')
    found = kind.fit(x, **given, **({} if model == "pca" else {"seed": seed}))
    tensors = {name: getattr(found, name).cpu() for name in kind.module.names}
    spec = {"shapes": {name: list(t.shape) for name, t in tensors.items()}}
    return found, kind.module(**tensors), spec


def unsupervised_module(spec: Mapping[str, Any]) -> nn.Module:
    """The module of a spec, without its numbers."""
    shapes = spec["shapes"]
    empty = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in shapes.items()}
    return UNSUPERVISED[spec["model"]].module(**empty)


def unsupervised_as(output: Tensor, model: str, type: str) -> Tensor:
    """What the module gives, as the `type` that was asked for."""
    types = UNSUPERVISED[model].types
    if type not in types:
        known = ", ".join(f'"{name}"' for name in types)
        raise ValueError(f'type "{type}" is not for model "{model}"; it can be {known}')
    return output.argmax(1) if model == "gaussian_mixture" and type == "class" else output
