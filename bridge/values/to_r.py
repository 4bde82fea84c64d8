"""Tensors, arrays, frames and plain Python values -> R values.

Tests: tests/arrays/test_into_r.py, tests/values/test_any_value.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torchbridge.arrays.array_library import is_tensor
from torchbridge.arrays.into_r import to_robject
from torchbridge.frames import arrow
from torchbridge.process import host, rpy2_objects

if TYPE_CHECKING:
    from rpy2.rinterface_lib.sexp import Sexp

    from torchbridge.arrays.protocols import SupportsDLPack


def to_r(x: object, share: bool = False) -> Sexp:
    """Convert a tensor, an array or a Python value to an R value (an rpy2 object).

    Args:
        x: A tensor, a NumPy array, an object with ``__dlpack__``; also None, bool, int,
            float, complex, str, bytes, lists and dicts of such, arrays of text and times,
            and any data frame or series with ``__arrow_c_stream__``: pandas, polars,
            pyarrow tables and readers (consumed), DuckDB results, ``tb.RFrame``. The index of a
            pandas Series, unless it only counts, gives names, ``.dimnames`` of an array dimnames.
        share: False copies: R owns the result. True gives an R vector over the same
            memory (ALTREP), at once at any size, that keeps the tensor alive: for a CPU
            tensor laid out as R's arrays are (1-d, or column-major). R never writes into
            it (it copies first), but later in-place changes of the tensor show in R, as do
            values that R reads as NA (INT_MIN). What would move the tensor's memory
            (``resize_()``, ``share_memory_()``) is a RuntimeError from then on. int64 gives
            integer64; float32, float16, bfloat16, int8, int16, uint16 and bool are widened
            as R reads them.

    Returns:
        An rpy2 object. A 0-d tensor gives a vector of length 1.

    Raises:
        TypeError: R has no type for x; of a frame, the message names the column.
        ValueError: x cannot be shared, has no values (a meta tensor), or is malformed.

    Warns:
        LossyWarning: a column of a frame loses something, such as nanoseconds, or a pandas
            index has labels twice, which R's row names cannot, or several levels.
    """
    core = host.native()
    if share or is_tensor(x):
        # What shares no memory is an error there.
        result = to_robject(cast("SupportsDLPack", x), share)
    elif arrow.has_stream(x):
        result = arrow.to_robject(x)
    else:
        result = core.to_r(x)
    return rpy2_objects.rpy2_object(result)
