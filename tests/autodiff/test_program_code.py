"""Programs of long vectors, which go in blocks: the bits of the whole, and what a loop holds."""

from __future__ import annotations

import pytest
import torch

from torchbridge.autodiff import program_code
from torchbridge.autodiff.evaluator import VERBS
from torchbridge.autodiff.programs import record

GENERATOR = torch.Generator().manual_seed(1)
N = 70_001  # blocks, and a rest that is no multiple of the processor's vectors
Y = torch.randn(N, generator=GENERATOR, dtype=torch.float64)
X = torch.randn(3, N, generator=GENERATOR, dtype=torch.float64).mT


def _mixture(p):
    def density(mean, log_sd):
        z = (Y - mean) / log_sd.exp()
        return (-0.5 * z * z - log_sd).exp()

    w = p[0].sigmoid()
    return -(w * density(p[1], p[2]) + (1 - w) * density(p[1] + 2, 0.1 * p[2])).log().sum()


def _counts(p):
    rate = (X @ p.reshape(3, 1)).exp()  # (N, 1)
    some = torch.where(rate > 1, rate.log1p(), torch.lgamma(rate + 1))
    return (rate - Y.reshape(-1, 1) * some).sum()


def _stages(p):
    """A sum that the next vectors need, and a branch on it."""
    centred = (Y * p[0]).sin()
    centred = centred - centred.mean()
    if bool(centred.abs().sum() > 0):
        centred = (centred * p[1]).unsqueeze(0) * p.reshape(3, 1)
    return (centred**2).sum() + centred.cumsum(1).tanh().mean()


@pytest.mark.parametrize("f", [_mixture, _counts, _stages])
@pytest.mark.parametrize("verb", ["value", "value_and_grad", "hessian"])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bits_in_blocks(f, verb, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        x = torch.tensor([0.3, -0.2, 0.4], dtype=torch.float64)
        program = record(VERBS[verb].core, f, [x], [Y, X])
        for point in (x, x + 0.01, x * 0.9):
            leaf = point.clone().requires_grad_(verb != "value")
            for got, want in zip(program(point), VERBS[verb].core(f, leaf), strict=True):
                assert torch.equal(got, want)
    finally:
        torch.set_num_threads(before)


def _plan_of(f, verb="value_and_grad"):
    x = torch.tensor([0.3, -0.2, 0.4], dtype=torch.float64)
    plans = []
    original = program_code._Writer.__init__

    def noted(self, plan):
        plans.append(plan)
        original(self, plan)

    program_code._Writer.__init__ = noted
    try:
        record(VERBS[verb].core, f, [x], [Y, X])
    finally:
        program_code._Writer.__init__ = original
    return plans[0]


def test_only_what_works_element_by_element_goes_in_blocks_and_only_sums_need_the_whole():
    parts, _ = program_code._parts(_plan_of(_mixture))
    loops = [part for part in parts if isinstance(part, program_code._Loop)]
    assert len(loops) == 1
    assert all(torch.Tag.pointwise in step.op.tags for step in loops[0].steps)
    summed = [p for p in parts if isinstance(p, program_code.Step) and "sum" in str(p.op)]
    assert sorted(loops[0].whole) == sorted({i for step in summed for i in step.refs()})


def test_a_sum_that_later_vectors_need_ends_a_stage():
    parts, _ = program_code._parts(_plan_of(_stages, "value"))
    kinds = [isinstance(part, program_code._Loop) for part in parts]
    assert kinds.count(True) >= 2
    assert kinds.index(True) < kinds.index(False, kinds.index(True)) < len(kinds) - 1


def test_short_vectors_go_as_they_are():
    x = torch.tensor([0.3, 0.2], dtype=torch.float64)
    program = record(VERBS["value"].core, lambda x: (Y[:1000] * x[0] + x[1]).sum(), [x], [Y])
    assert "range" not in program._run.__code__.co_names


@pytest.mark.parametrize(("threads", "rows", "length"), [(1, 1, 2**14), (4, 1, 2**17), (1, 5, 3072),
                                                         (1, 100, 1024)])  # fmt: skip
def test_a_block_is_for_a_cache_and_for_each_thread(monkeypatch, threads, rows, length):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert program_code.block_length(rows) == length
