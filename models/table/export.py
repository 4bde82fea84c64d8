"""A fit for other runtimes: torch.export and ONNX."""

import copy
import logging
import os
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import kind_of
from ..training.data import as_inputs
from ..training.fit import Fit
from .model import TableModel
from .result import TableFit


def export_program(fit: Any, x: Any, path: str | os.PathLike[str] | None = None) -> Any:
    """The module of a fit as a `torch.export.ExportedProgram`, of any number of rows.

    Args:
        fit: a `Fit`, `TableFit`, `TableModel` or module.
        x: inputs like those of the fit, at least 2 rows (a tuple for several).
        path: where to write it (`torch.export.load` reads it), or None for nowhere.

    Returns:
        The program. It computes in eval mode, on the CPU: linear predictors or raw outputs,
        as the module itself.
    """
    module, inputs = _cpu(fit, x)
    program = torch.export.export(module, inputs, dynamic_shapes=_any_rows(inputs))
    if path is not None:
        torch.export.save(program, os.fspath(path))
    return program


def export_onnx(fit: Any, x: Any, path: str | os.PathLike[str]) -> None:
    """Write the module of a fit as an ONNX file, of any number of rows.

    Needs the packages onnx and onnxscript. Inputs are called "x" (or "x0", "x1", ...), the
    output "y".

    Args:
        fit, x: as of `export_program`.
        path: the file.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError("export_onnx needs the packages onnx and onnxscript") from error
    module, inputs = _cpu(fit, x)
    # What it says about operators of packages that are not used here is no news.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    names = ["x"] if len(inputs) == 1 else [f"x{i}" for i in range(len(inputs))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.onnx.export(
            module,
            inputs,
            os.fspath(path),
            input_names=names,
            output_names=["y"],
            dynamic_shapes=_any_rows(inputs),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _cpu(fit: Any, x: Any) -> tuple[nn.Module, tuple[Tensor, ...]]:
    found = fit
    if isinstance(found, TableFit):
        found = found.model
    if isinstance(found, (Fit, TableModel)):
        found = found.module
    if not isinstance(found, nn.Module):
        raise TypeError(f"fit must be a fit or a module, not {kind_of(fit)}")
    inputs = tuple(t.detach().cpu() for t in as_inputs("x", x))
    if len(inputs[0]) < 2:
        raise ValueError("x must have at least 2 rows: one would look like a constant")
    return copy.deepcopy(found).cpu().eval(), inputs


def _any_rows(inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
    rows = torch.export.Dim("rows")
    # nn.Sequential's forward has one argument, others have *args: by place fits both.
    return tuple({0: rows} for _ in inputs)
