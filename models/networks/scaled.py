"""A network between two scalings.

Tests: tests/models/table/test_fit.py.
"""

from torch import Tensor, nn


class Scaled(nn.Module):
    """`output(network(input(x)))`, codes of factors beside x: raw columns in, raw responses out.

    Args:
        input: applied to the first argument.
        network: gets that, and the codes as they are.
        output: applied to what the network gives.
    """

    def __init__(self, input: nn.Module, network: nn.Module, output: nn.Module) -> None:
        super().__init__()
        self.input, self.network, self.output = input, network, output

    def forward(self, x: Tensor, codes: Tensor | None = None) -> Tensor:
        """Rows to rows."""
        x = self.input(x)
        return self.output(self.network(x) if codes is None else self.network(x, codes))
