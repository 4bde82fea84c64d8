"""What the conversion rules ask of an array library: torch and NumPy, side by side."""

from __future__ import annotations

import gc
import math
import struct
import sys
from typing import Any, Protocol

from torchbridge import host
from torchbridge.rtypes import RType

#: R's NA_real_: a NaN whose low word is 1954 (R-ints, section 1.1).
NA_REAL = struct.unpack("<d", struct.pack("<Q", 0x7FF00000000007A2))[0]


class Arrays(Protocol):
    """An array library, as the rules of from_r.py see it."""

    def dtype_or(self, natural: str) -> Any:
        """The dtype asked for, or the natural one."""

    def name_of(self, dtype: Any) -> str: ...

    def holds_na(self, dtype: Any) -> bool:
        """Can this dtype hold a missing value (is it float or complex)?"""

    def is_integer(self, dtype: Any) -> bool: ...

    def range_of(self, dtype: Any) -> tuple[Any, Any]:
        """Least and greatest value of an integer or bool dtype; (None, None) for others."""

    def view(self, x: Any) -> Any:
        """An array over the memory of an RObject."""

    def validity(self, x: Any) -> Any:
        """A bool array of an RObject's shape: False where it has NA."""

    def check_shared(self, storage: str) -> None:
        """An error if what was asked for does not go with shared memory of this dtype."""

    def check_range(self, view: Any, mask: Any, target: Any) -> None:
        """An error if a value (where mask allows) is not one of the integer dtype `target`."""

    def copy(self, view: Any, target: Any, mask: Any, fill: Any, shift: int) -> Any:
        """A new array: values + shift in dtype `target`, `fill` where mask is False."""

    def with_mask(self, result: Any, mask: Any) -> Any:
        """(result, mask), the mask all True where there is none."""

    def attach(self, result: Any, rtype: RType) -> Any:
        """The array with ``.r_type``."""

    def from_python(self, x: Any, share: bool, na: Any) -> Any:
        """The same conversion for what is no R value."""


class TorchArrays:
    """What the rules above ask of torch."""

    def __init__(self, dtype: Any, device: Any) -> None:
        self.torch = import_torch()
        self.dtype = self._dtype(dtype)
        self.device = None if device is None else self.torch.device(device)

    def _dtype(self, dtype: Any) -> Any:
        if dtype is None or isinstance(dtype, self.torch.dtype):
            return dtype
        found = getattr(self.torch, dtype, None) if isinstance(dtype, str) else None
        if not isinstance(found, self.torch.dtype):
            raise ValueError(f"dtype: expected a torch.dtype or its name, e.g. 'float32', not {dtype!r}")
        return found

    def dtype_or(self, natural: str) -> Any:
        return self.dtype or getattr(self.torch, natural)

    def name_of(self, dtype: Any) -> str:
        return str(dtype).removeprefix("torch.")

    def holds_na(self, dtype: Any) -> bool:
        return dtype.is_floating_point or dtype.is_complex

    def is_integer(self, dtype: Any) -> bool:
        return not (self.holds_na(dtype) or dtype == self.torch.bool)

    def range_of(self, dtype: Any) -> tuple[Any, Any]:
        if dtype == self.torch.bool:
            return 0, 1
        if self.holds_na(dtype):
            return None, None
        info = self.torch.iinfo(dtype)
        return info.min, info.max

    def view(self, x: Any) -> Any:
        return self.torch.from_dlpack(x)

    def validity(self, x: Any) -> Any:
        return self.torch.from_dlpack(x.na_mask()).view(self.torch.bool)

    def with_mask(self, result: Any, mask: Any) -> Any:
        if mask is None:
            return result, self.torch.ones(result.shape, dtype=self.torch.bool, device=result.device)
        return result, mask.contiguous().to(result.device)

    def check_shared(self, storage: str) -> None:
        if self.dtype not in (None, getattr(self.torch, storage)):
            raise ValueError(f"share=True keeps the dtype of R's memory, {storage}; dtype would change it")
        if self.device is not None and self.device.type != "cpu":
            raise ValueError("share=True keeps the memory on the CPU; device would move it")

    def check_range(self, view: Any, mask: Any, target: Any) -> None:
        if view.numel() == 0:
            return
        if view.dtype.is_complex:
            raise ValueError(f"dtype: complex values do not fit {self.name_of(target)}")
        if view.dtype.is_floating_point:
            checked = view if mask is None else view[mask]
            if not bool(checked.isfinite().all()):
                raise ValueError(f"x: NaN or Inf does not fit {self.name_of(target)}")
        else:
            from_, to = self.torch.iinfo(view.dtype), self.torch.iinfo(target)
            if to.min <= from_.min and from_.max <= to.max:
                return
            checked = view if mask is None else view[mask]
        if checked.numel():
            low, high = (v.item() for v in checked.aminmax())
            _check_in_range(low, high, *self.range_of(target), self.name_of(target))

    def copy(self, view: Any, target: Any, mask: Any, fill: Any, shift: int) -> Any:
        torch = self.torch
        if view.dtype.is_complex and not target.is_complex:
            raise ValueError(f"dtype: complex values do not fit {self.name_of(target)}")
        on_device = self.device is not None and self.device.type != "cpu"
        # Page-locked memory lets the copy to a GPU run at full speed; torch keeps the
        # buffer until that copy has ended.
        pin = on_device and self.device is not None and self.device.type == "cuda"

        def run() -> Any:
            result = torch.empty(view.shape, dtype=target, pin_memory=pin)
            result.copy_(view)
            if shift:
                result.add_(shift)
            if mask is not None:
                result.masked_fill_(~mask, fill)
            return result.to(self.device, non_blocking=pin) if on_device else result

        return retry_out_of_memory(run)

    def attach(self, result: Any, rtype: RType) -> Any:
        result.r_type = rtype
        return result

    def from_python(self, x: Any, share: bool, na: Any) -> Any:
        torch = self.torch
        mask = None
        if isinstance(x, torch.Tensor):
            source = x
        elif is_ndarray(x):
            source, mask = self._from_numpy(x, share)
        elif hasattr(x, "__dlpack__"):
            source = torch.from_dlpack(x)
        else:
            raise not_an_array(x)
        target = self.dtype or source.dtype
        if share:
            moved = self.device is not None and self.device != source.device
            if target != source.dtype or moved or mask is not None:
                raise ValueError("share=True keeps dtype, device and values as they are")
            return self.with_mask(source, None) if wants_mask(na) else source
        if mask is not None and is_error(na) and not self.holds_na(target):
            raise ValueError(f"na: x has masked values, and {self.name_of(target)} cannot hold them")
        if self.is_integer(target) and source.dtype != target:
            self.check_range(source, mask, target)

        def run() -> Any:
            result = source.to(device=self.device, dtype=target, copy=True)
            if mask is None:
                return result
            return result.masked_fill_(~mask.to(result.device), fill_value(na, target, self))

        result = retry_out_of_memory(run)
        return self.with_mask(result, mask) if wants_mask(na) else result

    def _from_numpy(self, x: Any, share: bool) -> tuple[Any, Any]:
        import numpy as np

        mask = None
        if isinstance(x, np.ma.MaskedArray):
            if np.ma.is_masked(x):
                mask = self.torch.from_numpy(~np.ma.getmaskarray(x))
            x = x.data
        if share:
            return self.torch.from_dlpack(x), mask
        if x.dtype.kind not in "biufc" or x.dtype.itemsize > 16:
            raise TypeError(f"x: a NumPy array of dtype {x.dtype} has no tensor; convert it to numbers first")
        if not x.dtype.isnative:
            x = x.astype(x.dtype.newbyteorder("="))
        if any(s < 0 for s in x.strides) or not x.flags.writeable:
            x = x.copy()  # torch takes neither negative strides nor read-only memory quietly
        return self.torch.from_numpy(x), mask


class NumPyArrays:
    """What the rules above ask of NumPy."""

    def __init__(self, dtype: Any) -> None:
        import numpy

        self.np = numpy
        self.dtype = None if dtype is None else numpy.dtype(dtype)

    def dtype_or(self, natural: str) -> Any:
        return self.np.dtype(natural) if self.dtype is None else self.dtype

    def name_of(self, dtype: Any) -> str:
        return str(dtype)

    def holds_na(self, dtype: Any) -> bool:
        return dtype.kind in "fc"

    def is_integer(self, dtype: Any) -> bool:
        return dtype.kind in "iu"

    def range_of(self, dtype: Any) -> tuple[Any, Any]:
        if dtype.kind == "b":
            return 0, 1
        if dtype.kind not in "iu":
            return None, None
        info = self.np.iinfo(dtype)
        return int(info.min), int(info.max)

    def view(self, x: Any) -> Any:
        return self.np.asarray(x)

    def validity(self, x: Any) -> Any:
        return self.np.asarray(x.na_mask()).view(bool)

    def with_mask(self, result: Any, mask: Any) -> Any:
        return result, self.np.ones(result.shape, dtype=bool) if mask is None else mask.copy(order="K")

    def check_shared(self, storage: str) -> None:
        if self.dtype not in (None, self.np.dtype(storage)):
            raise ValueError(f"share=True keeps the dtype of R's memory, {storage}; dtype would change it")

    def check_range(self, view: Any, mask: Any, target: Any) -> None:
        if view.dtype.kind == "c":
            raise ValueError(f"dtype: complex values do not fit {target}")
        if self.np.can_cast(view.dtype, target, "safe"):
            return
        checked = view if mask is None else view[mask]
        if checked.size == 0:
            return
        if view.dtype.kind == "f" and not self.np.isfinite(checked).all():
            raise ValueError(f"x: NaN or Inf does not fit {target}")
        _check_in_range(checked.min(), checked.max(), *self.range_of(target), str(target))

    def copy(self, view: Any, target: Any, mask: Any, fill: Any, shift: int) -> Any:
        if view.dtype.kind == "c" and target.kind != "c":
            raise ValueError(f"dtype: complex values do not fit {target}")
        result = view.astype(target, order="K", copy=True)
        if shift:
            result += shift
        if mask is not None:
            result[~mask] = fill
        return result

    def attach(self, result: Any, rtype: RType) -> Any:
        typed = result.view(_typed_array())
        typed.r_type = rtype
        return typed

    def from_python(self, x: Any, share: bool, na: Any) -> Any:
        np = self.np
        mask = None
        if is_tensor(x):
            x = x.detach()
            if share and (x.device.type != "cpu" or x.is_conj() or x.is_neg()):
                raise ValueError("share=True needs a plain tensor on the CPU")
            x = x.cpu().resolve_conj().resolve_neg()
            source = (x if x.dtype is not sys.modules["torch"].bfloat16 else x.float()).numpy()
        elif isinstance(x, np.ma.MaskedArray):
            mask = ~np.ma.getmaskarray(x) if np.ma.is_masked(x) else None
            source = x.data
        elif isinstance(x, np.ndarray):
            source = x
        elif hasattr(x, "__dlpack__"):
            source = np.from_dlpack(x)
        else:
            raise not_an_array(x)
        target = source.dtype if self.dtype is None else self.dtype
        if share:
            if target != source.dtype or mask is not None:
                raise ValueError("share=True keeps dtype and values as they are")
            return self.with_mask(source, None) if wants_mask(na) else source
        if mask is not None and is_error(na) and not self.holds_na(target):
            raise ValueError(f"na: x has masked values, and {target} cannot hold them")
        if self.is_integer(target) and source.dtype.kind in "iufc":
            self.check_range(source, mask, target)
        fill = None if mask is None else fill_value(na, target, self)
        result = self.copy(source, target, mask, fill, 0)
        return self.with_mask(result, mask) if wants_mask(na) else result


def wants_mask(na: Any) -> bool:
    return isinstance(na, str) and na == "mask"


def is_error(na: Any) -> bool:
    return isinstance(na, str) and na == "error"


def fill_value(na: Any, target: Any, library: Arrays) -> Any:
    """What stands where R has NA."""
    if isinstance(na, str):
        return 0 if na == "mask" else NA_REAL
    low, high = library.range_of(target)
    if low is None:
        return na
    if isinstance(na, complex) or math.isnan(na) or na != int(na) or not low <= na <= high:
        raise ValueError(f"na: {na!r} is not a value of {library.name_of(target)}")
    return int(na)


def _check_in_range(low: Any, high: Any, least: Any, most: Any, name: str) -> None:
    if low < least or high > most:
        raise ValueError(f"x: values from {low} to {high} do not fit {name} ({least} to {most})")


_typed: Any = None


def _typed_array() -> Any:
    """A NumPy array with room for `.r_type`; made at first use, as NumPy is not imported before."""
    global _typed
    if _typed is None:
        import numpy

        class TypedArray(numpy.ndarray):
            r_type: RType | None = None

        _typed = TypedArray
    return _typed



def import_torch() -> Any:
    """torch, known to the native core as what R calls a torch_tensor."""
    import torch

    if host.current() is not None:
        host.native().set_tensor_type(torch.Tensor)
    return torch


def retry_out_of_memory(run: Any) -> Any:
    """Runs `run()`; when the device is full, frees what both languages no longer use and runs it again.

    R's collector does not see device memory, so handles that R dropped may still hold it.
    """
    torch = sys.modules["torch"]
    try:
        return run()
    except torch.OutOfMemoryError if hasattr(torch, "OutOfMemoryError") else torch.cuda.OutOfMemoryError:
        pass
    if host.current() is not None:
        host.native().base_function("gc")()
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    return run()

def not_an_array(x: Any) -> TypeError:
    kind = type(x).__name__
    if kind in ("DataFrame", "Series"):
        return TypeError(f"x: a {kind} is not a tensor: choose an encoding, e.g. x.to_numpy(dtype=float)")
    return TypeError(
        f"x: expected an R vector, a NumPy array, a tensor or an object with __dlpack__, not {kind}"
    )


def _is_array(x: Any) -> bool:
    return is_tensor(x) or is_ndarray(x) or hasattr(x, "__dlpack__")


def is_tensor(x: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def is_ndarray(x: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


