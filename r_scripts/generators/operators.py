"""R/gen-operators.R and help pages: what the R package knows of PyTorch's functions.

Everything on a page is a fact of the function: PyTorch's own schemas or signature.
"""

from __future__ import annotations

import re

import header

from torchbridge.rtorch import dialect, operators
from torchbridge.rtorch.arguments import Overload
from torchbridge.rtorch.operators import DIM, DTYPE, INDEX, POSITION, TENSOR, TENSORS

#: Functions that the package writes itself.
OWN = {"torch_arange", "torch_tensor", "torch_manual_seed"}

BARE = str.maketrans("", "", "[]")
#: PyTorch's name of an argument -> R's.
Names = dict[str, str]
#: What is said of an argument without asking what it is.
FIXED = {
    "...": "Sizes, one by one or as one vector; or what else the function takes, as under Calls.",
    "names": "Must be \\code{NULL}: PyTorch has no named tensors.",
    "requires_grad": "\\code{TRUE} to record operations on the result for its gradient.",
}

MODULES = {
    "torch_": "torch",
    "nnf_": "torch.nn.functional",
    "linalg_": "torch.linalg",
    "fft_": "torch.fft",
    "special_": "torch.special",
}


def files() -> dict[str, str]:
    """The names of the functions for R with their arguments, and a help page each."""
    names = [name for name in operators.names() if name not in OWN]
    lines = ",\n".join(row_of(name) for name in names)
    text = (
        f"{header.of_r()}{header.of_torch()}\n"
        "# nolint start: line_length_linter.\n"
        f"operator_arguments <- c(\n{lines}\n)\n# nolint end\n"
    )
    found = pages(names).items()
    return {
        "R/gen-operators.R": text,
        **{f"man/{name}.Rd": page_of(name, variants) for name, variants in found},
    }


def row_of(name: str) -> str:
    """A function and its arguments, as `operator_function()` reads them."""
    return f'  {name} = "{" ".join(arguments_of(name))}"'


def arguments_of(name: str) -> list[str]:
    """The arguments of R's function; in brackets what may be left out."""
    function, python_name, method = operators.find(name)
    found = operators.describe(function, python_name, method).arguments(name)
    if found is None:
        return ["..."]
    return [f"[{a.name}]" if a.optional else a.name for a in found]


def pages(names: list[str]) -> dict[str, list[str]]:
    """One page for a function and its in-place twin."""
    known = set(names)
    found: dict[str, list[str]] = {}
    for name in names:
        base = name.rstrip("_")
        found.setdefault(base if base in known else name, []).append(name)
    return found


def page_of(name: str, variants: list[str]) -> str:
    """The help page of a function and its variants."""
    function, python_name, method = operators.find(name)
    spec = operators.describe(function, python_name, method)
    prefix = next(p for p in MODULES if name.startswith(p))
    where = f"{MODULES[prefix]}.{python_name}"
    usage = "\n".join(f"{v}({', '.join(arguments_of(v)).translate(BARE)})" for v in variants)
    overloads = spec.overloads or [[]]
    known = {a.schema: a.name for a in spec.arguments(name) or ()}
    # Overloads that differ in what R does not show, the arguments' types, are one call.
    shown = dict.fromkeys(call_of(name, overload, known) for overload in overloads)
    calls = "\n\n".join("\\code{" + escape(call) + "}" for call in shown)
    aliases = "\n".join(f"\\alias{{{v}}}" for v in variants)
    arguments = items_of(name, variants, overloads, known)
    in_place = (
        "\nA name that ends in an underscore changes its tensor in place.\n"
        if len(variants) > 1
        else ""
    )
    return (
        f"% {header.GENERATED}\n"
        + f"""\\name{{{name}}}
{aliases}
\\title{{PyTorch's {escape(where)}}}
\\description{{
PyTorch's \\code{{{escape(where)}}}, called with R's values: dims and positions count from 1, whole
numbers are ints where PyTorch takes ints, and R vectors are tensors where it takes tensors.
{about(function)}{in_place}}}
\\usage{{
{usage}
}}
{arguments}\\section{{Calls}}{{
{calls}
}}
\\value{{
{value_of(spec)}
}}
\\seealso{{\\link{{torch_ops}}, \\link{{torch_indexing}},
\\code{{\\link{{python}}}} for PyTorch's own conventions.}}
"""
    )


def about(function: object) -> str:
    """What R torch has otherwise than PyTorch."""
    if getattr(function, "__module__", "") != dialect.__name__:
        return ""
    return "\n" + re.sub("``(.*?)``", r"\\code{\1}", escape(function.__doc__ or "")) + "\n"


def items_of(name: str, variants: list[str], overloads: list[Overload], known: Names) -> str:
    """What each argument is, in R's order."""
    types: dict[str, str] = {}
    for overload in overloads:
        for argument, kind, _ in overload:
            types.setdefault(known.get(argument, argument), kind)
    python_name = operators.find(name)[1]
    words = dict.fromkeys(a.strip("[]") for v in variants for a in arguments_of(v))
    schema = {r: a for a, r in known.items()}
    items = []
    for word in words:
        text = FIXED.get(word) or sentence(python_name, schema.get(word, word), types.get(word, ""))
        items.append(f"  \\item{{{escape(word)}}}{{{text}}}")
    if words.keys() == {"..."}:
        items += [
            f"  \\item{{{escape(a)}}}{{{sentence(python_name, a, kind)}}}"
            for a, kind in types.items()
        ]
    text = "\n".join(items).replace("\\item{...}", "\\item{\\dots}")
    return f"\\arguments{{\n{text}\n}}\n" if items else ""


def call_of(name: str, overload: Overload, known: Names) -> str:
    """One overload, as R would call it, in PyTorch's order."""
    shown = [
        known.get(a, a) + ("" if d is None else f" = {r_default(d)}")
        for a, _, d in overload
        if not a.startswith("_")
    ]
    return f"{name}({', '.join(shown)})"


def r_default(text: str) -> str:
    """A default in R's words."""
    if text.startswith("'"):
        return '"' + text.strip("'") + '"'
    plain = {"None": "NULL", "True": "TRUE", "False": "FALSE", "[]": "list()"}
    return plain.get(text, text.replace("[", "c(").replace("]", ")"))


def sentence(function: str, name: str, kind: str) -> str:
    """What an argument is."""
    kinds = operators.kind_of(function, name, kind)
    optional = " Optional." if "Optional" in kind else ""
    if kinds & DIM:
        several = "Dims" if "List" in kind else "A dim"
        return f"{several}, counted from 1; negative ones from the last.{optional}"
    if kinds & POSITION:
        return f"A position, counted from 1; negative ones from the end.{optional}"
    if kinds & INDEX:
        return f"Positions or classes as a tensor (or R integers), counted from 1.{optional}"
    if kinds & DTYPE:
        return f"A dtype such as \\code{{torch_float()}}.{optional}"
    if kinds & TENSORS:
        return f"A list of tensors.{optional}"
    if kinds & TENSOR:
        return f"A tensor, or R numbers.{optional}"
    for word, text in (
        ("bool", "\\code{TRUE} or \\code{FALSE}."),
        ("str", "A string."),
        ("Device", 'A device such as \\code{"cuda"}.'),
        ("List[int]", "Whole numbers."),
        ("List", "Numbers."),
        ("int", "A whole number."),
        ("number", "A number."),
        ("float", "A number."),
        ("complex", "A number."),
        ("Generator", "A random number generator."),
    ):
        if word in kind:
            return text + optional
    return "As in PyTorch."


def value_of(spec: operators.Spec) -> str:
    """What the function gives."""
    if spec.results:
        parts = [
            f"\\code{{{escape(r)}}}"
            + (" (positions, from 1)" if spec.index_results >> i & 1 else "")
            for i, r in enumerate(spec.results)
            if r
        ]
        if parts:
            return f"A list of {', '.join(parts)}."
    if spec.index_results & 1:
        return "A tensor of positions, counted from 1."
    return "A tensor, or what PyTorch gives."


def escape(text: str) -> str:
    """Text for Rd."""
    return re.sub(r"([\\%{}])", r"\\\1", text)
