"""R vectors -> tensors and NumPy arrays: which dtype, what of NA, what may be shared."""

from __future__ import annotations

import numbers
from typing import Any

from torchbridge import _rpy2, host, sparse
from torchbridge.arrays import Arrays, fill_value, is_error, wants_mask
from torchbridge.rtypes import RType, rtype_of

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
_FRAME = (
    "a data frame is not a tensor: choose an encoding, e.g. as.matrix(x) if all columns are "
    "numbers, data.matrix(x) or model.matrix(~ ., x) in R"
)


def to_array(x: Any, library: Arrays, share: bool, na: Any, first: int) -> Any:
    """The array, of `library`, of an R value (RObject or rpy2 object) or another array.

    The codes of a factor count from `first`. The other arguments are those of `to_torch`.
    """
    _check_na(na)
    if _rpy2.is_rpy2(x):
        x = _rpy2.robject(x)
    if not _is_robject(x):
        return library.from_python(x, share, na)
    if sparse.is_sparse_r(x):
        if share or wants_mask(na):
            raise ValueError("share and na='mask' are not for sparse matrices")
        return sparse.from_r(x, library, lambda slot: to_array(slot, library, False, na, first))
    rtype = rtype_of(x)
    storage, natural = _types_of(x, rtype)
    target = library.dtype_or(natural)
    if share:
        _check_share(x, rtype)
    # A float keeps R's NA as it is: then there is nothing to look for.
    kept = storage in ("float64", "complex128") and library.holds_na(target) and is_error(na)
    missing = not kept and x.any_na()
    if missing and is_error(na) and not library.holds_na(target):
        raise ValueError(
            f"na: x has NA, and {library.name_of(target)} cannot hold it; use na='mask' "
            "(values and a validity mask), a number to put there, or a float dtype"
        )
    factor = rtype is not None and "factor" in rtype.classes
    if factor and library.name_of(target) == "bool":
        raise ValueError("dtype: the codes of a factor are no bool; compare it with a level in R")
    view = library.view(x)
    mask = library.validity(x) if missing else None
    if share:
        library.check_shared(view)
        if missing and (not is_error(na) or not library.holds_na(target)):
            raise ValueError("share=True cannot put values in place of NA: use share=False")
        result = view
        x.freeze()
    else:
        shift = first - 1 if factor else 0
        fill = fill_value(na, target, library) if missing else None
        if not library.holds_na(target):
            library.check_range(view, mask, target, shift)
        result = library.copy(view, target, mask, fill, shift)
    if rtype is not None:
        result = library.attach(result, rtype.counting_from(first))
    return library.with_mask(result, mask) if wants_mask(na) else result


def _types_of(x: Any, rtype: RType | None) -> tuple[str, str]:
    """The dtype of x's memory and the dtype of its tensor, by name."""
    kind, classes = x.typeof, x.classes
    if "data.frame" in classes:
        raise TypeError(f"x: {_FRAME}")
    if "POSIXlt" in classes:
        raise TypeError(
            "x: a POSIXlt is a list of its parts; as.POSIXct(x) in R is one number a time"
        )
    if kind in _REFUSED:
        raise TypeError(f"x: {_REFUSED[kind]}")
    if kind not in _STORAGE:
        name = classes[0] if classes else kind
        raise TypeError(f"x: an R object of type '{name}' is not a vector of numbers")
    if kind == "double" and ("integer64" in classes or "nanotime" in classes):
        return "int64", "int64"
    if rtype is not None:
        return _STORAGE[kind][0], "int64" if "factor" in classes else "float64"
    return _STORAGE[kind]


def _check_share(x: Any, rtype: RType | None) -> None:
    """An error where a tensor over R's memory would not have the tensor's own dtype."""
    storage, natural = _types_of(x, rtype)
    if natural != storage:
        name = rtype.classes[0] if rtype else x.typeof
        raise ValueError(
            f"share=True: R keeps a {name} as {storage}, a tensor has {natural}: use share=False"
        )


def _check_na(na: Any) -> None:
    if isinstance(na, str):
        if na in ("error", "mask"):
            return
    elif isinstance(na, numbers.Complex):
        return
    raise ValueError(f"na: expected 'error', 'mask' or a number, not {na!r}")


def _is_robject(x: Any) -> bool:
    return type(x).__name__ == "RObject" and isinstance(x, host.native().RObject)
