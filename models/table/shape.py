"""What the columns of a data frame become for a fit: a design, a response, weights, an offset.

Tests: tests/models/table/test_formula_fit.py.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..arguments import kind_of
from .formula import FormulaError, Layout, complete_rows, evaluate, is_factor, levels_of
from .frame import Column, Frame


class Shape(NamedTuple):
    """What the columns of a data frame become."""

    layout: Layout
    classes: list[str] | None
    weights: Any
    offset: str | None

    def rows(
        self, name: str, frame: Frame, dtype: Any = float
    ) -> tuple[dict[str, Any], list[str], np.ndarray]:
        """Arguments of `fit_table`, the names of the design's columns, which rows are complete.

        Args:
            name: what errors call the frame.
            frame: the columns.
            dtype: what the design is rounded to.
        """
        response = response_of(self.layout.response, frame, self.classes)
        numeric, names = self.layout.numeric(frame, dtype)
        codes = self.layout.codes(frame)
        weights = (
            _weights(self.weights, frame) if name == "data" or _is_text(self.weights) else None
        )
        if self.offset is not None and not _is_text(self.offset):
            raise TypeError(
                f"offset must be a column's name or an expression, not {kind_of(self.offset)}"
            )
        offset = None if self.offset is None else evaluate(self.offset, frame)
        extra = [column for column in (weights, offset) if column is not None]
        kept = complete_rows(response, numeric, codes, *extra)
        found = {
            "numeric": numeric,
            "response": response,
            "codes": codes if self.layout.coded else None,
            "weights": weights,
            "offset": offset,
        }
        if not kept.all():
            found = {n: x if x is None else x[kept] for n, x in found.items()}
        found["numeric"] = np.ascontiguousarray(found["numeric"])
        return found, names, kept


def as_pandas(name: str, data: Any) -> pd.DataFrame:
    """The pandas data frame of one, or of what has `to_pandas()`."""
    if isinstance(data, pd.DataFrame):
        return data
    if hasattr(data, "to_pandas"):
        return data.to_pandas()
    raise TypeError(f"{name} must be a data frame, not {kind_of(data)}")


def classes_of(name: str, data: pd.DataFrame, takes_classes: bool) -> list[str] | None:
    """The classes of a response that has any."""
    if name not in data.columns or not (is_factor(data[name]) or takes_classes):
        return None
    return levels_of(name, data[name])


def response_of(name: str, data: Frame, classes: Sequence[str] | None) -> np.ndarray:
    """Numbers, or codes of classes, -1 where they are missing."""
    if classes is None:
        return evaluate(name, data)
    if name not in data.columns:
        raise FormulaError(f'data has no column "{name}"')
    column = data[name]
    if isinstance(column, Column):
        found = column.factor
        places = pd.Index(classes).get_indexer(pd.Index(found.words, dtype=object))
        return np.append(places, -1)[found.codes].astype(np.int64)  # (-1 is the last)
    text = column.map(str, na_action="ignore")
    return pd.Categorical(text, categories=classes).codes.astype(np.int64)


def _is_text(x: Any) -> bool:
    return isinstance(x, str)


def _weights(given: Any, frame: Frame) -> np.ndarray | None:
    if given is None or isinstance(given, str):
        return None if given is None else evaluate(given, frame)
    found = np.asarray(given, float)
    if found.shape != (len(frame),):
        raise ValueError(f"weights must have shape ({len(frame)},), not {found.shape}")
    return found
