"""What is sent to a worker: any values in one file, whose tensors it maps into its memory.

The file is in a folder that only this user can read, and is read by the processes that were started
for it: it is a pickle. Tensors lie in it as they are, once for all workers; what a worker writes
into them stays its own. Functions and classes of the user's session go by value, where the package
cloudpickle is there; what is written in R goes as R saves it, and starts R in the worker.

Tests: tests/models/training/test_workers.py.
"""

import importlib
import os
import pickle
import warnings
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from torchbridge.process import hooks


def write_parcel(path: str | os.PathLike[str], values: Mapping[str, Any]) -> None:
    """Write values, by the names that errors call them.

    Raises:
        TypeError: one of them cannot go to another process; the message says which and why.
    """
    try:
        torch.save(dict(values), path, pickle_module=_pickling())
    except Exception as error:
        for name, value in values.items():
            why = _refused(value)
            if why is not None:
                raise TypeError(f"{name} cannot be sent to other processes: {why}") from error
        raise


def read_parcel(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The values; tensors on the CPU, over the file's own memory until they are written to."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support")
        found: dict[str, Any] = torch.load(path, map_location="cpu", mmap=True, weights_only=False)
    return found


def size_of(x: Tensor) -> int:
    """Bytes of a tensor's memory, or of a sparse one's by rows; about."""
    if x.layout == torch.strided:
        return x.numel() * x.element_size()
    return x.values().numel() * (x.element_size() + 8) + 8 * len(x)


def of_its_own(x: Tensor) -> Tensor:
    """The tensor without the rest of a larger memory that it is a part of."""
    if x.layout != torch.strided:  # sparse: it is several tensors, which it made
        return x
    part = x.untyped_storage().nbytes() > x.numel() * x.element_size()
    return x.clone() if part else x


def _pickling() -> Any:
    """What torch takes for the module pickle."""
    try:
        base: Any = importlib.import_module("cloudpickle").Pickler
    except ImportError:
        base = pickle.Pickler

    class Pickler(base):
        """Pickles modules that are written in R, too."""

        def reducer_override(self, x: Any) -> Any:
            """How a value is pickled, where not as usual."""
            if isinstance(x, nn.Module) and hasattr(x, "_r_half"):
                return _made_in_r, (hooks.get("wrap_module")(x),)
            return super().reducer_override(x) if base is not pickle.Pickler else NotImplemented

    return SimpleNamespace(__name__="pickle", Pickler=Pickler)


def _made_in_r(face: Any) -> Any:
    """The module that an R function stands for."""
    return face.attr("torchbridge_handle").value()


def _refused(value: Any) -> str | None:
    """Why a value cannot be pickled; None where it can."""
    nowhere: Any = _Nowhere()
    try:
        torch.save(value, nowhere, pickle_module=_pickling())
    except Exception as error:
        return str(error) or type(error).__name__
    return None


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        return len(data)

    def flush(self) -> None:
        pass
