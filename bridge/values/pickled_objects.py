"""R functions that R has given to Python go to other processes: by R's own serialization.

An RObject pickles as the bytes of R's ``serialize()``: a function with what is around it, the
variables of R's workspace that its code names, and the names of the packages that it uses.
Unpickling starts R where none runs. What lives in one process alone (a connection, an external
pointer of another package) is a ``pickle.PicklingError`` that says so.

Tests: tests/values/test_pickled_objects.py.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchbridge.process import host, r_thread
from torchbridge.process.errors import RError

if TYPE_CHECKING:
    from torchbridge._native import RObject


def reduce(x: RObject) -> tuple[Callable[[bytes], object], tuple[bytes]]:
    """What pickle keeps of an RObject; asked by the native core.

    Raises:
        PicklingError: it holds what lives in this process alone.
        RuntimeError: another thread asks, and R's neither runs Python code nor serves others.
    """
    # Pools of processes pickle on a thread of their own.
    try:
        data: bytes = r_thread.ask(lambda: _helper("pickled")(x))
    except RError as error:
        raise pickle.PicklingError(error.message) from error
    return _unpickled, (data,)


def _unpickled(data: bytes) -> RObject | Unpickled:
    # Pools of processes read results on a thread of their own, which ends where reading fails.
    return _made(data) if r_thread.here() else Unpickled(data)


class Unpickled:
    """An R object whose pickle was read on another thread than R's, which makes it when used."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._object: RObject | None = None

    def made(self) -> RObject:
        """The R object."""
        if self._object is None:
            self._object = r_thread.on_r_thread(_made, self._data)
        return self._object

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the R function."""
        return r_thread.on_r_thread(lambda: self.made()(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in ("__signature__", "__name__", "__qualname__"):
            raise AttributeError(name)
        return r_thread.on_r_thread(lambda: getattr(self.made(), name))

    def __reduce__(self) -> tuple[Callable[[bytes], object], tuple[bytes]]:
        return _unpickled, (self._data,)


def _made(data: bytes) -> RObject:
    return _helper("unpickled").call(data)


def _helper(name: str) -> RObject:
    _add_helpers()
    return host.native().helper(name)


@cache
def _add_helpers() -> None:
    host.native().helper("add_helpers")(str(Path(__file__).with_suffix(".R")))
