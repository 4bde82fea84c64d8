"""R/gen-layers.R: the layers and losses of torch.nn as R functions.

Names, arguments and defaults are those of the installed PyTorch; what they mean is said in
layers_text.py. R/nn-layers.R makes functions of them.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

import header
from layers_text import ARGUMENTS, CONTAINERS, FAMILIES, Family

from torchbridge.rtorch import layers

#: Arguments that PyTorch keeps for old code, or for itself.
LEFT_OUT = {"size_average", "reduce", "min_value", "max_value", "_freeze", "_random_samples"}
#: Python's private names that R users of torch know with a dot.
RENAMED = {"_weight": ".weight"}


def files() -> dict[str, str]:
    """The R file for the installed PyTorch.

    Raises:
        ValueError: a class or an argument has no text yet, or a text has no class.
    """
    known = {name for family in FAMILIES.values() for name in family.layers}
    there = set(layers.names().values()) - CONTAINERS
    if known != there:
        raise ValueError(
            f"without text: {sorted(there - known)}; not in PyTorch: {sorted(known - there)}"
        )
    parts = [
        header.of_r() + header.of_torch() + "# nolint start\n",
        classes(),
        *(family_text(name, family) for name, family in FAMILIES.items()),
        "# nolint end\n",
    ]
    return {"R/gen-layers.R": "\n".join(parts)}


def classes() -> str:
    """The table of R's names: R/nn-layers.R makes the functions from it."""
    names = [layer for family in FAMILIES.values() for layer in family.layers]
    rows = ",\n".join(f'  {layers.r_spelling(name)} = "{name}"' for name in names)
    return f"# R function -> class of torch.nn.\nlayer_classes <- c(\n{rows}\n)\n"


def family_text(name: str, family: Family) -> str:
    """One help page and its functions."""
    signatures = {layer: arguments(layer) for layer in family.layers}
    lines = [f"#' {family.title}", "#'"]
    lines += comment(family.description)
    lines += ["#'"]
    for layer, text in family.layers.items():
        lines += bullet(f"`{layers.r_spelling(layer)}()`: {text}")
    for title, text in family.sections.items():
        lines += ["#'", f"#' @section {title}:", *comment(text)]
    lines += ["#'"]
    seen: list[str] = []
    for parameters in signatures.values():
        seen += [p for p in parameters if p not in seen]
    for parameter in seen:
        text = family.arguments.get(parameter) or ARGUMENTS.get(parameter)
        if text is None:
            raise ValueError(f"{name}: argument {parameter} has no text yet")
        lines += comment(f"@param {parameter} {text}", indent="  ")
    lines += comment(f"@return {family.value}", indent="  ")
    lines += ['#\' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))']
    lines += [f"#' {line}" for line in family.example.strip().splitlines()]
    lines += [f"#' @name {name}", "NULL", ""]
    for layer, parameters in signatures.items():
        lines += [f"#' @rdname {name}", "#' @export", *definition(layer, parameters), ""]
    return "\n".join(lines)


def arguments(name: str) -> dict[str, str | None]:
    """R's names of a layer's arguments -> the default in R, None where there is none."""
    cls = layers.class_called(name)
    if name == "Identity":
        return {"...": None}
    found = {
        RENAMED.get(p.name, p.name): None if p.default is p.empty else default(p)
        for p in layers.signature(cls)
        if p.name not in LEFT_OUT
    }
    if ".weight" in found:  # R torch has it last, before what PyTorch alone has
        last = [p for p in (".weight", "device", "dtype") if p in found]
        found.update({p: found.pop(p) for p in last})
    return found


def default(parameter: inspect.Parameter) -> str:
    """A default as R writes it; dims count from 1."""
    value: Any = parameter.default
    if value is None or value == ():
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return f'"{value}"'
    if inspect.isfunction(value):
        return f'"{value.__name__}"'
    if parameter.name in layers.DIMS and value >= 0:
        value += 1
    if isinstance(value, float):
        return "1 / 3" if value == 1 / 3 else f"{value:g}"
    return str(value)


def definition(name: str, parameters: dict[str, str | None]) -> list[str]:
    """The R code of one layer."""
    formals = [p if d is None else f"{p} = {d}" for p, d in parameters.items()]
    head = f"{layers.r_spelling(name)} <- function("
    line = f"{head}{', '.join(formals)}) NULL"
    if len(line) <= 100:
        return [line]
    body = textwrap.wrap(", ".join(formals), 96, initial_indent="  ", subsequent_indent="  ")
    return [head, *body, ") NULL"]


def comment(text: str, indent: str = "") -> list[str]:
    """Roxygen lines of a text; blank lines separate paragraphs."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if lines:
            lines.append("#'")
        lines += textwrap.wrap(
            " ".join(paragraph.split()),
            97,
            initial_indent="#' ",
            subsequent_indent=f"#' {indent}",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


def bullet(text: str) -> list[str]:
    """One point of a list."""
    return textwrap.wrap(
        text,
        97,
        initial_indent="#' * ",
        subsequent_indent="#'   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
