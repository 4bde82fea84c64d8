"""R vectors -> tensors and NumPy arrays, and the table of both directions.

Values are copied, in one pass that also changes dtype and layout: a zero-copy view of
R's memory (DLPack) is the source, or the target, of the array library's own copy. What
a copy may not do silently is checked before it: NA, integers out of range.

=============================  ==============  ========================================
R                              tensor          back
=============================  ==============  ========================================
double                         float64         double (every float dtype)
integer                        int32           integer (int8, int16, int32, uint16)
logical                        bool            logical
complex                        complex128      complex
raw                            uint8           raw
bit64::integer64               int64           integer if all fit, else double if exact,
                                               else integer64 (also uint32, uint64)
factor                         int64 codes     factor, while ``.r_type`` is kept
Date, POSIXct, difftime        float64         the same, while ``.r_type`` is kept
sparse matrix of Matrix        sparse CSC      dgCMatrix (every sparse layout)
dense matrix of Matrix         its array       array
matrix, array                  same shape      array; 0 and 1 dimensions: plain vector
=============================  ==============  ========================================

Names and dimnames are not part of a tensor; what becomes of them in values of any kind stands at
the head of ``torchbridge.frames.labels``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from torchbridge.arrays.from_r import to_array
from torchbridge.arrays.numpy_arrays import NumPyArrays
from torchbridge.arrays.protocols import NA
from torchbridge.arrays.torch_arrays import TorchArrays

if TYPE_CHECKING:
    import torch

    from torchbridge.arrays.protocols import Device, NDArray, NumPyDType, TorchDType


@overload
def to_torch(
    x: object,
    dtype: TorchDType = None,
    device: Device = None,
    share: bool = False,
    na: Literal["error"] | complex = "error",
) -> torch.Tensor: ...


@overload
def to_torch(
    x: object,
    dtype: TorchDType = None,
    device: Device = None,
    share: bool = False,
    *,
    na: Literal["mask"],
) -> tuple[torch.Tensor, torch.Tensor]: ...


def to_torch(
    x: object,
    dtype: TorchDType = None,
    device: Device = None,
    share: bool = False,
    na: NA = "error",
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Convert an R vector or array, a NumPy array or any DLPack object to a tensor.

    Args:
        x: An R value (an rpy2 object), a NumPy array, a tensor, or an object with
            ``__dlpack__``. An R matrix or array keeps its shape and element (i, j, k) its
            value; an R vector of length n gives shape (n,).
        dtype: A ``torch.dtype`` or its name. Default: the table at the top of
            ``torchbridge.arrays.convert`` (double -> float64, integer -> int32, ...).
        device: Where the tensor goes, as in torch. Default: the CPU for R and NumPy values.
        share: False copies; the tensor is contiguous (row-major) and R's value never
            changes. True gives the same memory, column-major, for the types whose memory a
            tensor can hold (double, integer, raw, integer64; complex where R has aligned
            it to 16 bytes): in-place operations on the tensor then write into R's vector,
            while R's own assignments copy first.
        na: What becomes of R's NA. ``"error"``: an error where the dtype cannot hold
            it; a float or complex dtype can (float64 keeps R's very NA, narrower floats
            hold NaN). ``"mask"``: returns ``(tensor, mask)``, mask True where there is a
            value; the tensor is 0 elsewhere. A number: put in place of NA. NaN is not NA.

    Returns:
        A tensor; with ``na="mask"`` a pair of tensors. The tensor of a factor (int64
        codes from 0), Date, POSIXct or difftime carries its meaning in ``.r_type``.

    Raises:
        TypeError: x is not a value that a tensor can hold.
        ValueError: NA under ``na="error"``, a value out of the range of `dtype`, or a type
            that cannot be shared.
    """
    return to_array(x, TorchArrays(dtype, device), share, na, first=0)


@overload
def to_numpy(
    x: object,
    dtype: NumPyDType = None,
    share: bool = False,
    na: Literal["error"] | complex = "error",
) -> NDArray: ...


@overload
def to_numpy(
    x: object, dtype: NumPyDType = None, share: bool = False, *, na: Literal["mask"]
) -> tuple[NDArray, NDArray]: ...


def to_numpy(
    x: object, dtype: NumPyDType = None, share: bool = False, na: NA = "error"
) -> NDArray | tuple[NDArray, NDArray]:
    """Convert an R vector or array, a tensor or any DLPack object to a NumPy array.

    The rules are those of :func:`to_torch`, with NumPy's dtypes. A copy of an R array
    keeps R's column-major layout; a shared array is read-only. The array of a factor,
    Date, POSIXct or difftime carries its meaning in ``.r_type``. torch is not imported.
    """
    return to_array(x, NumPyArrays(dtype), share, na, first=0)
