"""Derivatives as straight-line programs: what they do, and what is no program."""

from __future__ import annotations

import pytest
import torch

from torchbridge.autodiff import derivatives
from torchbridge.autodiff.evaluator import VERBS
from torchbridge.autodiff.programs import NoProgramError, record

Y = torch.linspace(-1, 1, 7, dtype=torch.float64)


def test_less_is_done_than_was_noted():
    x = torch.tensor([0.3, 0.2], dtype=torch.float64)

    def f(x):
        again = (Y - x[0]).exp() + (Y - x[0]).exp() * torch.ones(7, dtype=torch.float64).cumsum(0)
        return again.reshape(-1).expand(7).view(7).sum() + 0 * (x[1] * 2).detach()

    program = record(VERBS["value_and_grad"].core, f, [x], [Y])
    names = [step.op._schema.name for step in program.steps]
    assert names.count("aten::exp") == 1
    assert not {"aten::cumsum", "aten::ones", "aten::detach", "aten::expand"} & set(names)
    assert torch.equal(program(x)[1], derivatives.gradient(f, x))


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: x.prod(), "another way"),
        (lambda x: x[x > 0].sum() + x.sum(), "shape"),
        (lambda x: (x * torch.rand(2, dtype=torch.float64)).sum(), "random"),
        (lambda x: torch.fft.fft(x).abs().sum(), "complex"),
        (lambda x: (x * Y[:2].clone().copy_(torch.frombuffer(bytearray(16),
                                                             dtype=torch.float64))).sum(), "seen"),
        (lambda x: (x * torch.ones(2**23, 1, dtype=torch.float64)).sum(), "large"),
    ],
)  # fmt: skip
def test_what_is_unsure_is_no_program(f, why):
    x = torch.tensor([0.3, 0.2], dtype=torch.float64)
    with pytest.raises(NoProgramError, match=why):
        record(VERBS["value_and_grad"].core, f, [x], [Y])


def test_a_tensor_of_the_function_may_not_change():
    w = torch.ones(2, dtype=torch.float64)
    x = torch.tensor([0.3, 0.2], dtype=torch.float64)
    with pytest.raises(NoProgramError, match="changes"):
        record(VERBS["value_and_grad"].core, lambda x: (x * w.mul_(2)).sum(), [x], [w])


def test_a_vector_times_a_matrix_is_part_of_it():
    """PyTorch makes the product one of matrices, and takes their dims off in place."""
    m = torch.tensor([[2.0, 1.2], [0.7, 1.0]], dtype=torch.float64)
    x = torch.tensor([0.3, 0.2], dtype=torch.float64)

    def f(x):
        return (x @ m) @ (m @ x)

    program = record(VERBS["hessian"].core, f, [x], [m])
    x = torch.tensor([-0.4, 0.9], dtype=torch.float64)
    assert torch.equal(program(x)[0], f(x))
    assert torch.equal(program(x)[2], derivatives.hessian(f, x))
