"""The rooms of `models/`: no knots, and what the package shows.

That no room imports upward is held by tests/test_house.py.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from torchbridge import models

FOLDER = Path(__file__).parents[2] / "models"


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
