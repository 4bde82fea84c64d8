"""What R's torch puts into its safetensors files beside the tensors.

An entry of the header's metadata, `ENTRY`, is JSON: the `type` of what was saved ("tensor",
"list", "module", "state_dict" of a dataset), the `version` of the format, which tensors
`requires_grad`, and of complex ones the dtype and the shape (`special_dtype`): they are bytes. A
tensor of bytes, `OBJECT`, is the R object, as R's ``serialize()`` writes it, with names in the
place of tensors.

Tests: tests/saving/test_rtorch_format.py.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any

import torch
from torch import Tensor

from torchbridge.saving.tensor_content import Content, DamagedContent, LaterFormat, parsed

ENTRY = "__r__"
OBJECT = "__robj__"
#: The name of a tensor that was saved by itself.
UNNAMED = "...unnamed..."
VERSION = 3

_TYPES = frozenset(("tensor", "list", "module", "state_dict"))
_COMPLEX = {"chalf": torch.complex32, "cfloat": torch.complex64, "cdouble": torch.complex128}
COMPLEX_NAMES = {dtype: name for name, dtype in _COMPLEX.items()}


def read(content: Content) -> dict[str, Any] | None:
    """What the header says; None of a file that R's torch has not written.

    Raises:
        DamagedContent: it is no description.
        LaterFormat: its version is not known.
    """
    if ENTRY not in content.metadata:
        return None
    about = parsed(content.metadata[ENTRY])
    version = about.get("version") if isinstance(about, dict) else None
    if not isinstance(version, int | float):
        raise DamagedContent("what R's torch says of it in the header is damaged")
    if version > VERSION:
        raise LaterFormat(f"written by a later torch (format {version:g}, known is {VERSION})")
    if about.get("type") not in _TYPES:
        raise DamagedContent("what R's torch says of it in the header is damaged: `type`")
    return dict(about)


def described(
    given: dict[str, Tensor], stored: dict[str, Tensor], type: str, object: bytes | None = None
) -> tuple[str, list[str]]:
    """What the header says for R's torch, and the tensors that it must have first.

    Args:
        given: the tensors of the R value, by name.
        stored: what of them the file has; the R object is put there.
        type: of the R value, "tensor" or "list".
        object: R's ``serialize()`` of a list, with names in the place of tensors.
    """
    if object is not None:
        stored[OBJECT] = torch.frombuffer(bytearray(object), dtype=torch.uint8)
    special = {
        name: {"shape": list(given[name].shape), "dtype": COMPLEX_NAMES[given[name].dtype]}
        for name in stored.keys() & given.keys()
        if given[name].is_complex()
    }
    about = {
        "type": type,
        "version": VERSION,
        "requires_grad": {n: True for n in stored if n in given and given[n].requires_grad} or [],
        "special_dtype": special or [],
    }
    return json.dumps(about, ensure_ascii=False), list(special)  # it takes them by their places


def restored(
    tensors: dict[str, Tensor], about: dict[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors as they were, and for R the `type` and the bytes of the R `object`."""
    found = dict(tensors)
    data = found.pop(OBJECT, None)
    if (data is None) != (about["type"] == "tensor") or (data is None and len(found) != 1):
        raise DamagedContent("it has lost a part of what R's torch wrote")
    if data is not None and (data.dtype != torch.uint8 or data.dim() != 1):
        raise DamagedContent("its R object is damaged")
    special, grads = (_by_name(about, key) for key in ("special_dtype", "requires_grad"))
    if not special.keys() | grads.keys() <= found.keys():
        raise DamagedContent("what R's torch says of it in the header is damaged: its names")
    for name, said in special.items():
        found[name] = _complex(name, found[name], said)
    for name, needs in grads.items():
        if needs is True:
            if not (found[name].is_floating_point() or found[name].is_complex()):
                raise DamagedContent(f"`{name}` has whole numbers, which have no gradients")
            found[name].requires_grad_()
    bytes_of = None if data is None else data.numpy().tobytes()
    return found, {"type": about["type"], "object": bytes_of}


def _by_name(about: dict[str, Any], key: str) -> dict[str, Any]:
    """A part of the description: R has an empty list where there is none."""
    found = about.get(key) or {}
    if not isinstance(found, dict):
        raise DamagedContent(f"what R's torch says of it in the header is damaged: `{key}`")
    return found


def _complex(name: str, x: Tensor, said: object) -> Tensor:
    about = said if isinstance(said, dict) else {}
    dtype, given = _COMPLEX.get(str(about.get("dtype"))), about.get("shape", [])
    shape: list[int] = given if isinstance(given, list) else [given]
    whole = all(type(n) is int and n >= 0 for n in shape)
    if not whole or dtype is None or prod(shape) * dtype.itemsize != x.numel() * x.element_size():
        raise DamagedContent(f"what R's torch says of the complex numbers in `{name}` is damaged")
    return x.contiguous().view(torch.uint8).reshape(-1).view(dtype).reshape(shape)
