"""R/gen-layers.R: the layers and losses of torch.nn as R functions.

Names, arguments and defaults are those of the installed PyTorch; what they mean is said in
layers_text.py. R/nn-layers.R makes functions of them.
"""

from __future__ import annotations

import inspect
import itertools
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
#: What comes last and R's torch has not got: it goes through `...`, so that packages which read the
#: arguments of a layer find those that they know. Of every class, of normalizing ones, of some.
BESIDES = {"device", "dtype"}
BESIDES_OF_NORMS = {"bias"}
BESIDES_OF = {
    "Hardsigmoid": {"inplace"},
    "Hardswish": {"inplace"},
    "LSTM": {"proj_size"},
    "TransformerEncoder": {"enable_nested_tensor", "mask_check"},
    "Upsample": {"recompute_scale_factor"},
}
#: Arguments that have no default there.
NO_DEFAULT = {"Softmax": {"dim"}, "LogSoftmax": {"dim"}, "Softmin": {"dim"}}


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
        further(),
        bases(),
        *(family_text(name, family) for name, family in FAMILIES.items()),
        "# nolint end\n",
    ]
    return {"R/gen-layers.R": "\n".join(parts)}


def classes() -> str:
    """The table of R's names: R/nn-layers.R makes the functions from it."""
    names = [layer for family in FAMILIES.values() for layer in family.layers]
    rows = ",\n".join(f'  {layers.r_spelling(name)} = "{name}"' for name in names)
    return f"# R function -> class of torch.nn.\nlayer_classes <- c(\n{rows}\n)\n"


def further() -> str:
    """The table of what formals() do not show: R/nn-layers.R reads `...` by it."""
    rows = []
    for family in FAMILIES.values():
        for layer in family.layers:
            names = [*besides(layer), *sorted(NO_DEFAULT.get(layer, ()))]
            if names:
                quoted = ", ".join(f'"{name}"' for name in names)
                rows.append(f"  {layer} = c({quoted})")
    head = "# Class -> arguments that go through `...`, or have a default that is not shown."
    return "\n".join((head, "further_arguments <- list(", ",\n".join(rows), ")", ""))


def bases() -> str:
    """The table of the R classes that layers have besides their own."""
    rows = []
    for family in FAMILIES.values():
        for layer in family.layers:
            names = layers.classes_of(layers.class_called(layer))[1:]
            if names:
                quoted = ", ".join(f'"{name}"' for name in names)
                rows.append(f"  {layer} = c({quoted})")
    head = "# Class of torch.nn -> R classes of its layers besides their own."
    return "\n".join((head, "layer_bases <- list(", ",\n".join(rows), ")", ""))


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
    for parameter in dict.fromkeys(p for found in signatures.values() for p in found):
        if parameter != "...":
            lines += comment(f"@param {parameter} {argument_text(name, parameter)}", indent="  ")
    lines += dots_text(name, signatures)
    lines += comment(f"@return {family.value}", indent="  ")
    lines += ['#\' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))']
    lines += [f"#' {line}" for line in family.example.strip().splitlines()]
    lines += [f"#' @name {name}", "NULL", ""]
    for layer, parameters in signatures.items():
        lines += [f"#' @rdname {name}", "#' @export", *definition(layer, parameters), ""]
    return "\n".join(lines)


def argument_text(family: str, name: str) -> str:
    """What an argument means on the page of a family."""
    text = FAMILIES[family].arguments.get(name) or ARGUMENTS.get(name)
    if text is None:
        raise ValueError(f"{family}: argument {name} has no text yet")
    return text


def dots_text(family: str, signatures: dict[str, dict[str, str | None]]) -> list[str]:
    """What `...` takes, for each layer that has it: a list."""
    if not any("..." in found for found in signatures.values()):
        return []
    layers_of: dict[str, list[str]] = {}
    for layer, found in signatures.items():
        for name in besides(layer) if "..." in found else []:
            layers_of.setdefault(name, []).append(layer)
    if not layers_of:
        return comment(f"@param ... {ARGUMENTS['...']}", indent="  ")
    lines = ["#' @param ... What R's torch has not got, by name:"]
    with_dots = [layer for layer, found in signatures.items() if "..." in found and besides(layer)]
    for name, those in layers_of.items():
        others = [layer for layer in with_dots if layer not in those]
        shorter = min((those, others), key=len)
        only = ", ".join(f"`{layers.r_spelling(layer)}()`" for layer in shorter)
        text = argument_text(family, name)
        if others:
            text += f" ({only})" if shorter is those else f" (Not: {only}.)"
        lines += [line.replace("#' ", "#'   ", 1) for line in bullet(f"`{name}`: {text}")]
    return lines


def arguments(name: str) -> dict[str, str | None]:
    """R's names of a layer's arguments -> the default in R, None where there is none."""
    if name == "Identity":
        return {"...": None}
    found = {
        RENAMED.get(p.name, p.name): None if p.default is p.empty else default(p)
        for p in layers.signature(layers.class_called(name))
        if p.name not in LEFT_OUT | set(besides(name))
    }
    if ".weight" in found:  # R torch has it last
        found[".weight"] = found.pop(".weight")
    found.update(dict.fromkeys(NO_DEFAULT.get(name, ())))
    return {**found, "...": None} if besides(name) else found


def besides(name: str) -> list[str]:
    """What goes through `...`, in PyTorch's order."""
    names = BESIDES | BESIDES_OF.get(name, set()) | (BESIDES_OF_NORMS if "Norm" in name else set())
    there = [p.name for p in layers.signature(layers.class_called(name)) if p.name not in LEFT_OUT]
    last = itertools.takewhile(names.__contains__, reversed(there))
    return list(last)[::-1]


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
