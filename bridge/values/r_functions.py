"""R functions as Python callables, and R environments whose attributes they are.

Tests: tests/values/test_script.py, tests/values/test_package.py, tests/values/test_callbacks.py.
"""

from __future__ import annotations

import inspect
import keyword
import operator
import re
from typing import TYPE_CHECKING, Any

from torchbridge.arrays.array_library import is_tensor
from torchbridge.arrays.into_r import to_robject
from torchbridge.frames import arrow
from torchbridge.process import host, r_thread, rpy2_objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchbridge._native import RObject


class REnvironment:
    """The functions and values of an R environment.

    ``names.name`` or ``names["name"]``; a dot in an R name may be written as an
    underscore (``read.data`` is ``names.read_data``). Values are converted when read.
    """

    _environment: RObject

    def _label(self) -> str:
        """What messages call it."""
        raise NotImplementedError

    def _value(self, name: str) -> Any:
        """The value of a name."""
        return host.native().helper("value_of")(self._environment, name)

    def _has_function(self, name: str) -> bool:
        """Is there a function of just this name? Asked at each call of one, and so at no cost."""
        return host.native().has_function(self._environment, name)

    def _doc(self, name: str) -> str | None:
        """The help of a function."""

    def __getitem__(self, name: str) -> Any:
        if not r_thread.here():
            return r_thread.on_r_thread(self.__getitem__, name)
        if name not in self.__dir__():
            raise KeyError(f"{self._label()} has no '{name}'{self._those()}")
        value = self._value(name)
        return RFunction(self, name) if callable(value) else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if not r_thread.here():
            return r_thread.on_r_thread(getattr, self, name)
        if self._has_function(name):
            return RFunction(self, name)
        names = self.__dir__()
        matches = [name] if name in names else _with_dots(name, names)
        if len(matches) != 1:
            raise AttributeError(f"{self._label()} has no '{name}'{self._those()}")
        return self[matches[0]]

    def _those(self) -> str:
        return f"; it has: {', '.join(self.__dir__())}"

    def __dir__(self) -> list[str]:
        names = host.native().helper("names_in")(self._environment)
        return [names] if isinstance(names, str) else list(names)


class RFunction:
    """An R function as a Python callable.

    Arguments are converted by value: tensors and NumPy arrays to R arrays, frames (pandas,
    polars, pyarrow, anything with ``__arrow_c_stream__``) to data frames, dicts to named
    lists, lists of like scalars to vectors, None to NULL, functions to R functions
    (``tb.handle(tensor)`` passes the tensor itself). Results come back likewise, and so do
    what R gives to those functions: numeric vectors and arrays as NumPy arrays, data frames as
    pandas frames, named lists as dicts, single values as Python scalars, tensors as tensors.

    Names come along: a vector with names, or a table of one dim, is a pandas Series (``x["a"]``,
    ``x.iloc[0]``, ``x.to_numpy()``), and a Series a vector named by its index, unless that only
    counts from 0. A matrix or array with dimnames is a NumPy array that has them in ``x.dimnames``
    (``pandas.DataFrame(x, *x.dimnames)``); what is computed from it has none. What is lost is a
    LossyWarning: row names other than 1 to n, the name of a single value, names of a list that are
    empty or there twice, levels of an index, a class.

    An R error is an RError, an R warning an RWarning. On another thread than R's the call is
    handed over: see ``torchbridge.serve()`` and ``serve_in()``.

    A dot in an argument's name may be written as an underscore: ``na_rm=True`` is
    ``na.rm = TRUE`` where the function has that argument, or a generic's method for the class of
    the first argument, or its default method; Python's reserved words have one behind:
    ``lambda_=1``. In ``...`` names stay as they are: ``f(x, **{"a.b": 1})``.

    ``inspect.signature()`` and ``help()`` show R's arguments, with R's text of their defaults,
    and of a package's function R's help page. It pickles as the script's source, or the name of
    the package: unpickling runs the script.
    """

    def __init__(self, owner: REnvironment, name: str) -> None:
        self._owner = owner
        self._environment = owner._environment
        self.__name__ = name

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call the R function; arguments by name reach R by name."""
        if not r_thread.here():
            return r_thread.on_r_thread(self, *args, **kwargs)
        return host.native().helper("call_by_name")(
            self._environment,
            self.__name__,
            *(by_value(a) for a in args),
            **{name: by_value(value) for name, value in self._in_r(args, kwargs).items()},
        )

    def _in_r(self, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
        """The arguments by R's names; R chooses a method by the first one's class."""
        if not any("_" in name for name in kwargs):
            return kwargs
        known = host.native().helper("known_arguments")(
            self._environment, self.__name__, _classes(next(iter((*args, *kwargs.values()))))
        )
        names = [known] if isinstance(known, str) else list(known)
        result = {}
        for name, value in kwargs.items():
            dotted = [] if name in names else _with_dots(name, names)
            result[dotted[0] if len(dotted) == 1 else name] = value
        return result

    @property
    def __signature__(self) -> inspect.Signature:
        arguments = host.native().helper("arguments_of")(self._environment, self.__name__)
        return _signature(arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return operator.getitem, (self._owner, self.__name__)

    def __repr__(self) -> str:
        return f"<R function {self.__name__}>"


class _Help:
    """The class's own text, and of an instance the help of its R function."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __get__(self, function: RFunction | None, _: object = None) -> str | None:
        found = None if function is None else function._owner._doc(function.__name__)
        return self._text if found is None else found


RFunction.__doc__ = _Help(RFunction.__doc__)  # type: ignore[assignment]


def _with_dots(name: str, names: Iterable[str]) -> list[str]:
    """Those of R's names that are this one in Python."""
    return [n for n in names if _in_python(n) == name]


def _in_python(name: str) -> str:
    """An R name as Python can write it: na_rm, lambda_, my_arg for na.rm, lambda, `my arg`."""
    name = re.sub(r"\W", "_", name)
    return f"{name}_" if keyword.iskeyword(name) else f"_{name}" if name[:1].isdigit() else name


def _classes(x: object) -> list[str]:
    """The classes by which R chooses a method for x."""
    if rpy2_objects.is_rpy2(x):
        x = rpy2_objects.robject(x)
    if isinstance(x, host.native().RObject):
        return list(x.classes)
    is_frame = hasattr(x, "__arrow_c_stream__") and hasattr(x, "columns")
    return ["data.frame"] if is_frame else []


def signature_of(function: RObject) -> inspect.Signature:
    """The signature of an R function that R gave to Python; asked by the native core."""
    return _signature(host.native().helper("formals_of")(function))


class _Default(str):
    """R's text of an argument's default."""

    def __repr__(self) -> str:
        return str(self)


def _signature(arguments: dict[str, str | None]) -> inspect.Signature:
    """What R calls by position or name is so in Python; behind ``...`` it is by name only."""
    kinds = inspect.Parameter
    parameters: list[inspect.Parameter] = []
    named = False
    for r_name, default in dict(arguments).items():  # none are an empty list
        if r_name == "...":
            parameters.append(kinds("args", kinds.VAR_POSITIONAL))
            named = True
            continue
        name = _in_python(r_name)
        if name != r_name and name in arguments:  # a name of its own, which goes first
            continue
        # R takes arguments in any order: one without a default may follow one with it.
        given = inspect.Parameter.empty if default is None else _Default(default)
        kind = kinds.KEYWORD_ONLY if named else kinds.POSITIONAL_OR_KEYWORD
        parameters.append(kinds(name, kind, default=given))
    if "..." in arguments:
        parameters.append(kinds("kwargs", kinds.VAR_KEYWORD))
    return inspect.Signature(parameters, __validate_parameters__=False)


def by_value(x: object) -> object:
    """x with every tensor and frame in it, however deep in lists and dicts, as R's own."""
    if is_tensor(x):
        return to_robject(x)
    if arrow.has_stream(x):
        return arrow.to_robject(x)
    if isinstance(x, dict):
        return {key: by_value(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
        return [by_value(value) for value in x]
    return x
