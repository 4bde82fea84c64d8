"""R scripts from Python: ``source`` gives an object whose attributes are the script's functions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchbridge.arrays.array_library import is_tensor
from torchbridge.arrays.into_r import to_robject
from torchbridge.frames import arrow
from torchbridge.process import host

if TYPE_CHECKING:
    from torchbridge._native import RObject


def source(path: str | os.PathLike[str]) -> RScript:
    """Run an R script once and give its functions and values as attributes.

    The script runs in an environment of its own (its parent is R's global environment),
    so that two scripts do not disturb each other.

    Args:
        path: An R file, in UTF-8.

    Returns:
        An :class:`RScript`.

    Raises:
        FileNotFoundError: no such file.
        RError: the script does not parse, or stops with an error.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"path: no R script at {file}")
    return RScript(file)


class RScript:
    """The functions and values of an R script.

    ``script.name`` or ``script["name"]``; a dot in an R name may be written as an
    underscore (``read.data`` is ``script.read_data``). Values are converted when read.
    """

    def __init__(self, file: Path) -> None:
        helper = host.native().helper
        self._file = file
        self._names = helper("script_names")
        self._get = helper("script_get")
        self._environment = helper("new_script").call(str(file.resolve()))

    def __getitem__(self, name: str) -> Any:
        if name not in self.__dir__():
            raise KeyError(
                f"{self._file.name} has no '{name}'; it has: {', '.join(self.__dir__())}"
            )
        value = self._get(self._environment, name)
        return RFunction(self._environment, name) if callable(value) else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        names = self.__dir__()
        matches = [name] if name in names else [n for n in names if n.replace(".", "_") == name]
        if len(matches) != 1:
            raise AttributeError(f"{self._file.name} has no '{name}'; it has: {', '.join(names)}")
        return self[matches[0]]

    def __dir__(self) -> list[str]:
        names = self._names(self._environment)
        return [names] if isinstance(names, str) else list(names)

    def __repr__(self) -> str:
        return f"<RScript {self._file}: {', '.join(self.__dir__())}>"


class RFunction:
    """An R function as a Python callable.

    Arguments are converted by value: tensors and NumPy arrays to R arrays, frames (pandas,
    polars, pyarrow, anything with ``__arrow_c_stream__``) to data frames, dicts to named
    lists, lists of like scalars to vectors, None to NULL
    (``tb.handle(tensor)`` passes the tensor itself). Results come back likewise: numeric
    vectors and arrays as NumPy arrays, data frames as pandas frames, named lists as
    dicts, single values as Python scalars, tensors as tensors. An R error is an RError,
    an R warning an RWarning. R argument names that are no Python names go in a dict:
    ``f(x, **{"na.rm": True})``.
    """

    def __init__(self, environment: RObject, name: str) -> None:
        self._environment = environment
        self.__name__ = name

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the R function; arguments by name reach R by name."""
        return host.native().helper("call_by_name")(
            self._environment,
            self.__name__,
            *(_by_value(a) for a in args),
            **{name: _by_value(value) for name, value in kwargs.items()},
        )

    def __repr__(self) -> str:
        return f"<R function {self.__name__}>"


def _by_value(x: object) -> object:
    """x with every tensor and frame in it, however deep in lists and dicts, as R's own."""
    if is_tensor(x):
        return to_robject(x)
    if arrow.has_stream(x):
        return arrow.to_robject(x)
    if isinstance(x, dict):
        return {key: _by_value(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
        return [_by_value(value) for value in x]
    return x
