"""Record batches as columns of numbers and factors: what a formula is computed of.

Tests: tests/models/table/test_streamed_table.py.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from torchbridge.frames import frame_encoding

from .frame import Columns, Factor, Numbers

#: More different values are no factor.
MOST_LEVELS = 100_000


class Types(NamedTuple):
    """What columns become that are neither numbers nor text.

    Attributes:
        words: the levels of truth values.
        numbers: the columns of truth values that are 0 and 1.
        times: dates are days since 1970, times and spans seconds, as R has them; else text.
        sort: sorts the levels of text.
    """

    words: tuple[str, str] = ("False", "True")
    numbers: Collection[str] = ()
    times: bool = False
    sort: Callable[[list[str]], list[str]] = sorted

    def frame(self, batch: pa.RecordBatch) -> Columns:
        """The columns of a batch."""
        columns = zip(batch.schema.names, batch.columns, strict=True)
        return Columns(len(batch), {name: self._column(name, column) for name, column in columns})

    def _column(self, name: str, column: pa.Array) -> Numbers | Factor:
        kind, t = column.type, pa.types
        if t.is_boolean(kind):
            codes = column.cast(pa.int8())
            if name in self.numbers:
                return Numbers(codes)
            return Factor(codes.fill_null(-1).to_numpy(zero_copy_only=False), self.words)
        if t.is_integer(kind) or t.is_floating(kind):
            return Numbers(column)
        if t.is_decimal(kind) or t.is_null(kind):
            return Numbers(column.cast(pa.float64()))
        if frame_encoding.is_coded(kind):
            return _factor(column)
        if t.is_temporal(kind) and not t.is_interval(kind):
            if self.times:
                missing = column.is_null().to_numpy(zero_copy_only=False)
                values = np.asarray(frame_encoding.numbers(column, name), float)
                return Numbers(pa.array(values, mask=missing))
            return _text(column)
        raise TypeError(f'data: column "{name}" is {kind}, which is neither numbers nor text')


def _text(column: pa.Array) -> Factor:
    """Times as pandas writes them."""
    found = column.to_pandas().map(str, na_action="ignore").astype("category").cat
    return Factor(np.asarray(found.codes), list(found.categories))


def _factor(column: pa.Array) -> Factor:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    found = column.dictionary.to_pylist()
    # (Codes may be of one byte, and without a sign.)
    codes = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    words = [str(word) for word in found if word is not None]
    if len(set(words)) < len(found):  # of the data's own dictionaries
        texts = pd.Series([None if word is None else str(word) for word in found], dtype=object)
        known, levels = pd.factorize(texts)
        return Factor(np.append(known, -1)[codes], list(levels))
    return Factor(codes, words)


class Levels:
    """The levels of a factor, found batch by batch.

    Args:
        name: the column.
        given: its levels, where they are known before; what else comes follows them.
    """

    def __init__(self, name: str, given: Collection[str] = ()) -> None:
        self.name = name
        self.places: dict[str, int] = {word: i for i, word in enumerate(given)}
        self.present: set[int] = set()

    def look(self, column: Factor) -> None:
        """Take in a column."""
        places = [self.places.setdefault(word, len(self.places)) for word in column.words]
        used = np.flatnonzero(np.bincount(column.codes.astype(np.int64) + 1, minlength=1)[1:])
        self.present |= {places[code] for code in used}
        if len(self.places) > MOST_LEVELS:
            raise ValueError(
                f'data: column "{self.name}" has more than {MOST_LEVELS} different values: is it '
                "an identifier? A factor has fewer"
            )

    def words(self, sort: Callable[[list[str]], list[str]] | None) -> list[str]:
        """Those that came up, in order: sorted, or as they came first."""
        found = [word for word, place in self.places.items() if place in self.present]
        found = found if sort is None else list(sort(found))
        if len(found) < 2:
            raise ValueError(f'data: column "{self.name}" is constant, a factor needs two levels')
        return found
