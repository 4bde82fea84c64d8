"""What lower rooms and the C core ask for by name is there."""

import pytest

from torchbridge import wiring
from torchbridge.process import hooks


@pytest.mark.parametrize("name", [*wiring.CORE, *wiring.ROOMS])
def test_each_name_has_its_answer(name):
    place = {**wiring.CORE, **wiring.ROOMS}[name]
    assert hooks.get(name) is hooks.load(place) is hooks.get(name)


def test_a_name_that_nobody_registered_is_an_error(monkeypatch):
    monkeypatch.setattr(hooks, "_places", dict(hooks._places))
    monkeypatch.setattr(hooks, "_found", dict(hooks._found))
    with pytest.raises(KeyError, match="depth"):
        hooks.get("depth")
    hooks.register({"depth": "math:pi"})
    assert hooks.get("depth") == pytest.approx(3.141592653589793, abs=0)
    hooks.register({"depth": "math"})
    assert hooks.get("depth").pi == hooks.load("math:pi")
