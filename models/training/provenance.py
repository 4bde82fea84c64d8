"""What a fit came from: `resume` goes on with the same fit, and with no other.

A checkpoint holds it as plain JSON by the arguments' names, and a fit that resumes compares its
own with that, name by name. What decides no number is not in it: the device, the strategy, the
progress bar, logs, paths. Nor are the initial weights: a checkpoint brings its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import nn

from ..callbacks import CALLBACKS, Callback, EpochEnd
from .data import Data
from .description import describe, describe_module
from .metrics import METRICS
from .streamed import CheckedStream

#: Columns of the history that no callback's function has added.
_OWN_COLUMNS = {"epoch", "train_loss", "valid_loss", "lr"}

# What stands for an option of which there is none: no value in JSON.
_LEFT_OUT = object()

_WEIGHTS_ALONE = (
    "resume goes on with the same fit; for a new one from its weights alone, load them into the "
    "module (the help of fit says how)"
)


@dataclass
class Provenance:
    """What a fit came from.

    Args:
        module: the module.
        train, valid: `Data`, or a loader; `valid` may be None.
        options: other arguments of `fit` by name.
        callbacks: the callbacks.
        epochs: the number of epochs, for what depends on it.
        origin: what the caller adds.
    """

    module: nn.Module
    train: Any
    valid: Any
    options: Mapping[str, Any]
    callbacks: Sequence[Callback]
    epochs: int
    origin: Mapping[str, Any]

    def look(self) -> None:
        """Find it now."""
        _ = self.found

    @cached_property
    def found(self) -> dict[str, Any]:
        """Plain JSON by the arguments' names, in the order in which they are compared.

        Takes one pass over the data, at first use only.
        """
        named = [c for c in self.callbacks if isinstance(c, EpochEnd) and c.source is not None]
        return {
            "origin": {n: describe(value) for n, value in self.origin.items()},
            **{name: describe(value) for name, value in self.options.items()},
            "callbacks": _callbacks(self.callbacks, self.epochs),
            "functions": [describe(callback.source) for callback in named],
            "module": describe_module(self.module),
            "validation": None if self.valid is None else _data(self.valid),
            "data": _data(self.train),
        }


def is_provenance(x: Any) -> bool:
    """Does it have the parts of what `Provenance.found` gives?"""
    kinds = {"origin": dict, "callbacks": dict, "functions": list, "module": dict, "data": dict}
    return isinstance(x, dict) and all(isinstance(x.get(n), kind) for n, kind in kinds.items())


def check_same(
    then: Mapping[str, Any], now: Mapping[str, Any], history: Mapping[str, list]
) -> None:
    """An error that names the first argument that is another than in the fit to resume.

    Args:
        then, now: what `Provenance.found` was and is.
        history: the checkpoint's.
    """
    _check("metrics", then.get("metrics", []), now.get("metrics", []))
    for name, was in then.items():
        if name == "functions":
            _check_functions(was, now[name], history)
        elif name == "callbacks":
            _check_callbacks(was, now[name])
        elif name in ("origin", "data"):
            check_parts(was, now[name])
        else:
            _check(name, was, now.get(name, _LEFT_OUT))


def check_parts(then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> None:
    """An error that names the first part, prefixed, that is not what it was."""
    for name in {**then, **now}:
        _check(prefix + name, then.get(name, _LEFT_OUT), now.get(name, _LEFT_OUT))


def _data(source: Any) -> dict[str, Any]:
    if isinstance(source, CheckedStream):
        return {"x": describe(source.about, files=True)}
    if not isinstance(source, Data):
        return {"x": describe(source, files=True)}
    parts = {**source._asdict(), "x": source.x[0] if len(source.x) == 1 else list(source.x)}
    del parts["share"]
    return {name: describe(value) for name, value in parts.items()}


def _callbacks(callbacks: Sequence[Callback], epochs: int) -> dict[str, Any]:
    names = {cls: name for name, cls in CALLBACKS.items()}
    found: dict[str, Any] = {}
    for callback in callbacks:
        origin = callback.origin(epochs)
        if origin is not None:
            name = names.get(type(callback), type(callback).__name__)
            while name in found:
                name += "'"
            found[name] = describe(dict(origin), depth=2)
    return found


def _check_callbacks(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name in then:
        if name not in now:
            lacking = CALLBACKS[name].__name__ if name in CALLBACKS else name
            raise ValueError(
                f"resume: the checkpoint was written with {lacking}; callbacks lacks it"
            )
    check_parts(then, now)


def _check_functions(then: list[Any], now: list[Any], history: Mapping[str, list]) -> None:
    """Functions at the ends of epochs.

    Where none has added anything to the history, they may be left out: they were there to look.
    """
    if any(function not in then for function in now):
        raise ValueError(
            "callbacks has a function that the fit to resume did not have, or had otherwise: "
            + _WEIGHTS_ALONE
        )
    measured = {f"{part}_{name}" for part in ("train", "valid") for name in METRICS}
    added = [f'"{name}"' for name in history if name not in _OWN_COLUMNS | measured]
    if added and any(function not in now for function in then):
        raise ValueError(
            f"the checkpoint was written with a function that added {', '.join(added)} to the "
            "history; callbacks lacks it"
        )


def _check(name: str, was: Any, now: Any) -> None:
    if was == now:
        return
    parts_then, parts_now = _parts(was), _parts(now)
    if parts_then is not None and parts_now is not None:
        check_parts(parts_then, parts_now, f"{name}: ")
    raise ValueError(f"{_difference(name, was, now)}: {_WEIGHTS_ALONE}")


def _difference(name: str, was: Any, now: Any) -> str:
    if now in (None, _LEFT_OUT) and isinstance(was, dict):
        return f"{name} is not given, and was in the fit to resume"
    if was in (None, _LEFT_OUT) and isinstance(now, dict):
        return f"{name} is given, and was not in the fit to resume"
    a, b = _shown(was), _shown(now)
    if a == b:
        kind = f" ({a})" if isinstance(now, dict) else ""
        return f"{name}{kind} is not what it was in the fit to resume"
    return f"{name} is {b}, and was {a} in the fit to resume"


def _parts(value: Any) -> dict[str, Any] | None:
    """The parts of a value that has any: those of a dict, or of a list of more than numbers."""
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return {str(i): item for i, item in enumerate(value)}
    return value if isinstance(value, dict) and "digest" not in value else None


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "digest" in value:
        return str(value.get("kind"))
    if value is _LEFT_OUT:
        return "left out"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
