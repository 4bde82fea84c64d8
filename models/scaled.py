"""A network between two scalings."""

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


class LinearPredictor(nn.Module):
    """`x b'`, and an intercept where there is one: the module of an exact fit, in float64."""

    coefficients: Tensor

    def __init__(self, n_outputs: int, n_coefficients: int, intercept: bool) -> None:
        super().__init__()
        self.intercept = intercept
        shape = (n_outputs, n_coefficients)
        self.register_buffer("coefficients", Tensor(*shape).double().zero_())

    def forward(self, x: Tensor) -> Tensor:
        """Linear predictors, shape (n, outputs)."""
        if not self.intercept:
            return x @ self.coefficients.T
        return x @ self.coefficients[:, 1:].T + self.coefficients[:, 0]
