"""The multilayer perceptron, as a plain `nn.Sequential`."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ..arguments import flag, lookup, probability, whole_number, whole_numbers
from ..randomness import seeded
from .activations import ACTIVATIONS

NORMALIZATIONS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


def mlp(
    in_features: int,
    hidden: Sequence[int] | int,
    out_features: int,
    activation: str = "relu",
    dropout: float = 0.0,
    seed: int | None = None,
    normalization: str | None = None,
    residual: bool = False,
) -> nn.Sequential:
    """A multilayer perceptron: linear layers with an activation between them.

    It maps a tensor of shape (n, in_features) to one of shape (n, out_features).
    The output layer is linear: pair it with a loss that takes raw outputs
    (`mse_loss`, `cross_entropy`, `binary_cross_entropy_with_logits`).

    Args:
        in_features: columns of the input, at least 1.
        hidden: units of each hidden layer, first to last. A single number is one
            hidden layer; an empty sequence leaves a linear model.
        out_features: columns of the output, at least 1.
        activation: applied after each hidden layer, by the field's name: one of
            `ACTIVATIONS`.
        dropout: probability, 0 <= dropout < 1, with which a hidden unit is dropped
            in training. At 0 there are no dropout layers.
        seed: decides the initial weights, and leaves torch's global random state as
            it was. With None they come from that global state, as in any module.
        normalization: "batch" or "layer": between each hidden layer and its activation.
        residual: add a hidden layer's input to its output (He et al., 2016), through a
            linear map without bias where their sizes differ.

    Returns:
        The module, in float32 on the CPU with torch's default initial weights
        (`.to()` moves and converts it, as any module).

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range, or an activation that is not known.
    """
    sizes = [whole_number("in_features", in_features, 1), *whole_numbers("hidden", hidden, 1)]
    out_features = whole_number("out_features", out_features, 1)
    activation_class = lookup("activation", activation, ACTIVATIONS)
    dropout = probability("dropout", dropout)
    residual = flag("residual", residual)
    norm_class = None
    if normalization is not None:
        norm_class = lookup("normalization", normalization, NORMALIZATIONS)

    layers: list[nn.Module] = []
    with seeded(seed):
        for n_in, n_out in pairwise(sizes):
            block: list[nn.Module] = [nn.Linear(n_in, n_out)]
            if norm_class is not None:
                block.append(norm_class(n_out))
            block.append(activation_class())
            if dropout > 0:
                block.append(nn.Dropout(dropout))
            layers += [Residual(n_in, n_out, block)] if residual else block
        layers.append(nn.Linear(sizes[-1], out_features))
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Layers whose input is added to their output."""

    def __init__(self, n_in: int, n_out: int, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        same = n_in == n_out
        self.skip: nn.Module = nn.Identity() if same else nn.Linear(n_in, n_out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows."""
        return self.skip(x) + self.layers(x)
