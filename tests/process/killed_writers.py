"""kill -9 at random moments of every writer: the last complete file must be readable.

    python tests/process/killed_writers.py [rounds] [seed] [writer ...]

Prints a line for each writer: rounds, how many were killed while a partial file lay there, and how
many files could be read afterwards. Exit status 1 if one could not.
"""

import contextlib
import csv
import io
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import onnx
import onnx.reference
import pandas as pd
import torch

from torchbridge.__main__ import main
from torchbridge.models import export_onnx, export_program, fit, mlp
from torchbridge.models.callbacks import CSVLog, ModelCheckpoint
from torchbridge.saving import files

EPOCHS = 20
#: Seconds that a first file may take on a busy machine.
LONGEST = 60
X = torch.linspace(-1, 1, 60).reshape(20, 3)


def network():
    return mlp(3, [64, 64], 1, dropout=0.2, seed=1)


def fitted(**options):
    return fit(network(), X, X[:, :1], epochs=EPOCHS, batch_size=5, seed=2, **options)


class TorchSave:
    def write(self, path):
        for i in range(10_000):
            files.save(path, {"kind": "tensor", "name": "x"}, {"x": torch.full((100_000,), i)})

    def check(self, path):
        x = files.load(path, None)["tensors"]["x"]
        assert x.shape == (100_000,)
        assert (x == x[0]).all()


class Checkpoint:
    def write(self, path):
        while True:
            fitted(callbacks=[ModelCheckpoint(path)])

    def check(self, path):
        resumed = fitted(resume=path)
        for name, tensor in self.whole.module.state_dict().items():
            assert torch.equal(resumed.module.state_dict()[name], tensor)
        assert resumed.history == self.whole.history

    def __init__(self):
        self.whole = fitted()


class Log:
    def write(self, path):
        while True:
            fitted(callbacks=[CSVLog(path)])

    def check(self, path):
        with open(path, newline="") as file:
            lines = list(csv.DictReader(file))
        assert [line["epoch"] for line in lines] == [str(i + 1) for i in range(len(lines))]
        assert all(float(line["train_loss"]) >= 0 for line in lines)


class Shell:
    """The `.model` file of `torchbridge fit`."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data = f"{self.folder.name}/data.csv"
        pd.DataFrame({"y": X[:, 0], "a": X[:, 1], "b": X[:, 2] ** 2}).to_csv(self.data, index=False)

    def write(self, path):
        while True:
            quietly("fit", "--formula", "y ~ .", "--data", self.data, "--model", "linear",
                    "--output", path)  # fmt: skip

    def check(self, path):
        assert quietly("predict", "--model", path, "--data", self.data) == 0


class Predictions(Shell):
    def __init__(self):
        super().__init__()
        self.model = f"{self.folder.name}/model"
        quietly("fit", "--formula", "y ~ .", "--data", self.data, "--model", "linear",
                "--output", self.model)  # fmt: skip

    def write(self, path):
        while True:
            quietly("predict", "--model", self.model, "--data", self.data, "--output", path)

    def check(self, path):
        assert pd.read_csv(path)["pred"].notna().sum() == len(X)


class Program:
    def write(self, path):
        while True:
            export_program(network(), X, path)

    def check(self, path):
        assert torch.export.load(path).module()(X).shape == (len(X), 1)


class Onnx:
    def write(self, path):
        while True:
            export_onnx(network(), X, path)

    def check(self, path):
        evaluator = onnx.reference.ReferenceEvaluator(onnx.load(path))
        assert evaluator.run(None, {"x": X.numpy()})[0].shape == (len(X), 1)


#: What is written, and within how many seconds of the first write the kill comes.
WRITERS = {
    "torch_save": (TorchSave, 0.05),
    "checkpoint": (Checkpoint, 0.3),
    "csv_log": (Log, 0.2),
    "model": (Shell, 0.1),
    "predictions": (Predictions, 0.1),
    "export_program": (Program, 0.6),
    "export_onnx": (Onnx, 1.5),
}


def quietly(*arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return main(arguments)


def run(name, rounds, seed):
    """Rounds of one writer; True if every file could be read."""
    make, within = WRITERS[name]
    writer, draw = make(), random.Random(f"{seed} {name}")
    partial = readable = 0
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/file"
        for _ in range(rounds):
            kill(writer, path, draw.uniform(0, within))
            partial += hidden(folder) > 0
            try:
                writer.check(path)
                readable += 1
            except Exception as error:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        files.save(f"{folder}/other", {}, {"x": X})  # takes away what the last one left
        left = hidden(folder)
    print(f"{name}: {rounds} rounds, {partial} partial, {readable} readable, {left} left")
    return readable == rounds and left == 0


def kill(writer, path, seconds):
    """Write in a process of its own, and end that so long after its first file is there.

    Raises:
        ChildProcessError: it ended by itself, or wrote nothing.
    """
    before = state(path)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            writer.write(path)
        finally:
            os._exit(1)
    until = time.monotonic() + LONGEST
    try:
        while state(path) == before:
            time.sleep(0.0005)
            if os.waitpid(child, os.WNOHANG)[0]:
                child = None
                raise ChildProcessError("the writer ended by itself")
            if time.monotonic() > until:
                raise ChildProcessError(f"the writer wrote nothing in {LONGEST} seconds")
        time.sleep(seconds)
    finally:
        if child is not None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def state(path):
    return os.stat(path).st_ino if os.path.exists(path) else None


def hidden(folder):
    return sum(name.name.startswith(".") for name in Path(folder).iterdir())


if __name__ == "__main__":
    torch.set_num_threads(1)  # a process that was forked has no others
    given = sys.argv[1:]
    n = int(given[0]) if given else 200
    results = [run(name, n, given[1] if given[1:] else "1") for name in given[2:] or WRITERS]
    sys.exit(not all(results))
