"""R's verbs on Python objects: length, names, elements, subscripts, operators, iteration, contexts.

Each function is called by the R method of its name (python-object.R, python-run.R) and follows
Python's rules: positions count from 0, a key is a key. `unconverted` runs the same functions, and
what they give stays Python's.

Tests: test-python-verbs.R, test-python-unconverted.R, test-python-run.R.
"""

from __future__ import annotations

import operator
import pydoc
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from torchbridge.process import host
from torchbridge.process.errors import RError
from torchbridge.values import any_value
from torchbridge.values.protocols import RValue

#: R's operators, as Python has them.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "%%": operator.mod,
    "%/%": operator.floordiv,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&": operator.and_,
    "|": operator.or_,
}


# ---- what it has ----


def kind(x: object) -> str:
    """The name of its class."""
    return type(x).__name__


def length(x: object) -> int:
    """Python's ``len()``; 1 for what has none."""
    return len(x) if hasattr(type(x), "__len__") else 1  # type: ignore[arg-type]


def names(x: Any) -> list[str]:
    """Keys of a mapping, columns of a frame, fields of a named tuple, else public attributes."""
    if _has_keys(x):
        return [str(key) for key in _keys(x)]
    return list(any_value.fields(x)) if isinstance(x, tuple) else attributes(x)


def attributes(x: object) -> list[str]:
    """The public attributes of an object, for completion at R's prompt."""
    return [name for name in dir(x) if not name.startswith("_")]


def elements(x: Any) -> list[Any] | dict[str, Any]:
    """All that iteration gives; with their names those of a mapping or named tuple."""
    if _has_keys(x):
        return {key: x[key] for key in _keys(x)}
    return (isinstance(x, tuple) and any_value.fields(x)) or list(x)


def iterable(x: object) -> bool:
    """Can it be iterated over?"""
    return hasattr(type(x), "__iter__") or hasattr(type(x), "__getitem__")


def _has_keys(x: object) -> bool:
    return isinstance(x, Mapping) or is_frame(x)


def is_frame(x: object) -> bool:
    """Is it a table with columns (pandas, polars, pyarrow, DuckDB)?"""
    return hasattr(x, "columns") and hasattr(type(x), "__arrow_c_stream__")


def _keys(x: Any) -> Iterable[Any]:
    return x if isinstance(x, Mapping) else getattr(x, "column_names", x.columns)


# ---- subscripts ----


def item(x: Any, *subscripts: RValue) -> Any:
    """``x[a, b]``; of several positions or keys that Python takes none of at once, each."""
    key = _key(subscripts)
    try:
        return x[key]
    except TypeError:
        if not isinstance(key, list):
            raise
        return {k: x[k] for k in key} if isinstance(x, Mapping) else [x[k] for k in key]


def member(x: Any, *subscripts: RValue) -> Any:
    """``x[["name"]]``: the item, or where there is none the attribute."""
    name = subscripts[0] if len(subscripts) == 1 else None
    if not isinstance(name, str):
        return item(x, *subscripts)
    if not hasattr(type(x), "__getitem__"):
        return getattr(x, name)
    try:
        return x[name]
    except (LookupError, TypeError, ValueError):
        if not hasattr(x, name):
            raise
    return getattr(x, name)


def set_item(x: Any, value: RValue, *subscripts: RValue) -> None:
    """``x[a, b] <- value``."""
    x[_key(subscripts)] = value


def set_member(x: Any, value: RValue, *subscripts: RValue) -> None:
    """``x[["name"]] <- value``: the item, or of what has none by name the attribute."""
    name = subscripts[0] if len(subscripts) == 1 else None
    if not isinstance(name, str):
        return set_item(x, value, *subscripts)
    if hasattr(type(x), "__setitem__"):
        try:
            x[name] = value
        except (LookupError, TypeError, ValueError):
            if not hasattr(x, name):
                raise
        else:
            return None
    setattr(x, name, value)
    return None


def _key(subscripts: tuple[RValue, ...]) -> Any:
    keys = tuple(_whole(part) for part in subscripts)
    return keys[0] if len(keys) == 1 else keys


def _whole(key: RValue) -> Any:
    """R's whole numbers, of either type, as Python's positions."""
    if isinstance(key, float) and key.is_integer():
        return int(key)
    return [_whole(part) for part in key] if type(key) is list else key


# ---- operators and single values ----


def operate(x: Any, name: str, *others: RValue) -> Any:
    """``x + y``, ``-x``, ``!x``; `others` has y, or nothing."""
    if others:
        return _OPERATORS[name](x, *others)
    if name == "!":
        return ~x if hasattr(type(x), "__invert__") and not isinstance(x, int) else not x
    return +x if name == "+" else -x


def operate_on(y: object, name: str, x: RValue) -> Any:
    """``x + y`` where x is R's."""
    return _OPERATORS[name](x, y)


def number(x: Any) -> float:
    """Python's ``float()``."""
    return float(x)


def truth(x: object) -> bool:
    """Python's ``bool()``."""
    return bool(x)


def string(x: object) -> str:
    """Python's ``str()``."""
    return str(x)


def text(x: object) -> str:
    """Python's ``repr()``."""
    return repr(x)


def documentation(x: object) -> str:
    """What Python's ``help()`` shows, as plain text."""
    return pydoc.render_doc(x, "%s", renderer=_Plain())


class _Plain(pydoc.TextDoc):
    """Without what a terminal prints in bold."""

    def bold(self, text: str) -> str:
        return text


def value(x: object) -> object:
    """The object itself, to become an R value on its way."""
    return dict(x) if isinstance(x, Mapping) and not isinstance(x, dict) else x


def itself(x: object) -> object:
    """The object, to stay what it is."""
    return x


# ---- iteration and contexts ----


def iterator(x: Any) -> object:
    """Python's ``iter()``, as a handle."""
    return host.native().object_handle(iter(x))


def advance(x: Iterator[Any]) -> dict[str, Any] | None:
    """The next of an iterator, as ``{"value": it}``; None after the last."""
    for found in x:
        return {"value": found}
    return None


def enter(x: Any) -> Any:
    """``__enter__`` of a context manager."""
    kind = type(x)
    if not (hasattr(kind, "__enter__") and hasattr(kind, "__exit__")):
        raise TypeError(f"with() needs a context manager, and {kind.__name__} is none")
    return kind.__enter__(x)


def leave(x: Any, message: str | None, classes: RValue, exception: RValue) -> bool:
    """``__exit__`` of a context manager, with what ended the code; does it take care of that?"""
    if message is None:
        type(x).__exit__(x, None, None, None)
        return False
    error = exception
    if not isinstance(error, BaseException):
        names_of = [classes] if isinstance(classes, str) else classes
        error = RError(message, (), names_of)  # type: ignore[arg-type]
    return bool(type(x).__exit__(x, type(error), error, error.__traceback__))


# ---- objects that stay Python's ----


def attribute(x: object, name: str) -> Any:
    """``x.name``, or ``x["name"]`` of a mapping that has no such attribute."""
    try:
        return getattr(x, name)
    except AttributeError:
        if isinstance(x, Mapping) and name in x:
            return x[name]
        raise


def call(f: Callable[..., Any], /, *args: RValue, **kwargs: RValue) -> Any:
    """f(...)."""
    return f(*args, **kwargs)


_VERBS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (attribute, call, enter, item, member, operate, operate_on)
    + (itself, set_item, set_member)
}


def unconverted(x: Any, verb: str, /, *args: RValue, **kwargs: RValue) -> Any:
    """One of the verbs; what it gives stays Python's: see `_as_it_is`."""
    if verb == "elements":
        found = elements(x)
        if isinstance(found, dict):
            return {key: _as_it_is(item) for key, item in found.items()}
        return [_as_it_is(item) for item in found]
    if verb == "advance":
        step = advance(x)
        return None if step is None else {"value": _as_it_is(step["value"])}
    return _as_it_is(_VERBS[verb](x, *args, **kwargs))


def _as_it_is(x: object) -> dict[str, object] | None:
    """What R makes its own object of: a handle, and whether it can be called."""
    if x is None:
        return None
    return {"handle": host.native().object_handle(x), "callable": callable(x)}
