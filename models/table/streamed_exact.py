"""The exact fit of a table that is read batch by batch: a pass an iteration, for least squares one.

Tests: tests/models/table/test_streamed_exact.py.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from torchbridge.frames.sources import ROWS

from ..arguments import flag, positive, whole_number
from ..exact.block_glm import BlockTask, fit_blocks
from ..exact.blocks import Block
from ..exact.families import Family, check_values
from ..training.device import threads_for, training_device
from ..training.streamed import Ahead
from .exact import coefficients_of, family_of
from .model import TableModel
from .registry import MODELS, check_model_options, find_model
from .result import TableFit
from .streamed_table import StreamedTable

#: What `fit_options` may have, beside "device".
_OPTIONS = ("device", "progress")


def check_streamed(model: str, validation: Any, standardize: Any, train: dict[str, Any]) -> None:
    """An error where a model cannot be fitted so, or is given what it does not take."""
    if not find_model(model).streams:
        streamed = ", ".join(f'"{name}"' for name, row in MODELS.items() if row.streams)
        raise ValueError(f'model "{model}" needs data in memory; of exact models {streamed} do not')
    for name, value in (("validation", validation), ("standardize", standardize)):
        if value is not None:
            raise ValueError(f'{name} must be None for model "{model}", which is fitted exactly')
    wrong = [name for name in train if name not in _OPTIONS]
    if wrong:
        raise ValueError(
            f'fit_options: model "{model}" is fitted exactly and has no "{wrong[0]}"; only "device"'
        )


def fit_streamed_exactly(
    model: str,
    table: StreamedTable,
    given: dict[str, Any],
    train: dict[str, Any],
    look: Callable[[int, int | None], object] | None = None,
) -> TableFit:
    """Fit a generalized linear model to a table that is read batch by batch.

    Args:
        model: its name.
        table: of `learn`, of levels alone or of all.
        given, train: `model_options` and `fit_options`, as of `fit_table`.
        look: as of `learn`, while the rows of such a table are counted.

    Returns:
        Without what is a number a row: `fitted` is None, and tensors of `exact` are empty.
    """
    check_model_options(model, given)
    classes = table.shape.classes
    n_classes = None if classes is None else len(classes)
    name, family, link = family_of(model, given, n_classes, find_model(model).family)
    device = training_device(train.get("device"))

    task = BlockTask(
        lambda: _blocks(table, family, name, device, look),
        len(table.names),
        family,
        link,
        name,
        flag("intercept", given.get("intercept", True)),
        positive("tol", given.get("tol", 1e-8)),
        whole_number("max_iter", given.get("max_iter", 50), 1),
        keeps_rows=False,
    )
    with threads_for(ROWS * len(table.names) ** 2):  # (a thread that reads has a core)
        found = fit_blocks(task)
    result = coefficients_of(
        found,
        found.coefficients[None],
        n_classes=2 if family.takes_shares else n_classes,
        link=found.link,
        baseline=False,
    )
    spec = {
        "model": model,
        "model_options": given,
        "inputs": [len(table.names)],
        "n_levels": None,
        **result.spec,
    }
    model_ = TableModel(spec, result.module)
    return TableFit(model_, {"epoch": []}, "completed", None, str(device), found, None)


def _blocks(
    table: StreamedTable,
    family: Family,
    name: str,
    device: torch.device,
    look: Callable[[int, int | None], object] | None,
) -> Iterator[Block]:
    """The rows, which a thread reads ahead."""
    with Ahead(table.blocks if table.counts else table.first_blocks) as ahead:
        for rows in ahead:
            if look is not None and "n_read" in rows:
                look(rows["n_read"], table.source.n_rows)
            parts = [rows["numeric"], rows["response"], rows["weights"], rows["offset"]]
            x, y, w, o = (None if each is None else _numbers(each).to(device) for each in parts)
            assert x is not None and y is not None
            check_values("response", y, family, name)
            yield Block(
                x,
                y,
                torch.ones_like(y) if w is None else w,
                torch.zeros_like(y) if o is None else o,
            )


def _numbers(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.require(x, float, ["C", "W"]))
