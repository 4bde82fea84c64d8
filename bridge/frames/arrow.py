"""Arrow streams in and out of R: what every kind of data frame has in common.

The native core reads and writes the streams; pyarrow is asked only for what it makes.

Tests: tests/frames/test_to_frame.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torchbridge.arrays.array_library import offers
from torchbridge.process import host, rpy2_objects

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from typing_extensions import CapsuleType, TypeIs

    from torchbridge._native import RObject
    from torchbridge.frames.protocols import ArrowStream


def has_stream(x: object) -> TypeIs[ArrowStream]:
    """Does x offer its data through Arrow's PyCapsule interface?

    pandas' own stream does not count: NaN is null in it. ``pandas_frames`` reads its columns.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(x, (pandas.DataFrame, pandas.Series)):
        return False
    return offers(x, "__arrow_c_stream__") or offers(x, "__arrow_c_array__")


def to_robject(x: ArrowStream) -> RObject:
    """The R data frame or vector (RObject) of anything with ``__arrow_c_stream__``."""
    core = host.native()
    if isinstance(x, (core.RObject, RFrame)):
        return x if isinstance(x, core.RObject) else x.robject
    if not hasattr(x, "__arrow_c_stream__"):
        import pyarrow as pa

        x = pa.chunked_array([pa.array(x)])
    _refuse_objects(x)
    with producing():
        return core.arrow_to_r(x.__arrow_c_stream__())


def table(x: ArrowStream | pandas.DataFrame) -> pyarrow.Table:
    """The pyarrow Table of anything that pyarrow reads."""
    import pyarrow as pa

    with producing():
        return pa.table(x)


#: Exceptions that are no errors: who raises one wants to end what runs.
_NO_ERRORS = (KeyboardInterrupt, SystemExit, GeneratorExit)


@contextmanager
def producing() -> Iterator[None]:
    """Where a stream's producer is run: an exception of Python's that is no error stays itself.

    A C stream has only text for what went wrong in it; pyarrow's ends with Python's traceback.
    """
    try:
        yield
    except Exception as error:
        name, _, value = str(error).rstrip().rpartition("\n")[2].partition(": ")
        for kind in _NO_ERRORS if "Python exception: Traceback" in str(error) else ():
            if name == kind.__name__:
                said = [int(value) if value.isdecimal() else value] if value else []
                raise kind(*said) from error
        raise


def _refuse_objects(x: ArrowStream) -> None:
    """Of Python objects, polars' stream tells the addresses, as if they were bytes."""
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(x, (polars.DataFrame, polars.Series)):
        return
    columns = x.get_columns() if isinstance(x, polars.DataFrame) else [x]
    for column in columns:
        if column.dtype == polars.Object:
            raise TypeError(f"column '{column.name}': R has no type for polars' Object")


def to_array(x: RObject, requested: pyarrow.DataType | None = None) -> pyarrow.Array:
    """The pyarrow array of an R vector (RObject)."""
    import pyarrow as pa

    chunked = pa.chunked_array(x, type=requested)
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


class RFrame:
    """An R data frame, for Python libraries to read where it is.

    ``pyarrow.table(frame)``, ``polars.DataFrame(frame)``, ``pandas.DataFrame.from_arrow(frame)``
    and DuckDB (``duckdb.sql("select ... from frame")``) take it as it is, through
    ``__arrow_c_stream__``. (``polars.from_arrow`` makes a Series of structs of whatever is not
    pyarrow's own; ``.struct.unnest()`` makes it a DataFrame.)
    Doubles, integers, integer64 and raw vectors are not copied for that: R copies first, should
    it change one later.

    =========================  =======================================================
    R                          Arrow
    =========================  =======================================================
    double, integer, raw       double, int32, uint8
    logical, character         bool, string (large_string beyond 2 GB)
    factor, ordered            dictionary<int32, string>
    Date                       date32
    POSIXct                    timestamp[us, its time zone]; without one: the session's
    difftime                   duration[us]
    integer64, nanotime        int64, timestamp[ns, UTC]
    complex                    struct<re: double, im: double>
    list of like vectors       list
    data frame                 struct
    list of like data frames   list of structs
    matrix                     fixed-size list, a row of the matrix each
    row names that are text    a first column ``row.names``
    =========================  =======================================================

    NA is null; NaN stays NaN. Times and spans that microseconds do not hold exactly go in
    nanoseconds. What Arrow cannot say (units of a difftime, integer storage, tibbles, the names
    of a matrix's columns) stands in the metadata, so that a table that keeps it comes back
    identical. A class that is not in the table is dropped with a ``LossyWarning``, and so is a
    level that is NA.

    Args:
        x: An R data frame: an rpy2 object.

    Raises:
        TypeError: x is no R data frame.
    """

    def __init__(self, x: object) -> None:
        robject = rpy2_objects.robject(x) if rpy2_objects.is_rpy2(x) else x
        if isinstance(robject, RFrame):
            robject = robject.robject
        if not isinstance(robject, host.native().RObject) or "data.frame" not in robject.classes:
            raise TypeError(f"x: expected an R data frame, not {type(x).__name__}")
        self.robject: RObject = robject
        self._table: pyarrow.Table | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        names: list[str] = host.native().helper("frame_names")(self.robject)
        return names

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.robject)

    def __len__(self) -> int:
        rows: int = host.native().helper("frame_rows")(self.robject)
        return rows

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"<RFrame of {rows} rows and {columns} columns: {', '.join(self.columns)}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """The data as an Arrow stream (a PyCapsule).

        The first call is for R's main thread; what it made is kept, so that later ones may come
        from anywhere, as DuckDB's do.
        """
        stream: CapsuleType = self._made().__arrow_c_stream__(requested_schema)
        return stream

    def __arrow_c_schema__(self) -> CapsuleType:
        """The schema of that stream (a PyCapsule)."""
        schema: CapsuleType = self._made().schema.__arrow_c_schema__()
        return schema

    def _made(self) -> pyarrow.Table:
        if self._table is None:
            import pyarrow as pa

            self._table = pa.table(self.robject)
        return self._table
