"""A network for tables: embeddings for factors beside numeric columns.

Tests: tests/models/networks/test_networks.py.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..arguments import probability, whole_number, whole_numbers
from ..randomness import seeded
from .mlp import mlp


class Tabular(nn.Module):
    """Maps (numeric, codes) to outputs: each factor's levels become vectors, learned with the rest.

    Guo and Berkhahn, Entity embeddings of categorical variables (2016).

    Args:
        n_numeric: numeric columns, at least 0.
        n_levels: the number of levels of each factor.
        hidden, out_features, activation, dropout, normalization, residual: as of `mlp`.
        embedding_dims: the length of each factor's vectors; None takes
            min(50, (levels + 1) // 2) for each.
        embedding_dropout: probability with which an element of a vector is dropped in
            training.
        seed: decides the initial weights, as of `mlp`.
    """

    def __init__(
        self,
        n_numeric: int,
        n_levels: Sequence[int],
        hidden: Sequence[int] | int,
        out_features: int,
        activation: str = "relu",
        dropout: float = 0.0,
        seed: int | None = None,
        normalization: str | None = None,
        residual: bool = False,
        embedding_dims: Sequence[int] | int | None = None,
        embedding_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_numeric = whole_number("n_numeric", n_numeric, 0)
        levels = whole_numbers("n_levels", n_levels, 1)
        if embedding_dims is None:
            dims = [min(50, (n + 1) // 2) for n in levels]
        else:
            dims = whole_numbers("embedding_dims", embedding_dims, 1)
            if len(dims) == 1:
                dims = dims * len(levels)
            if len(dims) != len(levels):
                raise ValueError(
                    f"embedding_dims has {len(dims)} numbers, and n_levels {len(levels)}"
                )
        if n_numeric + sum(dims) == 0:
            raise ValueError("n_numeric and n_levels leave no columns")
        self.dropout = nn.Dropout(probability("embedding_dropout", embedding_dropout))
        with seeded(seed):
            self.embeddings = nn.ModuleList(
                nn.Embedding(n, dim) for n, dim in zip(levels, dims, strict=True)
            )
            self.network = mlp(
                n_numeric + sum(dims),
                hidden,
                out_features,
                activation,
                dropout,
                None,
                normalization,
                residual,
            )

    def forward(self, numeric: Tensor, codes: Tensor) -> Tensor:
        """Outputs of numeric columns (n, n_numeric) and codes from 0 (n, factors), int64."""
        vectors = [embed(codes[:, i]) for i, embed in enumerate(self.embeddings)]
        if not vectors:
            return self.network(numeric)
        return self.network(torch.cat([numeric, self.dropout(torch.cat(vectors, 1))], 1))
