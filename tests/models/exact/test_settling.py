"""When coefficients stand still."""

import pytest
import torch

from torchbridge.models.exact.settling import Settling


@pytest.mark.parametrize("ratio", [0.01, 0.001])
def test_coefficients_stand_still_where_all_steps_to_come_are_small(ratio):
    settling, step, told = Settling(), 1e-3, 0.0
    while not settling.stands(torch.tensor([1.0 + told, -2.0], dtype=torch.float64)):
        told, step = told + step, step * ratio
    to_come = step / (1 - ratio)
    assert to_come <= 2e-12  # a millionth of a millionth of the largest
    assert to_come / ratio > 2e-12  # and not an iteration later


def test_steps_of_one_size_never_stand_still():
    settling = Settling()
    assert not any(settling.stands(torch.tensor([1.0 + i]).double()) for i in range(50))
