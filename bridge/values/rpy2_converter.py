"""``torchbridge.converter``: R's vectors as tensors, in rpy2's own conversion system.

Composes like ``numpy2ri.converter``::

    with (robjects.default_converter + tb.converter).context():
        robjects.r["colMeans"](tensor)   # tensors and NumPy arrays go in, tensors come out
        robjects.r["head"](frame)        # pandas, polars and Arrow frames too; pandas' come out
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import rpy2.rinterface as rinterface
import torch
from rpy2.robjects import conversion

from torchbridge.arrays.convert import to_torch
from torchbridge.frames.to_frame import to_frame
from torchbridge.process import host
from torchbridge.process.rpy2_objects import robject, rpy2_object
from torchbridge.values.to_r import to_r

if TYPE_CHECKING:
    from rpy2.rinterface_lib.sexp import Sexp
    from typing_extensions import CapsuleType

host.start()

converter = conversion.Converter("torchbridge")


def _to_r(x: object) -> Sexp:
    return to_r(x)


def _to_tensor(x: Sexp) -> torch.Tensor:
    return to_torch(x)


@runtime_checkable
class _DLPack(Protocol):
    """Whatever has ``__dlpack__``: tensors, JAX and CuPy arrays, ..."""

    def __dlpack__(self) -> CapsuleType: ...


def _to_pandas(x: rinterface.ListSexpVector) -> object:
    """A data frame is a pandas frame; other lists stay rpy2's own."""
    return to_frame(x) if "data.frame" in list(x.rclass) else rpy2_object(robject(x))


@runtime_checkable
class _Arrow(Protocol):
    """Whatever has ``__arrow_c_stream__``: pandas, polars and pyarrow frames, ..."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType: ...


for _kind in (_Arrow, torch.Tensor, np.ndarray, _DLPack):
    converter.py2rpy.register(_kind, _to_r)

for _vector in (
    rinterface.FloatSexpVector,
    rinterface.IntSexpVector,
    rinterface.BoolSexpVector,
    rinterface.ComplexSexpVector,
    rinterface.ByteSexpVector,
):
    converter.rpy2py.register(_vector, _to_tensor)
converter.rpy2py.register(rinterface.ListSexpVector, _to_pandas)
