"""R/gen-densities.R: R's d*, p* and q* functions, one for each row of the table of densities.

With a tensor among the arguments a function is the row's formula, else stats' own of its name.
"""

from __future__ import annotations

import header

# rules: it knows every module that enters rows.
from torchbridge.autodiff import rules  # noqa: F401
from torchbridge.autodiff.density_table import TABLE, Density

#: The arguments at the end.
FLAGS = {"d": ["log"], "p": ["lower.tail", "log.p"], "q": ["lower.tail", "log.p"]}


def files() -> dict[str, str]:
    """The R file."""
    rows = {name: row for name, row in TABLE.items() if row.arguments}
    # The names are those of R.
    parts = [header.of_r() + "# nolint start: object_name_linter.\n"]
    parts += [function(name, row) for name, row in rows.items()]
    return {"R/gen-densities.R": "\n".join([*parts, "# nolint end\n"])}


def function(name: str, row: Density) -> str:
    """The R code of one function."""
    flags = FLAGS[name[0]]
    possible = [argument for argument in row.arguments if argument != "ncp"]
    operands = ", ".join(f'"{argument}"' for argument in possible)
    arguments = [*row.arguments, *flags, *(f"no_{name}" for name in asked_of(row))]
    lines = [
        "#' @rdname torch_densities",
        "#' @export",
        f'{name} <- mask("{name}", function({", ".join(arguments)}) {{',
        *checks(row),
        f'  density_rule("{name}", list({", ".join(row.of_tensors)}), {", ".join(flags)})',
        f"}}, {operands if len(possible) == 1 else f'c({operands})'})",
    ]
    return "\n".join([*lines, ""])


def asked_of(row: Density) -> list[str]:
    """The arguments of which the function asks whether they were missing."""
    if {"rate", "scale"} <= set(row.arguments):
        return ["rate", "scale"]
    return ["ncp"] if "ncp" in row.arguments else []


def checks(row: Density) -> list[str]:
    """What is refused beside tensors."""
    asked = asked_of(row)
    if "rate" in asked:
        return ["  one_of_rate_and_scale(!no_rate && !no_scale)"]
    return ["  central_only(no_ncp)"] if asked else []
