"""R/gen-operators.R and help pages: what the R package knows of PyTorch's functions.

The arguments are facts of PyTorch's own schemas or signatures; operator_pages.py has the pages.
"""

from __future__ import annotations

import header
from operator_pages import TEXTS, arguments_of, page_of, page_of_internals
from operators_text import INTERNALS

from torchbridge.rtorch import operators

#: Functions that the package writes itself.
OWN = {"torch_arange", "torch_tensor", "torch_manual_seed"}


def files() -> dict[str, str]:
    """The names of the functions for R with their arguments, and their help pages.

    Raises:
        ValueError: a function is in no row of operators.txt, or a row has no function.
    """
    names = [name for name in operators.names() if name not in OWN]
    lines = ",\n".join(row_of(name) for name in names)
    text = (
        f"{header.of_r()}{header.of_torch()}\n"
        "# nolint start: line_length_linter.\n"
        f"operator_arguments <- c(\n{lines}\n)\n# nolint end\n"
    )
    found = pages(names)
    if found.keys() != TEXTS.keys():
        raise ValueError(
            f"without text: {sorted(found.keys() - TEXTS.keys())}; "
            f"not in PyTorch: {sorted(TEXTS.keys() - found.keys())}"
        )
    internals = [name for name in found if TEXTS[name].family.name == INTERNALS]
    return {
        "R/gen-operators.R": text,
        f"man/torch_{INTERNALS}.Rd": page_of_internals(internals),
        **{f"man/{n}.Rd": page_of(n, v) for n, v in found.items() if n not in internals},
    }


def row_of(name: str) -> str:
    """A function and its arguments, as `operator_function()` reads them."""
    return f'  {name} = "{" ".join(arguments_of(name))}"'


def pages(names: list[str]) -> dict[str, list[str]]:
    """One page for a function and its in-place twin."""
    known = set(names)
    found: dict[str, list[str]] = {}
    for name in names:
        base = name.rstrip("_")
        found.setdefault(base if base in known else name, []).append(name)
    return found
