"""torchbridge: the bridge between R and PyTorch.

    import torchbridge as tb

    prep = tb.source("prep.R")            # an R script's functions, from Python
    x = tb.to_torch(prep.design(data))    # R or NumPy -> tensor
    tb.to_r(x)                            # tensor -> R vector (an rpy2 object)

Nothing heavy happens at import: R starts, and torch is imported, at first use.
"""

# Before every other import, also those of the standard library.
from torchbridge.process import own_imports as _own_imports

_own_imports.watch()

import importlib  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

# Who answers whom, before anyone asks.
from torchbridge import wiring as _wiring  # noqa: E402, F401

if TYPE_CHECKING:
    from torchbridge import autograd
    from torchbridge.arrays.convert import to_numpy, to_torch
    from torchbridge.frames.arrow import RFrame
    from torchbridge.frames.encoded_frames import FrameTensors, frame_tensors
    from torchbridge.frames.streamed_frames import frame_batches
    from torchbridge.frames.to_frame import to_frame
    from torchbridge.process.errors import HostError, LossyWarning, RError, RWarning
    from torchbridge.process.host import start
    from torchbridge.process.r_thread import on_r_thread, serve, serve_in
    from torchbridge.process.rhome import RNotFound
    from torchbridge.values.any_value import handle
    from torchbridge.values.package import RPackage, package
    from torchbridge.values.script import RScript, source
    from torchbridge.values.to_r import to_r

    converter: Any

# The one place: pyproject.toml reads it here, tests/papers holds the other papers to it.
__version__ = "0.1.0"

_WHERE = {
    "to_torch": "arrays.convert",
    "to_numpy": "arrays.convert",
    "to_r": "values.to_r",
    "to_frame": "frames.to_frame",
    "RFrame": "frames.arrow",
    "frame_tensors": "frames.encoded_frames",
    "FrameTensors": "frames.encoded_frames",
    "frame_batches": "frames.streamed_frames",
    "source": "values.script",
    "RScript": "values.script",
    "package": "values.package",
    "RPackage": "values.package",
    "handle": "values.any_value",
    "converter": "values.rpy2_converter",
    "start": "process.host",
    "on_r_thread": "process.r_thread",
    "serve": "process.r_thread",
    "serve_in": "process.r_thread",
    "RError": "process.errors",
    "RWarning": "process.errors",
    "LossyWarning": "process.errors",
    "HostError": "process.errors",
    "RNotFound": "process.rhome",
    # %load_ext torchbridge
    "load_ipython_extension": "values.r_magic",
}

__all__ = [
    "FrameTensors",
    "HostError",
    "LossyWarning",
    "RError",
    "RFrame",
    "RNotFound",
    "RPackage",
    "RScript",
    "RWarning",
    "autograd",
    "converter",
    "frame_batches",
    "frame_tensors",
    "handle",
    "on_r_thread",
    "package",
    "serve",
    "serve_in",
    "source",
    "start",
    "to_frame",
    "to_numpy",
    "to_r",
    "to_torch",
]


# A type checker reads the names above, and must know of no other.
if not TYPE_CHECKING:

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
