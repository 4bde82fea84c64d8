"""One way through a function, with other data: the bits of the function of these data."""

from __future__ import annotations

import struct

import pytest
import torch

from torchbridge.autodiff import derivatives, replay
from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.replay import Replay

POINTS = [torch.tensor(p, dtype=torch.float64) for p in ((0.3, 0.2), (1.5, -1.0), (-0.7, 0.4))] * 4


def _function(x, data):
    z = (data - x[0]) / x[1].exp()
    if bool((data > x[0]).any()):
        return (z * z).sum() + data.mean() * x[1]
    return z.sum()


def _observed(data, tape, runs):
    """What R's code is to Python: it says which of its tensors are data."""

    def run(x):
        runs.append(tape)
        replay.begin_tape(tape)
        replay.take_data(data)
        return _function(x, data)

    return run


def _data(seed, n=7):
    generator = torch.Generator().manual_seed(seed)
    return 2 + torch.rand(n, dtype=torch.float64, generator=generator)


def _same_bits(x, y):
    return replay.alike(torch.as_tensor(x), torch.as_tensor(y))


def test_a_way_with_other_data_gives_the_bits_of_these():
    runs: list[int] = []
    first = Replay(_observed(_data(1), 1, runs))
    for x in POINTS:
        first(x)
    assert replay.has_way(first, 1) and not replay.has_way(first, 2)
    n = len(runs)
    for seed in (2, 3, 4):
        data = _data(seed)
        other = replay.rebound(first, _observed(data, seed, runs), [1], [[data]])
        for x in POINTS:
            assert _same_bits(other(x), _function(x, data))
        assert _same_bits(first(POINTS[0]), _function(POINTS[0], _data(1)))
    # Another turn of the code is a way of its own.
    data = -_data(5)
    other = replay.rebound(first, _observed(data, 5, runs), [1], [[data]])
    assert _same_bits(other(POINTS[0]), _function(POINTS[0], data))
    assert runs[n:] == [5] and replay.has_way(first, 5)


@pytest.mark.parametrize("verb", ["value_and_grad", "hessian", "gradient"])
def test_programs_are_shared_and_give_the_bits_of_the_data(verb):
    runs: list[int] = []
    first = Replay(_observed(_data(1), 1, runs))
    evaluators = {1: Evaluator(first, verb)}
    for seed in (2, 3):
        data = _data(seed)
        with torch.enable_grad():
            first(POINTS[0].clone().requires_grad_())
        bound = replay.rebound(first, _observed(data, seed, runs), [1], [[data]])
        evaluators[seed] = Evaluator(bound, verb)
    for _ in range(2):
        for seed, evaluator in evaluators.items():
            for x in POINTS:
                got = evaluator(bytearray(struct.pack("2d", *x.tolist())))
                want = getattr(derivatives, verb)(lambda x, s=seed: _function(x, _data(s)), x)
                parts = want if isinstance(want, tuple) else (want,)
                tensors = [torch.as_tensor(part, dtype=torch.float64) for part in parts]
                numbers = [v for part in tensors for v in part.reshape(-1).tolist()]
                assert list(struct.unpack(f"{len(numbers)}d", got)) == numbers
    programs = [evaluator._programs for evaluator in evaluators.values()]
    assert all(found is programs[0] for found in programs)
    assert len(programs[0]) == 1


def test_programs_are_those_of_the_default_dtype():
    def f(x):
        return (x * torch.full((2,), 1 / 3)).sum()

    evaluator = Evaluator(Replay(f), "gradient")
    x = bytearray(struct.pack("2d", 1, 2))
    found = []
    try:
        for _ in range(2):
            for dtype in (torch.float32, torch.float64):
                torch.set_default_dtype(dtype)
                found.append({evaluator(x) for _ in range(5)})
    finally:
        torch.set_default_dtype(torch.float32)
    assert found[0] == found[2] != found[1] == found[3]
    assert all(len(values) == 1 for values in found)


def test_data_are_not_changed_and_what_is_paused_is_not_noted():
    data = _data(1)

    def changes(x):
        replay.take_data(data)
        data.mul_(2)
        return (x * data[:2]).sum()

    function = Replay(changes)
    function(POINTS[0])
    assert "changes the values of a tensor" in (replay.reason(function) or "")

    def pauses(x):
        replay.pause(True)
        x.tolist()
        replay.pause(False)
        return (x**2).sum()

    function = Replay(pauses)
    function(POINTS[0])
    assert replay.reason(function) is None
    assert _same_bits(function(POINTS[1]), (POINTS[1] ** 2).sum())


def test_a_run_that_starts_again_is_the_last_one():
    def f(x):
        (x**3).sum().item()
        replay.start_again()
        return (x**2).sum()

    function = Replay(f)
    for x in POINTS:
        assert _same_bits(function(x), (x**2).sum())
    assert len(next(iter(function._paths.values()))) == 1


def test_where_the_shape_depends_on_values_another_shape_is_another_way():
    def f(x):
        kept = x[x > 0]
        return kept.sum() / len(kept)

    function = Replay(f)
    for values in ((1.0, 2.0), (1.0, -2.0), (3.0, 4.0), (-1.0, 5.0)):
        x = torch.tensor(values, dtype=torch.float64)
        assert _same_bits(function(x), f(x))


def test_bits_are_alike_or_not():
    nan, zero = torch.tensor([float("nan"), 0.0]), torch.tensor([float("nan"), -0.0])
    assert replay.alike(nan, nan.clone()) and not replay.alike(nan, zero)
    assert not replay.alike(nan, nan.double()) and not replay.alike(nan[:1], nan)
    assert replay.alike(1.0, 1.0) and not replay.alike(1.0, nan)


def test_memory_that_is_held_counts_once():
    data = torch.rand(50, 40, dtype=torch.float64)
    other = torch.rand(10, dtype=torch.float64)

    def f(x):
        rows = data if bool(x[0] > 0) else data.t()
        return (data[:, :2] @ x).sum() + (data[0] * x[0]).sum() + rows[3, 4] + other.sum() * x[1]

    function = Replay(f)
    for x in POINTS:
        assert _same_bits(function(x), f(x))
    assert replay.reason(function) is None
    assert data.nbytes + other.nbytes <= replay.held_bytes(function) < 1.5 * data.nbytes
