"""A small convolutional network for images.

Tests: tests/models/networks/test_networks.py.
"""

from collections.abc import Sequence

import torch
from torch import nn

from ..arguments import flag, lookup, probability, whole_number, whole_numbers
from ..randomness import seeded
from .activations import ACTIVATIONS


def cnn(
    in_shape: Sequence[int],
    channels: Sequence[int] | int,
    out_features: int,
    hidden: Sequence[int] | int = (),
    kernel_size: int = 3,
    activation: str = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
    seed: int | None = None,
) -> nn.Sequential:
    """A convolutional network: stages that halve the image, then linear layers.

    It maps images of shape (n, channels, height, width) to (n, out_features). A stage is a
    convolution (padded to keep the size), batch normalisation if asked for, the activation
    and 2 x 2 max pooling (LeCun et al., 1998; with today's activations).

    Args:
        in_shape: (channels, height, width) of an image.
        channels: channels of each stage; the image must be at least 2^stages wide and high.
        out_features: columns of the output, which is linear.
        hidden: units of linear layers between the stages and the output.
        kernel_size: odd, of the convolutions.
        activation: one of `ACTIVATIONS`.
        dropout: before each linear layer, 0 <= dropout < 1.
        batch_norm: normalise after each convolution.
        seed: decides the initial weights, as of `mlp`.
    """
    shape = whole_numbers("in_shape", in_shape, 1)
    if len(shape) != 3:
        raise ValueError(f"in_shape must be (channels, height, width), not {in_shape!r}")
    stages = whole_numbers("channels", channels, 1)
    units = [*whole_numbers("hidden", hidden, 1), whole_number("out_features", out_features, 1)]
    kernel_size = whole_number("kernel_size", kernel_size, 1)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, not {kernel_size}")
    if min(shape[1:]) < 2 ** len(stages):
        raise ValueError(
            f"in_shape: an image of {shape[1]} x {shape[2]} cannot be halved {len(stages)} times"
        )
    activation_class = lookup("activation", activation, ACTIVATIONS)
    dropout = probability("dropout", dropout)
    flag("batch_norm", batch_norm)

    layers: list[nn.Module] = []
    n_in, size = shape[0], torch.tensor(shape[1:])
    with seeded(seed):
        for n_out in stages:
            layers.append(nn.Conv2d(n_in, n_out, kernel_size, padding=kernel_size // 2))
            if batch_norm:
                layers.append(nn.BatchNorm2d(n_out))
            layers += [activation_class(), nn.MaxPool2d(2)]
            n_in, size = n_out, size // 2
        layers.append(nn.Flatten())
        n_in *= int(size.prod())
        for i, n_out in enumerate(units):
            if i > 0:
                layers.append(activation_class())
            if dropout > 0:
                layers.append(nn.Dropout(dropout))
            layers.append(nn.Linear(n_in, n_out))
            n_in = n_out
    return nn.Sequential(*layers)
