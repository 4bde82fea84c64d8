"""What R's data-frames.R calls: each function gets R's own vectors (RObject) or objects.

Tests: test-data-frames.R.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from torchbridge.frames import encoded_frames, frame_kinds, r_arrow, streamed_frames, to_frame
from torchbridge.frames.encoded_frames import FrameTensors
from torchbridge.frames.r_arrow import StreamRoom, stream_at  # noqa: F401 (R asks for it here)
from torchbridge.process import host
from torchbridge.process.errors import LossyWarning

if TYPE_CHECKING:
    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import Device, TorchDType
    from torchbridge.frames.frame_encoding import FrameEncoding
    from torchbridge.frames.protocols import ArrowStream


class Noted(TypedDict):
    """A value, and what was lost on the way, for R to warn of."""

    value: Any
    notes: list[str]


def _with_notes(make: Callable[[], object]) -> Noted:
    """What R gets of `make`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LossyWarning)
        value = make()
    notes = [str(w.message) for w in caught if issubclass(w.category, LossyWarning)]
    for w in caught:
        if not issubclass(w.category, LossyWarning):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    return {"value": value, "notes": notes}


def frame_to_r(x: object) -> Noted:
    """The R data frame of a Python frame, or of what `frame_tensors` gave."""
    x = x.to_arrow() if isinstance(x, FrameTensors) else x
    if not to_frame.is_frame(x):
        raise TypeError(
            f"x: expected a Python data frame (pandas, polars, pyarrow, or anything with "
            f"__arrow_c_stream__), not {type(x).__name__}"
        )
    result = _with_notes(lambda: to_frame.to_robject(x))
    if "data.frame" not in result["value"].classes:
        raise TypeError(f"x: {type(x).__name__} is one column, and no data frame")
    return result


def as_py_frame(x: RObject | ArrowStream, kind: str) -> Noted:
    """The Python frame of a kind, as a handle: pandas' would become R's again."""

    def make() -> object:
        if isinstance(x, host.native().RObject):
            return to_frame.to_frame(x, kind)
        return frame_kinds.of_kind(x, kind)

    result = _with_notes(make)
    result["value"] = host.native().object_handle(result["value"])
    return result


def frame_tensors(
    x: object, dtype: TorchDType, device: Device, like: FrameTensors | FrameEncoding | None
) -> Noted:
    """R's ``frame_tensors``: codes count from 1."""
    return _with_notes(lambda: _from_one(encoded_frames.frame_tensors(x, dtype, device, like)))


def _from_one(x: FrameTensors) -> FrameTensors:
    return replace(x, codes=x.codes + 1, first=1)


def frame_batches(
    source: RObject | str | ArrowStream,
    batch_size: float,
    columns: list[str] | None,
    dtype: TorchDType,
    device: Device,
    like: FrameTensors | FrameEncoding | None,
) -> RBatches:
    """R's ``frame_batches``."""
    if isinstance(source, host.native().RObject):
        value = source.value()
        source = value if isinstance(value, str) else source
    batches = streamed_frames.frame_batches(source, int(batch_size), columns, dtype, device, like)
    return RBatches(batches)


class RBatches:
    """An iterator of batches whose codes count from 1; `whole` is what they come from."""

    def __init__(self, whole: streamed_frames.FrameBatches) -> None:
        self.whole = whole
        self._batches = map(_from_one, whole)

    def __iter__(self) -> Iterator[FrameTensors]:
        return self

    def __next__(self) -> FrameTensors:
        return next(self._batches)


def next_batch(batches: Iterator[FrameTensors]) -> FrameTensors | None:
    """The next batch, None after the last."""
    return next(batches, None)


# ---- streams of the R packages arrow and nanoarrow, which hand over addresses ---------


def new_stream(_: object) -> StreamRoom:
    """Room for an Arrow stream."""
    return StreamRoom()


def put_stream(x: FrameTensors | ArrowStream, address: float) -> None:
    """Put the Arrow stream of a frame at an address."""
    import pyarrow as pa

    x = x.to_arrow() if isinstance(x, FrameTensors) else x
    stream = pa.RecordBatchReader.from_stream(x)
    r_arrow.for_r_packages(stream)._export_to_c(int(address))
