"""Weights as safetensors: no pickle, so that a file can run no code.

Tests: tests/models/training/test_checkpoint.py.
"""

import torch
from torch import Tensor, nn

from torchbridge.saving import tensor_content
from torchbridge.saving.tensor_content import Content, DamagedContent

from ..arguments import dtype_name, kind_of

_ROW_MAJOR = torch.contiguous_format


def to_bytes(weights: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Tensors by name as the content of a safetensors file.

    Tied weights are written once for each of their names.
    """
    return tensor_content.to_bytes(copied(weights), metadata)


def copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as files have them; whoever changes the weights meanwhile does not change these."""
    return {
        name: t.detach().cpu().resolve_conj().resolve_neg().clone(memory_format=_ROW_MAJOR)
        for name, t in weights.items()
    }


def from_bytes(content: bytes) -> dict[str, Tensor]:
    """The tensors in the content of a safetensors file."""
    try:
        return weights_content(content).tensors()
    except DamagedContent as error:
        raise ValueError(f"weights: these bytes are no safetensors content ({error})") from error


def weights_content(content: bytes) -> Content:
    """The same with the tensors still to be read: its header has been checked."""
    try:
        data = bytes(memoryview(content))
    except TypeError as error:
        raise TypeError(f"weights must be bytes, not {kind_of(content)}") from error
    try:
        found = tensor_content.of_bytes(data)
        if found.metadata and not found.has_checksum:  # version 0.1.0 wrote neither
            raise DamagedContent("its checksum is missing: something in it has changed")
        return found
    except DamagedContent as error:
        raise ValueError(f"weights: these bytes are no safetensors content ({error})") from error


def check_weights(module: nn.Module, weights: Content, prefix: str = "") -> None:
    """An error that names the first tensor that is not the module's, or that it lacks."""
    wanted = {prefix + name: x for name, x in module.state_dict().items()}
    found = {name: x for name, x in weights.entries.items() if name.startswith(prefix)}
    other = sorted(set(wanted) ^ set(found))
    if other:
        lacks = "lack" if other[0] in wanted else "have"
        raise ValueError(f"the weights are of another model: they {lacks} {other[0]}")
    for name, x in wanted.items():
        entry = found[name]
        if entry.shape != tuple(x.shape) or entry.dtype != x.dtype:
            raise ValueError(
                f"the weights are of another model: {name} is {dtype_name(entry.dtype)} of shape "
                f"{entry.shape}, not {dtype_name(x.dtype)} of shape {tuple(x.shape)}"
            )
