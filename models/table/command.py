"""`torchbridge fit` and `torchbridge predict`: models for people who script.

Their arguments are in `bridge/shell.py`.
"""

import argparse
import glob
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from torchbridge.frames.source_pieces import SUFFIXES
from torchbridge.frames.sources import Source, is_query, open_source
from torchbridge.process.whole_files import replacing

from .formula import FormulaError
from .formula_fit import FormulaFit, FormulaModel, fit_formula, load_formula
from .spec import first_line

_MODEL_OPTIONS = (
    "hidden",
    "activation",
    "dropout",
    "normalization",
    "residual",
    "family",
    "link",
)
_READERS = {".parquet": pd.read_parquet, ".csv": pd.read_csv}
_FIT_OPTIONS = (
    "epochs",
    "batch_size",
    "shuffle_buffer",
    "lr",
    "optimizer",
    "weight_decay",
    "loss",
    "metrics",
    "seed",
    "device",
    "resume",
    "compile",
)


def run(options: argparse.Namespace) -> int:
    """Run one of them and return its exit code."""
    try:
        {"fit": _fit, "predict": _predict}[options.command](options)
    except (ValueError, TypeError, OSError, FloatingPointError, ImportError, RuntimeError) as error:
        print(f"torchbridge: {error}", file=sys.stderr)
        return 1
    return 0


def _fit(options: argparse.Namespace) -> None:
    if options.output is not None and not options.output.absolute().parent.is_dir():
        raise FileNotFoundError(f"--output: there is no folder {options.output.parent}")
    given = vars(options)
    fitted = fit_formula(
        options.formula,
        read_data(options.data),
        options.model,
        weights=options.weights,
        offset=options.offset,
        validation=options.validation,
        model_options={name: given[name] for name in _MODEL_OPTIONS if name in given},
        fit_options=_fit_options(options),
    )
    if fitted.left_out:
        print(f"left out {fitted.left_out} rows with missing values", file=sys.stderr)
    _report(fitted)
    if options.output is not None:
        fitted.save(options.output)
        print(f"wrote {options.output}")


def _fit_options(options: argparse.Namespace) -> dict[str, Any]:
    given = vars(options)
    found: dict[str, Any] = {name: given[name] for name in _FIT_OPTIONS if name in given}
    callbacks: dict[str, Any] = {}
    if options.schedule is not None:
        callbacks["lr_schedule"] = {"name": options.schedule}
    if options.patience is not None:
        callbacks["early_stopping"] = {"patience": options.patience}
    if options.checkpoint is not None:
        callbacks["model_checkpoint"] = {"path": options.checkpoint}
    if options.log is not None:
        callbacks["csv_log"] = {"path": options.log}
    if callbacks:
        found["callbacks"] = callbacks
    return found


def _predict(options: argparse.Namespace) -> None:
    model = read_model(options.model)
    data = read_data(options.data)
    try:
        if isinstance(data, Source) and _is_parquet(options.output):
            model.predict(data, options.type, options.output)
            return
        predictions = model.predict(data, options.type).reset_index(drop=True)
    except FormulaError as error:
        raise ValueError(f"--model: {options.model}: {error}") from error
    if options.output is None:
        predictions.to_csv(sys.stdout, index=False)
    else:
        with replacing(options.output) as file:
            if options.output.suffix == ".parquet":
                predictions.to_parquet(file, index=False)
            else:
                predictions.to_csv(file, index=False, compression=_compression(options.output))


def _is_parquet(output: Path | None) -> bool:
    """Is it one Parquet file, or a folder of them?"""
    return output is not None and output.suffix in (".parquet", "")


def _compression(path: Path) -> str | None:
    """pandas' name of it, by the end of a file's name."""
    return {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}.get(
        path.suffix
    )


def read_data(text: str) -> Any:
    """A CSV or Parquet file in memory; what is to be read batch by batch as it is."""
    path = Path(text)
    streamed = is_query(text) or path.is_dir() or path.suffix in set(SUFFIXES) - set(_READERS)
    if streamed or (glob.has_magic(text) and not path.exists()):
        return open_source(text, "--data")
    return read_table(path)


def read_table(path: Path) -> pd.DataFrame:
    """A CSV or Parquet file."""
    if not path.is_file():
        raise FileNotFoundError(f"--data: there is no file {path}")
    if path.suffix not in _READERS:
        raise ValueError(f"--data must be a .csv or .parquet file, or a folder, not {path}")
    try:
        return _READERS[path.suffix](path)
    except (ValueError, OSError, NotImplementedError) as error:
        raise ValueError(f"--data: {path} cannot be read: {first_line(error)}") from error


def read_model(path: Path) -> FormulaModel:
    """The model that `fit` wrote."""
    try:
        return load_formula(path)
    except (OSError, ValueError) as error:
        raise type(error)(f"--model: {error}") from error


def _report(fitted: FormulaFit) -> None:
    """Coefficients of an exact fit, or losses."""
    print(fitted)
    coefficients = fitted.coefficients
    if coefficients is None:
        last = {name: values[-1] for name, values in fitted.history.items() if values}
        print(pd.Series(last).to_string())
        return
    exact: Any = fitted.table.exact
    print(coefficients.to_string())
    print(f"log-likelihood {exact.log_likelihood:.6f} on {exact.df} df")
