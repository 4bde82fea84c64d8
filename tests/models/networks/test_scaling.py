"""Scaling learns each column's moments, in blocks and to the last digits."""

import pytest
import torch

from torchbridge.models.networks import scaling
from torchbridge.models.networks.scaling import Standardize, moments


@pytest.mark.parametrize("block", [1, 30, 2**18])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_moments_are_those_of_all_rows_however_they_are_cut(monkeypatch, block, dtype):
    monkeypatch.setattr(scaling, "_BLOCK", block)
    x = torch.randn(101, 3, dtype=dtype, generator=torch.Generator().manual_seed(1))
    x = x * torch.tensor([1e-3, 1, 1e3], dtype=dtype)
    mean, sd = moments(x)
    torch.testing.assert_close(mean, x.double().mean(0), rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(sd, x.double().std(0), rtol=1e-12, atol=0)


def test_a_small_deviation_far_from_zero_is_found_where_the_first_rows_are_elsewhere(monkeypatch):
    monkeypatch.setattr(scaling, "_BLOCK", 8)
    x = 1e8 + torch.arange(64, dtype=torch.float64)[:, None] % 2
    x[:8] = 0
    assert moments(x)[1].item() == pytest.approx(x.std(0).item(), rel=1e-12)
    assert moments(x[8:])[1].item() == pytest.approx((56 / 55 * 0.25) ** 0.5, rel=1e-12)


def test_a_constant_column_keeps_1_and_a_row_alone_has_no_deviation():
    x = torch.tensor([[0.1, 2.0], [0.1, 4.0], [0.1, 6.0]])
    assert moments(x)[1].tolist() == [1, 2]
    assert moments(x[:1])[1].tolist() == [1, 1]
    with pytest.raises(ValueError, match="x has no rows"):
        moments(x[:0])


def test_what_is_learned_of_rows_with_a_gradient_has_none():
    layer = Standardize(2).learn(torch.ones(3, 2, requires_grad=True))
    assert not layer.mean.requires_grad and layer.mean.tolist() == [1, 1]
