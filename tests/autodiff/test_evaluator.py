"""Derivatives from R's numbers to R's: the same bits, whichever way they are computed."""

from __future__ import annotations

import struct

import pytest
import torch

from torchbridge.autodiff import derivatives
from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.replay import Replay, placed

Y = torch.linspace(-1, 1, 7, dtype=torch.float64)


def _doubles(*values):
    return bytearray(struct.pack(f"{len(values)}d", *values))


def _numbers(found):
    return list(struct.unpack(f"{len(found) // 8}d", found))


def _flat(found):
    parts = found if isinstance(found, tuple) else (found,)
    tensors = [torch.as_tensor(part, dtype=torch.float64) for part in parts]
    return [v for t in tensors for v in t.reshape(-1).tolist()]


def _normal(x):
    sigma = x[1].exp()
    z = (Y - x[0]) / sigma
    return (z * z / 2 + torch.where(sigma > 0, sigma.log(), 0.0)).sum()


def _branches(x):
    a = x.narrow(0, 0, 1).reshape(())
    return (-((Y - a) ** 2) / x[1].exp()).sum() if bool(a > 0) else (x**3).sum() * a


def _changes(x):
    total = torch.zeros(3, dtype=torch.float64) + x[0]
    total[0] = x[1] * 3
    total[1:] = x
    total.mul_(x[0])
    total.masked_fill_(total < -5, 0.5)
    return (total**2).sum()


def _constant_slope(x):
    return x.sum() + 2


POINTS = [(0.3, 0.2), (-0.4, 0.1), (1.5, -1.0), (-2.0, 0.7), (0.1, 2.0)] * 6


@pytest.mark.parametrize("f", [_normal, _branches, _changes, _constant_slope])
@pytest.mark.parametrize("verb", ["value_and_grad_or_nan", "value_and_grad", "gradient", "hessian"])
def test_a_program_gives_the_same_bits(f, verb):
    evaluator = Evaluator(Replay(f), verb)
    for values in POINTS:
        want = getattr(derivatives, verb)(f, torch.tensor(values, dtype=torch.float64))
        assert _numbers(evaluator(_doubles(*values))) == _flat(want)
    # (What autograd makes of a change in place stays as it is.)
    assert len(evaluator._programs) == {_branches: 2, _changes: 0}.get(f, 1), evaluator.why


def test_a_hessian_times_a_vector():
    evaluator = Evaluator(Replay(_normal), "hvp")
    for values in POINTS:
        x = torch.tensor(values, dtype=torch.float64)
        got = _numbers(evaluator(_doubles(*values, 1, -2)))
        assert got == derivatives.hvp(_normal, x, [1.0, -2.0]).tolist()
    assert len(evaluator._programs) == 1


def _several(x):
    """Three numbers of two; of which one depends on one of the two only."""
    return torch.stack([x[0] * x[1].sin(), x[0] ** 3, (Y * x[1]).exp().sum()])


def _many(x):
    return (Y - x[0]) / x[1].exp() if bool(x[0] > 0) else Y * x[1] ** 2


def _single(x):
    return (x * x[0]).sum()


@pytest.mark.parametrize("f", [_several, _many, _single, _normal])
def test_jacobians_and_products_with_them(f):
    evaluators = {verb: Evaluator(Replay(f), verb, n=2) for verb in ("jacobian", "vjp", "jvp")}
    for values in POINTS:
        x = torch.tensor(values, dtype=torch.float64)
        want = derivatives.jacobian(f, x)
        got = _numbers(evaluators["jacobian"](_doubles(*values)))
        assert got == want.mT.reshape(-1).tolist()
        along = [0.5, -2.0]
        assert _numbers(evaluators["jvp"](_doubles(*values, *along))) == (
            derivatives.jvp(f, x, along).tolist()
        )
        weights = [1.0, -1.5, 0.25, 3.0, 0.1, 2.0, -0.7][: len(want)]
        assert _numbers(evaluators["vjp"](_doubles(*values, *weights))) == (
            derivatives.vjp(f, x, weights).tolist()
        )
    for evaluator in evaluators.values():
        assert len(evaluator._programs) == (2 if f is _many else 1), evaluator.why


def test_a_vector_of_another_length_is_the_verbs_own_error():
    evaluator = Evaluator(Replay(_several), "vjp", n=2)
    for _ in range(5):
        evaluator(_doubles(1, 2, 1, 1, 1))
    assert len(evaluator._programs) == 1
    for wrong in ([1.0], [1.0, 2.0], [1.0] * 4):
        with pytest.raises(ValueError, match=f"`v` must have length 3, not {len(wrong)}"):
            evaluator(_doubles(1, 2, *wrong))


def test_a_function_element_by_element_is_a_program_and_others_stay_an_error():
    def f(x):
        return x.sin() if bool(x[0] > 0) else x * x[0]

    evaluator = Evaluator(Replay(f), "gradient")
    for i in range(6):
        x = torch.tensor([0.5 + i, 2.0, -1.0], dtype=torch.float64)
        assert _numbers(evaluator(_doubles(*x.tolist()))) == derivatives.gradient(f, x).tolist()
    assert len(evaluator._programs) == 1
    for _ in range(5):
        with pytest.raises(ValueError, match="depend on one another's elements"):
            evaluator(_doubles(-0.5, 2.0, 1.0))


def test_jacobians_of_what_is_not_finite_are_the_verbs_own_errors():
    for verb, more in (("jacobian", []), ("vjp", [1, 1]), ("jvp", [1, 1])):
        evaluator = Evaluator(Replay(lambda x: x.log()), verb, n=2)
        for _ in range(6):
            evaluator(_doubles(1, 4, *more))
        assert len(evaluator._programs) == 1
        with pytest.raises(ValueError, match="NaN at this `x`"):
            evaluator(_doubles(-1, 2, *more))
        with pytest.raises(ValueError, match="-Inf at this `x`"):
            evaluator(_doubles(0, 2, *more))


@pytest.mark.parametrize("verb", ["value_and_grad", "hessian"])
def test_of_some_of_the_parameters(verb):
    places = torch.tensor([1])
    evaluator = Evaluator(Replay(_normal), verb, places)
    for values in POINTS:
        x = torch.tensor(values, dtype=torch.float64)
        want = getattr(derivatives, verb)(placed(_normal, x, places), x[places])
        assert _numbers(evaluator(_doubles(*values))) == _flat(want)
    assert len(evaluator._programs) == 1


def test_the_jacobian_in_some_of_the_parameters():
    places = torch.tensor([1])
    evaluator = Evaluator(Replay(_several), "jacobian", places)
    for values in POINTS:
        x = torch.tensor(values, dtype=torch.float64)
        want = derivatives.jacobian(placed(_several, x, places), x[places])
        assert _numbers(evaluator(_doubles(*values))) == want.reshape(-1).tolist()
    assert len(evaluator._programs) == 1, evaluator.why


def test_values_that_are_not_finite_are_the_verbs_own_errors():
    checked = Evaluator(Replay(lambda x: x.log().sum()), "gradient")
    free = Evaluator(Replay(lambda x: x.log().sum()), "value_and_grad_or_nan")
    for _ in range(5):
        assert _numbers(checked(_doubles(1, 4))) == [1, 0.25]
        assert _numbers(free(_doubles(1, 2)))[1:] == [1, 0.5]
    with pytest.raises(ValueError, match="NaN at this `x`"):
        checked(_doubles(-1, 2))
    with pytest.raises(ValueError, match="-Inf at this `x`"):
        checked(_doubles(0, 2))
    value, *slope = _numbers(free(_doubles(-1, 2)))
    assert value != value and all(v != v for v in slope)


def test_a_tensor_that_changed_is_read_again():
    w = torch.ones(2, dtype=torch.float64)
    evaluator = Evaluator(Replay(lambda x: (x * w).sum()), "gradient")
    for _ in range(5):
        assert _numbers(evaluator(_doubles(1, 2))) == [1, 1]
    assert len(evaluator._programs) == 1
    w.mul_(3)
    assert _numbers(evaluator(_doubles(1, 2))) == [3, 3]
