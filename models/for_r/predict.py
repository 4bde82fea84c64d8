"""Predictions of a fit, its module, and what it exports.

Tests: test-fit-fit.R, test-fit-save.R, test-fit-export.R.
"""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..table.export import export_onnx, export_program
from ..table.model import TableModel, load_table
from ..table.registry import MODELS
from ..training.data import dtype_of
from ..training.device import training_device
from ..training.predict import predict
from ..training.weights import from_bytes
from .columns import Columns


def load(spec: str, weights: bytes) -> TableModel:
    """The model of an earlier fit, where a fit would put it by default."""
    model = load_table(spec, weights)
    model.module.to(training_device(None))
    return model


def predict_columns(
    model: TableModel | nn.Module,
    columns: Sequence[Tensor],
    levels: Sequence[int] | int,
    offset: Any = None,
    type: str = "response",
    spec: str | None = None,
    weights: bytes | None = None,
) -> Any:
    """Predictions for columns like those of the fit, as a NumPy array.

    Args:
        model: of `load`, or a caller's module, with the `spec` and `weights` of its fit.
        columns, levels: as of `Columns`.
        offset, type: as of `TableModel.predict`.
    """
    if isinstance(model, TableModel):
        dtype = getattr(torch, model.spec["dtype"])
        numeric, codes = Columns(model.spec["model"], levels, dtype).arrange(columns)
        return model.predict(numeric, codes, offset=offset, type=type).numpy()
    if spec is None or weights is None:
        raise ValueError("spec and weights must be given with a module")
    with holding(model, weights):
        numeric, codes = Columns(model, levels).arrange(columns)
        table = TableModel(json.loads(spec), model)
        return table.predict(numeric, codes, offset=offset, type=type).numpy()


def predict_module(module: nn.Module, weights: bytes, x: Any) -> Any:
    """The output of a caller's module with these weights, as a NumPy array."""
    dtype = dtype_of(module, None)
    inputs = x if isinstance(x, list) else [x]
    if dtype is not None:
        inputs = [t.to(dtype) if t.is_floating_point() else t for t in inputs]
    with holding(module, weights):
        return predict(module, tuple(inputs)).numpy()


def fitted_module(model: TableModel | nn.Module, weights: bytes) -> nn.Module:
    """The module of a fit with its weights: one that is the caller's to change."""
    if isinstance(model, TableModel):
        return copy.deepcopy(model.module)
    module = copy.deepcopy(model)
    module.load_state_dict(from_bytes(weights))
    return module


def export(
    module: nn.Module,
    model: str,
    columns: Sequence[Tensor],
    levels: Sequence[int] | int,
    path: str,
    format: str,
) -> None:
    """Write a fit's module as "onnx" or "torch" has it; `columns` are rows to trace it with."""
    of = model if model in MODELS else module
    numeric, codes = Columns(of, levels, dtype_of(module, torch.float32)).arrange(columns)
    x = numeric if codes is None else (numeric, codes)
    (export_onnx if format == "onnx" else export_program)(module, x, path)


def parameters(weights: bytes) -> dict[str, Any]:
    """Parameters and buffers by name, of the bytes that keep them."""
    return {name: t.numpy() for name, t in from_bytes(weights).items()}


@contextmanager
def holding(module: nn.Module, weights: bytes) -> Iterator[None]:
    """A caller's module with these weights for a while, and then with its own again."""
    before = copy.deepcopy(module.state_dict())
    module.load_state_dict(from_bytes(weights))
    try:
        yield
    finally:
        module.load_state_dict(before)
