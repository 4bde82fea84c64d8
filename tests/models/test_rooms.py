"""The rooms of `models/`: who imports whom, and what the package shows."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from torchbridge import models

FOLDER = Path(__file__).parents[2] / "models"

#: Room -> the rooms it may import; files outside a room are helpers that import no room.
ROOMS = {
    "callbacks": set(),
    "training": {"callbacks"},
    "networks": set(),
    "exact": set(),
    "table": {"callbacks", "training", "networks", "exact"},
    "tuning": {"callbacks", "training", "table"},
    "for_r": {"callbacks", "training", "exact", "table", "tuning"},
}


def place(path):
    """A file as a path of names: ("training", "loop")."""
    return path.relative_to(FOLDER).with_suffix("").parts


def imported(path, inside_functions=False):
    """The files of models/ that a file imports when it is run, each as a path of names."""
    tree = ast.parse(path.read_text())
    nodes = list(ast.walk(tree)) if inside_functions else list(tree.body)
    if inside_functions:
        nodes = [
            node
            for function in nodes
            if isinstance(function, (ast.FunctionDef, ast.Lambda))
            for node in ast.walk(function)
        ]
    # What only a type checker reads stands under `if TYPE_CHECKING`, which is no import.
    found = []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            here = path.relative_to(FOLDER).parent.parts
            base = here[: len(here) - node.level + 1]
            parts = (*base, *(node.module or "").split("."))
            for name in node.names:
                inner = FOLDER.joinpath(*parts, f"{name.name}.py")
                package = FOLDER.joinpath(*parts, "__init__.py")
                outer = (*parts, "__init__") if package.is_file() else parts
                found.append((*parts, name.name) if inner.is_file() else outer)
        elif isinstance(node, ast.ImportFrom) and "torchbridge.models" in (node.module or ""):
            found.append(tuple(node.module.split(".")[2:]))
    return found


def files():
    return [path for path in sorted(FOLDER.rglob("*.py")) if path != FOLDER / "__init__.py"]


def test_every_file_stands_in_a_room_or_helps_them_all():
    assert {path.name for path in FOLDER.glob("*.py")} == {
        "__init__.py",
        "arguments.py",
        "randomness.py",
    }
    assert {path.parent.name for path in FOLDER.glob("*/__init__.py")} == set(ROOMS)


def test_no_room_imports_upward():
    up = [
        (place(path), target)
        for path in files()
        for target in imported(path)
        if len(target) > 1 or target[0] in ROOMS
        for room in [place(path)[0]]
        if target[0] != room and target[0] not in ROOMS.get(room, set())
    ]
    assert up == []
    assert list(TopologicalSorter(ROOMS).static_order())


def test_no_two_files_import_each_other():
    graph = {place(path): imported(path) for path in files()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_no_import_of_ours_hides_in_a_function():
    hidden = [(place(path), found) for path in files() if (found := imported(path, True))]
    assert hidden == []


def test_dir_shows_public_names_only():
    for name in models.__all__:
        assert getattr(models, name) is not None
    shown = [name for name in dir(models) if not name.startswith("__")]
    assert shown == sorted(models.__all__)
    assert {"__doc__", "__name__"} <= set(dir(models))
