"""What the conversion rules ask of NumPy.

Tests: tests/arrays/test_array_library.py.
"""
# ruff: noqa: D102 - what the methods do stands once, in the protocol Arrays.

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from torchbridge.arrays.array_library import (
    check_in_range,
    is_tensor,
    masked_fill,
    not_an_array,
    wants_mask,
)
from torchbridge.arrays.dlpack import Checked
from torchbridge.arrays.kept_storage import keep_in_place
from torchbridge.arrays.labelled_arrays import labelled
from torchbridge.arrays.protocols import NA, Bound
from torchbridge.arrays.rtypes import RType

if TYPE_CHECKING:
    import numpy as np
    import torch

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray, NumPyDType

    DType = np.dtype[Any]


class NumPyArrays:
    """NumPy arrays, as the rules of from_r.py see them."""

    def __init__(self, dtype: NumPyDType) -> None:
        import numpy

        self.np = numpy
        self.dtype: DType | None = None if dtype is None else self._dtype(dtype)

    def _dtype(self, dtype: NumPyDType) -> DType:
        try:
            found = self.np.dtype(dtype)
        except TypeError:
            found = None
        if found is None or found.kind not in "biufc":
            raise ValueError(
                f"dtype: expected a NumPy dtype of numbers, e.g. 'float32', not {dtype!r}"
            )
        return found

    def dtype_or(self, natural: str) -> DType:
        return self.np.dtype(natural) if self.dtype is None else self.dtype

    def name_of(self, dtype: DType, /) -> str:
        return str(dtype)

    def holds_na(self, dtype: DType, /) -> bool:
        return dtype.kind in "fc"

    def range_of(self, dtype: DType, /) -> tuple[Bound, Bound]:
        if dtype.kind == "b":
            return 0, 1
        info = (self.np.finfo if self.holds_na(dtype) else self.np.iinfo)(dtype)
        return self.np.asarray(info.min).item(), self.np.asarray(info.max).item()

    def view(self, x: RObject) -> NDArray:
        # What R keeps elsewhere is owned by the capsule; NumPy's own way in knows of x alone.
        return self.np.from_dlpack(x) if x.altrep else self.np.asarray(x)

    def validity(self, x: RObject) -> NDArray:
        return self.np.asarray(x.na_mask()).view(bool)

    def empty(self, shape: tuple[int, ...], dtype: DType | None = None) -> NDArray:
        return self.np.empty(shape, bool if dtype is None else dtype)

    def place(self, result: NDArray) -> NDArray:
        return result

    def with_mask(self, result: NDArray, mask: NDArray | None) -> tuple[NDArray, NDArray]:
        return result, self.np.ones(result.shape, bool) if mask is None else mask.copy(order="K")

    def check_owner(self, x: RObject) -> None:
        pass  # NumPy's shared arrays are read-only

    def check_shared(self, view: NDArray) -> None:
        if self.dtype not in (None, view.dtype):
            raise ValueError(
                f"share=True keeps the dtype of R's memory, {view.dtype}; dtype would change it"
            )

    def check_range(
        self, view: NDArray, mask: NDArray | None, target: DType, shift: int = 0
    ) -> None:
        if view.dtype.kind == "c":
            raise ValueError(f"dtype: complex values do not fit {target}")
        if self.np.can_cast(view.dtype, target, "safe"):
            return
        checked = view if mask is None else view[mask]
        if checked.size == 0:
            return
        if target.kind == "b":
            if view.dtype.kind == "f" and self.np.isnan(checked).any():
                raise ValueError("x: NaN does not fit bool")
            return
        if view.dtype.kind == "f" and not self.np.isfinite(checked).all():
            raise ValueError(f"x: NaN or Inf does not fit {target}")
        low, high = checked.min().item(), checked.max().item()  # Python compares them exactly
        check_in_range(low + shift, high + shift, *self.range_of(target), str(target))

    def copy(
        self, view: NDArray, target: DType, mask: NDArray | None, fill: complex | None, shift: int
    ) -> NDArray:
        if view.dtype.kind == "c" and target.kind != "c":
            raise ValueError(f"dtype: complex values do not fit {target}")
        # What does not fit is where the mask puts another value, or becomes Inf, as in torch.
        with self.np.errstate(invalid="ignore", over="ignore"):
            result = (view + shift if shift else view).astype(target, order="K", copy=True)
        if mask is not None:
            result[~mask] = fill
        return result

    def attach(self, result: NDArray, rtype: RType) -> NDArray:
        typed: NDArray = labelled(result, rtype, None)
        return typed

    def from_python(self, x: object, share: bool, na: NA) -> NDArray | tuple[NDArray, NDArray]:
        np = self.np
        mask = None
        if is_tensor(x):
            source = self._from_tensor(x, share)
        elif isinstance(x, np.ma.MaskedArray):
            mask = ~np.ma.getmaskarray(x) if np.ma.is_masked(x) else None
            source = x.data
        elif isinstance(x, np.ndarray):
            source = x
        elif hasattr(x, "__dlpack__"):
            source = np.from_dlpack(Checked(x))
        else:
            raise not_an_array(x)
        target = source.dtype if self.dtype is None else self.dtype
        if share:
            if target != source.dtype or mask is not None:
                raise ValueError("share=True keeps dtype and values as they are")
            return self.with_mask(source, None) if wants_mask(na) else source
        fill = None if mask is None else masked_fill(na, target, self)
        if not self.holds_na(target) and source.dtype != target:
            self.check_range(source, mask, target)
        result = self.copy(source, target, mask, fill, 0)
        return self.with_mask(result, mask) if wants_mask(na) else result

    def _from_tensor(self, x: torch.Tensor, share: bool) -> NDArray:
        torch = sys.modules["torch"]
        if x.is_meta:
            raise ValueError("x: a meta tensor has no values")
        if x.layout is not torch.strided:
            raise TypeError("x: NumPy has no sparse arrays; use x.to_dense()")
        wider = None
        if x.dtype in (torch.bfloat16, torch.complex32) or "float8" in str(x.dtype):
            wider = torch.complex64 if x.is_complex() else torch.float32
        if share and (x.device.type != "cpu" or x.is_conj() or x.is_neg() or wider is not None):
            raise ValueError("share=True needs a plain tensor on the CPU, of a dtype NumPy has")
        if share:
            keep_in_place(x)
        x = x.detach().cpu().resolve_conj().resolve_neg()
        return (x if wider is None else x.to(wider)).numpy()
