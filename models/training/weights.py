"""Weights as safetensors: no pickle, so that a file can run no code.

Tests: tests/models/training/test_checkpoint.py.
"""

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor


def to_bytes(weights: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Tensors by name as the content of a safetensors file.

    Tied weights are written once for each of their names.
    """
    # safetensors takes no tensors that share memory.
    own = {name: t.detach().cpu().contiguous().clone() for name, t in weights.items()}
    return safetensors.torch.save(own, metadata)


def from_bytes(content: bytes) -> dict[str, Tensor]:
    """The tensors in the content of a safetensors file."""
    try:
        return safetensors.torch.load(bytes(content))
    except SafetensorError as error:
        raise ValueError(f"weights: these bytes are no safetensors content ({error})") from error
