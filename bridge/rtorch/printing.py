"""Tensors printed as R users of torch know them: values in libtorch's layout, device, type, shape.

The values are formatted here, in one pass, for R would make as many strings twice.

Tests: test-tensor-print.R.
"""

from __future__ import annotations

import itertools
import math
import struct
from typing import TYPE_CHECKING, Any

import torch

from torchbridge.rtorch.tensors import refuse_traced, values
from torchbridge.values import objects

if TYPE_CHECKING:
    from torch import Tensor

    from torchbridge._native import RObject

#: libtorch's names of the dtypes.
TYPE_NAMES = {
    "float16": "Half",
    "bfloat16": "BFloat16",
    "float32": "Float",
    "float64": "Double",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "bool": "Bool",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "complex32": "ComplexHalf",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
    "quint8": "QUInt8",
    "qint8": "QInt8",
    "qint32": "QInt32",
}
_INTEGERS = frozenset(
    getattr(torch, name) for name in TYPE_NAMES if name.startswith(("int", "uint", "bool"))
)
#: The last line where there is more.
_CUT = "... [the output was truncated (use n=-1 to disable)]"


def lines(x: Tensor, most: float, width: int) -> list[str]:
    """What R prints of a tensor.

    Args:
        x: a tensor of any kind.
        most: lines of values; infinity for all.
        width: of a line, in characters.
    """
    if x.is_nested:
        return ["torch_tensor", objects.text(x)]
    body = _body(x, most, width)
    more = len(body) > most
    if more:
        body = [*body[: int(most)], _CUT]
    return ["torch_tensor", *body, _footer(x)]


def describe(x: Tensor, most: float) -> dict[str, Any]:
    """What R's ``str`` shows: up to `most` values of each dim, and what stands below them."""
    if x.is_mkldnn:
        x = x.to_dense()
    shown: Tensor | None = None
    if x.layout != torch.strided:
        shown = None if x.is_meta else _entries(x.detach(), int(most))[0]
    elif not x.is_meta:
        shown = _first(x, [min(size, int(most)) for size in x.shape])
    return {"values": None if shown is None else _in_r(shown), "footer": _footer(x)}


def _in_r(x: Tensor) -> list[str] | RObject | None:
    """Values for R; 64-bit integers, for which it has no number, as text."""
    if x.dtype in (torch.int64, torch.uint64):
        return [str(value) for value in x.permute(*reversed(range(x.dim()))).flatten().tolist()]
    try:
        return values(x)
    except TypeError:  # no R type for this dtype
        return None


def _first(x: Tensor, part: list[int]) -> Tensor:
    x = x.detach()
    for dim, size in enumerate(part):
        if size != x.shape[dim]:
            x = x.narrow(dim, 0, size)
    return x


def _footer(x: Tensor) -> str:
    name = str(x.dtype).removeprefix("torch.")
    sparse = "" if x.layout == torch.strided or x.is_mkldnn else "Sparse"
    kind = f"{sparse}{x.device.type.upper()}{TYPE_NAMES.get(name, name.capitalize())}Type"
    gradient = ""
    if x.grad_fn is not None:
        gradient = f"[ grad_fn = <{type(x.grad_fn).__name__}> ]"
    elif x.requires_grad:
        gradient = "[ requires_grad = TRUE ]"
    return f"[ {kind}{{{','.join(map(str, x.shape))}}} ]{gradient}"


# ---- values -------------------------------------------------------------------------------


def _body(x: Tensor, most: float, width: int) -> list[str]:
    """The first lines of the values, one more than `most` where there are more."""
    refuse_traced(x)
    if x.is_meta:
        return []
    if x.is_mkldnn:
        x = x.to_dense()
    if x.layout != torch.strided:
        return _entry_lines(x.detach(), min(most + 1, x.numel()))
    part = _part_shown(list(x.shape), most + 1, width)
    flat = _numbers(_first(x, part))
    if not flat:
        return []
    if not part:
        return [_scalar(flat[0])]
    cells, scale = _cells(flat)
    if len(part) == 1:
        return [*scale, *cells]
    *leading, rows, columns = part
    table = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    if not leading:
        return _matrix(table, scale, width)
    found: list[str] = []
    for k, index in enumerate(itertools.product(*(range(1, size + 1) for size in leading))):
        slice_lines = _matrix(table[k * rows : (k + 1) * rows], scale, width - 1)
        found += [""] if k else []
        found += [f"({','.join(map(str, index))},.,.) = "]
        found += [" " + line if line else line for line in slice_lines]
    return found


def _part_shown(shape: list[int], most: float, width: int) -> list[int]:
    """How much of each dim the first lines can show: of a large tensor only that is copied."""
    rank = len(shape)
    if rank == 0 or most == math.inf:
        return shape
    part = [min(size, int(most)) for size in shape]
    if rank == 1:
        return part
    # Every block of columns, and every slice, begins with a line of its own.
    blocks = math.ceil(most / (part[-2] + 1))
    part[-1] = min(shape[-1], blocks * width)
    for dim in reversed(range(rank - 2)):
        part[dim] = min(shape[dim], blocks)
        blocks = math.ceil(blocks / max(part[dim], 1))
    return part


def _matrix(table: list[list[str]], scale: list[str], width: int) -> list[str]:
    """Rows of a matrix, in blocks of columns where they are wider than the console."""
    columns = len(table[0])
    fitting = max(width // (len(table[0][0]) + 1), 1)
    if columns <= fitting:
        return [*scale, *map(" ".join, table)]
    found: list[str] = []
    for start in range(0, columns, fitting):
        stop = min(start + fitting, columns)
        found += [""] if start else []
        found += [f"Columns {start + 1} to {stop}", *scale]
        found += [" ".join(row[start:stop]) for row in table]
    return found


def _entries(x: Tensor, most: int) -> tuple[Tensor | None, Tensor | None]:
    """The first stored values of a sparse tensor, and their places, counted from 1.

    None of a hybrid tensor, whose values are tensors.
    """
    x = x.to_sparse_coo().coalesce()
    if x.dense_dim() != 0:
        return None, None
    return x.values()[:most], x.indices()[:, :most].t() + 1


def _entry_lines(x: Tensor, most: float) -> list[str]:
    """The stored entries of a sparse tensor, one a line: (row,column) value."""
    stored, index = _entries(x, int(most))
    flat = None if stored is None else _numbers(stored)
    if not flat or index is None:
        return []
    places = ["(" + ",".join(map(str, place)) + ")" for place in index.tolist()]
    width = max(map(len, places))
    cells, scale = _cells(flat)
    return [*scale, *(f"{p:<{width}} {cell}" for p, cell in zip(places, cells, strict=True))]


# ---- numbers ------------------------------------------------------------------------------


def _numbers(x: Tensor) -> list[Any] | None:
    """Python's numbers of a tensor, row by row; None where R has no type for them."""
    if x.dtype in _INTEGERS:
        return [int(value) for value in x.flatten().tolist()]
    if not (x.is_floating_point() or x.is_complex()):
        return None
    if x.itemsize == 1:  # float8
        x = x.float()
    elif x.is_complex():
        x = x.to(torch.complex128).resolve_conj()
    found: list[Any] = x.flatten().tolist()
    return found


def _scalar(value: float | complex) -> str:
    texts, _, decimals = _formatted([value])
    return f"{value:.6g}" if isinstance(value, float) and decimals else texts[0]


def _cells(flat: list[Any]) -> tuple[list[str], list[str]]:
    """Cells of one width with room for a sign, and the line with their common factor, if any."""
    texts, scale, _ = _formatted(flat)
    width = max(len(text) - text.startswith("-") for text in texts) + 1
    return [text.rjust(width) for text in texts], [f"{scale:.6g} *"] if scale != 1 else []


def _formatted(flat: list[Any]) -> tuple[list[str], float, bool]:
    """The text of each number, their common factor, and whether they have decimals.

    libtorch's rules: whole numbers without decimals; others with four, those of one magnitude
    that is large or small under a common factor, those of very different magnitude in scientific
    form.
    """
    if isinstance(flat[0], complex):
        return _formatted_complex(flat)
    if not isinstance(flat[0], float):
        return [str(value) for value in flat], 1.0, False
    finite = [abs(value) for value in flat if math.isfinite(value)]
    all_finite = len(finite) == len(flat)
    finite = finite or [1.0]
    high = _magnitude(max(finite))
    spread = high - _magnitude(min(finite))
    whole = all(map(float.is_integer, finite))
    scientific = high > 9 if whole else spread > 4
    scale = 1.0
    if not whole and not scientific and (high > 5 or high < 0):
        scale = 10.0 ** (high - 1)
        flat = [value / scale for value in flat]
    form = "%.4e " if scientific else "%.0f " if whole else "%.4f "
    texts = (form * len(flat) % tuple(flat)).split()
    if not all_finite:
        texts = [
            text if math.isfinite(value) else _not_finite(value)
            for text, value in zip(texts, flat, strict=True)
        ]
    return texts, scale, not whole or scientific


def _formatted_complex(flat: list[complex]) -> tuple[list[str], float, bool]:
    n = len(flat)
    parts = [z.real for z in flat] + [z.imag for z in flat]
    texts, scale, decimals = _formatted(parts)
    found = []
    for k in range(n):
        kinds = {_not_finite(parts[k]), _not_finite(parts[n + k])}
        real, imaginary = texts[k], texts[n + k]
        sign = "" if imaginary.startswith("-") else "+"
        is_na = "NA" in kinds and "NaN" not in kinds
        found.append("NA" if is_na else f"{real}{sign}{imaginary}i")
    return found, scale, decimals


def _not_finite(value: float) -> str:
    """R's word for it. Its NA is a NaN whose low word is 1954."""
    if math.isnan(value):
        low: int = struct.unpack("<II", struct.pack("<d", value))[0]
        return "NA" if low == 1954 else "NaN"
    return "Inf" if value > 0 else "-Inf"


def _magnitude(value: float) -> int:
    """Digits before the decimal point; 0 and below for numbers less than 1."""
    return math.floor(math.log10(value)) + 1 if value > 0 else 1
