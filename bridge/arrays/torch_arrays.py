"""What the conversion rules ask of torch.

Tests: tests/arrays/test_array_library.py.
"""
# ruff: noqa: D102 - what the methods do stands once, in the protocol Arrays.

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from torchbridge.arrays.array_library import (
    check_in_range,
    is_ndarray,
    masked_fill,
    not_an_array,
    wants_mask,
)
from torchbridge.arrays.dlpack import Checked, is_plain
from torchbridge.arrays.kept_storage import keep_in_place
from torchbridge.arrays.protocols import NA, Bound
from torchbridge.arrays.rtypes import RType, attach
from torchbridge.process import host

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import Device, NDArray, TorchDType

    DType = torch.dtype

R = TypeVar("R")

_FLOAT8 = tuple(f"float8_{kind}" for kind in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu"))

#: The dtypes of tensors that hold plain numbers.
_NUMBERS = frozenset(
    ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    + ("float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128")
    + _FLOAT8
)

#: dtypes that torch cannot fill -> one of the same size that it can.
_TWINS = {"uint16": "int16", "uint32": "int32", "uint64": "int64"} | dict.fromkeys(_FLOAT8, "uint8")


class TorchArrays:
    """Tensors, as the rules of from_r.py see them."""

    def __init__(self, dtype: TorchDType, device: Device) -> None:
        self.torch = import_torch()
        self.dtype = self._dtype(dtype)
        self.device = self._device(device)

    def _dtype(self, dtype: TorchDType) -> DType | None:
        if dtype is None:
            return None
        found = getattr(self.torch, dtype, None) if isinstance(dtype, str) else dtype
        if not isinstance(found, self.torch.dtype) or self.name_of(found) not in _NUMBERS:
            raise ValueError(
                f"dtype: expected a torch.dtype of numbers, e.g. 'float32', not {dtype!r}"
            )
        return found

    def _device(self, device: Device) -> torch.device | None:
        if device is None:
            return None
        try:
            return self.torch.empty(0, device=device).device
        except (RuntimeError, TypeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"device: {device!r} is not one of this torch: {reason}") from error

    def dtype_or(self, natural: str) -> DType:
        return self.dtype or getattr(self.torch, natural)

    def name_of(self, dtype: DType, /) -> str:
        return str(dtype).removeprefix("torch.")

    def holds_na(self, dtype: DType, /) -> bool:
        return dtype.is_floating_point or dtype.is_complex

    def range_of(self, dtype: DType, /) -> tuple[Bound, Bound]:
        if dtype == self.torch.bool:
            return 0, 1
        if dtype == self.torch.complex32:
            dtype = self.torch.float16
        info = (self.torch.finfo if self.holds_na(dtype) else self.torch.iinfo)(dtype)
        return info.min, info.max

    def view(self, x: RObject) -> Tensor:
        return self.torch.from_dlpack(x)

    def validity(self, x: RObject) -> Tensor:
        return self.torch.from_dlpack(x.na_mask()).view(self.torch.bool)

    def empty(self, shape: tuple[int, ...], dtype: DType | None = None) -> Tensor:
        return retry_out_of_memory(
            lambda: self.torch.empty(shape, dtype=self.torch.bool if dtype is None else dtype)
        )

    def place(self, result: Tensor) -> Tensor:
        return result if self.device is None else result.to(self.device)

    def with_mask(self, result: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        if mask is None:
            return result, self.torch.ones(
                result.shape, dtype=self.torch.bool, device=result.device
            )
        return result, mask.contiguous().to(result.device)

    def check_owner(self, x: RObject) -> None:
        if x.altrep:
            raise ValueError(
                "share=True: R keeps x as a sequence, a sorted or a lazily copied vector, and "
                "would go on to answer from what it remembers of it; use share=False, or share "
                "a plain copy, in R: x <- x + 0"
            )

    def check_shared(self, view: Tensor) -> None:
        if self.dtype not in (None, view.dtype):
            raise ValueError(
                f"share=True keeps the dtype of R's memory, {self.name_of(view.dtype)}; "
                "dtype would change it"
            )
        if self.device is not None and self.device.type != "cpu":
            raise ValueError("share=True keeps the memory on the CPU; device would move it")
        if view.is_complex() and view.data_ptr() % view.itemsize:
            raise ValueError(
                "share=True: R put this complex vector where torch cannot compute with it (not "
                "aligned to 16 bytes, as short vectors may be); use share=False"
            )
        keep_in_place(view)

    def check_range(self, view: Tensor, mask: Tensor | None, target: DType, shift: int = 0) -> None:
        torch, name = self.torch, self.name_of(target)
        if view.dtype.is_complex:
            raise ValueError(f"dtype: complex values do not fit {name}")
        if view.dtype.is_floating_point:
            checked = self._picked(view, mask)
            checked = checked.float() if checked.itemsize == 1 else checked
            if target == torch.bool:
                if bool(checked.isnan().any()):
                    raise ValueError("x: NaN does not fit bool")
                return
            if not bool(checked.isfinite().all()):
                raise ValueError(f"x: NaN or Inf does not fit {name}")
        else:
            least, most = self.range_of(target)
            low, high = self.range_of(view.dtype)
            if target == torch.bool or (least <= low + shift and high + shift <= most):
                return
            checked = self._picked(view, mask)
        if checked.numel():
            low, high = self.bounds(checked)
            check_in_range(low + shift, high + shift, *self.range_of(target), name)

    def _picked(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """The elements under the mask, all without one."""
        if mask is None:
            return x
        # By their bits: PyTorch before 2.7 picks none of uint16 and float8.
        same_size = {1: "int8", 2: "int16", 4: "int32", 8: "int64"}[x.itemsize]
        return x.view(getattr(self.torch, same_size))[mask].view(x.dtype)

    def bounds(self, x: Tensor) -> tuple[Bound, Bound]:
        """Least and greatest value."""
        torch = self.torch
        if x.dtype == torch.uint64:  # torch cannot order it: with the first bit flipped, as int64
            low, high = (x.view(torch.int64) ^ -(2**63)).aminmax()
            return low.item() + 2**63, high.item() + 2**63
        low, high = (x.to(torch.int64) if x.dtype in (torch.uint16, torch.uint32) else x).aminmax()
        return low.item(), high.item()

    def copy(
        self, view: Tensor, target: DType, mask: Tensor | None, fill: complex | None, shift: int
    ) -> Tensor:
        torch = self.torch
        if view.dtype.is_complex and not target.is_complex:
            raise ValueError(f"dtype: complex values do not fit {self.name_of(target)}")
        away = None if self.device is None or self.device.type == "cpu" else self.device
        # Page-locked memory lets the copy to a GPU run at full speed; torch keeps the
        # buffer until that copy has ended.
        pin = away is not None and away.type == "cuda"

        def run() -> Tensor:
            result = torch.empty(view.shape, dtype=target, pin_memory=pin)
            if view.dtype.is_complex:
                # R aligns its numbers to 8 bytes, torch reads complex numbers as 16 at once.
                torch.view_as_real(result).copy_(torch.view_as_real(view))
            else:
                result.copy_(view + shift if shift else view)
            if mask is not None:
                self._fill(result, mask, fill)
            return result if away is None else result.to(away, non_blocking=pin)

        return retry_out_of_memory(run)

    def _fill(self, result: Tensor, mask: Tensor, fill: complex | None) -> None:
        """Puts `fill` where mask is False."""
        assert fill is not None  # it comes with the mask
        twin = _TWINS.get(self.name_of(result.dtype))
        if twin is not None:
            same_bits = getattr(self.torch, twin)
            fill = self.torch.tensor(fill, dtype=result.dtype).view(same_bits).item()
            result = result.view(same_bits)
        result.masked_fill_(~mask.to(result.device), fill)

    def attach(self, result: Tensor, rtype: RType) -> Tensor:
        return attach(result, rtype)

    def from_python(self, x: object, share: bool, na: NA) -> Tensor | tuple[Tensor, Tensor]:
        torch = self.torch
        mask = None
        if isinstance(x, torch.Tensor):
            source = x
        elif is_ndarray(x):
            source, mask = self._from_numpy(x, share)
        elif hasattr(x, "__dlpack__"):
            source = self._from_dlpack(x, share)
        else:
            raise not_an_array(x)
        target = self.dtype or source.dtype
        if share:
            moved = self.device is not None and self.device != source.device
            if target != source.dtype or moved or mask is not None:
                raise ValueError("share=True keeps dtype, device and values as they are")
            return self.with_mask(source, None) if wants_mask(na) else source
        if source.dtype.is_complex and not target.is_complex:
            raise ValueError(f"dtype: complex values do not fit {self.name_of(target)}")
        fill = None if mask is None else masked_fill(na, target, self)
        if not self.holds_na(target) and source.dtype != target:
            self.check_range(source, mask, target)

        def run() -> Tensor:
            result = source.to(device=self.device, dtype=target, copy=True)
            if mask is not None:
                self._fill(result, mask, fill)
            return result

        result = retry_out_of_memory(run)
        return self.with_mask(result, mask) if wants_mask(na) else result

    def _from_dlpack(self, x: Any, share: bool) -> Tensor:
        if x.__dlpack_device__()[0] == 1 and not is_plain(x):  # on the CPU
            import numpy as np

            return self._from_numpy(np.from_dlpack(x), share)[0]
        return self.torch.from_dlpack(Checked(x))

    def _from_numpy(self, x: NDArray, share: bool) -> tuple[Tensor, Tensor | None]:
        import numpy as np

        mask = None
        if isinstance(x, np.ma.MaskedArray):
            if np.ma.is_masked(x):
                mask = self.torch.from_numpy(~np.ma.getmaskarray(x))
            x = x.data
        if x.dtype.kind not in "biufc" or x.dtype.itemsize > (16 if x.dtype.kind == "c" else 8):
            raise TypeError(
                f"x: a NumPy array of dtype {x.dtype} has no tensor; convert it to numbers first"
            )
        # R and NumPy align complex numbers as their halves, torch reads them as wholes.
        strided = all(s >= 0 and s % x.itemsize == 0 for s in x.strides) and (
            x.size == 0 or x.ctypes.data % x.itemsize == 0
        )
        if share:
            if not (strided and x.dtype.isnative and x.flags.writeable):
                raise ValueError(
                    "share=True: torch takes no read-only or misaligned memory, negative or uneven "
                    "strides or foreign byte order; use share=False"
                )
            return self.torch.from_numpy(x), mask
        if not x.dtype.isnative:
            x = x.astype(x.dtype.newbyteorder("="))
        elif not strided or not x.flags.writeable:
            x = x.copy()
        return self.torch.from_numpy(x), mask


def import_torch() -> ModuleType:
    """torch, known to the native core as what R calls a torch_tensor."""
    import torch

    if host.current() is not None:
        host.native().set_tensor_type(torch.Tensor)
    return torch


def retry_out_of_memory(run: Callable[[], R]) -> R:
    """Runs `run()`; when the device is full, frees what is no longer used and runs it again.

    R's collector does not see device memory, so handles that R dropped may still hold it.
    """
    torch = sys.modules["torch"]
    try:
        return run()
    except torch.cuda.OutOfMemoryError:  # that of every kind of device
        pass
    if host.current() is not None:
        host.native().base_function("gc").call()
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    return run()
