"""What lower rooms, and the C core, ask of higher ones: functions by name, found at first use.

The table is `torchbridge.wiring`, which stands above every room and registers here when
torchbridge is imported. Nothing heavy is imported before it is asked for.

Tests: tests/test_wiring.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

_places: dict[str, str] = {}
_found: dict[str, Any] = {}


def register(places: Mapping[str, str]) -> None:
    """Say where what is asked for is: ``{"freeze": "torchbridge.saving.frozen:freeze"}``.

    A place without a colon is a module.
    """
    _places.update(places)
    for name in places:
        _found.pop(name, None)


def get(name: str) -> Any:
    """What is registered by this name; imported at its first use, and kept.

    Raises:
        KeyError: nothing is registered by this name.
    """
    found = _found.get(name)
    if found is None:
        found = _found[name] = load(_places[name])
    return found


def load(place: str) -> Any:
    """The object at a place such as ``"torchbridge.values.to_r:to_r"``."""
    module, _, attribute = place.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
