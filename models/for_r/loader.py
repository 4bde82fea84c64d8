"""Fits of a module to the batches of an R dataloader.

Tests: test-fit-train.R.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import nn

from ..training.fit import fit
from .fit import callbacks, digest, origin, trained


def fit_loader(
    module: nn.Module, batches: Callable[[], Any], validation: Any, task: Mapping[str, Any]
) -> dict[str, Any]:
    """Fit a module to the batches of an R dataloader.

    Args:
        module: the module.
        batches: an R function that gives an iterator of an epoch's batches.
        validation: another one, or None.
        task: `fit_options`, `callbacks`, `functions`, `sources` and `origin`, as of `fit`; and
            where there is a checkpoint `about`: what `batches` and `validation` are.
    """
    options = {**task["fit_options"], "callbacks": callbacks(task), "origin": origin(task)}
    about = task.get("about") or [None, None]
    valid = None if validation is None else RLoader(validation, about[1])
    before = copy.deepcopy(module.state_dict())
    result = fit(module, RLoader(batches, about[0]), validation=valid, **options)
    weights = result.weights
    module.load_state_dict(before)
    return {**trained(result, result.module), "weights": weights, "id": digest(weights)}


class RLoader:
    """An R dataloader as something to iterate over.

    Args:
        start: an R function; each call begins an epoch and gives a function that returns the
            next batch, or None after the last.
        about: what it is, for checkpoints.
    """

    #: Why a session cannot train on several devices with it.
    here_only = "the batches of a dataloader are made in this R"

    def __init__(self, start: Callable[[], Callable[[], Any]], about: Any = None) -> None:
        self.start = start
        self.about = about

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        following = self.start()
        while (batch := following()) is not None:
            # A named list of R's comes as a dict, an unnamed one as a list.
            yield tuple(batch.values() if isinstance(batch, Mapping) else batch)
