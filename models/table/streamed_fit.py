"""The fit of a network to a table that is read batch by batch.

Tests: tests/models/table/test_streamed_fit.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from torchbridge.frames.sources import Source, is_source, open_source

from ..arguments import check_options, lookup, whole_number
from ..callbacks import is_interactive
from ..callbacks.progress_lines import Lines
from ..training.data import Data
from ..training.fit import fit
from .columns import TableData
from .model import TableModel
from .network import NetworkTask
from .registry import find_model
from .result import TableFit
from .shape import as_pandas
from .streamed_table import StreamedTable

#: Rows that show how inputs, module and loss go together.
_FEW = 16


def fit_streamed(
    model: str | nn.Module,
    table: StreamedTable,
    validation: StreamedTable | None,
    model_options: dict[str, Any],
    fit_options: dict[str, Any],
    *,
    standardize: bool | None = None,
    dtype: str = "float32",
) -> TableFit:
    """Fit a network to a table that is read batch by batch.

    Args:
        model: the name of a network, or a module.
        table: of `learn`.
        validation: other rows, of `StreamedTable.like`; None: those that the table has drawn.
        model_options, fit_options, standardize, dtype: as of `fit_table`.
    """
    check_options("fit_options", "fit", fit, fit_options)
    for name in ("module", "x", "y", "weights", "offset", "validation"):
        if name in fit_options:
            raise ValueError(f'fit_options: give "{name}" as an argument of its own')
    lookup("dtype", dtype, {"float32": None, "float64": None})
    classes, layout = table.shape.classes, table.layout
    task = StreamedTask(
        model,
        None if classes is None else len(classes),
        [len(layout.levels[name]) for name in layout.coded],
        standardize,
        model_options,
        {**(find_model(model).training if isinstance(model, str) else {}), **fit_options},
        dtype,
    )
    return task.fit_streamed(table, validation)


def check_share(share: float) -> float:
    """A share for validation."""
    if isinstance(share, bool) or not 0 < share < 1:
        raise ValueError(f"validation must be a share between 0 and 1, not {share}")
    return float(share)


def seed_of(seed: int | None) -> int:
    """What draws the rows for validation: the seed, or what torch's generator gives."""
    if seed is None:
        return int(torch.randint(2**31, ()))
    return whole_number("seed", seed)


def as_source(data: Any, name: str) -> Source:
    """Data for validation: a source, or a data frame in memory."""
    if is_source(data):
        return open_source(data, name)
    if isinstance(data, pa.Table):
        return open_source(data.to_reader(), name)
    table = pa.Table.from_pandas(as_pandas(name, data), preserve_index=False)
    return open_source(table.to_reader(), name)


class TableRows:
    """The rows of a table as a network takes them: a `RowStream`.

    Args:
        table: the table.
        dtype: what the network computes in.
        valid: the rows that were drawn for validation, rather than those to train with.
        as_values: two classes as the numbers 0 and 1.
    """

    def __init__(
        self, table: StreamedTable, dtype: str, valid: bool = False, as_values: bool = False
    ) -> None:
        self.table, self.valid, self.as_values = table, valid, as_values
        self.dtype = np.dtype(dtype)
        self.name = table.source.name
        self.counts = table.valid_counts if valid else table.counts
        self.about = {**table.about, "valid": valid}
        first = next(self.read(None), None)
        if first is None:
            raise ValueError(f"{self.name} has no complete rows")
        self.sample = first.each(lambda t: t[:_FEW])

    def blocks(self, piece: int) -> Iterator[Data]:
        """The rows of a piece of the source."""
        return self.read([piece])

    def read(self, pieces: list[int] | None) -> Iterator[Data]:
        """The rows of some pieces."""
        means = self.table.weight_means
        for rows in self.table.blocks(pieces, self.valid, self.dtype):
            y = rows["response"]
            classes = self.table.shape.classes is not None and not self.as_values
            weights = rows["weights"]
            yield Data(
                self._inputs(rows),
                torch.from_numpy(y.astype(np.int64)) if classes else self._numbers(y),
                None
                if weights is None or means is None
                else self._numbers(weights) / means[self.valid],
                None if rows["offset"] is None else self._numbers(rows["offset"]),
            )

    def _inputs(self, rows: dict[str, Any]) -> tuple[torch.Tensor, ...]:
        numeric = self._numbers(rows["numeric"])
        return (numeric,) if rows["codes"] is None else (numeric, torch.from_numpy(rows["codes"]))

    def _numbers(self, x: np.ndarray) -> torch.Tensor:
        # (torch's own conversion would start threads, and those wait for each other.)
        return torch.from_numpy(np.require(x, self.dtype, ["C", "W"]))


class StreamedTask(NetworkTask):
    """One fit of a network to a `StreamedTable`."""

    def fit_streamed(self, table: StreamedTable, validation: StreamedTable | None) -> TableFit:
        """Fit to these rows; without `validation`, those that the table has drawn are for it."""
        self._know(table.share or None)
        self._complete()
        data = TableData(**{n: x if x is None else x[:_FEW] for n, x in _first(table).items()})
        self._check_response(data.response)
        inputs = self._inputs(data)
        scales = self._scales(inputs[0])
        rows = self._rows("", data, inputs)
        spec = self._spec(rows, data.codes is not None, scales)
        values = self.n_classes == 2 and spec["n_outputs"] == 1
        module = self._module(spec)
        self._scale(module, spec, table)
        valid = None
        if validation is not None:
            valid = TableRows(validation, self.dtype, as_values=values)
        elif table.share:
            if table.n_valid == 0:
                raise ValueError(
                    f"validation must be a share that draws rows: of {table.n_rows} it drew none"
                )
            valid = TableRows(table, self.dtype, True, values)
        train = TableRows(table, self.dtype, as_values=values)
        result = fit(module, train, validation=valid, **self.fit_options)
        module.to(getattr(torch, self.dtype))
        return TableFit(
            TableModel(spec, module),
            result.history,
            result.status,
            result.best_epoch,
            str(result.device),
            None,
            None,
            result.callbacks,
            result.engine,
        )

    def _scale(self, module: Any, spec: dict[str, Any], table: StreamedTable) -> None:
        """What the network scales by, as the pass has learned it."""
        if spec["scale_input"] and table.moments is not None:
            for name, values in zip(("mean", "sd"), table.moments, strict=True):
                getattr(module.input, name).copy_(torch.from_numpy(values))
        if spec["scale_output"] and table.response is not None:
            module.output.mean.fill_(table.response.mean_and_sd[0])
            module.output.sd.fill_(table.response.mean_and_sd[1])


def _first(table: StreamedTable) -> dict[str, Any]:
    """Some rows of a table."""
    return next(table.blocks())


@contextmanager
def showing(progress: bool | None, say: Any = None) -> Iterator[Any]:
    """A function of the rows read so far and how many there are, which shows them.

    Args:
        progress: as of `fit`: a bar, nothing, or a line now and then.
        say: as of `Lines`.
    """
    if progress or (progress is None and say is None and is_interactive() and find_spec("tqdm")):
        from tqdm.auto import tqdm

        with tqdm(unit="row", unit_scale=True, desc="reading") as bar:

            def update(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield update
    elif progress is None:
        lines = Lines(say)
        yield lambda done, total: lines.look(lambda taken: _line(done, total, taken))
    else:
        yield None


def _line(done: int, total: int | None, taken: float) -> str:
    of = "" if total is None else f" of {total:,}"
    return f"read {done:,}{of} rows; {taken:.0f} s"
