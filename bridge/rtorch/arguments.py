"""Which arguments R torch's functions have, and in which order: PyTorch's own, by a few rules.

The arguments of all overloads make one list: that of the longest overload, then the others', those
without a default first. PyTorch's further arguments, which R's torch has not, come last. `TABLE`
holds what no rule says.

Tests: test-tensor-operators.R.
"""

from __future__ import annotations

from typing import NamedTuple


class Argument(NamedTuple):
    """One argument: its name in R, its name in PyTorch's schema, may it be left out?"""

    name: str
    schema: str
    optional: bool


#: An overload: (name, type, default or None) of each argument.
Overload = list[tuple[str, str, str | None]]

#: Options of tensors that a function makes, in R torch's order; the last are not in schemas.
_OPTIONS = ("dtype", "layout", "device", "requires_grad", "memory_format")
#: Deprecated, of losses.
_HIDDEN = frozenset(("size_average", "reduce"))

#: R's name of a function: its arguments as R's torch has them; ``r=python`` where PyTorch's name is
#: another, ``...`` for any number by position, a name in brackets may be left out. What PyTorch
#: has besides follows, unless the row ends in a point.
TABLE = {
    "linalg_cholesky_ex": "A=self [check_errors] [upper]",
    "linalg_householder_product": "A=input tau",
    "linalg_lstsq": "A=self B=b [rcond] ... [driver]",
    "linalg_matrix_rank": "A=self ... [atol] [rtol] [tol] [hermitian] .",
    "linalg_pinv": "A=self [rcond] [hermitian] [atol] [rtol]",
    "linalg_solve_triangular": "A=self B ... upper [left] [unitriangular]",
    "linalg_tensorsolve": "A=self B=other [dims]",
    "nnf_elu_": "input=self [alpha] .",
    "nnf_fractional_max_pool2d": "input kernel_size [output_size] [output_ratio] [return_indices] "
    "[random_samples=_random_samples]",
    "nnf_fractional_max_pool3d": "input kernel_size [output_size] [output_ratio] [return_indices] "
    "[random_samples=_random_samples]",
    "nnf_gumbel_softmax": "logits [tau] [hard] [dim] [eps]",
    "nnf_one_hot": "tensor=self [num_classes]",
    "torch_addmm": "self mat1 mat2 [out_dtype] [beta] [alpha]",
    "torch_argsort": "self [dim] [descending] [stable]",
    "torch_baddbmm": "self batch1 batch2 [out_dtype] [beta] [alpha]",
    "torch_dequantize": "tensor=self .",
    "torch_empty": "... [names] [dtype] [layout] [device] [requires_grad] .",
    "torch_empty_strided": "size stride [dtype] [layout] [device] [requires_grad] [pin_memory]",
    "torch_eq": "self other .",
    "torch_full": "size fill_value [names] [dtype] [layout] [device] [requires_grad]",
    "torch_ne": "self other .",
    "torch_normal": "[mean] [std] [size] [generator] ... .",
    "torch_ones": "... [names] [dtype] [layout] [device] [requires_grad] .",
    "torch_polygamma": "n input=self",
    "torch_quantize_per_tensor": "self scale zero_point dtype .",
    "torch_rand": "... [names] [dtype] [layout] [device] [requires_grad] .",
    "torch_randint": "[low] [high] [size] [generator] [dtype] [layout] [device] [requires_grad] "
    "[memory_format]",
    "torch_randint_like": "input=self low high [dtype] [layout] [device] [requires_grad]",
    "torch_randn": "... [names] [dtype] [layout] [device] [requires_grad] .",
    "torch_set_rng_state": "state=new_state",
    "torch_sort": "self [dim] [descending] [stable] .",
    "torch_sparse_coo_tensor": "indices values [size] [dtype] [device] [requires_grad] .",
    "torch_split": "self=tensor split_size=split_size_or_sections [dim]",
    "torch_tril_indices": "row col [offset] [dtype] [device] [layout] .",
    "torch_triu_indices": "row col [offset] [dtype] [device] [layout] .",
    "torch_zeros": "... [names] [dtype] [layout] [device] [requires_grad] .",
}


def r_arguments(name: str, overloads: list[Overload]) -> list[Argument] | None:
    """The arguments of an R function or method (``$sum``), or None where any may be given.

    Args:
        name: R's name.
        overloads: what PyTorch says.
    """
    if not overloads:
        return None
    found = [
        Argument(r_name(name, a, position), a, optional)
        for position, (a, optional) in enumerate(_merged(name, overloads))
    ]
    row = TABLE.get(name.replace("$", "torch_"))
    if row is None:
        return found
    words = row.split()
    own = [_parsed(word) for word in words if word != "."]
    told = {argument.schema for argument in own}
    if name.startswith("$") and not told <= {a.schema for a in found}:
        return found  # a method that is written otherwise than the function, such as $split()
    whole = words[-1] == "."
    return own + [a for a in found if not whole and a.schema not in told]


def r_name(function: str, argument: str, position: int) -> str:
    """R torch's name of an argument; its first one is self, input (nnf_*, *_like), A (linalg_*)."""
    if position or argument not in ("self", "input"):
        return argument
    if function.startswith("linalg_"):
        return "A"
    return "input" if function.startswith("nnf_") or function.endswith("_like") else argument


def _parsed(word: str) -> Argument:
    name, _, schema = word.strip("[]").partition("=")
    return Argument(name, schema or name, word.startswith("["))


def _merged(name: str, overloads: list[Overload]) -> list[tuple[str, bool]]:
    """(name, may it be left out?) of the arguments of all overloads."""
    ordered = sorted(overloads, key=len, reverse=True)  # stable: PyTorch's order among equals
    defaults: dict[str, list[bool]] = {}
    for overload in ordered:
        for argument, _, default in overload:
            hidden = argument in _HIDDEN and name.startswith("nnf_") or argument == "pin_memory"
            if not hidden and not argument.startswith("_"):
                defaults.setdefault(argument, []).append(default is not None)
    first = [a for a, has_default in defaults.items() if not all(has_default)]
    rest = [a for a in defaults if a not in first]
    order = first + [a for a in rest if a not in _OPTIONS]
    options = {a for a in rest if a in _OPTIONS}
    if "device" in options and "layout" in options:
        options.add("requires_grad")
    order += [a for a in _OPTIONS if a in options]
    if options and "generator" in order:
        order.remove("generator")
        order.append("generator")
    defaults["requires_grad"] = [True]
    return [(a, any(defaults[a]) or len(defaults[a]) < len(overloads)) for a in order]
