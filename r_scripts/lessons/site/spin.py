"""Run lessons written in Python and leave what they show for their pages.

A lesson's cells begin with ``# %%``; ``# %% [markdown]`` begins prose, each line behind ``# ``.
A figure's alternative text is its title, or its axes'.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.collections import QuadMesh  # noqa: E402

STYLE = {
    "figure.figsize": (7, 4.2),
    "figure.dpi": 150,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.prop_cycle": matplotlib.cycler(color=["#0072B2", "#D55E00", "#009E73", "#CC79A7"]),
}


def spin(lesson: Path, to: Path) -> dict[str, Any]:
    """Run a lesson, write its blocks to ``to/NAME.json`` and return the variables it leaves."""
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(lesson)}
    blocks: list[dict[str, Any]] = []
    (to / "figures").mkdir(parents=True, exist_ok=True)
    with plt.rc_context(STYLE):
        for kind, text in cells(lesson.read_text(encoding="utf-8")):
            blocks.append({"kind": kind, "text": text})
            if kind == "code":
                blocks += run_cell(text, names, lesson, to)
    file = to / f"{lesson.stem}.json"
    file.write_text(json.dumps(blocks, ensure_ascii=False), encoding="utf-8")
    return names


def cells(source: str) -> list[tuple[str, str]]:
    """Split a script into ("prose" or "code", text)."""
    found = []
    for part in re.split(r"^# %%", source, flags=re.MULTILINE)[1:]:
        mark, _, text = part.partition("\n")
        if "[markdown]" in mark:
            found.append(("prose", re.sub(r"^# ?", "", text, flags=re.MULTILINE).strip()))
        elif text.strip():
            found.append(("code", text.strip()))
    return found


def run_cell(code: str, names: dict[str, Any], lesson: Path, to: Path) -> list[dict[str, Any]]:
    """Run one cell: what it printed, the value of a last expression, its figures."""
    printed = io.StringIO()
    tree = ast.parse(code, lesson.name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, lesson.name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), lesson.name, "eval"), names)
            if value is not None and not plt.get_fignums():
                print(value)
    blocks: list[dict[str, Any]] = [{"kind": "output", "text": printed.getvalue()}]
    for number in plt.get_fignums():
        figure = plt.figure(number)
        title = figure.get_suptitle() or "; ".join(a.get_title() for a in figure.axes)
        if not title.strip():
            raise ValueError(f"A figure of {lesson.name} has no title")
        file = f"figures/{lesson.stem}-python-{len(list(to.glob('figures/*')))}.png"
        figure.savefig(to / file, bbox_inches="tight")
        # Of images and filled cells, colours mean something.
        is_picture = any(
            axes.images or any(isinstance(c, QuadMesh) for c in axes.collections)
            for axes in figure.axes
        )
        blocks.append({"kind": "figure", "text": file, "alt": title, "picture": is_picture})
    plt.close("all")
    return blocks


if __name__ == "__main__":
    for name in sys.argv[2:]:
        spin(Path(name), Path(sys.argv[1]))
