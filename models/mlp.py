"""The multilayer perceptron, as a plain `nn.Sequential`."""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

from torch import nn

from .arguments import lookup, whole_number
from .device import seeded

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def mlp(
    in_features: int,
    hidden: Sequence[int] | int,
    out_features: int,
    activation: str = "relu",
    dropout: float = 0.0,
    seed: int | None = None,
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

    Returns:
        The module, in float32 on the CPU with torch's default initial weights
        (`.to()` moves and converts it, as any module).

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: an argument out of range, or an activation that is not known.
    """
    layer_sizes: Any = [hidden] if isinstance(hidden, Real) else hidden
    if isinstance(layer_sizes, str) or not isinstance(layer_sizes, Sequence):
        raise TypeError(f"hidden must be whole numbers, not {hidden!r}")
    sizes = [whole_number("in_features", in_features, 1)]
    sizes += [whole_number("hidden", size, 1) for size in layer_sizes]
    out_features = whole_number("out_features", out_features, 1)
    activation_class = lookup("activation", activation, ACTIVATIONS)
    if isinstance(dropout, bool) or not isinstance(dropout, Real):
        raise TypeError(f"dropout must be a number, not {dropout!r}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, not {dropout!r}")

    layers: list[nn.Module] = []
    with seeded(seed):
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), activation_class()]
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(sizes[-1], out_features))
    return nn.Sequential(*layers)
