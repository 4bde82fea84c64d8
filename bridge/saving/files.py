"""R values in safetensors files: what ``torch_save``, ``torch_load`` and ``torch_serialize`` call.

A file holds tensors by name, which every reader of safetensors can read, and in its header
a description of the R value that they are part of (JSON). There is no code in it, and
reading it runs none: no pickle, no R function.

Tests: test-save-files.R.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from torchbridge.arrays.rtypes import RType, attach
from torchbridge.process.whole_files import replacing
from torchbridge.saving import rds, rtorch_format, tensor_content
from torchbridge.saving.tensor_content import Content, DamagedContent, LaterFormat

#: The entry of the header's metadata that is ours, and its version.
_ENTRY = "torchbridge"
_VERSION = 2

#: R's vectors as tensors of the same bytes.
_VECTORS = {
    "double": torch.float64,
    "integer": torch.int32,
    "logical": torch.int32,
    "complex": torch.float64,
    "raw": torch.uint8,
}

_SPARSE = {
    torch.sparse_coo: ("indices", "values"),
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
}

#: Tensors by name; an empty dict is an empty list in R.
Tensors: TypeAlias = dict[str, Tensor] | list[Any]


def save(
    path: str, tree: dict[str, Any], tensors: Tensors, for_rtorch: dict[str, Any] | None = None
) -> None:
    """Write a file, whole or not at all.

    Args:
        path: where.
        tree: the description of the R value; its leaves name tensors.
        tensors: tensors by name; bytes (numpy arrays of uint8) of R's vectors among them.
        for_rtorch: what `rtorch_format.described` needs, if R's torch is to read the file.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"`path`: there is no folder {folder}")
    content = _described(tree, tensors, for_rtorch)
    with replacing(path) as file:
        tensor_content.write(file, *content)


def dumps(
    tree: dict[str, Any], tensors: Tensors, for_rtorch: dict[str, Any] | None = None
) -> bytes:
    """The content of the file that `save` writes."""
    return tensor_content.to_bytes(*_described(tree, tensors, for_rtorch))


def same_tensors(tensors: Tensors) -> dict[str, str]:
    """The name under which each tensor is in the file: one that is there twice has its first."""
    first: dict[tuple[object, ...], str] = {}
    return {name: first.setdefault(place(x), name) for name, x in dict(tensors).items()}


def _described(
    tree: dict[str, Any], tensors: Tensors, for_rtorch: dict[str, Any] | None
) -> tuple[dict[str, Tensor], dict[str, str], list[str]]:
    """The tensors that a file has, its metadata, and the tensors that its header has first."""
    given = dict(tensors)
    stored: dict[str, Tensor] = {}
    about: dict[str, Any] = {}
    seen: dict[tuple[object, ...], str] = {}
    for name, value in given.items():
        where = place(value)
        if where in seen:
            about[name] = {"same_as": seen[where]}
            continue
        seen[where] = name
        about[name] = _store(stored, name, value, given)
    text = json.dumps({"version": _VERSION, "value": tree, "tensors": about}, ensure_ascii=False)
    metadata, first = {_ENTRY: text, "format": "pt"}, list[str]()
    if for_rtorch is not None and not any("layout" in said for said in about.values()):
        metadata[rtorch_format.ENTRY], first = rtorch_format.described(given, stored, **for_rtorch)
    return stored, metadata, first


def vector(data: bytes, kind: str) -> Tensor:
    """The bytes of an R vector as a tensor of its numbers."""
    x = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0).byte()
    return x.view(_VECTORS[kind])


def vector_bytes(x: Tensor) -> bytes:
    """And back."""
    data: bytes = x.cpu().contiguous().view(torch.uint8).numpy().tobytes()
    return data


def place(x: Tensor) -> tuple[object, ...]:
    """Tensors with the same are one tensor (two layers that share a weight)."""
    if x.is_nested or x.layout is not torch.strided or x.numel() == 0 or x.is_meta or is_fake(x):
        return (id(x),)
    return (x.device, x.data_ptr(), tuple(x.shape), x.stride(), x.dtype, x.is_conj(), x.is_neg())


def is_fake(x: Tensor) -> bool:
    """Is x what stands for a tensor while a program is traced? It has no memory."""
    return type(x).__name__ == "FakeTensor"


def _store(
    stored: dict[str, Tensor], name: str, x: Tensor, given: dict[str, Tensor]
) -> dict[str, Any]:
    """Put the memory of a tensor into `stored`; gives what else belongs to it.

    Parts of a sparse tensor have names that none of the tensors `given` has.
    """
    if x.is_meta:
        raise ValueError(f"`{name}` is a meta tensor: it has no values to save")
    if is_fake(x):
        raise ValueError(f"`{name}` is being traced: it has no values to save")
    if x.is_nested or x.is_mkldnn:
        way = "unbind" if x.is_nested else "to_dense"
        raise TypeError(
            f"`{name}` is {'nested' if x.is_nested else 'of MKL-DNN'}: save `x${way}()`"
        )
    if x.is_quantized:
        raise TypeError(f"`{name}` is quantized: save `x$dequantize()`")
    about: dict[str, Any] = {}
    if x.device.type != "cpu":
        about["device"] = str(x.device)
    if x.requires_grad and x.is_leaf:
        about["requires_grad"] = True
    if isinstance(x, torch.nn.Parameter):
        about["parameter"] = True
    rtype = getattr(x, "r_type", None)
    if rtype is not None:
        about["r_type"] = rtype.described()
    x = x.detach().cpu()
    if x.layout is torch.strided:
        stored[name] = _plain(x, about)
        return about
    about["layout"] = str(x.layout).removeprefix("torch.")
    about["shape"] = list(x.shape)
    if x.layout is torch.sparse_coo:
        x = x.coalesce()
    while any(f"{name}.{part}" in (*given, *stored) for part in _SPARSE[x.layout]):
        name += "#"
        about["parts"] = name
    for part in _SPARSE[x.layout]:
        stored[f"{name}.{part}"] = _plain(getattr(x, part)(), about)
    return about


def _plain(x: Tensor, about: dict[str, Any]) -> Tensor:
    """Memory of its own, row-major, in a dtype that the format has."""
    x = x.resolve_conj().resolve_neg()
    if x.layout is torch.strided and _is_dense(x) and not x.is_contiguous():
        # Else a product with it would take another way, and differ in the last bits.
        about["order"] = _order(x)
    if x.is_complex():
        about["complex"] = True
        x = torch.view_as_real(x)
    return x.clone(memory_format=torch.contiguous_format)


# ---- reading ----


def load(path: str, device: str | None) -> dict[str, Any]:
    """The description and the tensors of a file (`value` is None where it is not R's)."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"`path`: there is no file {path}")
    with file.open("rb") as opened:
        start = opened.read(16)
    _check_start(start)
    try:
        if rds.is_rds(start):
            return {"rds": rds.stream(file.read_bytes())}
        with tensor_content.opened(path) as content:
            return _read(content, device)
    except rds.DamagedRds as error:
        raise ValueError(f"`path`: {path} is not a whole .rds file ({error})") from error
    except DamagedContent as error:
        raise ValueError(f"`path`: {path} is not a whole safetensors file ({error})") from error
    except LaterFormat as error:
        raise ValueError(f"`path`: {path} was {error}") from error


def loads(data: bytes, device: str | None) -> dict[str, Any]:
    """The same of what `dumps` gave."""
    _check_start(data[:16])
    try:
        if rds.is_rds(data[:16]):
            return {"rds": rds.stream(data)}
        return _read(tensor_content.of_bytes(data), device)
    except rds.DamagedRds as error:
        raise ValueError(f"`path`: these bytes are no whole .rds file ({error})") from error
    except DamagedContent as error:
        raise ValueError(f"`path`: these bytes are no safetensors content ({error})") from error
    except LaterFormat as error:
        raise ValueError(f"`path`: these bytes were {error}") from error


def _check_start(start: bytes) -> None:
    # Eight bytes of safetensors are the size of the header, which then begins.
    if start.startswith((b"PK", b"\x80")) and start[8:9] != b"{":
        raise ValueError(
            "`path`: this is a pickle of Python's torch.save(), which can run code when it is "
            "read; convert it in Python: safetensors.torch.save_file(torch.load(path, "
            "weights_only=True), new_path)"
        )


#: What reading a damaged description can end in.
_DAMAGE = (
    *(KeyError, IndexError, TypeError, AttributeError, ValueError, RuntimeError, OverflowError),
    NotImplementedError,
)


def _read(content: Content, device: str | None) -> dict[str, Any]:
    if _ENTRY not in content.metadata:
        tensors, about = content.tensors(), rtorch_format.read(content)
        if about is not None:
            tensors, about = rtorch_format.restored(tensors, about)
        named = {n: x if device is None else x.to(device) for n, x in tensors.items()}
        return {"value": None, "r": about, "tensors": named}
    found = content.description(_ENTRY, _VERSION)
    stored = content.tensors()
    about_each, value = found.get("tensors"), found.get("value")
    if not isinstance(about_each, dict) or "value" not in found:
        raise DamagedContent("the description in the header is damaged")
    made, same = {}, {}
    for name, about in about_each.items():
        try:
            if "same_as" in about:
                same[name] = str(about["same_as"])
            else:
                same[name], made[name] = name, _restored(stored, name, about)
        except _DAMAGE as error:
            raise DamagedContent(f"the description of `{name}` in the header is damaged") from error
    if not set(same.values()) <= set(made):
        raise DamagedContent("the description in the header is damaged: a tensor is missing")
    placed = {name: _placed(x, about_each[name], device) for name, x in made.items()}
    return {"value": value, "tensors": {name: placed[of] for name, of in same.items()}}


def _restored(stored: dict[str, Tensor], name: str, about: dict[str, Any]) -> Tensor:
    """A tensor as it was, on the CPU."""

    def part(key: str) -> Tensor:
        x = stored[key]
        floating = x.is_floating_point() and x.dim() > 0 and x.shape[-1] == 2
        return torch.view_as_complex(x) if about.get("complex") and floating else x

    device = torch.device(about.get("device", "cpu"))
    if device.type == "meta":
        raise ValueError("a tensor without values")
    layout, parts = about.get("layout", "strided"), about.get("parts", name)
    if layout == "strided":
        x = _in_order(part(name), about.get("order"))
    elif layout == "sparse_coo":
        x = torch.sparse_coo_tensor(
            stored[f"{parts}.indices"],
            part(f"{parts}.values"),
            about["shape"],
            check_invariants=True,  # else a file could make later operations read anywhere
        ).coalesce()
    else:
        kind = {str(known): known for known in _SPARSE}[f"torch.{layout}"]
        rows, columns, _ = _SPARSE[kind]
        x = torch.sparse_compressed_tensor(
            stored[f"{parts}.{rows}"],
            stored[f"{parts}.{columns}"],
            part(f"{parts}.values"),
            about["shape"],
            layout=kind,
            check_invariants=True,
        )
    if about.get("requires_grad") and not (x.is_floating_point() or x.is_complex()):
        raise ValueError("whole numbers have no gradients")
    if about.get("r_type") is not None:
        about["r_type"] = RType.of_description(about["r_type"])
    return x


def _placed(x: Tensor, about: dict[str, Any], device: str | None) -> Tensor:
    """The tensor on its device, and what it is besides."""
    x = x.to(about.get("device", "cpu") if device is None else device)
    if about.get("parameter"):
        return torch.nn.Parameter(x, requires_grad=bool(about.get("requires_grad")))
    rtype = about.get("r_type")
    if rtype is not None:
        attach(x, rtype)
    return x.requires_grad_() if about.get("requires_grad") else x


def _is_dense(x: Tensor) -> bool:
    """Is its memory, in some order of the dims, without gaps?"""
    return x.numel() > 0 and x.permute(_order(x)).is_contiguous()


def _order(x: Tensor) -> list[int]:
    """The dims from the one that varies slowest in memory."""
    strides = x.stride()
    return sorted(range(x.dim()), key=lambda dim: -strides[dim])


def _in_order(x: Tensor, order: list[int] | None) -> Tensor:
    if order is None:
        return x
    return torch.empty_permuted(x.shape, order, dtype=x.dtype).copy_(x)
