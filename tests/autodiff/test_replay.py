"""A function of one tensor that is replayed: the same bits, every way through it, and no more."""

from __future__ import annotations

import math
import re

import pytest
import torch

from torchbridge.autodiff import derivatives
from torchbridge.autodiff.replay import Replay


def _x(*values):
    return torch.tensor(values, dtype=torch.float64)


class Counted:
    """A function, and how often it has run."""

    def __init__(self, f):
        self.f = f
        self.runs = 0

    def __call__(self, x):
        self.runs += 1
        return self.f(x)


Y = torch.linspace(-1, 1, 7, dtype=torch.float64)


def _branches(x):
    a = x.narrow(0, 0, 1).reshape(())
    if bool(a > 0):
        return (-((Y - a) ** 2) / x[1].exp()).sum()
    return torch.cat([Y * a, x]).std(correction=1)


def test_every_way_is_run_once_and_gives_the_same_bits():
    f = Counted(_branches)
    replay = Replay(f)
    for values in [(1, 2), (-1, 0.5), (2, 1), (-2, 1), (1, 2)]:
        x = _x(*values)
        for verb in (derivatives.value_and_grad, derivatives.value_grad_hessian):
            for got, want in zip(verb(replay, x), verb(_branches, x), strict=True):
                assert torch.equal(torch.as_tensor(got), torch.as_tensor(want))
    assert f.runs == 2
    assert replay.why is None


@pytest.mark.parametrize("shape", [(2,), (3,)])
def test_another_shape_another_grad_mode_and_another_dtype_are_runs_of_their_own(shape):
    f = Counted(lambda x: (x * x.numel()).sum())
    replay = Replay(f)
    for x in (torch.ones(shape, dtype=torch.float64), torch.ones(shape)):
        for _ in range(2):
            assert replay(x).item() == f.f(x).item()
            assert derivatives.value_of(replay, x) == f.f(x)
    assert f.runs == 4


def test_a_value_that_is_not_finite_is_a_way_of_its_own():
    replay = Replay(lambda x: x.sum() * (2.0 if math.isnan(x[0].item()) else x[1].item()))
    for values in [(math.nan, 1), (math.inf, 3), (1, 3), (1, 3), (math.nan, 1), (math.inf, 3)]:
        x = _x(*values)
        assert torch.equal(replay(x).isnan(), replay._function(x).isnan())
        assert torch.equal(replay(x).nan_to_num(), replay._function(x).nan_to_num())
    assert replay.why is None


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: (x * torch.rand(2, dtype=torch.float64)).sum(), "random"),
        (lambda x: x.sum() + float(x.detach().numpy()[0]), "reads"),
        (lambda x: x.sum() * sum(x.tolist()), "reads"),
        (lambda x: Y.add_(0) @ Y + x.sum(), "in place|changes"),
        (lambda x: x.clone().detach_().sum() + x.sum(), None),
        (lambda x: 3.0, "does not depend"),
    ],
)
def test_what_can_not_be_replayed_runs_each_time(f, why):
    f = Counted(f)
    replay = Replay(f)
    for _ in range(3):
        replay(_x(1, 2))
    if why is None:
        assert replay.why is None
    else:
        assert re.search(why, replay.why)
        assert f.runs == 3


def test_a_detour_without_derivatives_is_not_replayed():
    def f(x):
        with torch.no_grad():
            weight = x.exp()
        return (x * weight).sum()

    replay = Replay(f)
    for values in [(1, 2), (0, 1)]:
        got = derivatives.value_and_grad(replay, _x(*values))[1]
        assert torch.equal(got, _x(*values).exp())
    assert "recording of derivatives" in replay.why


def test_what_a_run_makes_and_changes_is_made_again():
    def f(x):
        total = torch.zeros(2, dtype=torch.float64)
        total = total + x
        total[0] = x[1] * 3
        total.mul_(2)
        return total.sum()

    replay = Replay(f)
    for values in [(1, 2), (5, 7), (1, 2)]:
        assert replay(_x(*values)).item() == 2 * (3 * values[1] + values[1])
    assert replay.why is None


def test_a_tensor_from_outside_that_changes_is_read_again():
    w = torch.ones(2, dtype=torch.float64)
    f = Counted(lambda x: (x * (w * 2)).sum())
    replay = Replay(f)
    assert [replay(_x(1, 2)).item() for _ in range(2)] == [6, 6]
    w.mul_(2)
    assert [replay(_x(1, 2)).item() for _ in range(2)] == [12, 12]
    assert f.runs == 2


def test_a_verb_that_may_give_a_tensor_or_what_it_is_is_noted_where_it_gives_one():
    replay = Replay(lambda x: x.type(torch.float64).sum() * (2 if x.type() else 1))
    assert [replay(_x(v, 1)).item() for v in (1, 5)] == [4, 12]
    assert replay.why is None


def test_a_tensor_whose_making_was_not_seen_is_no_constant():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.frombuffer(bytearray(bytes(x.detach().untyped_storage())), dtype=x.dtype)

        @staticmethod
        def backward(ctx, gradient):
            return 3 * gradient

    replay = Replay(lambda x: Hidden.apply(x).sum())
    for values in [(1, 2), (5, 7)]:
        value, gradient = derivatives.value_and_grad(replay, _x(*values))
        assert (value, gradient.tolist()) == (sum(values), [3, 3])


def test_too_many_ways_are_given_up():
    f = Counted(lambda x: x.sum() * round(x[0].item()))
    replay = Replay(f)
    for i in range(12):
        assert replay(_x(i, 1)).item() == (i + 1) * i
    assert "ways" in replay.why
    assert f.runs == 12
