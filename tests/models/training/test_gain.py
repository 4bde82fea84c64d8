"""What a fit would gain as a program is said where it is much, and once."""

import sys

import pytest

from torchbridge.models import fit, mlp
from torchbridge.models.callbacks import ProgressLines
from torchbridge.models.training import gain

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="jax asks for Python 3.11")


def said(regression, monkeypatch, **options):
    """What a fit says when everything counts as long."""
    monkeypatch.setattr(gain, "_said", [])
    monkeypatch.setattr(gain, "_SHORT", 0.0)
    monkeypatch.setattr(gain, "_COMPILING", 0.0)
    monkeypatch.setattr(gain, "_STEP", 0.0)
    lines = []
    for _ in range(2):
        callbacks = [ProgressLines(lines.append)]
        fit(mlp(3, [4], 1), *regression, epochs=2, callbacks=callbacks, progress=False, **options)
    return lines


def test_it_is_said_once(regression, monkeypatch):
    (line,) = said(regression, monkeypatch, batch_size=10)
    assert line.startswith('10 small steps took 0 s; with compile = "xla" such a fit would take')


def test_it_is_not_said_of_what_xla_does_not_take_or_would_not_help(regression, monkeypatch):
    assert said(regression, monkeypatch, optimizer="lbfgs") == []
    monkeypatch.setattr(gain, "_SPEED", 1.0)
    assert said(regression, monkeypatch) == []


def test_short_and_silent_fits_say_nothing(regression, monkeypatch, capsys):
    monkeypatch.setattr(gain, "_said", [])
    fit(mlp(3, [4], 1), *regression, epochs=2)
    monkeypatch.setattr(gain, "_SHORT", 0.0)
    monkeypatch.setattr(gain, "_COMPILING", 0.0)
    monkeypatch.setattr(gain, "_STEP", 0.0)
    fit(mlp(3, [4], 1), *regression, epochs=2, progress=False)
    assert gain._said == [] and capsys.readouterr().err == ""
