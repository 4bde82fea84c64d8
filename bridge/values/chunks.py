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
from typing import Any, TypeAlias

import numpy as np

from torchbridge.process import host
from torchbridge.values.main_module import main
from torchbridge.values.objects import is_frame

#: What it is ("kind"), and its text or its value.
_Block: TypeAlias = dict[str, object]


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


def run(code: str, stem: str, size: list[float], dpi: float, go_on: bool) -> list[_Block]:
    """Run a chunk; its blocks are source and output, and what R shows: figure, html, value, error.

    ``stem`` is what the files of the figures begin with, ``size`` their inches. The value of an
    expression is shown as Python's prompt shows it, but for one that ends in a semicolon; what
    notebooks show as HTML or Markdown is given as such, data frames and R's objects as they are.
    With ``go_on`` an exception is a block of the output, and the statements after it run.
    """
    lines = code.splitlines()
    blocks: list[_Block] = []
    begun = 0
    for node in ast.parse(code, "<chunk>").body:
        end = node.end_lineno or len(lines)
        shown = _run_statement(node, lines[end - 1].rstrip().endswith(";"), go_on)
        if shown and end > begun:
            blocks.append({"kind": "source", "text": "\n".join(lines[begun:end])})
            begun = end
        blocks += shown
    if begun < len(lines):
        blocks.append({"kind": "source", "text": "\n".join(lines[begun:])})
    # Several statements draw one figure, so that the chunk's end is where it stands.
    for file in _figures(stem, size, dpi):
        blocks.append({"kind": "figure", "text": file})
    return blocks


def _run_statement(node: ast.stmt, quiet: bool, go_on: bool) -> list[_Block]:
    """Run one statement in the main module; what it printed, and the value of an expression."""
    names = vars(main())
    printed = io.StringIO()
    more: list[_Block] = []
    try:
        with contextlib.redirect_stdout(printed):
            if isinstance(node, ast.Expr):
                value = eval(compile(ast.Expression(node.value), "<chunk>", "eval"), names)
                if value is not None and not quiet and not _is_drawn(value):
                    more = [_shown(value)]
            else:
                exec(compile(ast.Module([node], []), "<chunk>", "exec"), names)
    except Exception as error:
        if not go_on:
            raise
        more = [{"kind": "error", "text": f"{type(error).__name__}: {error}"}]
    text = printed.getvalue()
    if text:
        more.insert(0, {"kind": "output", "text": text})
    return more


def _shown(value: object) -> _Block:
    """The value of an expression as a block."""
    if is_frame(value) or isinstance(value, host.native().RObject):
        return {"kind": "value", "value": value}
    for kind in ("markdown", "html"):
        method = getattr(type(value), f"_repr_{kind}_", None)
        text = None if method is None else method(value)
        if isinstance(text, str):
            return {"kind": kind, "text": text, "plain": repr(value)}
    return {"kind": "output", "text": f"{value!r}\n"}


def _is_drawn(value: object) -> bool:
    """Is it what a function of matplotlib gives for what it drew, which the figure shows?"""
    if not _open_figures():
        return False
    if isinstance(value, dict):
        return any(map(_is_drawn, value.values()))
    if isinstance(value, np.ndarray):
        return value.dtype == object and any(map(_is_drawn, value.flat))
    if isinstance(value, (list, tuple)):
        return any(map(_is_drawn, value))
    return type(value).__module__.startswith(("matplotlib.", "mpl_toolkits.", "seaborn."))


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
