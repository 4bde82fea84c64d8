"""NumPy arrays with what R says beside their values: a type, and the names along each dim.

Tests: tests/frames/test_labels.py, tests/arrays/test_rtypes.py.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas

    from torchbridge.arrays.protocols import NDArray
    from torchbridge.arrays.rtypes import RType

    #: One index, or None, for each dim. The names of R's dimnames are the names of the indexes.
    DimNames: TypeAlias = tuple[pandas.Index | None, ...]


def labelled(x: NDArray, r_type: RType | None, dimnames: DimNames | None) -> Any:
    """The same memory as an array with the attributes `.r_type` and `.dimnames`.

    They belong to that very array: what is computed from it has neither, and is a plain array
    where the names were all.
    """
    made = x.view(_kind())
    made.r_type, made.dimnames = r_type, dimnames
    return made


@cache
def _kind() -> Any:
    """The class; made at first use, as NumPy is not imported before."""
    import numpy as np

    class LabelledArray(np.ndarray):
        r_type: RType | None = None
        dimnames: DimNames | None = None

        def __array_wrap__(self, x: Any, context: Any = None, return_scalar: bool = False) -> Any:
            made = x.view(type(self) if self.dimnames is None else np.ndarray)
            return made[()] if return_scalar or not made.shape else made

        # What np.linalg asks in place of __array_wrap__ in NumPy 1.
        def __array_prepare__(self, x: Any, context: Any = None) -> Any:
            return x.view(type(self) if self.dimnames is None else np.ndarray)

        def __reduce__(self) -> Any:
            plain = np.asarray(self)
            if self.r_type is None and self.dimnames is None:
                return plain.__reduce__()
            return labelled, (plain, self.r_type, self.dimnames)

    return LabelledArray
