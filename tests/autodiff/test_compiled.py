"""Programs as machine code: the same but for rounding, for any data of the same shape."""

from __future__ import annotations

import shutil
import struct

import pytest
import torch

from torchbridge.autodiff import compiled, derivatives
from torchbridge.autodiff.evaluator import Evaluator
from torchbridge.autodiff.replay import Replay

needs_compiler = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
)


def _of(y):
    def f(x):
        size = ((y - x[0]) ** 2 * (-x[0]).exp()).neg().sum().neg() * x[1].exp()
        return size + x[1] if bool(x[0] > 0) else size

    return f


def _numbers(evaluator, *values):
    found = evaluator(bytearray(struct.pack("2d", *values)))
    return list(struct.unpack(f"{len(found) // 8}d", found))


@needs_compiler
def test_compiled_it_is_the_same_and_other_data_are_not_compiled_again():
    for n in range(2):
        f = _of(torch.linspace(-1, 1 + n, 50, dtype=torch.float64))
        evaluator = Evaluator(Replay(f), "value_and_grad_or_nan", None, True)
        for values in [(0.5, 0.2), (0.7, 0.1), (0.3, -1.0), (-0.5, 0.4)]:
            x = torch.tensor(values, dtype=torch.float64)
            value, slope = derivatives.value_and_grad(f, x)
            want = [value, *slope.tolist()]
            assert _numbers(evaluator, *values) == pytest.approx(want, rel=1e-12)
        ((code, _way),) = evaluator._programs
        assert isinstance(code, compiled.CompiledProgram), evaluator.why
    assert len(compiled._CODE) == 1


def test_without_a_compiler_it_runs_as_it_did(monkeypatch):
    def fails(*_):
        raise compiled.NoProgramError("it takes a C++ compiler")

    monkeypatch.setattr(compiled, "_compile", fails)
    f = _of(torch.ones(3, dtype=torch.float64))
    evaluator = Evaluator(Replay(f), "gradient", None, True)
    for values in [(0.5, 0.2), (0.7, 0.1), (0.5, 0.2)]:
        x = torch.tensor(values, dtype=torch.float64)
        assert _numbers(evaluator, *values) == derivatives.gradient(f, x).tolist()
    assert "C++ compiler" in evaluator.why
