"""Columns as R gives them become what models take."""

import torch

from torchbridge.models.for_r.columns import Columns, as_rows


def test_columns_become_rows_across_blocks():
    n = 2 * 4096 + 3
    doubles = [torch.randn(n, dtype=torch.float64) for _ in range(3)]
    mixed = [*doubles, torch.arange(n, dtype=torch.int32), torch.arange(n) % 2 == 0]
    for columns in (doubles, mixed):
        rows = as_rows(columns, n, torch.float32)
        assert rows.is_contiguous()
        assert torch.equal(rows, torch.stack([c.float() for c in columns], 1))
    assert as_rows([], 3, torch.float32).shape == (3, 0)


def test_factors_are_treatment_columns_or_codes():
    x, f = torch.tensor([0.5, 1.5, 2.5]), torch.tensor([1, 3, 2], dtype=torch.int32)
    numeric, codes = Columns("mlp", [3, 0]).arrange([f, x])
    assert codes is None
    assert numeric.tolist() == [[0, 0, 0.5], [0, 1, 1.5], [1, 0, 2.5]]
    numeric, codes = Columns("tabular", [3, 0]).arrange([f, x])
    assert numeric.tolist() == [[0.5], [1.5], [2.5]]
    assert codes.tolist() == [[0], [2], [1]]
    assert Columns("linear", 0).arrange([x])[0].dtype == torch.float64
