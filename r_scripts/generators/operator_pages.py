"""The help pages of PyTorch's functions: what operators.txt says, and facts of their schemas."""

from __future__ import annotations

import re
import textwrap

import header
import torch
from operators_text import INTERNALS, Text, read

from torchbridge.rtorch import dialect, operators
from torchbridge.rtorch.arguments import Overload
from torchbridge.rtorch.operators import DIM, DTYPE, INDEX, POSITION, TENSOR, TENSORS

TEXTS, MEANINGS = read()

PYTORCH = "https://docs.pytorch.org/docs/stable/"
#: Documented functions that have no page of their own there.
PAGELESS = {
    "conv_tbc",
    "grouped_mm",
    "hash_tensor",
    "linear_cross_entropy",
    "multi_head_attention_forward",
    "native_channel_shuffle",
}
#: How many functions of its family a page names.
NEIGHBOURS = 8

BARE = str.maketrans("", "", "[]")
#: PyTorch's name of an argument -> R's.
Names = dict[str, str]
#: What is said of an argument without asking what it is.
FIXED = {
    "...": "Sizes, one by one or as one vector; or what else the function takes, as under Calls.",
    "names": "Must be `NULL`: PyTorch has no named tensors.",
    "requires_grad": "`TRUE` to record operations on the result for its gradient.",
}

MODULES = {
    "torch_": "torch",
    "nnf_": "torch.nn.functional",
    "linalg_": "torch.linalg",
    "fft_": "torch.fft",
    "special_": "torch.special",
}


def page_of(name: str, variants: list[str]) -> str:
    """The help page of a function and its variants."""
    function, python_name, method = operators.find(name)
    spec = operators.describe(function, python_name, method)
    text = TEXTS[name]
    overloads = spec.overloads or [[]]
    known = {a.schema: a.name for a in spec.arguments(name) or ()}
    return "\n".join(
        [
            f"% {header.GENERATED}",
            f"\\name{{{name}}}",
            *(f"\\alias{{{v}}}" for v in variants),
            f"\\title{{{markup(text.title, links=False)}}}",
            "\\description{",
            *description(name, variants, function),
            "}",
            "\\usage{",
            *(usage(v) for v in variants),
            "}",
            items_of(name, variants, overloads, known) + "\\section{Calls}{",
            "\n\n".join(calls_of(name, overloads, known)),
            "}",
            "\\value{",
            *wrapped(value_of(spec, text)),
            "}",
            f"\\seealso{{{see_also(name)}}}",
            *example(text.example),
            "",
        ]
    )


def page_of_internals(names: list[str]) -> str:
    """One page for PyTorch's building blocks, of which PyTorch has no pages, either."""
    calls: list[str] = []
    arguments: dict[str, str] = {}
    for name in names:
        spec = operators.describe(*operators.find(name))
        known = {a.schema: a.name for a in spec.arguments(name) or ()}
        calls += calls_of(name, spec.overloads, known) or [f"\\code{{{name}(...)}}"]
        for word, text in sentences(name, [name], spec.overloads or [[]], known).items():
            arguments.setdefault(word, text)
    return "\n".join(
        [
            f"% {header.GENERATED}",
            f"\\name{{torch_{INTERNALS}}}",
            f"\\alias{{torch_{INTERNALS}}}",
            *(f"\\alias{{{name}}}" for name in names),
            f"\\title{{{TEXTS[names[0]].family.title}}}",
            "\\description{",
            "What PyTorch's own layers call: functions for the libraries of a maker (cuDNN,",
            "MIOpen, oneDNN, FBGEMM), for quantized networks and for normalisation across",
            "processes. PyTorch has no pages of them, and they may change with its versions; some",
            "need a GPU.",
            "}",
            "\\usage{",
            *(usage(name) for name in names),
            "}",
            items(arguments) + "\\section{Calls}{",
            "\n\n".join(calls),
            "}",
            "\\value{",
            TEXTS[names[0]].family.value,
            "}",
            "\\seealso{\\code{\\link{call_torch_function}()}, \\link{torch_ops}}",
            "",
        ]
    )


def description(name: str, variants: list[str], function: object) -> list[str]:
    """What the function does, what is otherwise here, and where PyTorch says more."""
    text = TEXTS[name]
    lines = wrapped(markup(text.about if text.about.endswith((".", "?")) else text.about + "."))
    if text.same_as:
        lines += ["", *wrapped(markup(f"Another name of `{text.same_as}()`. {text.extra}".strip()))]
    if getattr(function, "__module__", "") == dialect.__name__:
        own = (function.__doc__ or "").replace("``", "`")
        lines += ["", *wrapped(markup(" ".join(own.split())))]
    if len(variants) > 1:
        lines += ["", "A name that ends in an underscore changes its tensor in place."]
    return [*lines, "", *wrapped(pytorch_page(name))]


def pytorch_page(name: str) -> str:
    """The sentence with the link to PyTorch's own page, if it has one."""
    function, python_name, _ = operators.find(name)
    prefix = next(p for p in MODULES if name.startswith(p))
    where = f"{MODULES[prefix]}.{python_name}"
    called = f"It is PyTorch's \\code{{{escape(where)}}}"
    page = f"generated/{where}.html"
    if prefix == "special_":
        page = f"special.html#{where}"
    elif prefix == "torch_" and hasattr(torch.nn.functional, python_name):
        page = f"generated/torch.nn.functional.{python_name}.html"
    elif not getattr(function, "__doc__", None):
        page = ""
    if not page or python_name.endswith(("_copy", "_with_indices")) or python_name in PAGELESS:
        return f"{called}."
    return f"{called}; \\href{{{PYTORCH}{escape(page)}}}{{PyTorch's page}} says more."


def usage(name: str) -> str:
    """The call with all arguments, in lines that R CMD check takes."""
    call = f"{name}({', '.join(arguments_of(name)).translate(BARE)})"
    return "\n".join(textwrap.wrap(call, 88, subsequent_indent="  ", break_long_words=False))


def see_also(name: str) -> str:
    """The next functions of its family that have pages of their own."""
    family = TEXTS[name].family.functions
    others = [f for f in family if f != name and not TEXTS[f].same_as]
    before = sum(family.index(f) < family.index(name) for f in others)
    first = max(0, min(before - NEIGHBOURS // 2, len(others) - NEIGHBOURS))
    links = [f"\\code{{\\link{{{f}}}()}}" for f in others[first : first + NEIGHBOURS]]
    links += ["\\link{torch_indexing}", "\\code{\\link{python}()} for PyTorch's own conventions."]
    return "\n".join(wrapped(", ".join(links)))


def example(code: str) -> list[str]:
    """The section of examples: run where Python is named."""
    if code in ("", "-"):
        return []
    return [
        "\\examples{",
        '\\dontshow{if (interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))) '
        '(if (getRversion() >= "3.4") withAutoprint else force)(\\{ # examplesIf}',
        *(re.sub(r"([\\%])", r"\\\1", line) for line in code.split(" ;; ")),
        "\\dontshow{\\}) # examplesIf}",
        "}",
    ]


def markup(text: str, links: bool = True) -> str:
    """Rd of a sentence: code between backticks, and links behind the names of functions."""

    def code(match: re.Match[str]) -> str:
        function = re.fullmatch(r"(\w+)\(\)", match[1])
        if links and function and (function[1] in TEXTS or function[1].startswith("nn_")):
            return f"\\code{{\\link{{{function[1]}}}()}}"
        return f"\\code{{{match[1]}}}"

    bare = r"(?<![`\w])((?:torch|nnf|linalg|fft|special|nn)_\w+\(\))(?!`)"
    return re.sub("`([^`]*)`", code, escape(re.sub(bare, r"`\1`", text)))


def wrapped(text: str) -> list[str]:
    """Lines of at most 100 characters."""
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


def items_of(name: str, variants: list[str], overloads: list[Overload], known: Names) -> str:
    """The section of arguments, in R's order."""
    return items(sentences(name, variants, overloads, known))


def items(found: Names) -> str:
    """The section of arguments: what each is."""
    named = {"\\dots" if a == "..." else escape(a): markup(text) for a, text in found.items()}
    lines = [f"  \\item{{{a}}}{{{text}}}" for a, text in named.items()]
    return "\n".join(["\\arguments{", *lines, "}", ""]) if lines else ""


def sentences(name: str, variants: list[str], overloads: list[Overload], known: Names) -> Names:
    """Argument of R -> what it must be, and what it means."""
    types: dict[str, str] = {}
    for overload in overloads:
        for argument, kind, _ in overload:
            types.setdefault(known.get(argument, argument), kind)
    python_name = operators.find(name)[1]
    family = TEXTS[name].family.name
    words = dict.fromkeys(a.strip("[]") for v in variants for a in arguments_of(v))
    schema = {r: a for a, r in known.items()}
    if words.keys() == {"..."}:
        words |= dict.fromkeys(types)
    found = {}
    for word in words:
        kind = sentence(python_name, schema.get(word, word), types.get(word, ""))
        meaning = MEANINGS.get(f"{family}.{word}") or MEANINGS.get(word, "")
        found[word] = FIXED.get(word) or f"{kind} {meaning}".strip()
    return found


def calls_of(name: str, overloads: list[Overload], known: Names) -> list[str]:
    """The overloads; those that differ in what R does not show, the types, are one call."""
    calls = dict.fromkeys(call_of(name, overload, known) for overload in overloads)
    return [f"\\code{{{escape(call)}}}" for call in calls]


def arguments_of(name: str) -> list[str]:
    """The arguments of R's function; in brackets what may be left out."""
    function, python_name, method = operators.find(name)
    found = operators.describe(function, python_name, method).arguments(name)
    if found is None:
        return ["..."]
    return [f"[{a.name}]" if a.optional else a.name for a in found]


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
        return f"A dtype such as `torch_float()`.{optional}"
    if kinds & TENSORS:
        return f"A list of tensors.{optional}"
    if kinds & TENSOR:
        return f"A tensor, or R numbers.{optional}"
    for word, text in (
        ("bool", "`TRUE` or `FALSE`."),
        ("str", "A string."),
        ("Device", 'A device such as `"cuda"`.'),
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


def value_of(spec: operators.Spec, text: Text) -> str:
    """What the function gives."""
    parts = [
        f"\\code{{{escape(r)}}}" + (" (positions, from 1)" if spec.index_results >> i & 1 else "")
        for i, r in enumerate(spec.results)
        if r
    ]
    if parts:
        return f"A list of {', '.join(parts)}."
    if spec.index_results & 1:
        return "A tensor of positions, counted from 1."
    return markup(text.family.value)


def escape(text: str) -> str:
    """Text for Rd."""
    return re.sub(r"([\\%{}])", r"\\\1", text)
