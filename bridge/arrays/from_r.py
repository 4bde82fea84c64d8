"""R vectors -> tensors and NumPy arrays: which dtype, what of NA, what may be shared."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Literal, overload

from torchbridge.arrays import sparse, type_table
from torchbridge.arrays.array_library import (
    Arrays,
    fill_value,
    is_error,
    wants_mask,
    without_index,
)
from torchbridge.arrays.protocols import NA, A, D
from torchbridge.arrays.rtypes import rtype_of
from torchbridge.process import host, rpy2_objects

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from torchbridge._native import RObject

#: typeof -> (dtype of the memory, dtype of a tensor).
_STORAGE = {
    "double": ("float64", "float64"),
    "integer": ("int32", "int32"),
    "logical": ("int32", "bool"),
    "complex": ("complex128", "complex128"),
    "raw": ("uint8", "uint8"),
}

#: What is no tensor, and what to do instead.
_REFUSED = {
    "character": "text is not a tensor: encode it first, e.g. factor(x), match(x, levels) or "
    "model.matrix(~ x) in R",
    "list": "an R list is not a tensor: convert its elements one by one, or unlist(x) in R",
    "NULL": "NULL has no elements; an empty tensor is numeric(0)",
    "closure": "an R function is not a tensor",
}
_ENCODE = "frame_tensors(x) encodes columns of every type, model.matrix(~ ., x) in R makes dummies"


@overload
def to_array(
    x: object, library: Arrays[A, D], share: bool, na: Literal["error"], first: int
) -> A: ...


@overload
def to_array(
    x: object, library: Arrays[A, D], share: bool, na: NA, first: int
) -> A | tuple[A, A]: ...


def to_array(x: object, library: Arrays[A, D], share: bool, na: NA, first: int) -> A | tuple[A, A]:
    """The array, of `library`, of an R value (RObject or rpy2 object) or another array.

    The codes of a factor count from `first`. The other arguments are those of `to_torch`.
    """
    _check_na(na)
    if rpy2_objects.is_rpy2(x):
        x = rpy2_objects.robject(x)
    if not is_robject(x):
        return library.from_python(without_index(x), share, na)
    x.check("x")
    if "data.frame" in x.classes:
        return _frame_to_array(x, library, share, na)
    if sparse.is_sparse_r(x):
        return _sparse_to_array(x, library, share, na, first)
    return _vector_to_array(x, library, share, na, first)


def _sparse_to_array(x: RObject, library: Arrays[A, D], share: bool, na: NA, first: int) -> A:
    if share or wants_mask(na):
        raise ValueError("share and na='mask' are not for sparse matrices")
    made: A = sparse.from_r(x, library, lambda slot: to_array(slot, library, False, na, first))
    return made


def _vector_to_array(
    x: RObject, library: Arrays[A, D], share: bool, na: NA, first: int
) -> A | tuple[A, A]:
    rtype = rtype_of(x)
    storage, natural = _types_of(x)
    target = library.dtype_or(natural)
    if share:
        _check_share(x, storage, natural)
        library.check_owner(x)
    missing = _has_missing(x, storage, library, target, na, "x has NA")
    shift = first - 1 if rtype is not None and rtype.coded else 0
    if rtype is not None and rtype.coded and library.name_of(target) == "bool":
        raise ValueError("dtype: the codes of a factor are no bool; compare it with a level in R")
    view = library.view(x)
    mask = library.validity(x) if missing else None
    if share:
        result = _shared(x, view, missing, library, target, na)
    else:
        fill = fill_value(na, target, library) if missing else None
        if not library.holds_na(target):
            library.check_range(view, mask, target, shift)
        result = library.copy(view, target, mask, fill, shift)
    if rtype is not None:
        result = library.attach(result, rtype.counting_from(first))
    return library.with_mask(result, mask) if wants_mask(na) else result


def _shared(x: RObject, view: A, missing: bool, library: Arrays[A, D], target: D, na: NA) -> A:
    """The array over R's own memory, which R never writes to from now on."""
    library.check_shared(view)
    if missing and (not is_error(na) or not library.holds_na(target)):
        raise ValueError("share=True cannot put values in place of NA: use share=False")
    x.freeze()
    return view


def _has_missing(
    x: RObject, storage: str, library: Arrays[A, D], target: D, na: NA, found: str
) -> bool:
    """Has x missing values to be dealt with? An error, which says what was `found`, if none can."""
    # A float keeps R's NA as it is: then there is nothing to look for.
    kept = storage in ("float64", "complex128") and library.holds_na(target) and is_error(na)
    missing = not kept and x.any_na()
    if missing and is_error(na) and not library.holds_na(target):
        raise ValueError(
            f"na: {found}, and {library.name_of(target)} cannot hold it; use na='mask' "
            "(values and a validity mask), a number to put there, or a float dtype"
        )
    return missing


#: Rows of a frame that are written together, so that a block of the result stays in the cache.
_ROWS = 8192


def _frame_to_array(x: RObject, library: Arrays[A, D], share: bool, na: NA) -> A | tuple[A, A]:
    """One row a row and one column a column of a data frame whose columns are all numbers."""
    names, columns = host.native().helper("frame_names")(x), x.items()
    kinds = [_number_type(c, name) for c, name in zip(columns, names, strict=True)]
    if share:
        raise ValueError("share=True: the columns of a data frame lie apart; use share=False")
    for name, column in zip(names, columns, strict=True):
        column.check(f"x: column '{name}'")
    natural = next((k for k in ("float64", "int64", "int32", "bool") if k in kinds), "float64")
    target = library.dtype_or(natural)
    views = [library.view(c) for c in columns]
    masks: list[A | None] = []
    for name, column, view in zip(names, columns, views, strict=True):
        try:
            masks.append(_column_mask(column, view, library, target, na))
        except ValueError as error:
            raise ValueError(f"column '{name}': {error}") from error
    rows = host.native().helper("frame_rows")(x)
    result = library.empty((rows, len(columns)), target)
    for start in range(0, rows, _ROWS):
        part = slice(start, start + _ROWS)
        for j, view in enumerate(views):
            result[part, j] = view[part]
    mask = None
    if any(m is not None for m in masks):
        mask = library.empty((rows, len(columns)))
        for j, valid in enumerate(masks):
            mask[:, j] = True if valid is None else valid
            if valid is not None:
                result[:, j][~valid] = fill_value(na, target, library)
    result = library.place(result)
    return library.with_mask(result, mask) if wants_mask(na) else result


def _number_type(x: RObject, name: str) -> str:
    """The dtype of a column of numbers, by name."""
    if x.typeof in ("double", "integer", "logical") and rtype_of(x) is None and x.dim is None:
        return _types_of(x)[1]
    what = "a matrix" if x.dim is not None else x.classes[0] if x.classes else x.typeof
    raise TypeError(f"x: column '{name}' is no plain vector of numbers but {what}: {_ENCODE}")


def _column_mask(x: RObject, view: A, library: Arrays[A, D], target: D, na: NA) -> A | None:
    """Where a column has values, if some are missing; an error if one does not fit `target`."""
    storage = _types_of(x)[0]
    missing = _has_missing(x, storage, library, target, na, "there is NA")
    mask = library.validity(x) if missing else None
    if not library.holds_na(target):
        library.check_range(view, mask, target)
    elif storage == "int64" and len(view):
        values = view if mask is None else view[mask]
        if len(values) and (int(values.min()) < -(2**53) or int(values.max()) > 2**53):
            raise ValueError("integers beyond 2^53 are no doubles; use dtype='int64'")
    return mask


def _types_of(x: RObject) -> tuple[str, str]:
    """The dtype of x's memory and the dtype of its tensor, by name."""
    kind, classes = x.typeof, x.classes
    rows = type_table.rows_of(classes) if classes else []
    for row in rows:
        if row.refused is not None:
            raise TypeError(f"x: {row.refused}")
    if kind in _REFUSED:
        raise TypeError(f"x: {_REFUSED[kind]}")
    if kind not in _STORAGE:
        name = classes[0] if classes else kind
        raise TypeError(f"x: an R object of type '{name}' is not a vector of numbers")
    memory, natural = _STORAGE[kind]
    for row in rows:
        if row.memory is not None and kind == "double":
            return row.memory, row.dtype or row.memory
    meant = type_table.numbers_of(classes) if rows else None
    if meant is not None and meant.beside:
        return memory, meant.dtype or natural
    return memory, natural


def _check_share(x: RObject, storage: str, natural: str) -> None:
    """An error where a tensor over R's memory would not have the tensor's own dtype."""
    if natural != storage:
        rtype = rtype_of(x)
        name = rtype.classes[0] if rtype else x.typeof
        raise ValueError(
            f"share=True: R keeps a {name} as {storage}, a tensor has {natural}: use share=False"
        )


def _check_na(na: object) -> None:
    if isinstance(na, str):
        if na in ("error", "mask"):
            return
    elif isinstance(na, numbers.Complex):
        return
    raise ValueError(f"na: expected 'error', 'mask' or a number, not {na!r}")


def is_robject(x: object) -> TypeIs[RObject]:
    """Is x an R object of the native core's?"""
    return type(x).__name__ == "RObject" and isinstance(x, host.native().RObject)
