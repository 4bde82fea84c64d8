"""Python chunks of a document that R's knitr runs: what each prints and draws, in its order.

The chunks share the main module with ``py_run()``. R's variables are the attributes of ``r`` there.

Tests: test-python-chunks.R.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
from collections.abc import Callable
from typing import Any

from torchbridge.values.main_module import main


class RVariables:
    """The variables of an R environment as attributes, by two functions of R's."""

    def __init__(self, get: Callable[[str], Any], put: Callable[[str, Any], Any]) -> None:
        vars(self).update(_get=get, _put=put)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._put(name, value)


def share(get: Callable[[str], Any], put: Callable[[str, Any], Any]) -> None:
    """Make R's variables those of ``r`` in the main module."""
    vars(main())["r"] = RVariables(get, put)


def run(code: str, stem: str, size: list[float], dpi: float) -> list[dict[str, str]]:
    """Run a chunk; its blocks are source, output and figure (the path of a PNG file).

    ``stem`` is what the files of the figures begin with, ``size`` their inches. The value of an
    expression is shown as Python's prompt shows it, but for one that ends in a semicolon.
    """
    lines = code.splitlines()
    blocks: list[dict[str, str]] = []
    begun = 0
    for node in ast.parse(code, "<chunk>").body:
        end = node.end_lineno or len(lines)
        shown = _run_statement(node, quiet=lines[end - 1].rstrip().endswith(";"))
        if shown:
            blocks.append({"kind": "source", "text": "\n".join(lines[begun:end])})
            blocks.append({"kind": "output", "text": shown})
            begun = end
    if begun < len(lines):
        blocks.append({"kind": "source", "text": "\n".join(lines[begun:])})
    # Several statements draw one figure, so that the chunk's end is where it stands.
    return blocks + [{"kind": "figure", "text": file} for file in _figures(stem, size, dpi)]


def _run_statement(node: ast.stmt, quiet: bool) -> str:
    """Run one statement in the main module; what it printed, and the value of an expression."""
    names = vars(main())
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if not isinstance(node, ast.Expr):
            exec(compile(ast.Module([node], []), "<chunk>", "exec"), names)
            return printed.getvalue()
        value = eval(compile(ast.Expression(node.value), "<chunk>", "eval"), names)
        # What matplotlib gives is the figure that is shown.
        if value is not None and not quiet and not _open_figures():
            print(repr(value))
    return printed.getvalue()


def _open_figures() -> list[int]:
    """The numbers of matplotlib's figures, where it is loaded."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return [] if pyplot is None else list(pyplot.get_fignums())


def _figures(stem: str, size: list[float], dpi: float) -> list[str]:
    """Save and close matplotlib's figures; their files."""
    files = []
    for figure in _open_figures():
        pyplot = sys.modules["matplotlib.pyplot"]
        drawn = pyplot.figure(figure)
        drawn.set_size_inches(*size)
        files.append(f"{stem}python-{figure}.png")
        drawn.savefig(files[-1], dpi=dpi, bbox_inches="tight")
        pyplot.close(drawn)
    return files
