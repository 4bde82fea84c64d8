"""A table that is read batch by batch: one pass learns what a formula needs of it.

A formula's design is computed of each batch by the rules of a data frame in memory, so that both
give the same columns.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from torchbridge.frames.sources import Source, StreamSource
from torchbridge.process.interrupts import let_r_look

from ..arguments import kind_of
from .formula import Layout, coded_factor, columns_in, evaluate, is_factor, parse_formula
from .frame import Column, Columns, Factor
from .shape import Shape
from .streamed_columns import Levels, Types
from .streamed_moments import Moments, TermMoments, design_moments


@dataclass(eq=False)
class StreamedTable:
    """Rows of a source as a formula has them, and what is known of all of them.

    Attributes:
        source: where the rows are.
        shape: what their columns become.
        types: what columns become before that.
        names: the columns of the design.
        share: the share of the rows that is for validation, drawn by `seed`.
        counts: of each piece of the source, how many complete rows are to train with.
        n_valid: how many are for validation.
        left_out: how many rows have missing values.
        moments: mean and standard deviation of each column of the design, of the rows to train
            with, rounded to `dtype`.
        response: those of the response; None of classes.
        weight_means: the mean of the weights of the rows to train with, and of those for
            validation; None without weights.
    """

    source: Source
    shape: Shape
    types: Types
    names: list[str]
    share: float = 0.0
    seed: int = 0
    counts: list[int] = field(default_factory=list)
    valid_counts: list[int] = field(default_factory=list)
    left_out: int = 0
    moments: tuple[np.ndarray, np.ndarray] | None = None
    response: Moments | None = None
    weight_means: tuple[float, float] | None = None

    @property
    def layout(self) -> Layout:
        """How columns become numbers."""
        return self.shape.layout

    @property
    def n_rows(self) -> int:
        """How many complete rows there are to train with."""
        return sum(self.counts)

    @property
    def n_valid(self) -> int:
        """How many complete rows there are for validation."""
        return sum(self.valid_counts)

    @property
    def columns(self) -> list[str]:
        """The columns of the source that are read."""
        layout, names = self.layout, self.source.schema.names
        beside = [text for text in (self.shape.weights, self.shape.offset) if text is not None]
        parts = [layout.response, *(part for term in layout.terms for part in term), *beside]
        return list(dict.fromkeys(name for part in parts for name in columns_in(part, names)))

    def blocks(
        self, pieces: Iterable[int] | None = None, valid: bool = False, dtype: Any = float
    ) -> Iterator[dict[str, Any]]:
        """Complete rows in order, as the arguments `numeric`, `response`, ... of `fit_table`.

        Args:
            pieces: which pieces of the source, by their places, in this order; None: all.
            valid: those for validation, rather than those to train with.
            dtype: what the design is rounded to.
        """
        drawing = _Drawing(self.share, self.seed)
        for place, batch in self.source.placed(self.columns, pieces):
            frame = self.types.frame(batch)
            rows, _, kept = self.shape.rows("data", frame, dtype)
            if self.share:
                chosen = drawing.of(place, len(frame))[kept] == valid
                rows = {n: None if x is None else x[chosen] for n, x in rows.items()}
            if len(rows["response"]):
                yield rows

    def first_blocks(self) -> Iterator[dict[str, Any]]:
        """`blocks` of a table whose rows were not looked at: they are counted, and checked.

        `n_read` of each is how many rows were read by then.
        """
        counts: dict[int, int] = {}
        n_read, weighs = 0, False
        for place, batch in self.source.placed(self.columns):
            frame = self.types.frame(batch)
            rows, _, kept = self.shape.rows("data", frame)
            n_read += len(frame)
            counts[place] = counts.get(place, 0) + len(rows["response"])
            if not len(rows["response"]):
                continue
            if not (_is_finite(rows["numeric"]) and _is_finite(rows["response"])):
                self._check_finite(frame, kept)
            if rows["weights"] is not None:
                _check_weights(rows["weights"])
                weighs = weighs or bool(rows["weights"].any())
            yield {**rows, "n_read": n_read}
        self.counts = [counts.get(place, 0) for place in range(len(self.source.pieces))]
        self.left_out = n_read - self.n_rows
        _check_rows(self, n_read)
        if self.shape.weights is not None and not weighs:
            raise ValueError(_WEIGHTS)

    def _check_finite(self, frame: Columns, kept: np.ndarray) -> None:
        layout = self.layout
        for part in {part for term in layout.terms for part in term if part not in layout.levels}:
            _check_finite(f'"{part}"', evaluate(part, frame)[kept])
        if self.shape.classes is None:
            _check_finite("the response", evaluate(layout.response, frame)[kept])

    def like(self, source: Source, weighted: bool = True) -> "StreamedTable":
        """Other rows of such a table: those of a source for validation, which are counted.

        Args:
            source: where they are.
            weighted: whether they have the weights that the fit's rows have.
        """
        shape = self.shape if weighted else self.shape._replace(weights=None)
        found = StreamedTable(source, shape, self.types, self.names)
        counts: dict[int, int] = {}
        weights = Moments()
        for place, batch in source.placed(found.columns):
            let_r_look()
            rows, _, kept = shape.rows(source.name, self.types.frame(batch))
            counts[place] = counts.get(place, 0) + int(kept.sum())
            if rows["weights"] is not None:
                weights.take(rows["weights"])
        found.counts = [counts.get(place, 0) for place in range(len(source.pieces))]
        if found.n_rows == 0:
            raise ValueError(f"{source.name} has no complete rows")
        if shape.weights is not None:
            found.weight_means = (weights.mean, weights.mean)
        return found

    @property
    def about(self) -> dict[str, Any]:
        """Plain values by which a checkpoint knows the data again."""
        mean, sd = self.moments if self.moments is not None else ((), ())
        return {
            "source": self.source.about,
            "layout": asdict(self.layout),
            "rows": [self.n_rows, self.n_valid, self.left_out],
            "mean": [float(x) for x in mean],
            "sd": [float(x) for x in sd],
        }


def learn(
    source: Source,
    formula: str | Layout,
    *,
    takes_classes: bool = False,
    coded: bool = False,
    weights: str | None = None,
    offset: str | None = None,
    types: Types | None = None,
    dtype: str = "float64",
    share: float = 0.0,
    seed: int = 0,
    look: Callable[[int, int | None], object] | None = None,
    numbers: bool = True,
) -> StreamedTable:
    """Read a source once and learn what a fit of a formula needs.

    Args:
        source: of `open_source`.
        formula: as of `fit_formula`; or its layout, without levels.
        takes_classes: whether a response of numbers is classes.
        coded: whether factors stay codes.
        weights, offset: columns' names or expressions.
        types: what columns become.
        dtype: what the design is rounded to; the moments are those of the rounded numbers.
        share, seed: as of `StreamedTable`.
        look: is called after each batch with the rows so far and how many there are, if known.
        numbers: False: only levels are learned, and no more is read than they need. Then
            `first_blocks` counts and checks the rows.

    Raises:
        ValueError: no complete rows, a factor or a response of one level, infinite values, a
            column that is not there.
    """
    types = types or Types()
    for name, value in (("weights", weights), ("offset", offset)):
        if value is not None and not isinstance(value, str):
            raise TypeError(
                f"{name} must be a column's name or an expression where data is read batch by "
                f"batch, not {kind_of(value)}"
            )
    head = _empty(source, types)
    layout = formula if isinstance(formula, Layout) else parse_formula(formula, head, _no_levels)
    parts = {part for term in layout.terms for part in term}
    factors = {part for part in parts if part in head.columns and is_factor(head[part])}
    layout.levels = {part: [] for part in layout.levels or factors if part in factors}
    if coded:
        layout.coded = [t[0] for t in layout.terms if len(t) == 1 and t[0] in factors]
    response = layout.response
    classed = response in head.columns and (is_factor(head[response]) or takes_classes)
    table = StreamedTable(source, Shape(layout, None, weights, offset), types, [], share, seed)
    reading = _Pass(table, factors, parts, classed, dtype)
    source.need(table.columns)
    # (The first reading of what can be read only once keeps what it reads.)
    whole = numbers or isinstance(source, StreamSource)
    columns = table.columns if whole else list(reading.levels)
    if numbers or columns:
        for place, batch in source.placed(columns):
            let_r_look()
            (reading.take if numbers else reading.take_levels)(place, types.frame(batch))
            if look is not None:
                look(reading.n_read, source.n_rows)
    return reading.finished(numbers)


class _Pass:
    """What a pass has learned so far."""

    def __init__(
        self,
        table: StreamedTable,
        factors: set[str],
        parts: set[str],
        classed: bool,
        dtype: str,
    ) -> None:
        self.table, self.factors, self.classed, self.dtype = table, factors, classed, dtype
        self.numbers = sorted(parts - factors)
        looked_at = factors | ({table.layout.response} if classed else set())
        given = table.source.levels
        self.levels = {name: Levels(name, given.get(name, ())) for name in sorted(looked_at)}
        self.ordered = {
            name for name in looked_at if name in given or _has_order(table.source, name)
        }
        self.terms = {
            tuple(term): TermMoments(term, factors, dtype)
            for term in table.layout.terms
            if not (len(term) == 1 and term[0] in table.layout.coded)
        }
        self.response = Moments()
        self.weights, self.valid_weights = Moments(), Moments()
        self.counts: dict[int, int] = {}
        self.valid: dict[int, int] = {}
        self.n_read = 0
        self.drawing = _Drawing(table.share, table.seed)

    def take_levels(self, place: int, frame: Columns) -> dict[str, Factor]:
        """With the levels of a batch; its factors."""
        self.n_read += len(frame)
        found = {name: coded_factor(frame[name]) for name in self.levels}
        for name, column in found.items():
            self.levels[name].look(column)
        return found

    def take(self, place: int, frame: Columns) -> None:
        """With the rows of a batch."""
        n, shape = len(frame), self.table.shape
        found = self.take_levels(place, frame)
        words = {name: column.words for name, column in found.items()}
        codes = {name: column.codes.astype(np.int64) for name, column in found.items()}
        numbers = {part: evaluate(part, frame) for part in self.numbers}
        response = shape.layout.response
        y = codes[response] if self.classed else evaluate(response, frame)
        weights, offset = (
            None if text is None else evaluate(text, frame)
            for text in (shape.weights, shape.offset)
        )
        kept = np.ones(n, bool)
        for name in self.factors:
            kept &= codes[name] >= 0
        others = [*numbers.values(), *(x for x in (weights, offset) if x is not None)]
        for values in others if self.classed else [*others, y]:
            kept &= ~np.isnan(values)
        if self.classed:
            kept &= y >= 0
        for part, values in numbers.items():
            if not _is_finite(values):
                _check_finite(f'"{part}"', values[kept])
        train = kept
        if self.table.share:
            drawn = self.drawing.of(place, n)
            train = kept & ~drawn
            self.valid[place] = self.valid.get(place, 0) + int((kept & drawn).sum())
        m = int(train.sum())
        self.counts[place] = self.counts.get(place, 0) + m
        if m < n:
            numbers = {part: values[train] for part, values in numbers.items()}
            codes = {name: found[train] for name, found in codes.items()}
        for term in self.terms.values():
            term.take(numbers, codes, words, m)
        if not self.classed:
            _check_finite("the response", y[kept])
            self.response.take(y[train].astype(self.dtype).astype(float))
        if weights is not None:
            _check_weights(weights[kept])
            self.weights.take(weights[train])
            self.valid_weights.take(weights[kept & ~train])

    def finished(self, numbers: bool) -> StreamedTable:
        """The table, with all that was learned."""
        table, layout = self.table, self.table.layout
        n_pieces = len(table.source.pieces)
        if numbers:
            table.counts = [self.counts.get(place, 0) for place in range(n_pieces)]
            table.valid_counts = [self.valid.get(place, 0) for place in range(n_pieces)]
            table.left_out = self.n_read - table.n_rows - table.n_valid
            _check_rows(table, self.n_read)
        elif self.levels and self.n_read == 0:
            _check_rows(table, 0)
        for name, found in self.levels.items():
            words = found.words(None if name in self.ordered else table.types.sort)
            if name in self.factors:
                layout.levels[name] = words
            if self.classed and name == layout.response:
                table.shape = table.shape._replace(classes=words)
        table.names = layout.names()
        if not numbers:
            return table
        table.moments = design_moments(layout, self.terms, table.n_rows)
        table.response = None if self.classed else self.response
        if table.shape.weights is not None:
            table.weight_means = (self.weights.mean, self.valid_weights.mean)
            if self.weights.mean == 0:
                raise ValueError(_WEIGHTS)
        return table


class _Drawing:
    """Which rows are for validation: by the seed, the piece and the place in it."""

    def __init__(self, share: float, seed: int) -> None:
        self.share, self.seed = share, seed
        self.place = -1
        self.generator = np.random.default_rng(0)

    def of(self, place: int, n: int) -> np.ndarray:
        """Of the next n rows of a piece."""
        if place != self.place:
            self.place, self.generator = place, np.random.default_rng([self.seed, place])
        return self.generator.random(n) < self.share


def _empty(source: Source, types: Types) -> Columns:
    """The columns of a source without rows: their types decide what is a factor."""
    columns: dict[str, Column] = {}
    for f in source.schema:
        try:
            columns[f.name] = types.frame(_no_rows(f))[f.name]
        except TypeError:  # an error where a formula has it
            columns[f.name] = Factor(np.empty(0, np.int64), [])
    return Columns(0, columns)


def _no_rows(f: Any) -> Any:
    return pa.RecordBatch.from_arrays([pa.array([], f.type)], schema=pa.schema([f]))


def _no_levels(name: str, column: Any) -> list[str]:
    return []


def _has_order(source: Source, name: str) -> bool:
    """Is it a factor, whose levels have an order, rather than text?"""
    kind = source.first_schema.field(name).type
    return bool(pa.types.is_dictionary(kind) or pa.types.is_boolean(kind))


_WEIGHTS = "weights must not be negative, and not all 0"


def _check_weights(weights: np.ndarray) -> None:
    if (weights < 0).any():
        raise ValueError(_WEIGHTS)


def _check_rows(table: StreamedTable, n_read: int) -> None:
    if table.n_rows == 0:
        what = "no rows" if n_read == 0 else "no complete rows"
        raise ValueError(f"{table.source.name} has {what}")


def _is_finite(values: np.ndarray) -> bool:
    """Is the sum finite? Then all are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def _check_finite(what: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"data: {what} holds infinite values")
