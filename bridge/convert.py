"""R vectors <-> tensors and NumPy arrays.

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
Matrix::dgCMatrix              sparse CSC      dgCMatrix (every sparse layout)
matrix, array                  same shape      array; 0 and 1 dimensions: plain vector
=============================  ==============  ========================================
"""

from __future__ import annotations

from typing import Any

from torchbridge import _rpy2, arrow, host
from torchbridge.arrays import is_tensor
from torchbridge.from_r import to_array
from torchbridge.into_r import to_robject
from torchbridge.numpy_arrays import NumPyArrays
from torchbridge.torch_arrays import TorchArrays


def to_torch(
    x: Any,
    dtype: Any = None,
    device: Any = None,
    share: bool = False,
    na: Any = "error",
) -> Any:
    """Convert an R vector or array, a NumPy array or any DLPack object to a tensor.

    Args:
        x: An R value (an rpy2 object), a NumPy array, a tensor, or an object with
            ``__dlpack__``. An R matrix or array keeps its shape and element (i, j, k) its
            value; an R vector of length n gives shape (n,).
        dtype: A ``torch.dtype`` or its name. Default: the table at the top of
            ``torchbridge.convert`` (double -> float64, integer -> int32, ...).
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


def to_numpy(x: Any, dtype: Any = None, share: bool = False, na: Any = "error") -> Any:
    """Convert an R vector or array, a tensor or any DLPack object to a NumPy array.

    The rules are those of :func:`to_torch`, with NumPy's dtypes. A copy of an R array
    keeps R's column-major layout; a shared array is read-only. The array of a factor,
    Date, POSIXct or difftime carries its meaning in ``.r_type``. torch is not imported.
    """
    return to_array(x, NumPyArrays(dtype), share, na, first=0)


def to_r(x: Any, share: bool = False) -> Any:
    """Convert a tensor, an array or a Python value to an R value (an rpy2 object).

    Args:
        x: A tensor, a NumPy array, an object with ``__dlpack__``; also None, bool, int,
            float, complex, str, bytes, lists and dicts of such, arrays of text and times,
            and any data frame or series with ``__arrow_c_stream__``: pandas, polars,
            pyarrow tables and readers (consumed), DuckDB results, ``tb.RFrame``.
        share: False copies: R owns the result. True gives an R vector over the same
            memory (ALTREP), at once at any size, that keeps the tensor alive: for a CPU
            tensor laid out as R's arrays are (1-d, or column-major). R never writes into
            it (it copies first), but later in-place changes of the tensor show in R, as do
            values that R reads as NA (INT_MIN). int64 gives integer64; float32, float16,
            bfloat16, int8, int16, uint16 and bool are widened as R reads them.

    Returns:
        An rpy2 object. A 0-d tensor gives a vector of length 1.

    Raises:
        TypeError: R has no type for x; of a frame, the message names the column.
        ValueError: x cannot be shared, has no values (a meta tensor), or is malformed.

    Warns:
        LossyWarning: a column of a frame loses something, such as nanoseconds, or a pandas
            index has labels twice, which R's row names cannot.
    """
    core = host.native()
    if share or is_tensor(x):
        result = to_robject(x, share)
    elif arrow.has_stream(x):
        result = arrow.to_robject(x)
    else:
        result = core.to_r(x)
    return _rpy2.rpy2_object(result)
