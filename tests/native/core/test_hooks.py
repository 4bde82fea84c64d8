"""core/hooks.c: what the core asks of Python is looked up once, by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from torchbridge import RError, wiring
from torchbridge.process import hooks

SOURCE = Path(__file__).resolve().parents[3] / "bridge" / "native" / "core" / "hooks.c"


@pytest.fixture
def look_up(core):
    """look_up(lookup): the core asks another lookup during the test."""
    yield core.set_hooks
    core.set_hooks(hooks.get)


def test_every_hook_of_the_core_is_in_the_table_and_there():
    names = re.findall(r'\[TB_HOOK_\w+\] = "(\w+)"', SOURCE.read_text())
    assert sorted(names) == sorted(wiring.CORE)
    for name in names:
        assert hooks.get(name) is not None


def test_a_hook_is_looked_up_once(r, look_up):
    asked = []
    look_up(lambda name: asked.append(name) or hooks.get(name))
    for _ in range(3):
        assert r("structure(1, class = 'units')").value() == 1
    assert asked == ["from_r"]


def test_a_hook_that_is_not_there_is_an_error_each_time(r, look_up):
    def nothing(name):
        raise KeyError(name)

    look_up(nothing)
    for _ in range(2):
        with pytest.raises(KeyError, match="from_r"):
            r("structure(1, class = 'units')").value()


def test_another_lookup_takes_over(r, look_up):
    look_up(lambda name: {"from_r": lambda x, *how: x.classes}.get(name) or hooks.get(name))
    assert r("structure(1, class = 'units')").value() == ("units",)
    look_up(hooks.get)
    assert r("structure(1, class = 'units')").value() == 1


def test_only_a_function_is_a_lookup(core):
    with pytest.raises(TypeError, match="lookup: expected a function"):
        core.set_hooks(5)


def test_the_class_of_r_errors_is_a_hook(r, look_up):
    class Mine(RError):
        pass

    look_up(lambda name: Mine if name == "RError" else hooks.get(name))
    with pytest.raises(Mine, match="no"):
        r("function() stop('no')")()
