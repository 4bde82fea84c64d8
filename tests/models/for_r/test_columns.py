"""Columns as R gives them become what models take."""

import torch

from torchbridge.models.for_r.columns import Columns, as_rows


def test_columns_become_rows_across_blocks():
    columns = [torch.randn(5000, dtype=torch.float64), torch.arange(5000, dtype=torch.int32)]
    rows = as_rows(columns, 5000, torch.float32)
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
