"""Recurrent networks for sequences.

Tests: tests/models/networks/test_networks.py.
"""

from torch import Tensor, nn

from ..arguments import flag, lookup, probability, whole_number
from ..randomness import seeded

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class RNN(nn.Module):
    """Maps sequences to outputs: a recurrent network, and a linear layer on its last step.

    Takes tensors of shape (n, time, in_features), or with `n_tokens` int64 codes of shape
    (n, time); gives (n, out_features).

    Args:
        in_features: numbers a step; with `n_tokens` the length of a token's vector.
        hidden: units of a layer.
        out_features: columns of the output.
        cell: "lstm" (Hochreiter and Schmidhuber, 1997), "gru" (Cho et al., 2014) or "rnn"
            (tanh; Elman, 1990).
        layers: layers, at least 1.
        bidirectional: read the sequence backwards as well; the output sees both ends.
        dropout: between layers (and before the output), 0 <= dropout < 1.
        n_tokens: the number of tokens, for sequences of codes from 0.
        seed: decides the initial weights, as of `mlp`.
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        out_features: int,
        cell: str = "lstm",
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        n_tokens: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        in_features = whole_number("in_features", in_features, 1)
        hidden = whole_number("hidden", hidden, 1)
        layers = whole_number("layers", layers, 1)
        bidirectional = flag("bidirectional", bidirectional)
        dropout = probability("dropout", dropout)
        cell_class = lookup("cell", cell, CELLS)
        self.embedding: nn.Module = nn.Identity()
        with seeded(seed):
            if n_tokens is not None:
                self.embedding = nn.Embedding(whole_number("n_tokens", n_tokens, 1), in_features)
            self.recurrent = cell_class(
                in_features,
                hidden,
                layers,
                batch_first=True,
                bidirectional=bidirectional,
                dropout=dropout if layers > 1 else 0.0,
            )
            self.dropout = nn.Dropout(dropout)
            self.output = nn.Linear(
                hidden * (1 + bidirectional), whole_number("out_features", out_features, 1)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Outputs of sequences."""
        steps, _ = self.recurrent(self.embedding(x))
        if not self.recurrent.bidirectional:
            return self.output(self.dropout(steps[:, -1]))
        half = self.recurrent.hidden_size
        ends = steps[:, -1].clone()
        ends[:, half:] = steps[:, 0, half:]
        return self.output(self.dropout(ends))
