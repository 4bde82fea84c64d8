"""Files of every loader with flipped, cut, added and crafted bytes, by a seed.

A file that is read must be the values that were written; else it must be refused, by a documented
error (ValueError, TypeError, FileNotFoundError; the message says what is wrong). A crafted file,
whose description says something else and whose checksum is mended or gone, may be other values, but
neither run anything nor take memory that its size does not ask for.
"""

from __future__ import annotations

import functools
import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

LOADERS = ("save", "bytes", "frozen", "model", "checkpoint")
HOSTILE: list[Any] = [
    *(None, True, -1, 0, 1, 2**31, 2**62, 2**70, 1e308, "", "x", "os.system", "builtins.exec"),
    *("__class__", "torch.hub.load", "F32", "meta", "cuda", "\udc80", "\0", [], {}, [[]], [1] * 9),
    *([20000, 20000], {"kind": "name"}, {"name": ["torch", "builtins.exec"]}, "float64"),
    "-" * 5000,
]
ALLOWED = (ValueError, TypeError, FileNotFoundError)


def run(core: Any, rng: random.Random) -> str:
    """One input; "value" or "error". AssertionError: a wrong value."""
    del core
    loader = rng.choice(LOADERS)
    right, read = right_files()[loader]
    data, crafted = changed(rng, right)
    try:
        found = read(data)
    except ALLOWED as error:
        assert str(error), "an error without a message"
        return "error"
    if not crafted:
        assert equal(found, read(right)), f"{loader}: other values, in silence"
    return "value"


def changed(rng: random.Random, right: bytes) -> tuple[bytes, bool]:
    what = rng.randrange(6)
    data = bytearray(right)
    if what < 2:
        header = 8 + int.from_bytes(right[:8], "little")
        end = rng.choice((8, header, len(data)))
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[rng.randrange(end)] ^= 1 << rng.randrange(8)
    elif what == 2:
        del data[rng.randrange(len(data)) :]
    elif what == 3:
        data += rng.randbytes(rng.choice((1, 8, 100)))
    elif what == 4:
        at = rng.randrange(len(data))
        data[at:at] = data[at : at + rng.randrange(1, 64)]
    else:
        return crafted_file(rng, right), True
    return bytes(data), False


def crafted_file(rng: random.Random, right: bytes) -> bytes:
    """The header with other values in it; what else is in the metadata is JSON of its own."""
    size = int.from_bytes(right[:8], "little")
    header = json.loads(right[8 : 8 + size])
    metadata = header.get("__metadata__", {})
    metadata.pop("torchbridge_checksum", None)  # as files of the first version are
    for _ in range(rng.choice((1, 1, 2, 4))):
        names = [k for k, v in metadata.items() if v[:2] == '{"']
        if names and rng.random() < 0.85:
            name = rng.choice(names)
            inner = json.loads(metadata[name])
            metadata[name] = json.dumps(other(rng, inner))
        else:
            header = other(rng, header)
            metadata = header.get("__metadata__", {}) if isinstance(header, dict) else {}
            metadata = metadata if isinstance(metadata, dict) else {}
            metadata = {k: v for k, v in metadata.items() if isinstance(v, str)}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + right[8 + size :]


def other(rng: random.Random, x: Any) -> Any:
    """The same JSON with one value or key changed."""
    if isinstance(x, dict) and x and rng.random() < 0.95:
        key = rng.choice(list(x))
        x = dict(x)
        what = rng.random()
        if what < 0.1:
            del x[key]
        elif what < 0.15:
            x[str(rng.choice(HOSTILE))] = x.pop(key)
        else:
            x[key] = other(rng, x[key])
        return x
    if isinstance(x, list) and x and rng.random() < 0.9:
        at = rng.randrange(len(x))
        return [*x[:at], other(rng, x[at]), *x[at + 1 :]]
    return rng.choice(HOSTILE)


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, torch.nn.Module):
        a, b = (str(a), a.state_dict()), (str(b), b.state_dict())
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)


# ---- what is right, and what reads it ------------------------------------------------


@functools.cache
def right_files() -> dict[str, tuple[bytes, Callable[[bytes], Any]]]:
    """By loader: a right file, and what reads the bytes of one."""
    from torchbridge.saving import files, frozen

    folder = Path(tempfile.mkdtemp(prefix="torchbridge-fuzz-"))
    path = folder / "x"
    tree = {"kind": "list", "items": [{"kind": "tensor", "name": "a"}]}
    tensors = {"a": torch.arange(12.0).reshape(3, 4), "b": torch.ones(2, dtype=torch.int64)}
    saved = files.dumps(tree, tensors)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.LSTM(4, 2))

    def of_path(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
        def run(data: bytes) -> Any:
            path.write_bytes(data)
            return read(str(path))

        return run

    model, checkpoint = fitted(folder)
    return {
        "save": (saved, of_path(lambda p: files.load(p, None))),
        "bytes": (saved, lambda data: files.loads(data, None)),
        "frozen": (
            frozen.freeze(net)[0],
            lambda data: frozen.thaw(data, None, frozen.new_shared()),
        ),
        "model": (model, of_path(read_model)),
        "checkpoint": (checkpoint, of_path(resumed)),
    }


def read_model(path: str) -> Any:
    from torchbridge.models.table import command

    found = command.read_model(Path(path))
    layout = json.loads(json.dumps(asdict(found.layout)))
    return found.model.module, (layout, found.classes, found.offset)


def train(epochs: int, **options: Any) -> Any:
    from torchbridge.models import fit

    x = torch.linspace(-1, 1, 8).reshape(8, 1)
    torch.manual_seed(1)
    net = torch.nn.Linear(1, 1)
    return fit(net, x, 2 * x, epochs=epochs, seed=1, progress=False, **options)


def resumed(path: str) -> Any:
    done = train(2, resume=path)
    return done.module.state_dict() if hasattr(done, "module") else done.model.state_dict()


def fitted(folder: Path) -> tuple[bytes, bytes]:
    """The bytes of a .model file of the shell's, and of a checkpoint."""
    from torchbridge.__main__ import main

    table, model, state = folder / "d.csv", folder / "m.model", folder / "state"
    table.write_text("y,a,f\n" + "".join(f"{i / 2},{i},{'uvw'[i % 3]}\n" for i in range(12)))
    main(
        ["fit", "--formula", "y ~ a + f", "--data", str(table), "--model", "mlp", "--hidden", "4",
         "--epochs", "1", "--output", str(model)]
    )  # fmt: skip
    train(2, callbacks={"model_checkpoint": {"path": str(state)}})
    return model.read_bytes(), state.read_bytes()
