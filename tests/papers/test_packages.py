"""What a wheel carries: pyproject.toml names each room, and where its files are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
FOLDERS = {"torchbridge": "bridge", "torchbridge.models": "models"}


def rooms() -> dict[str, str]:
    """Import name -> folder, of everything that Python imports."""
    found = {"torchbridge.r_package": "r_scripts/torchbridge"}
    for name, folder in FOLDERS.items():
        for file in (ROOT / folder).rglob("__init__.py"):
            inside = file.parent.relative_to(ROOT / folder).parts
            found[".".join([name, *inside])] = "/".join([folder, *inside])
    return found


def test_each_room_is_a_package():
    (listed,) = re.findall(r"^packages = \[(.*?)^\]", PYPROJECT, re.M | re.S)
    packages = re.findall(r'"([\w.]+)"', listed)
    assert sorted(packages) == sorted(rooms())


def test_each_package_is_found_in_its_folder():
    """One without a line of its own is looked for below the one that holds it."""
    (listed,) = re.findall(r"^\[tool.setuptools.package-dir\]\n(.*?)^$", PYPROJECT, re.M | re.S)
    lines = dict(re.findall(r'^"([\w.]+)" = "([\w/]+)"$', listed, re.M))
    for name, folder in rooms().items():
        outer, _, last = name.rpartition(".")
        assert lines.get(name, f"{lines.get(outer)}/{last}") == folder
