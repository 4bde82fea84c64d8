"""Read the Python reference from the docstrings: ``reference.py FILE`` writes it as JSON."""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import torchbridge
from torchbridge import autograd, data, models

MODULES = (torchbridge, autograd, data, models)
SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Yields", "Note", "Example", "Source")


def module_of(module: Any) -> dict[str, Any]:
    """A module: its name, what it says of itself, and each public name."""
    names = getattr(module, "__all__", None) or sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("torchbridge")
    )
    entries = [entry_of(name, getattr(module, name)) for name in names]
    return {
        "name": module.__name__,
        "text": markdown(inspect.getdoc(module) or ""),
        "entries": [entry for entry in entries if entry],
    }


def entry_of(name: str, value: Any) -> dict[str, str] | None:
    """A function or class with its signature; a class with its public methods, too."""
    if inspect.ismodule(value) or not callable(value):
        return None
    text = markdown(inspect.getdoc(value) or "")
    if inspect.isclass(value):
        for method, function in vars(value).items():
            function = getattr(function, "__func__", function)
            if method.startswith("_") or not inspect.isfunction(function):
                continue
            says = markdown(inspect.getdoc(function) or "")
            text += f"\n\n**`{method}{signature_of(function)}`**\n\n{says}"
    return {"name": name, "signature": f"{name}{signature_of(value)}", "text": text}


def signature_of(value: Any) -> str:
    """Arguments and defaults, one a line where they are many."""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return "(...)"
    plain = [
        str(p.replace(annotation=p.empty))
        for name, p in signature.parameters.items()
        if name not in ("self", "cls")
    ]
    plain = [re.sub(r" at 0x[0-9a-f]+", "", p) for p in plain]
    line = f"({', '.join(plain)})"
    return line if len(line) < 80 else "(\n    " + ",\n    ".join(plain) + ",\n)"


def markdown(docstring: str) -> str:
    """A docstring (Google's sections, reST's double backticks) as Markdown."""
    text = re.sub(r"``(.+?)``", r"`\1`", docstring)
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    lines: list[str] = []
    inside = ""
    for line in text.split("\n"):
        head = re.fullmatch(r"(\w+):", line)
        if head and head[1] in SECTIONS:
            inside = head[1]
            lines += ["", f"**{inside}**", ""]
        elif inside and line.startswith("    ") and not line.startswith("     "):
            item = re.match(r"    ([\w*., ]+): (.*)", line)
            named = inside in ("Args", "Attributes", "Raises") and item
            lines.append(f"* `{item[1]}`: {item[2]}" if named and item else line.strip())
        elif inside and line.startswith("        "):
            lines.append("  " + line.strip())
        else:
            inside = "" if line.strip() else inside
            lines.append(re.sub(r"::$", ":", line))
    return "\n".join(lines)


if __name__ == "__main__":
    found = [module_of(module) for module in MODULES]
    Path(sys.argv[1]).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
