"""`torchbridge fit` and `torchbridge predict`: models for people who script."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from torchbridge.process.whole_files import replacing, write_file
from torchbridge.saving import tensor_content

from ..exact.glm import GLMFit
from ..exact.multinomial import MultinomialFit
from ..networks.activations import ACTIVATIONS
from ..training.optimizers import OPTIMIZERS
from ..training.weights import from_bytes, to_bytes
from .fit import fit_table
from .formula import (
    FormulaError,
    as_layout,
    check_layout,
    complete_rows,
    evaluate,
    is_expression,
    is_factor,
    levels_of,
    parse_formula,
)
from .model import TableModel, load_content
from .registry import MODELS, prediction_types
from .result import TableFit

_ENTRY = "torchbridge_model"
_VERSION = 2
_MODEL_OPTIONS = (
    "hidden",
    "activation",
    "dropout",
    "normalization",
    "residual",
    "family",
    "link",
)
_FIT_OPTIONS = (
    "epochs",
    "batch_size",
    "lr",
    "optimizer",
    "weight_decay",
    "loss",
    "seed",
    "device",
    "resume",
    "compile",
)


def add_commands(commands: Any) -> None:
    """Add `fit` and `predict` to a parser's commands."""
    fit = commands.add_parser(
        "fit", help="fit a model to a CSV or Parquet file", argument_default=argparse.SUPPRESS
    )
    fit.add_argument("--formula", required=True, help="such as 'medv ~ . - zn'")
    fit.add_argument("--data", required=True, type=Path, help="a .csv or .parquet file")
    offered = [name for name, row in MODELS.items() if "shell" in row.hosts]
    models = sorted(offered, key=lambda name: not MODELS[name].exact)
    fit.add_argument("--model", required=True, choices=models)
    fit.add_argument("--output", type=Path, default=None, help="where to write the model")
    fit.add_argument("--weights", default=None, help="a column of row weights")
    fit.add_argument("--offset", default=None, help="a column added to the linear predictor")
    network = fit.add_argument_group("models")
    network.add_argument("--hidden", type=_sizes, help="units of the layers: 64,32")
    network.add_argument("--activation", choices=list(ACTIVATIONS))
    network.add_argument("--dropout", type=float)
    network.add_argument("--normalization", choices=["batch", "layer"])
    network.add_argument("--residual", action="store_true")
    network.add_argument("--family", help="of --model glm")
    network.add_argument("--link", help="of a model fitted exactly")
    training = fit.add_argument_group("training of networks")
    training.add_argument("--epochs", type=int)
    training.add_argument("--batch-size", type=int)
    training.add_argument("--lr", type=float)
    training.add_argument("--optimizer", choices=list(OPTIMIZERS))
    training.add_argument("--weight-decay", type=float)
    training.add_argument("--loss")
    training.add_argument("--seed", type=int)
    training.add_argument("--device")
    training.add_argument("--compile", action="store_true")
    training.add_argument("--validation", type=float, default=None, help="a share of the rows")
    training.add_argument("--patience", type=int, default=None, help="of early stopping")
    training.add_argument("--schedule", default=None, help="of the learning rate: cosine_annealing")
    training.add_argument("--checkpoint", default=None, help="a file to --resume from")
    training.add_argument(
        "--resume",
        help="a checkpoint: the same fit goes on, to as many --epochs or more; other data, columns "
        "or options are an error (--device, --log and --checkpoint may be others)",
    )
    training.add_argument("--log", default=None, help="a CSV file for the history")
    fit.set_defaults(run=_fit)

    predict = commands.add_parser("predict", help="predict with a model that fit wrote")
    predict.add_argument("--model", required=True, type=Path, help="the file fit wrote")
    predict.add_argument("--data", required=True, type=Path, help="a .csv or .parquet file")
    predict.add_argument("--type", default="response", choices=prediction_types())
    predict.add_argument(
        "--output", type=Path, default=None, help="a .csv or .parquet file (default: CSV on stdout)"
    )
    predict.set_defaults(run=_predict)


def run(options: argparse.Namespace) -> int:
    """Run one of them and return its exit code."""
    try:
        options.run(options)
    except (ValueError, TypeError, OSError, FloatingPointError, ImportError, RuntimeError) as error:
        print(f"torchbridge: {error}", file=sys.stderr)
        return 1
    return 0


def _fit(options: argparse.Namespace) -> None:
    if options.output is not None and not options.output.absolute().parent.is_dir():
        raise FileNotFoundError(f"--output: there is no folder {options.output.parent}")
    data = read_table(options.data)
    layout = parse_formula(options.formula, data)
    if MODELS[options.model].takes_codes:
        layout.coded = [
            term[0] for term in layout.terms if len(term) == 1 and term[0] in layout.levels
        ]
    response, classes = _response(layout.response, data, options)
    numeric, names = layout.numeric(data)
    codes = layout.codes(data)
    weights, offset = (
        None if name is None else evaluate(name, data) for name in (options.weights, options.offset)
    )
    extra = [column for column in (weights, offset) if column is not None]
    kept = complete_rows(response, numeric, codes, *extra)
    if not kept.all():
        print(f"left out {int((~kept).sum())} rows with missing values", file=sys.stderr)
    if not kept.any():
        raise ValueError(f"{options.data} has no complete rows")
    given = vars(options)
    model_options = {name: given[name] for name in _MODEL_OPTIONS if name in given}
    if MODELS[options.model].exact:
        model_options["intercept"] = layout.intercept
    fitted = fit_table(
        options.model,
        np.ascontiguousarray(numeric[kept]),
        response[kept],
        codes=codes[kept] if layout.coded else None,
        n_levels=[len(layout.levels[name]) for name in layout.coded],
        n_classes=len(classes) if classes else None,
        weights=None if weights is None else weights[kept],
        offset=None if offset is None else offset[kept],
        validation=options.validation,
        model_options=model_options,
        fit_options=_fit_options(options, names + layout.coded),
    )
    _report(fitted, names, classes)
    if options.output is not None:
        about = {
            "version": _VERSION,
            "spec": fitted.spec,
            "layout": asdict(layout),
            "classes": classes,
            "offset": options.offset,
        }
        weights_ = from_bytes(fitted.weights)
        write_file(options.output, to_bytes(weights_, {_ENTRY: json.dumps(about)}))
        print(f"wrote {options.output}")


def _fit_options(options: argparse.Namespace, columns: list[str]) -> dict[str, Any]:
    given = vars(options)
    found: dict[str, Any] = {name: given[name] for name in _FIT_OPTIONS if name in given}
    if not MODELS[options.model].exact:
        found["origin"] = {"columns": columns}
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
    model, about = read_model(options.model)
    data = read_table(options.data)
    layout, classes = as_layout(about["layout"]), about["classes"]
    try:
        numeric, _ = layout.numeric(data)
        codes = layout.codes(data)
        offset = None if about["offset"] is None else evaluate(about["offset"], data)
    except FormulaError as error:
        raise ValueError(f"--model: {options.model}: {error}") from error
    kept = complete_rows(numeric, codes, *([] if offset is None else [offset]))
    found = model.predict(
        np.ascontiguousarray(numeric[kept]),
        codes[kept] if layout.coded else None,
        offset=None if offset is None else offset[kept],
        type=options.type,
    ).numpy()
    names = [f"pred_{name}" for name in classes or range(found.shape[-1])]
    columns: dict[str, Any] = {}
    if options.type == "class":
        columns["pred_class"] = np.array(
            [classes[code] if classes else code for code in found], object
        )
    elif found.ndim == 1:
        columns["pred"] = found
    else:
        columns = {name: found[:, i] for i, name in enumerate(names)}
    # A row with missing values has a missing prediction: rows stay in their order.
    predictions = pd.DataFrame(columns, index=np.flatnonzero(kept)).reindex(range(len(data)))
    if options.output is None:
        predictions.to_csv(sys.stdout, index=False)
    else:
        with replacing(options.output) as file:
            if options.output.suffix == ".parquet":
                predictions.to_parquet(file, index=False)
            else:
                predictions.to_csv(file, index=False, compression=_compression(options.output))


def _compression(path: Path) -> str | None:
    """pandas' name of it, by the end of a file's name."""
    return {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}.get(
        path.suffix
    )


def read_table(path: Path) -> pd.DataFrame:
    """A CSV or Parquet file."""
    if not path.is_file():
        raise FileNotFoundError(f"--data: there is no file {path}")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix != ".csv":
        raise ValueError(f"--data must be a .csv or .parquet file, not {path}")
    return pd.read_csv(path)


def read_model(path: Path) -> tuple[TableModel, dict[str, Any]]:
    """The model that `fit` wrote, and what it wrote about the columns."""
    if not path.is_file():
        raise FileNotFoundError(f"--model: there is no file {path}")
    try:
        with tensor_content.opened(path) as content:
            if _ENTRY not in content.metadata:
                raise ValueError("it has no model")
            about = content.description(_ENTRY, _VERSION)
            _check_about(about)
            return load_content(about["spec"], content), about
    except ValueError as error:
        raise ValueError(
            f"--model: {path} is no file that torchbridge fit wrote: {error}"
        ) from error


def _check_about(about: dict[str, Any]) -> None:
    """An error that names what in the description of a model file is not what `fit` writes."""
    keys = ("spec", "layout", "classes", "offset")
    if set(about) - {"version"} != set(keys):
        raise ValueError(f"its description must have {', '.join(keys)}, and no more")
    if not isinstance(about["spec"], dict):
        raise ValueError("spec is no dict")
    check_layout(about["layout"])
    classes, offset = about["classes"], about["offset"]
    if classes is not None:
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ValueError("classes are not text")
        if about["spec"].get("n_classes") not in (None, len(classes)):
            raise ValueError(f"there are {len(classes)} classes")
    if offset is not None and not is_expression(offset):
        raise ValueError("offset is no expression")


def _response(
    name: str, data: pd.DataFrame, options: argparse.Namespace
) -> tuple[np.ndarray, list[str] | None]:
    """Numbers, or codes and their classes."""
    takes_classes = MODELS[options.model].response == "classes"
    if name not in data.columns or not (is_factor(data[name]) or takes_classes):
        return evaluate(name, data), None
    classes = levels_of(name, data[name])
    text = data[name].map(str, na_action="ignore")
    codes = pd.Categorical(text, categories=classes).codes.astype(np.int64)
    return codes, classes


def _report(fitted: TableFit, names: list[str], classes: list[str] | None) -> None:
    """Coefficients of an exact fit, or losses."""
    print(fitted)
    exact = fitted.exact
    if not isinstance(exact, (GLMFit, MultinomialFit)):
        last = {name: values[-1] for name, values in fitted.history.items() if values}
        print(pd.Series(last).to_string())
        return
    rows = (["(Intercept)"] if exact.intercept else []) + names
    estimates = np.atleast_2d(exact.coefficients.numpy())
    errors = np.atleast_2d(exact.standard_errors.numpy())
    if len(estimates) > 1 and classes:
        rows = [f"{name} [{level}]" for level in classes[1:] for name in rows]
    table = pd.DataFrame({"estimate": estimates.ravel(), "std.error": errors.ravel()}, index=rows)
    print(table.to_string())
    print(f"log-likelihood {exact.log_likelihood:.6f} on {exact.df} df")


def _sizes(text: str) -> Sequence[int]:
    return [int(part) for part in text.split(",") if part]
