"""A formula and a data frame in, a fitted model out: what Python and the shell share."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from torchbridge.frames.sources import is_source, open_source
from torchbridge.process.whole_files import write_file
from torchbridge.saving import tensor_content

from ..arguments import options
from ..exact.glm_fit import GLMFit
from ..exact.multinomial import MultinomialFit
from ..training.weights import from_bytes, to_bytes
from .fit import fit_table
from .formula import (
    Layout,
    as_layout,
    check_layout,
    complete_rows,
    evaluate,
    is_expression,
    parse_formula,
)
from .frame import Frame
from .model import TableModel, load_content
from .registry import find_model
from .result import TableFit
from .shape import Shape, as_pandas, classes_of
from .streamed_columns import Types
from .streamed_exact import check_streamed, fit_streamed_exactly
from .streamed_fit import as_source, check_share, fit_streamed, seed_of, showing
from .streamed_predict import needed_columns, predictions, write_predictions
from .streamed_table import learn

_ENTRY = "torchbridge_model"
_VERSION = 2


@dataclass(frozen=True, eq=False, repr=False)
class FormulaModel:
    """A model of the columns of a data frame, ready to predict.

    Attributes:
        model: the `TableModel`.
        layout: how columns become numbers.
        classes: the names of the response's classes, or None.
        offset: the expression that is added to the linear predictor, or None.
    """

    model: TableModel
    layout: Layout
    classes: list[str] | None
    offset: str | None

    def predict(
        self, data: Any, type: str = "response", to: str | os.PathLike[str] | None = None
    ) -> Any:
        """Predictions for the rows of data like that of the fit.

        Args:
            data: as of `fit_formula`, with the columns of the formula.
            type: as of `TableModel.predict`; "class" gives the names of the classes.
            to: where to write the predictions as Parquet, in the order of the rows and as they are
                made, which takes little memory however many there are: a folder that is not there
                yet, or is empty (for files `part-00000.parquet`, ...); or one `.parquet` file.

        Returns:
            A data frame with `pred`; with `pred_class` for classes; or with a column `pred_<name>`
            for each class or output. A row with missing values has a missing prediction. With `to`
            the number of rows.
        """
        if not is_source(data):
            found = self.predicted(as_pandas("data", data), type)
            return found if to is None else write_predictions(to, iter([found]))
        source = open_source(data)
        columns = needed_columns(self.layout, self.offset, source.schema.names)
        parts = predictions(source, columns, Types(), lambda frame: self.predicted(frame, type))
        if to is not None:
            return write_predictions(to, parts)
        found = list(parts)
        if not found:
            raise ValueError("data has no rows")
        return pd.concat(found, ignore_index=True)

    def predicted(self, frame: Frame, type: str) -> pd.DataFrame:
        """Those of the columns of some rows."""
        numeric, _ = self.layout.numeric(frame)
        codes = self.layout.codes(frame)
        offset = None if self.offset is None else evaluate(self.offset, frame)
        kept = complete_rows(numeric, codes, *([] if offset is None else [offset]))
        found = self.model.predict(
            np.ascontiguousarray(numeric[kept]),
            codes[kept] if self.layout.coded else None,
            offset=None if offset is None else offset[kept],
            type=type,
        ).numpy()
        classes = self.classes
        columns: dict[str, Any] = {}
        if type == "class":
            named = [classes[code] if classes else code for code in found]
            columns["pred_class"] = np.array(named, object)
        elif found.ndim == 1:
            columns["pred"] = found
        else:
            names = classes or range(found.shape[-1])
            columns = {f"pred_{name}": found[:, i] for i, name in enumerate(names)}
        rows = pd.DataFrame(columns, index=np.flatnonzero(kept)).reindex(range(len(frame)))
        return rows.set_axis(frame.index)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a safetensors file, which `load_formula` and `torchbridge predict` read."""
        about = {
            "version": _VERSION,
            "spec": self.model.spec,
            "layout": asdict(self.layout),
            "classes": self.classes,
            "offset": self.offset,
        }
        weights = from_bytes(self.model.weights)
        write_file(path, to_bytes(weights, {_ENTRY: json.dumps(about)}))


@dataclass(frozen=True, eq=False, repr=False)
class FormulaFit:
    """What `fit_formula` gives.

    Attributes:
        model: the `FormulaModel`, which predicts for other data frames.
        table: the `TableFit`: history, status, `exact`.
        names: the columns of the design, without the intercept.
        kept: which rows had no missing value, shape (n,); None where they were read batch by
            batch.
        left_out: how many rows had missing values.
    """

    model: FormulaModel
    table: TableFit
    names: list[str]
    kept: np.ndarray | None
    left_out: int = 0

    @property
    def history(self) -> dict[str, list]:
        """As of `Fit`."""
        return self.table.history

    @property
    def status(self) -> str:
        """As of `Fit`."""
        return self.table.status

    @property
    def engine(self) -> str:
        """As of `Fit`."""
        return self.table.engine

    @property
    def coefficients(self) -> pd.DataFrame | None:
        """`estimate` and `std.error` by term (and class), of a model fitted exactly."""
        exact = self.table.exact
        if not isinstance(exact, (GLMFit, MultinomialFit)):
            return None
        rows = (["(Intercept)"] if exact.intercept else []) + self.names
        estimates = np.atleast_2d(exact.coefficients.numpy())
        errors = np.atleast_2d(exact.standard_errors.numpy())
        classes = self.model.classes
        if len(estimates) > 1 and classes:
            rows = [f"{name} [{level}]" for level in classes[1:] for name in rows]
        return pd.DataFrame(
            {"estimate": estimates.ravel(), "std.error": errors.ravel()}, index=rows
        )

    def predict(
        self, data: Any, type: str = "response", to: str | os.PathLike[str] | None = None
    ) -> Any:
        """As of `FormulaModel`."""
        return self.model.predict(data, type, to)

    def save(self, path: str | os.PathLike[str]) -> None:
        """As of `FormulaModel`."""
        self.model.save(path)

    def __repr__(self) -> str:
        return repr(self.table)


def fit_formula(
    formula: str,
    data: Any,
    model: str = "mlp",
    *,
    weights: Any = None,
    offset: str | None = None,
    validation: Any = None,
    model_options: Mapping[str, Any] | None = None,
    fit_options: Mapping[str, Any] | None = None,
    standardize: bool | None = None,
    dtype: str = "float32",
) -> FormulaFit:
    """Fit a model to a formula and a data frame, as R's `torch_fit()` and the shell do.

    Args:
        formula: such as "medv ~ . - zn + log(lstat) * chas": columns' names (in backticks where
            they are no names), `.` for all others, `+`, `-`, `:`, `*`, parentheses, `- 1`, and log,
            log10, log2, log1p, exp, sqrt, abs and `I()` of arithmetic. Text, categories and truth
            values are factors: a column a level but the first, or codes for "tabular".
        data: a pandas data frame, or one that has `to_pandas()` (polars, pyarrow). Rows with
            missing values are left out. Or what does not fit in memory, which is read once to
            learn levels, means and counts, and then again in every epoch (of an exact fit, in
            every iteration; linear models have one): the path of a Parquet,
            CSV or Arrow (Feather) file, of a folder of such files of one kind, or of several by a
            pattern with `*`; a query of SQL, for DuckDB; a `pyarrow.dataset.Dataset`, a polars
            LazyFrame, `frame_batches()`; or a stream, such as a `pyarrow.RecordBatchReader` or a
            DuckDB relation, which is kept in a temporary file.
        model: a name as of `fit_table`, of a model of columns with a response.
        weights: what each row counts: a column's name or an expression of columns, or an array
            of shape (n,) where data is in memory.
        offset: a column's name or an expression of columns, added to the linear predictor (or the
            output), in predictions too.
        validation: as of `fit_table`, a share of the rows; or other data, as `data`. Of what is
            read from disk each row is drawn by itself, so that the share is about that.
        model_options, fit_options, standardize, dtype: as of `fit_table`.

    Raises:
        TypeError, ValueError: as of `fit_table`, or a formula that cannot be read.
    """
    row = find_model(model)
    if not row.takes_response or row.n_dims != 1:
        raise ValueError(f'model "{model}" has no formula: fit_table takes its columns')
    if is_source(data):
        beside = (weights, offset, validation, standardize, dtype)
        return _fit_source(formula, data, model, model_options, fit_options, *beside)
    frame = as_pandas("data", data)
    layout = parse_formula(formula, frame)
    if row.takes_codes:
        layout.coded = [t[0] for t in layout.terms if len(t) == 1 and t[0] in layout.levels]
    classes = classes_of(layout.response, frame, row.response == "classes")
    shape = Shape(layout, classes, weights, offset)
    rows, names, kept = _complete("data", *shape.rows("data", frame))
    given = options("model_options", model_options)
    train = options("fit_options", fit_options)
    if row.exact:
        given = {"intercept": layout.intercept, **given}
    else:
        train["origin"] = {
            "columns": names + layout.coded,
            **options("origin", train.get("origin")),
        }
    if validation is not None and not isinstance(validation, (int, float)):
        given_rows = shape.rows("validation", as_pandas("validation", validation))
        validation, _, _ = _complete("validation", *given_rows)
    table = fit_table(
        model,
        **rows,
        n_levels=[len(layout.levels[name]) for name in layout.coded],
        n_classes=len(classes) if classes else None,
        validation=validation,
        model_options=given,
        fit_options=train,
        standardize=standardize,
        dtype=dtype,
    )
    about = FormulaModel(table.model, layout, classes, offset)
    return FormulaFit(about, table, names, kept, int((~kept).sum()))


def _fit_source(
    formula: str,
    data: Any,
    model: str,
    model_options: Mapping[str, Any] | None,
    fit_options: Mapping[str, Any] | None,
    weights: Any,
    offset: str | None,
    validation: Any,
    standardize: bool | None,
    dtype: str,
) -> FormulaFit:
    """The fit to what is read batch by batch."""
    given, train = options("model_options", model_options), options("fit_options", fit_options)
    row = find_model(model)
    if row.exact:
        check_streamed(model, validation, standardize, train)
    share = validation if isinstance(validation, (int, float)) else None
    with showing(train.get("progress")) as look:
        table = learn(
            open_source(data),
            formula,
            takes_classes=row.response == "classes",
            coded=row.takes_codes,
            weights=weights,
            offset=offset,
            dtype="float64" if train.get("precision") == "64-true" else dtype,
            share=0.0 if share is None else check_share(share),
            seed=seed_of(train.get("seed")),
            look=look,
            numbers=not row.exact,
        )
        layout, classes = table.layout, table.shape.classes
        if row.exact:
            given = {"intercept": layout.intercept, **given}
            found = fit_streamed_exactly(model, table, given, train, look)
            about = FormulaModel(found.model, layout, classes, offset)
            return FormulaFit(about, found, table.names, None, table.left_out)
    valid = None
    if validation is not None and share is None:
        valid = table.like(as_source(validation, "validation"))
    train["origin"] = {
        "columns": table.names + table.layout.coded,
        **options("origin", train.get("origin")),
    }
    found = fit_streamed(model, table, valid, given, train, standardize=standardize, dtype=dtype)
    about = FormulaModel(found.model, layout, classes, offset)
    return FormulaFit(about, found, table.names, None, table.left_out)


def load_formula(path: str | os.PathLike[str]) -> FormulaModel:
    """The model that `FormulaFit.save` or `torchbridge fit` wrote."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {os.fspath(path)}")
    try:
        with tensor_content.opened(path) as content:
            if _ENTRY not in content.metadata:
                raise ValueError("it has no model")
            about = content.description(_ENTRY, _VERSION)
            _check_about(about)
            model = load_content(about["spec"], content)
    except ValueError as error:
        raise ValueError(
            f"{os.fspath(path)} is no file that torchbridge fit wrote: {error}"
        ) from error
    return FormulaModel(model, as_layout(about["layout"]), about["classes"], about["offset"])


def _complete(
    name: str, rows: dict[str, Any], names: list[str], kept: np.ndarray
) -> tuple[dict[str, Any], list[str], np.ndarray]:
    if not kept.any():
        raise ValueError(f"{name} has no complete rows")
    return rows, names, kept


def _check_about(about: dict[str, Any]) -> None:
    """An error that names what in the description of a model file is not what `save` writes."""
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
