"""A fit for other runtimes: torch.export and ONNX."""

import copy
import io
import logging
import os
import re
import secrets
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from torchbridge.process.whole_files import replacing, write_file

from ..arguments import kind_of
from ..training.data import as_inputs
from ..training.fit import Fit
from .model import TableModel
from .result import TableFit

#: The bytes of weights that an ONNX file holds itself: protobuf ends at 2^31.
_ONE_FILE = 1_500_000_000


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
        # Not to the file: where the disk is full, PyTorch's writer would end the process.
        content = io.BytesIO()
        torch.export.save(program, content)
        write_file(path, content.getvalue())
    return program


def export_onnx(fit: Any, x: Any, path: str | os.PathLike[str]) -> None:
    """Write the module of a fit as an ONNX file, of any number of rows.

    Needs the packages onnx and onnxscript. Inputs are called "x" (or "x0", "x1", ...), the
    output "y". Beyond 1.5 GB, which is more than such a file can hold, the weights are in a
    second file beside it, `<path>.<8 digits>.data`; that of an earlier export goes.

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
        program: Any = torch.onnx.export(
            module,
            inputs,
            input_names=names,
            output_names=["y"],
            dynamic_shapes=_any_rows(inputs),
            dynamo=True,
            verbose=False,
        )
    _write_onnx(program.model_proto, path)


def _write_onnx(model: Any, path: str | os.PathLike[str]) -> None:
    weights = [tensor for tensor in model.graph.initializer if tensor.HasField("raw_data")]
    if sum(len(tensor.raw_data) for tensor in weights) <= _ONE_FILE:
        write_file(path, model.SerializeToString())
        return
    from onnx.external_data_helper import set_external_data

    # A name of its own: until the model is written, the old one has the weights that it had.
    target = Path(os.path.realpath(path))
    data = f"{target.name}.{secrets.token_hex(4)}.data"
    try:
        with replacing(target.parent / data) as file:
            for tensor in weights:
                set_external_data(tensor, data, file.tell(), len(tensor.raw_data))
                file.write(tensor.raw_data)
                tensor.ClearField("raw_data")
        write_file(path, model.SerializeToString())
    except BaseException:
        (target.parent / data).unlink(missing_ok=True)
        raise
    for beside in target.parent.iterdir():
        ours = re.fullmatch(re.escape(target.name) + r"\.[0-9a-f]{8}\.data", beside.name)
        if ours and beside.name != data:
            beside.unlink()


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
