"""torchbridge: the bridge between R and PyTorch.

    import torchbridge as tb

    prep = tb.source("prep.R")            # an R script's functions, from Python
    x = tb.to_torch(prep.design(data))    # R or NumPy -> tensor
    tb.to_r(x)                            # tensor -> R vector (an rpy2 object)

Nothing heavy happens at import: R starts, and torch is imported, at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchbridge import autograd
    from torchbridge.arrow import RFrame
    from torchbridge.convert import to_numpy, to_r, to_torch
    from torchbridge.encoded_frames import FrameTensors, frame_tensors
    from torchbridge.errors import HostError, LossyWarning, RError, RWarning
    from torchbridge.frames import to_frame
    from torchbridge.host import start
    from torchbridge.rhome import RNotFound
    from torchbridge.script import RScript, source
    from torchbridge.streamed_frames import frame_batches
    from torchbridge.values import handle

    converter: Any

# The one place: pyproject.toml reads it here, tests/papers holds the other papers to it.
__version__ = "0.1.0"

_WHERE = {
    "to_torch": "convert",
    "to_numpy": "convert",
    "to_r": "convert",
    "to_frame": "frames",
    "RFrame": "arrow",
    "frame_tensors": "encoded_frames",
    "FrameTensors": "encoded_frames",
    "frame_batches": "streamed_frames",
    "source": "script",
    "RScript": "script",
    "handle": "values",
    "converter": "rpy2_converter",
    "start": "host",
    "RError": "errors",
    "RWarning": "errors",
    "LossyWarning": "errors",
    "HostError": "errors",
    "RNotFound": "rhome",
}

__all__ = [
    "FrameTensors",
    "HostError",
    "LossyWarning",
    "RError",
    "RFrame",
    "RNotFound",
    "RScript",
    "RWarning",
    "autograd",
    "converter",
    "frame_batches",
    "frame_tensors",
    "handle",
    "source",
    "start",
    "to_frame",
    "to_numpy",
    "to_r",
    "to_torch",
]


def __getattr__(name: str) -> Any:
    if name == "autograd":
        return importlib.import_module("torchbridge.autograd")
    if name not in _WHERE:
        raise AttributeError(f"module 'torchbridge' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"torchbridge.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
