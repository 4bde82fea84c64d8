"""The pieces where Python hosts: python tests/soak/python_pieces.py ROUNDS [PATTERN]."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rpy2.robjects as ro
import torch
from meter import FIRST, LOOKS, Meter

import torchbridge as tb
from torchbridge import models

#: A piece: what one of how many rounds it does (what takes longer does fewer), and the work.
Piece = tuple[int, Callable[[], object]]


def main() -> None:
    """Run each piece whose name has the pattern in it."""
    rounds, pattern = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    tb.start()
    meter = Meter()
    for name, (share, work) in pieces():
        if not re.search(pattern, name):
            continue
        chunk = max(1, rounds // share // LOOKS)
        for _ in range(min(FIRST, chunk * LOOKS)):
            work()
        meter.begin()
        for _ in range(LOOKS):
            for _ in range(chunk):
                work()
            meter.look()
        meter.end(name, chunk * LOOKS)


def pieces() -> Iterator[tuple[str, Piece]]:
    yield from conversions().items()
    yield from frames().items()
    yield from calls().items()
    yield from fits().items()


def conversions() -> dict[str, Piece]:
    tensor, array = torch.ones(3, 2, dtype=torch.float64), np.ones((3, 2))
    vector, factor = ro.FloatVector([1.0, 2.0]), ro.r('factor(c("a", "b"))')
    sparse = torch.eye(3, dtype=torch.float64).to_sparse()
    plain = {"a": [1, 2.5, None], "b": "text", "c": [True, b"raw"], "d": {"e": 1j}}
    return {
        "to_torch()": (1, lambda: tb.to_torch(vector)),
        "to_torch(share=True)": (1, lambda: tb.to_torch(vector, share=True)),
        "to_torch() of NumPy's": (1, lambda: tb.to_torch(array)),
        "to_torch() of a factor": (1, lambda: tb.to_torch(factor)),
        "to_numpy()": (1, lambda: tb.to_numpy(vector)),
        "to_r() of a tensor": (1, lambda: tb.to_r(tensor)),
        "to_r(share=True)": (1, lambda: tb.to_r(tensor.t(), share=True)),
        "to_r() of an array": (1, lambda: tb.to_r(array)),
        "to_r() of a sparse tensor": (10, lambda: tb.to_r(sparse)),
        "to_r() of plain values": (1, lambda: tb.to_r(plain)),
        "to_r() of text": (1, lambda: tb.to_r(["a", "ä", None])),
        "handle()": (1, lambda: tb.handle(tensor)),
        "handle() of an array": (1, lambda: tb.handle(array)),
        "an error of a conversion": (1, lambda: fails(TypeError, tb.to_torch, ["a"])),
    }


def frames() -> dict[str, Piece]:
    ours = ro.r(
        'data.frame(a = 1:3, b = c(1.5, NA, 2), c = c("x", NA, "z"), d = factor(c("u", "v", "u")),'
        ' e = structure(1:3, class = "Date"), f = .POSIXct(1:3))'
    )
    pandas, polars, arrow = (tb.to_frame(ours, kind) for kind in ("pandas", "polars", "arrow"))
    numbers = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["u", "v", "u"]})
    like = tb.frame_tensors(numbers)

    def converter() -> object:
        with (ro.default_converter + tb.converter).context():
            return ro.r("identity")(numbers)

    return {
        "to_frame() of pandas": (10, lambda: tb.to_frame(ours, "pandas")),
        "to_frame() of polars": (10, lambda: tb.to_frame(ours, "polars")),
        "to_frame() of Arrow": (10, lambda: tb.to_frame(ours, "arrow")),
        "to_r() of pandas": (10, lambda: tb.to_r(pandas)),
        "to_r() of polars": (10, lambda: tb.to_r(polars)),
        "to_r() of Arrow": (10, lambda: tb.to_r(arrow)),
        "frame_tensors()": (10, lambda: tb.frame_tensors(numbers)),
        "frame_batches()": (10, lambda: list(tb.frame_batches(numbers, 2, like=like))),
        "tb.converter": (10, converter),
    }


def calls() -> dict[str, Piece]:
    script = tb.source(
        text="""
add <- function(x, y) x + y
twice <- function(f, x) f(f(x))
fails <- function() stop("no")
shown <- function(x) length(capture.output(print(x)))
square <- function(x) sum(x^2)
"""
    )
    one, values = torch.ones(3, dtype=torch.float64), np.ones(3)
    return {
        "an R function": (1, lambda: script.add(1.0, 2.0)),
        "an R function of tensors": (1, lambda: script.add(one, 1)),
        "a callback": (1, lambda: script.twice(lambda x: x, 1.0)),
        "printing": (10, lambda: script.shown(one)),
        "an R error": (1, lambda: fails(tb.RError, script.fails)),
        "an error of a callback": (1, lambda: fails(KeyError, script.twice, {}.__getitem__, 1.0)),
        "package()": (100, lambda: tb.package("stats").median(values)),
        "source()": (100, lambda: tb.source(text="f <- function(x) x + 1").f(1.0)),
        "autograd.grad()": (10, lambda: tb.autograd.grad(script.square, values)),
        "autograd.hessian()": (10, lambda: tb.autograd.hessian(script.square, values)),
    }


def fits() -> dict[str, Piece]:
    x, y = torch.randn(8, 2), torch.randn(8)
    folder = Path(tempfile.mkdtemp())
    net = models.mlp(2, 2, 1)

    def fit(**options: Any) -> object:
        return models.fit(net, x, y, epochs=1, seed=1, progress=False, **options)

    def table(model: str, **options: Any) -> object:
        result = models.fit_table(model, x, y, **options)
        return models.load_table(result.spec_json, result.weights)

    def clusters(model: str, **options: Any) -> object:
        return models.fit_table(model, x, model_options=options)

    trained = {"fit_options": {"epochs": 1, "seed": 1, "progress": False}}
    logs = {"tensorboard": {"log_dir": folder / "tensorboard", "weights": True}}

    def logged() -> None:
        fit(callbacks=logs)
        shutil.rmtree(folder / "tensorboard")

    callbacks = {"model_checkpoint": {"path": folder / "c"}, "csv_log": {"path": folder / "log"}}
    network = {"model_options": {"hidden": 2}, **trained}
    space = {"lr": [0.1, 0.01]}
    return {
        "fit()": (10, fit),
        "fit() with a checkpoint": (20, lambda: fit(callbacks=callbacks)),
        "fit() with TensorBoard": (100, logged),
        "fit() of a loader": (20, lambda: loader_fit(net, x, y)),
        "predict()": (10, lambda: models.predict(net, x)),
        "fit_table() of linear": (10, lambda: table("linear")),
        "fit_table() of mlp": (20, lambda: table("mlp", **network)),
        "fit_table() of k_means": (100, lambda: clusters("k_means", k=2)),
        "fit_table() of gaussian_mixture": (100, lambda: clusters("gaussian_mixture", k=1)),
        "tune()": (500, lambda: models.tune("mlp", space, x, y, n_trials=2, seed=1, **network)),
    }


def loader_fit(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> object:
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    return models.fit(net, loader, epochs=1, seed=1, progress=False)


def fails(kind: type[Exception], work: Callable[..., object], *args: object) -> None:
    try:
        work(*args)
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


if __name__ == "__main__":
    main()
