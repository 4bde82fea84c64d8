"""R/gen-densities.R: R's d*, p* and q* functions, one for each row of the table of densities.

With a tensor among the arguments a function is the row's formula, else stats' own of its name.
"""

from __future__ import annotations

import textwrap

import header

# rules: it knows every module that enters rows.
from torchbridge.autodiff import rules  # noqa: F401
from torchbridge.autodiff.density_table import TABLE, Density

#: The arguments at the end, with what they are called by.
FLAGS = {
    "d": {"log": "FALSE"},
    "p": {"lower.tail": "TRUE", "log.p": "FALSE"},
    "q": {"lower.tail": "TRUE", "log.p": "FALSE"},
}


def files() -> dict[str, str]:
    """The R file."""
    rows = {name: row for name, row in TABLE.items() if row.arguments}
    # The names are those of R.
    parts = [header.of_r() + "# nolint start: object_name_linter.\n", names(list(rows))]
    parts += [function(name, row) for name, row in rows.items()]
    return {"R/gen-densities.R": "\n".join([*parts, "# nolint end\n"])}


def names(generated: list[str]) -> str:
    """The table of R's names."""
    listed = ", ".join(f'"{name}"' for name in generated)
    lines = textwrap.wrap(listed, 98, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(["generated_densities <- c(", *lines, ")", ""])


def function(name: str, row: Density) -> str:
    """The R code of one function."""
    flags = FLAGS[name[0]]
    formals = [
        f"{argument} = {default}" if default else argument
        for argument, default in (row.arguments | flags).items()
    ]
    possible = [argument for argument in row.arguments if argument != "ncp"]
    test = " || ".join(f"is_tensor({argument})" for argument in possible)
    lines = ["#' @rdname torch_densities", "#' @export", *head(name, formals)]
    lines += [f"  if ({test}) {{", *checks(row)]
    lines += [f'    density_rule("{name}", list({", ".join(row.of_tensors)}), {", ".join(flags)})']
    lines += [*for_numbers(name, row, list(flags)), "  }", "}", ""]
    return "\n".join(lines)


def head(name: str, formals: list[str]) -> list[str]:
    """The function's head, broken where it is longer than a line."""
    start = f"{name} <- function("
    lines = [start]
    for formal in (*(f"{f}, " for f in formals[:-1]), f"{formals[-1]}) {{"):
        if len(lines[-1]) + len(formal.rstrip()) > 100:
            lines.append(" " * len(start))
        lines[-1] += formal
    return [line.rstrip() for line in lines]


def checks(row: Density) -> list[str]:
    """What is refused beside tensors."""
    if takes_rate_or_scale(row):
        return ["    one_of_rate_and_scale(!missing(rate) && !missing(scale))"]
    return ["    no_ncp(missing(ncp))"] if "ncp" in row.arguments else []


def for_numbers(name: str, row: Density, flags: list[str]) -> list[str]:
    """The call of stats' own function; what it asks whether it is missing stays missing."""
    arguments = list(row.arguments)
    by_name = [f"{flag} = {flag}" for flag in flags]
    if takes_rate_or_scale(row):
        missing = "missing(rate), missing(scale)"
        call = [
            f"stats::{name}, {missing}, {', '.join(arguments)},",
            ", ".join(by_name),
        ]
        if len(" ".join(call)) <= 94:
            call = [" ".join(call)]
        return ["  } else {", "    with_rate_or_scale(", *(f"      {c}" for c in call), "    )"]
    lines = ["  } else {"]
    if row.arguments.get("ncp"):
        central = [argument for argument in arguments if argument != "ncp"]
        lines = [
            "  } else if (missing(ncp)) {",
            f"    stats::{name}({', '.join([*central, *by_name])})",
            "  } else {",
        ]
    return [*lines, f"    stats::{name}({', '.join([*arguments, *flags])})"]


def takes_rate_or_scale(row: Density) -> bool:
    """Is one of the two given, and the other computed from it?"""
    return {"rate", "scale"} <= set(row.arguments)
