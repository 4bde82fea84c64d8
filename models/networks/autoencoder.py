"""The autoencoder.

Tests: tests/models/networks/test_networks.py.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from ..arguments import whole_numbers
from ..randomness import seeded
from .mlp import mlp


class Autoencoder(nn.Module):
    """Maps rows to themselves through a code of fewer numbers; fit it with `y = x`.

    Args:
        in_features: columns of the input and the output.
        hidden: units of the encoder's hidden layers; the decoder has them in reverse.
        code: numbers in the code.
        activation, dropout, normalization: as of `mlp`; code and output are linear.
        seed: decides the initial weights, as of `mlp`.

    Attributes:
        encoder, decoder: modules: rows to codes, codes to rows.
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] | int,
        code: int,
        activation: str = "relu",
        dropout: float = 0.0,
        seed: int | None = None,
        normalization: str | None = None,
    ) -> None:
        super().__init__()
        sizes = whole_numbers("hidden", hidden, 1)
        common = (activation, dropout, None, normalization)
        with seeded(seed):
            self.encoder: nn.Sequential = mlp(in_features, sizes, code, *common)
            self.decoder: nn.Sequential = mlp(code, sizes[::-1], in_features, *common)

    def forward(self, x: Tensor) -> Tensor:
        """Rows to rows."""
        return self.decoder(self.encoder(x))
