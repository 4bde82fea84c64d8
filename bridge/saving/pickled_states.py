"""States in files of Python's ``torch.save()``, by PyTorch's reader of weights alone.

Such a file is a pickle. ``torch.load(weights_only=True)`` makes tensors and plain data of it and
nothing else; the reader of PyTorch before 2.10 had holes, so there it is not used.

Tests: tests/saving/test_pickled_states.py.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

_FIRST_SAFE = (2, 10)


def load(path: str) -> dict[str, Tensor]:
    """The tensors of a file, by name.

    Raises:
        FileNotFoundError: there is none.
        RuntimeError: this PyTorch's reader is not safe.
        ValueError: the file has something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`path`: there is no file {path}")
    version = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if version < _FIRST_SAFE:
        raise RuntimeError(
            f"`path`: PyTorch {torch.__version__} is installed, and only from 2.10 on does it read "
            "pickles without running what is in them; convert the file to safetensors, or update"
        )
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError) as error:
        why = (str(error).strip().splitlines() or ["it is damaged"])[0]
        raise ValueError(f"`path`: {path} cannot be read as weights alone: {why}") from error
    if not isinstance(found, Mapping) or not all(
        isinstance(name, str) and isinstance(x, Tensor) for name, x in found.items()
    ):
        raise ValueError(f"`path`: {path} has no state dict, but a {type(found).__name__}")
    return dict(found)
