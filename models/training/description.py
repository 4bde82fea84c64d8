"""Any value as plain JSON by which it is known again: itself where it is short, else a digest.

The same value has the same description in another process, on another device and in any layout
of its memory. What has no value to tell (an open file, a lock) is described by its class alone.


"""

from __future__ import annotations

import dis
import functools
import hashlib
import json
import math
import os
import sys
import types
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from torchbridge.process import host, rpy2_objects

from ..arguments import dtype_name
from ..sparse import as_rows, is_sparse

if TYPE_CHECKING:
    from torchbridge._native import RObject

#: Bytes of a tensor that are brought to the CPU, in one piece, at once.
_BLOCK = 2**24
#: Characters of JSON above which a list or dict is a digest.
_SHORT = 2000
#: How deep objects in objects are looked into, and after them lists in lists.
_DEPTH, _DEEPEST = 4, -20
_R_FUNCTIONS = ("closure", "builtin", "special")

# What every module has, beside its parameters and submodules: hooks, flags.
_OF_EVERY_MODULE = frozenset(vars(nn.Module()))


def describe(value: Any, *, files: bool = False, depth: int = _DEPTH) -> Any:
    """What a value is, as plain JSON.

    Args:
        value: anything.
        files: whether text that is the path of a file or folder means that, as a `Path` does:
            its name and size count, and not where it is.
        depth: how deep to look into objects.
    """
    again = functools.partial(describe, files=files, depth=depth - 1)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    is_path = files and isinstance(value, str) and ("." in value or os.sep in value)
    if is_path or isinstance(value, os.PathLike):
        return _path(os.fspath(value))
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return _digest("bytes", value)
    if isinstance(value, Tensor):
        return describe_tensor(value)
    if isinstance(value, np.ndarray):
        return _array(value)
    if depth < _DEEPEST:
        return type(value).__qualname__
    if isinstance(value, type):
        return _class(value, depth)
    if isinstance(value, functools.partial):
        return [again(value.func), again(value.args), again(value.keywords)]
    if isinstance(value, Mapping):
        return _short("dict", {str(name): again(item) for name, item in value.items()})
    if isinstance(value, Set):
        return sorted((again(item) for item in value), key=repr)
    if isinstance(value, (list, tuple, range)):
        return _short("list", [again(item) for item in value])
    if isinstance(value, nn.Module):
        return describe_module(value)
    if _is_function(value):
        return describe_function(value, depth)
    return _object(value, again) if depth > 0 else type(value).__qualname__


def describe_tensor(x: Tensor) -> dict[str, str]:
    """Its dtype, shape and a digest of its values in their order."""
    if is_sparse(x):
        x = as_rows("x", x)
        parts = (x.crow_indices().long(), x.col_indices().long(), x.values())
        digests = "".join(describe_tensor(part)["digest"] for part in parts)
        return {"kind": f"sparse {dtype_name(x.dtype)} {tuple(x.shape)}", "digest": digests}
    hasher = hashlib.sha256()
    rows_of = x.detach() if x.ndim else x.detach().reshape(1)
    size = max(1, rows_of[:1].numel() * x.element_size())
    for rows in rows_of.split(max(1, _BLOCK // size)):
        block = rows.cpu().resolve_conj().resolve_neg().contiguous()
        hasher.update(block.reshape(-1).view(torch.uint8).numpy())
    return {"kind": f"{dtype_name(x.dtype)} {tuple(x.shape)}", "digest": hasher.hexdigest()[:32]}


def describe_module(module: nn.Module) -> dict[str, Any]:
    """Its submodules with their classes and options, its parameters and buffers by shape.

    Not the values of parameters and buffers. Of a class that isn't PyTorch's or torchbridge's its
    code counts too. (Of a module written in R, R tells its code.)
    """
    found: dict[str, Any] = {}
    for path, each in module.named_modules():
        options = {
            name: describe(value, depth=2)
            for name, value in vars(each).items()
            if name not in _OF_EVERY_MODULE and not name.startswith("_r_") and _is_option(value)
        }
        found[path or "itself"] = {"class": _class(type(each), 2), **options}
    trained = {name for name, p in module.named_parameters() if p.requires_grad}
    for name, t in module.state_dict().items():
        if isinstance(t, Tensor):
            found[name] = f"{dtype_name(t.dtype)} {tuple(t.shape)}{', trained' * (name in trained)}"
    return found


def describe_function(function: Any, depth: int = _DEPTH) -> Any:
    """A function by its code, its defaults and the values that it closes over; R's by its source.

    Python's bytecode differs between versions of Python, which are therefore part of it.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(function, types.MethodType):
        return [describe_function(function.__func__, depth), describe(function.__self__)]
    if not isinstance(function, types.FunctionType):
        in_r = _r_function(function)
        if in_r is not None:
            lines = host.native().base_function("deparse")(in_r)
            return _digest("R function", json.dumps(lines).encode())
        return f"{getattr(function, '__module__', None)}.{name}"
    if _is_known(function.__module__):
        return f"{function.__module__}.{function.__qualname__}"
    inner = functools.partial(describe, depth=depth - 1)
    cells = [] if depth <= 0 else [inner(_content(cell)) for cell in function.__closure__ or ()]
    about = [inner(function.__defaults__), inner(function.__kwdefaults__), cells]
    return _digest(f"function {name}", _code(function.__code__) + json.dumps(about).encode())


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty: the function is named in itself, before it is there
        return None


def _r_function(value: Any) -> RObject | None:
    """The R function that a value is; None for anything else."""
    if host.current() is None:
        return None
    core = host.native()
    # An R script's function; the module of its class is loaded where there is one.
    kind = type(value)
    if (kind.__module__, kind.__name__) == ("torchbridge.values.r_functions", "RFunction"):
        value = core.base_function("get").call(value.__name__, value._environment)
    elif rpy2_objects.is_rpy2(value):
        value = rpy2_objects.robject(value)
    is_function = isinstance(value, core.RObject) and value.typeof in _R_FUNCTIONS
    return value if is_function else None


def _code(code: types.CodeType) -> bytes:
    """What a code object does, without where it stands."""
    parts: list[Any] = [sys.version_info[:2], code.co_code.hex(), code.co_names, code.co_varnames]
    for constant in _constants(code):
        if isinstance(constant, types.CodeType):
            parts.append(hashlib.sha256(_code(constant)).hexdigest())
        elif isinstance(constant, frozenset):
            parts.append(sorted(map(repr, constant)))
        else:
            parts.append(repr(constant))
    return json.dumps(parts).encode()


def _constants(code: types.CodeType) -> list[Any]:
    """Those that the code uses: from Python 3.14 on others stay behind when it is optimised."""
    if sys.version_info < (3, 14):
        return list(code.co_consts)
    used = {step.arg for step in dis.get_instructions(code) if step.opcode in dis.hasconst}
    return [constant for place, constant in enumerate(code.co_consts) if place in used]


def _class(cls: type, depth: int) -> Any:
    """A class by its name, and where it isn't PyTorch's or torchbridge's by its code."""
    if _is_known(cls.__module__) or depth <= 0:
        return cls.__qualname__
    functions = {
        name: describe_function(found, depth - 1)
        for name, value in sorted(vars(cls).items())
        if isinstance(found := getattr(value, "__func__", value), types.FunctionType)
    }
    bases = [_class(base, depth) for base in cls.__bases__ if base is not object]
    return _digest(f"class {cls.__qualname__}", json.dumps([functions, bases]).encode())


def _is_known(module: str | None) -> bool:
    return (module or "").split(".")[0] in ("torch", "torchbridge", "builtins", "numpy", "pyarrow")


def _is_function(value: Any) -> bool:
    kinds = (types.FunctionType, types.MethodType, types.BuiltinFunctionType)
    return isinstance(value, kinds) or _r_function(value) is not None


def _is_option(value: Any) -> bool:
    """Numbers, text, functions, and lists of them: what may tell two modules apart."""
    if isinstance(value, (list, tuple)):
        return len(value) < 100 and all(map(_is_option, value))
    return isinstance(value, (bool, int, float, str, torch.dtype)) or _is_function(value)


def _object(value: Any, again: Any) -> Any:
    """An object by its class and its attributes; libraries' own by what they hold."""
    cls = type(value)
    if isinstance(value, DataLoader):
        names = ("dataset", "batch_size", "drop_last")
        found = {name: again(getattr(value, name)) for name in names}
        return {**found, "sampler": type(value.sampler).__name__}
    if hasattr(value, "files") and hasattr(value, "schema"):  # pyarrow's dataset
        return {"files": [_path(file) for file in value.files], "schema": str(value.schema)}
    if hasattr(value, "to_numpy"):  # frames and series of pandas and polars
        columns = {
            str(name): again(value[name].to_numpy()) for name in getattr(value, "columns", ())
        }
        return _short(cls.__name__, columns or again(value.to_numpy()))
    if isinstance(value, torch.dtype):
        return dtype_name(value)
    holds = cls.__module__.startswith(("torch.utils.data", "torchbridge"))
    own = getattr(value, "__dict__", {}) if holds or not _is_known(cls.__module__) else {}
    attributes = {name: again(item) for name, item in own.items()}
    return _short(cls.__name__, {"class": _class(cls, 2), **attributes})


def _array(x: np.ndarray) -> Any:
    if x.dtype.kind in "biufc" and x.dtype.isnative:
        return describe_tensor(torch.from_numpy(np.ascontiguousarray(x)))
    return _digest(f"{x.dtype} {x.shape}", json.dumps(x.astype(str).tolist()).encode())


def _path(path: str | bytes) -> Any:
    """A file by its name and size, a folder by those of what is in it; else the text itself."""
    where = Path(os.fsdecode(path))
    try:
        if where.is_file():
            return {"file": where.name, "size": where.stat().st_size}
        if where.is_dir():
            inside = sorted((e.name, e.stat().st_size) for e in os.scandir(where) if e.is_file())
            return _digest(f"folder {where.name}, {len(inside)} files", json.dumps(inside).encode())
    except (OSError, ValueError):
        pass
    return os.fsdecode(path)


def _short(kind: str, found: Any) -> Any:
    text = json.dumps(found)
    if len(text) <= _SHORT:
        return found
    return _digest(f"{kind} of {len(found)}", text.encode())


def _digest(kind: str, content: bytes) -> dict[str, str]:
    return {"kind": kind, "digest": hashlib.sha256(content).hexdigest()[:32]}
