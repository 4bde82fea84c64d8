"""Record batches as data frames of numbers and factors: what a formula is computed of.

Tests: tests/models/table/test_streamed_table.py.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from torchbridge.frames import frame_encoding

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

    def frame(self, batch: pa.RecordBatch) -> pd.DataFrame:
        """The columns of a batch: numbers, and categories of text."""
        schema = batch.schema
        columns = {
            field.name: self._column(field.name, column)
            for field, column in zip(schema, batch.columns, strict=True)
        }
        return pd.DataFrame(columns, index=range(len(batch)), copy=False)

    def _column(self, name: str, column: pa.Array) -> pd.Series:
        kind, t = column.type, pa.types
        if t.is_boolean(kind):
            codes = column.cast(pa.int8())
            if name in self.numbers:
                return _numbers(codes)
            values = codes.fill_null(-1).to_numpy(zero_copy_only=False)
            return pd.Series(pd.Categorical.from_codes(values, list(self.words)))
        if t.is_integer(kind) or t.is_floating(kind):
            return _numbers(column)
        if t.is_decimal(kind):
            return _numbers(column.cast(pa.float64()))
        if t.is_null(kind):
            return _numbers(column.cast(pa.float64()))
        if frame_encoding.is_coded(kind):
            return _factor(column)
        if t.is_temporal(kind) and not t.is_interval(kind):
            if self.times:
                missing = column.is_null().to_numpy(zero_copy_only=False)
                return pd.Series(frame_encoding.numbers(column, name)).astype(float).mask(missing)
            return column.to_pandas().map(str, na_action="ignore").astype("category")
        raise TypeError(f'data: column "{name}" is {kind}, which is neither numbers nor text')


def _numbers(column: pa.Array) -> pd.Series:
    """Integers with missing values stay integers: as classes they are text."""
    if column.null_count and pa.types.is_integer(column.type):
        return column.to_pandas(types_mapper=_NULLABLE.get)
    return column.to_pandas()


_NULLABLE = {
    getattr(pa, f"{kind}{bits}")(): pd.api.types.pandas_dtype(f"{name}{bits}")
    for kind, name in (("int", "Int"), ("uint", "UInt"))
    for bits in (8, 16, 32, 64)
}


def _factor(column: pa.Array) -> pd.Series:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = [None if word is None else str(word) for word in column.dictionary.to_pylist()]
    places = pd.Series(words, dtype=object)
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    if places.isna().any() or places.duplicated().any():  # of the data's own dictionaries
        known, levels = pd.factorize(places)
        codes, words = pd.Series([*known, -1]).to_numpy()[codes], list(levels)
    return pd.Series(pd.Categorical.from_codes(codes, words))


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

    def look(self, column: pd.Series) -> list[int]:
        """Take in a column; the place of each of its own categories."""
        if not isinstance(column.dtype, pd.CategoricalDtype):
            column = column.map(str, na_action="ignore").astype("category")
        words = [str(word) for word in column.cat.categories]
        places = [self.places.setdefault(word, len(self.places)) for word in words]
        used = column.cat.codes.unique()
        self.present |= {places[code] for code in used if code >= 0}
        if len(self.places) > MOST_LEVELS:
            raise ValueError(
                f'data: column "{self.name}" has more than {MOST_LEVELS} different values: is it '
                "an identifier? A factor has fewer"
            )
        return places

    def words(self, sort: Callable[[list[str]], list[str]] | None) -> list[str]:
        """Those that came up, in order: sorted, or as they came first."""
        found = [word for word, place in self.places.items() if place in self.present]
        found = found if sort is None else list(sort(found))
        if len(found) < 2:
            raise ValueError(f'data: column "{self.name}" is constant, a factor needs two levels')
        return found
