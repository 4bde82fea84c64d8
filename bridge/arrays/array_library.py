"""What the conversion rules ask of an array library; torch and NumPy each answer in a file."""
# ruff: noqa: D102 - what the methods do stands once, in the protocol Arrays.

from __future__ import annotations

import cmath
import math
import numbers
import struct
import sys
from typing import TYPE_CHECKING, Any, Protocol

from torchbridge.arrays.protocols import NA, A, Bound, D
from torchbridge.arrays.rtypes import RType

if TYPE_CHECKING:
    import torch
    from typing_extensions import TypeIs

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray

#: R's NA_real_: a NaN whose low word is 1954 (R-ints, section 1.1).
NA_REAL: float = struct.unpack("<d", struct.pack("<Q", 0x7FF00000000007A2))[0]


class Arrays(Protocol[A, D]):
    """An array library, as the rules of from_r.py see it."""

    def dtype_or(self, natural: str) -> D:
        """The dtype asked for, or the natural one."""

    def name_of(self, dtype: D, /) -> str: ...

    def holds_na(self, dtype: D, /) -> bool:
        """Can this dtype hold a missing value (is it float or complex)?"""

    def range_of(self, dtype: D, /) -> tuple[Bound, Bound]:
        """Least and greatest (finite, real) value of a dtype."""

    def view(self, x: RObject) -> A:
        """An array over the memory of an RObject."""

    def validity(self, x: RObject) -> A:
        """A bool array of an RObject's shape: False where it has NA."""

    def check_owner(self, x: RObject) -> None:
        """An error where R would not see what is written to the memory of x."""

    def check_shared(self, view: A) -> None:
        """An error if what was asked for does not go with sharing the memory of `view`."""

    def check_range(self, view: A, mask: A | None, target: D, shift: int = 0) -> None:
        """An error if a value + shift (where mask allows) is none of integer or bool `target`."""

    def copy(self, view: A, target: D, mask: A | None, fill: complex | None, shift: int) -> A:
        """A new array: values + shift in dtype `target`, `fill` where mask is False."""

    def empty(self, shape: tuple[int, ...], dtype: D | None = None) -> A:
        """An array to be written, of bool unless dtype says otherwise; on the CPU."""

    def place(self, result: A) -> A:
        """The array on the device asked for."""

    def with_mask(self, result: A, mask: A | None) -> tuple[A, A]:
        """(result, mask), the mask all True where there is none."""

    def attach(self, result: A, rtype: RType) -> A:
        """The array with ``.r_type``."""

    def from_python(self, x: object, share: bool, na: NA) -> A | tuple[A, A]:
        """The same conversion for what is no R value."""


def wants_mask(na: NA) -> bool:
    """Was a mask of the missing values asked for?"""
    return isinstance(na, str) and na == "mask"


def is_error(na: NA) -> bool:
    """Is a missing value that cannot be held an error?"""
    return isinstance(na, str) and na == "error"


def fill_value(na: NA, target: D, library: Arrays[A, D]) -> complex:
    """What stands where R has NA."""
    if isinstance(na, str):
        return 0 if na == "mask" else NA_REAL
    number: Any = na  # of whatever class of numbers
    low, high = library.range_of(target)
    real = isinstance(number, numbers.Real)
    if library.holds_na(target):
        fits = real or "complex" in library.name_of(target)
        fits = fits and not (cmath.isfinite(number) and abs(number) > high)
    else:
        fits = real and math.isfinite(number) and number == int(number) and low <= number <= high
    if not fits:
        raise ValueError(f"na: {na!r} is not a value of {library.name_of(target)}")
    if not library.holds_na(target):
        return int(number)
    return float(number) if real else complex(number)


def masked_fill(na: NA, target: D, library: Arrays[A, D]) -> complex:
    """What stands where a NumPy array is masked; an error where nothing can."""
    if is_error(na) and not library.holds_na(target):
        raise ValueError(f"na: x has masked values, and {library.name_of(target)} cannot hold them")
    return fill_value(na, target, library)


def check_in_range(low: Bound, high: Bound, least: Bound, most: Bound, name: str) -> None:
    """An error if values from low to high are not all within least and most."""
    if low < least or high > most:
        raise ValueError(f"x: values from {low} to {high} do not fit {name} ({least} to {most})")


def not_an_array(x: object) -> TypeError:
    """The error for what no tensor can be made of."""
    kind = type(x).__name__
    if kind in ("DataFrame", "Series"):
        return TypeError(
            f"x: a {kind} is not a tensor: choose an encoding, e.g. x.to_numpy(dtype=float)"
        )
    return TypeError(
        f"x: expected an R vector, a NumPy array, a tensor or an object with __dlpack__, not {kind}"
    )


def without_index(x: object) -> object:
    """The NumPy array of a pandas Series of plain numbers; all else itself."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(x, pandas.Series):
        return x
    numbers = getattr(x.dtype, "kind", "O") in "biufc" and hasattr(x.dtype, "newbyteorder")
    return x.to_numpy() if numbers else x


def is_tensor(x: object) -> TypeIs[torch.Tensor]:
    """Is x a tensor? torch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def is_ndarray(x: object) -> TypeIs[NDArray]:
    """Is x a NumPy array? NumPy is not imported to find out."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def offers(x: object, protocol: str) -> bool:
    """Has x this method? One that makes up its attributes, and fails at this one, has not."""
    try:
        return hasattr(x, protocol)
    except Exception:
        return False
