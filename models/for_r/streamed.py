"""Fits and predictions of what R does not read itself: files, queries, streams.

R reads its formula, and sends the terms and the expressions in them as text.

Tests: test-fit-streamed.R.
"""

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from torch import nn

from torchbridge.frames import frame_encoding
from torchbridge.frames.for_r import RBatches
from torchbridge.frames.sources import Source

from ..arguments import options
from ..table.formula import Layout
from ..table.formula_fit import FormulaModel
from ..table.frame import Columns
from ..table.model import TableModel
from ..table.registry import MODELS
from ..table.streamed_columns import Types
from ..table.streamed_exact import check_streamed, fit_streamed_exactly
from ..table.streamed_fit import as_source, check_share, fit_streamed, seed_of, showing
from ..table.streamed_predict import needed_columns, predictions, write_predictions
from ..table.streamed_table import StreamedTable, learn
from .fit import callbacks, described, model_options, origin, with_notes
from .predict import holding

#: Seconds between two looks of R's progress bar.
_APART = 0.1


def opened(data: Any, name: str) -> dict[str, Any]:
    """A source, and the names and kinds of its columns."""
    source = _source(data, name)
    kinds = [_kind(f.type) for f in source.schema]
    return {"source": source, "names": source.schema.names, "kinds": kinds}


def _source(data: Any, name: str) -> Source:
    return as_source(data.whole if isinstance(data, RBatches) else data, name)


def _kind(kind: pa.DataType) -> str:
    t = pa.types
    tests = (
        ("logical", t.is_boolean),
        ("integer", t.is_integer),
        ("number", lambda x: t.is_floating(x) or t.is_decimal(x) or t.is_null(x)),
        ("factor", t.is_dictionary),
        ("text", frame_encoding.is_coded),
        ("Date", t.is_date),
        ("POSIXct", t.is_timestamp),
        ("difftime", t.is_duration),
    )
    return next((name for name, test in tests if test(kind)), str(kind))


def fit(source: Source, task: Mapping[str, Any]) -> dict[str, Any]:
    """Fit a model to a source.

    Args:
        source: of `opened`.
        task: `model`, `model_options`, `standardize`, `fit_options`, `callbacks`, `functions`,
            `events`, `sources`, `say` and `origin` as of `fit`; `layout` (`response`, `terms`,
            `intercept`); `classes` (is the response a class?); `weights` and `offset`
            (expressions); `numbers` (truth values that are numbers); `sort` (sorts text as R
            does); `validation` (a share, or of `opened`); `refuses_na`; and `read` (a function of
            the rows read so far and how many there are, or None).

    Returns:
        As of `fit`; and `levels`, `classes`, `n_rows`, `n_valid` and `left_out`.
    """
    model, train_options = task["model"], dict(task["fit_options"])
    row = MODELS[model] if isinstance(model, str) else None
    share = task.get("validation")
    share = share if isinstance(share, (int, float)) else None
    exact = row is not None and row.exact
    if exact:
        check_streamed(model, task.get("validation"), task.get("standardize"), train_options)
    else:  # R checks a name's options there; the pass takes longer.
        train_options["callbacks"] = callbacks(task)
    layout = Layout(**task["layout"])
    with _reading(task) as look:
        table = learn(
            source,
            layout,
            takes_classes=bool(task["classes"]),
            coded=row is not None and row.takes_codes,
            weights=task.get("weights"),
            offset=task.get("offset"),
            types=types_of(task["numbers"], task["sort"]),
            dtype="float64" if exact or train_options.get("precision") == "64-true" else "float32",
            share=0.0 if share is None else check_share(share),
            seed=seed_of(train_options.get("seed")),
            look=look,
            numbers=not exact,
        )
        if exact:
            given = {"intercept": layout.intercept, **(task.get("model_options") or {})}
            found = with_notes(
                lambda: described(fit_streamed_exactly(model, table, given, train_options, look))
            )
    if table.left_out and task["refuses_na"]:
        raise ValueError(f"data has missing values, in {table.left_out} rows")
    if not exact:
        found = _trained(model, table, train_options, task)
    found |= {
        "levels": table.layout.levels,
        "classes": table.shape.classes,
        "n_rows": table.n_rows,
        "n_valid": table.n_valid,
        "left_out": table.left_out,
    }
    return found


def _trained(
    model: Any, table: StreamedTable, train_options: dict[str, Any], task: Mapping[str, Any]
) -> dict[str, Any]:
    """The fit of a network, described."""
    given = task.get("validation")
    share = given if isinstance(given, (int, float)) else None
    valid = None if given is None or share is not None else table.like(given, weighted=False)
    train_options["origin"] = {**options("origin", origin(task)), "columns": table.names}
    before = copy.deepcopy(model.state_dict()) if isinstance(model, nn.Module) else None
    result = fit_streamed(
        model,
        table,
        valid,
        model_options(model, task.get("model_options")) or {},
        train_options,
        standardize=task.get("standardize"),
    )
    found = described(result)
    if before is not None:
        model.load_state_dict(before)
    return found


def types_of(numbers: Sequence[str], sort: Callable[[list[str]], Any] | None = None) -> Types:
    """What columns become as R has them."""
    sorts = sorted if sort is None else lambda words: list(sort(words))
    return Types(("FALSE", "TRUE"), frozenset(numbers), True, sorts)


def predict(
    model: TableModel | nn.Module,
    about: Mapping[str, Any],
    data: Any,
    type: str,
    to: str | None,
    spec: str | None = None,
    weights: bytes | None = None,
) -> Any:
    """Predictions for a source: an array; or with `to` the number of rows, which are written.

    Args:
        model, spec, weights: as of `predict_columns`.
        about: `layout` with levels, `numbers`, `offset`, and `classes` (names, or None).
        data: what `open_source` takes.
        type: "response", "link", "prob" or "class"; for an array not "class".
        to: as of `write_predictions`.
    """
    source = _source(data, "newdata")
    # (An empty list of R's has no names, and so comes as a list.)
    layout = Layout(**{**about["layout"], "levels": about["layout"]["levels"] or {}})
    offset = about.get("offset")
    columns = needed_columns(layout, offset, source.schema.names)
    classes = about.get("classes")
    with _held(model, spec, weights) as table:
        named = FormulaModel(table, layout, None if classes is None else list(classes), offset)
        # Of two classes the mean is the probability of the second: as of glm().
        second = type == "response" and classes is not None and len(classes) == 2
        kind = "prob" if second else type

        def made(frame: Columns) -> pd.DataFrame:
            found = named.predicted(frame, kind)
            if second:
                found = found.iloc[:, 1:].set_axis(["pred"], axis=1)
            return found.add_prefix(".")

        parts = predictions(source, columns, types_of(about["numbers"]), made)
        if to is not None:
            return write_predictions(to, parts)
        values = [part.to_numpy(float) for part in parts]
        if not values:
            raise ValueError("newdata has no rows")
        joined = np.concatenate(values)
        return joined[:, 0] if joined.shape[1] == 1 else joined


@contextmanager
def _held(
    model: TableModel | nn.Module, spec: str | None, weights: bytes | None
) -> Iterator[TableModel]:
    if isinstance(model, TableModel):
        yield model
        return
    assert spec is not None and weights is not None
    with holding(model, weights):
        yield TableModel(json.loads(spec), model)


@contextmanager
def _reading(task: Mapping[str, Any]) -> Iterator[Any]:
    """What is called as the pass goes on."""
    read = task.get("read")
    if read is None:
        with showing(None if task.get("say") is not None else False, task.get("say")) as look:
            yield look
        return
    last = 0.0

    def show(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > _APART:
            last = time.monotonic()
            read(done, total)

    yield show
