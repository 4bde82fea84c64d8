"""The native core stands in layers: what a file includes is below it, and no two need each other."""

from __future__ import annotations

import graphlib
import re
from pathlib import Path

NATIVE = Path(__file__).resolve().parents[2] / "bridge" / "native"
#: From the lowest up, as core/base.h says.
FOLDERS = ["core", "values", "calls", "torch", "arrow", ""]


def needs() -> dict[str, set[str]]:
    """A file and its header are one unit, such as core/errors: the units that it includes."""
    units: dict[str, set[str]] = {}
    for file in sorted(NATIVE.rglob("*.[ch]")):
        unit = str(file.relative_to(NATIVE).with_suffix(""))
        included = re.findall(r'^#include "(.+)\.h"', file.read_text(), re.M)
        units.setdefault(unit, set()).update(name for name in included if name != unit)
    return units


def folder_of(unit: str) -> str:
    return unit.rpartition("/")[0]


def test_no_file_needs_itself_through_others() -> None:
    order = list(graphlib.TopologicalSorter(needs()).static_order())
    assert order[0] == "core/base" and order[-1] == "module"


def test_a_lower_folder_asks_nothing_of_a_higher_one() -> None:
    up = [
        f"{unit} includes {other}"
        for unit, others in needs().items()
        for other in sorted(others)
        if FOLDERS.index(folder_of(other)) > FOLDERS.index(folder_of(unit))
    ]
    assert up == []


def test_torch_and_arrow_know_nothing_of_each_other_nor_of_calls() -> None:
    apart = ({"torch"}, {"arrow"}, {"calls"})
    for unit, others in needs().items():
        mine = {folder_of(unit)}
        if mine in apart:
            assert {folder_of(other) for other in others} <= {"core", "values"} | mine, unit
