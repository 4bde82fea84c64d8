"""Files of every loader with flipped, cut, added and crafted bytes, by a seed.

A file that is read must be the values that were written; else it must be refused, by a documented
error (ValueError, TypeError, FileNotFoundError) that names the file, or the argument that it is. A
crafted file, whose description says something else and whose checksum is mended or that of version
0.1.0 (none), may be other values, but neither run anything nor take memory that its size does not
ask for. What reads files in R is in file_readers.R.
"""

from __future__ import annotations

import functools
import json
import os
import random
import re
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

#: Read by their bytes, by their path, and by their path in R.
OF_BYTES = ("bytes", "frozen", "table")
OF_PATHS = ("save", "model", "checkpoint", "lbfgs", "csv")
IN_R = ("values", "layers", "written", "serialized", "rds", "fit")
LOADERS = (*OF_BYTES, *OF_PATHS, *IN_R)
HOSTILE: list[Any] = [
    *(None, True, -1, 0, 1, 2**31, 2**62, 2**70, 1e308, "", "x", "os.system", "builtins.exec"),
    *("__class__", "torch.hub.load", "F32", "meta", "cuda", "\udc80", "\0", [], {}, [[]], [1] * 9),
    *([20000, 20000], {"kind": "name"}, {"name": ["torch", "builtins.exec"]}, "float64"),
    "-" * 5000,
]
ALLOWED = (ValueError, TypeError, FileNotFoundError)
#: What messages hold that are not ours.
RAW = re.compile(
    r"KeyError|AttributeError|IndexError|JSONDecodeError|struct\.error|object has no attribute"
    r"|Expecting value|not subscriptable|Traceback|INTERNAL ASSERT|NoneType"
)
#: What names a file beside its path: the arguments.
NAMES = {"checkpoint": "resume|epochs", "lbfgs": "resume|epochs"}


def run(core: Any, rng: random.Random) -> str:
    """One input; "value" or "error". AssertionError: a wrong value, or a message of no use."""
    del core
    loader = rng.choice(os.environ.get("TORCHBRIDGE_LOADERS", "").split() or LOADERS)
    right, read = right_files()[loader]
    data, crafted = changed(rng, right, loader)
    try:
        found = read(data)
    except ALLOWED as error:
        text = str(error)
        assert text and not RAW.search(text), f"{loader}: {type(error).__name__}: {text}"
        if loader in OF_PATHS:
            names = f"{re.escape(str(place()))}|{NAMES.get(loader, '$ ')}"
            assert re.search(names, text), f"{loader}: {text}"
        return "error"
    if not crafted and loader != "csv":
        assert equal(found, read(right)), f"{loader}: other values, in silence"
    return "value"


def changed(rng: random.Random, right: bytes, loader: str) -> tuple[bytes, bool]:
    """The bytes of a file that is not `right`, and whether somebody made it so."""
    if loader == "rds":  # the bytes of the handle, of the size that R is told
        at = right.index(b'{"__metadata__"') - 8
        end = at + int.from_bytes(right[at - 4 : at], "big")
        data, crafted = changed(rng, right[at:end], "")
        return right[: at - 4] + len(data).to_bytes(4, "big") + data + right[end:], crafted
    what = rng.randrange(5 if loader == "csv" else 8)
    data = bytearray(right)
    if what < 2:
        header = min(8 + int.from_bytes(right[:8], "little"), len(right))
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
    metadata.pop("torchbridge_checksum", None)
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
    if isinstance(header, dict) and rng.random() < 0.8:
        seal(header, metadata, right[8 + size :])
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + right[8 + size :]


def seal(header: dict[str, Any], metadata: dict[str, str], data: bytes) -> None:
    """The right checksum, where the header is one."""
    from torchbridge.saving import tensor_content

    about = {name: entry for name, entry in header.items() if name != "__metadata__"}
    try:
        entries = {n: tensor_content._entry(n, entry) for n, entry in about.items()}
    except ValueError:
        return
    checks = {name: zlib.crc32(data[e.start : e.end]) for name, e in entries.items()}
    metadata["torchbridge_checksum"] = tensor_content._checksum(metadata, entries, checks)
    header["__metadata__"] = metadata


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
def place() -> Path:
    """Where the files are written that are read."""
    return Path(tempfile.mkdtemp(prefix="torchbridge-fuzz-")) / "x"


@functools.cache
def right_files() -> dict[str, tuple[bytes, Callable[[bytes], Any]]]:
    """By loader: a right file, and what reads the bytes of one."""
    from torchbridge.models import load_table
    from torchbridge.saving import files, frozen

    tree = {"kind": "list", "items": [{"kind": "tensor", "name": "a"}]}
    x = torch.arange(12.0).reshape(3, 4)
    tensors = {"a": x, "b": torch.ones(2, dtype=torch.int64), "c": x.t(), "same": x}
    tensors |= {"sparse": x.to_sparse_csr(), "z": torch.ones(2, dtype=torch.complex128)}
    tensors |= {"p": torch.nn.Parameter(torch.ones(3)), "byte": torch.ones(1).byte()}
    saved = files.dumps(tree, tensors)
    state, parts = frozen.freeze(torch.nn.LSTM(4, 2))
    model, table = fitted(place().parent)
    return {
        "bytes": (saved, lambda data: files.loads(data, None)),
        "frozen": (state, lambda data: frozen.thaw(data, parts, frozen.new_shared())),
        "table": (table.weights, lambda data: load_table(table.spec, data).module),
        "save": (saved, of_path(lambda path: files.load(path, None))),
        "model": (model, of_path(read_model)),
        "csv": (b"y,a\n1,2\n3,4\n", of_path(read_csv)),
        **{name: checkpoint(name) for name in ("checkpoint", "lbfgs")},
        **of_r(),
    }


def of_path(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    def run(data: bytes) -> Any:
        place().write_bytes(data)
        return read(str(place()))

    return run


def read_model(path: str) -> Any:
    from torchbridge.models.table import command

    found = command.read_model(Path(path))
    layout = json.loads(json.dumps(asdict(found.layout)))
    return found.model.module, (layout, found.classes, found.offset)


def read_csv(path: str) -> Any:
    from torchbridge.models.table import command

    csv = Path(path).rename(f"{path}.csv")
    return command.read_table(csv).to_dict()


def checkpoint(name: str) -> tuple[bytes, Callable[[bytes], Any]]:
    """The bytes of a checkpoint, of Adam or L-BFGS, and what resumes from it."""
    options = {"optimizer": "lbfgs", "lr": 0.1} if name == "lbfgs" else {}

    def train(epochs: int, **more: Any) -> Any:
        from torchbridge.models import fit

        x = torch.linspace(-1, 1, 8).reshape(8, 1)
        torch.manual_seed(1)
        net = torch.nn.Linear(1, 1)
        return fit(net, x, 2 * x, epochs=epochs, seed=1, progress=False, **options, **more)

    state = place().with_name(name)
    train(2, callbacks={"model_checkpoint": {"path": str(state)}})
    read = of_path(lambda path: train(2, resume=path).module.state_dict())
    return state.read_bytes(), read


def fitted(folder: Path) -> tuple[bytes, Any]:
    """The bytes of a .model file of the shell's, and a fit."""
    from torchbridge.__main__ import main
    from torchbridge.models import fit_table

    table, model = folder / "d.csv", folder / "m.model"
    table.write_text("y,a,f\n" + "".join(f"{i / 2},{i},{'uvw'[i % 3]}\n" for i in range(12)))
    main(
        ["fit", "--formula", "y ~ a + f", "--data", str(table), "--model", "mlp", "--hidden", "4",
         "--epochs", "1", "--output", str(model)]
    )  # fmt: skip
    x = torch.linspace(0, 1, 20, dtype=torch.float64).reshape(10, 2) ** 2
    return model.read_bytes(), fit_table("linear", x, x[:, 0])


def of_r() -> dict[str, tuple[bytes, Callable[[bytes], Any]]]:
    import torchbridge as tb

    script = tb.source(Path(__file__).with_name("file_readers.R"))
    script.written_files(str(place().parent))

    def reader(name: str) -> Callable[[bytes], Any]:
        read = getattr(script, f"read_{name}")

        def run(data: bytes) -> str:
            place().write_bytes(data)
            found = str(read(str(place())))
            if "\n" in found:
                named = name not in ("values", "layers", "written") or str(place()) in found
                assert named, f"{name}: {found}"
                raise ValueError(found)
            return found

        return run

    return {name: (place().with_name(name).read_bytes(), reader(name)) for name in IN_R}
