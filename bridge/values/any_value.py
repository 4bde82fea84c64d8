"""Whole values of any kind, both ways: what R functions take and give in Python.

The native core converts scalars, strings, lists and dicts itself (native/values/); what has
a shape, a class or a library of its own comes here.
"""

from __future__ import annotations

import datetime
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, MutableMapping, Set
from pathlib import PurePath
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from torchbridge.arrays import scipy_arrays, sparse
from torchbridge.arrays.array_library import is_ndarray, is_tensor
from torchbridge.arrays.convert import to_numpy
from torchbridge.arrays.into_r import is_array, to_robject
from torchbridge.frames import arrow, labels, pandas_frames
from torchbridge.process import hooks, host, rpy2_objects
from torchbridge.values import reticulate_objects
from torchbridge.values.pickled_objects import Unpickled

if TYPE_CHECKING:
    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray


class SizeRead(RuntimeError):
    """R code read the size of a tensor while it was traced for every size."""


def handle(x: object) -> RObject:
    """The R object that stands for a Python object in R, for R code that works on tensors.

    An R function called from Python gets a tensor as an R array of its values; give it
    ``tb.handle(tensor)`` and it gets the tensor itself, an R ``torch_tensor``.
    """
    core = host.native()
    if is_tensor(x):
        core.set_tensor_type(sys.modules["torch"].Tensor)
    return core.handle(x)


def from_r(x: RObject, has_labels: bool | None = None) -> Any:
    """The Python value of an R object (RObject) that is more than a scalar or a plain list.

    Arrays and numeric vectors are NumPy arrays, data frames pandas frames, factors
    pandas Categoricals; dates and times are NumPy's and pandas'; sparse matrices of the package
    Matrix are SciPy's csc_matrix. Names and dimnames come along as ``frames/labels.py`` says. A
    Python object that reticulate holds is itself. What has no Python counterpart (an environment, a
    fitted model) stays an R object: an rpy2 object where Python is the host (and so does what
    reticulate has saved, since there is none then).

    Args:
        x: The R object.
        has_labels: Has it names or dimnames? None: for torchbridge itself, which wants no labels
            and hears of no class that is dropped.
    """
    x.check()
    classes = x.classes
    if reticulate_objects.CLASS in classes and host.current() == "r":
        return reticulate_objects.object_of(x)
    if "python_result" in classes and (given := x.attr("python")) is not None:
        return given.value()
    if "data.frame" in classes:
        return pandas_frames.from_r(x)
    if "POSIXlt" in classes:
        x = host.native().base_function("as.POSIXct").call(x)
    elif "ftable" in classes and has_labels is not None:
        x, has_labels = host.native().base_function("as.table").call(x), True
    if has_labels and x.typeof in _VECTORS and (index := labels.series_index(x)) is not None:
        import pandas as pd

        return pd.Series(pandas_frames.vector_column(x), index=index, copy=False)
    value = _unlabelled(x, told=has_labels is not None)
    if has_labels and is_ndarray(value) and value.ndim > 1:
        return labels.with_dimnames(x, value)
    return value


_NUMBERS = ("double", "integer", "logical", "complex", "raw")
_VECTORS = (*_NUMBERS, "character")


def _unlabelled(x: RObject, told: bool) -> Any:
    kind = x.typeof
    typed = pandas_frames.typed_from_r(x)
    if typed is not None:
        return typed
    if told and kind in _VECTORS:
        pandas_frames.tell_class(x)
    if kind in _NUMBERS:
        if x.any_na() and kind not in ("double", "complex"):
            # pandas' nullable arrays have one dimension; float64 keeps R's NA in any.
            one_dim = x.dim is None or len(x.dim) == 1
            return pandas_frames.nullable(x) if one_dim else to_numpy(x, dtype="float64")
        if kind == "raw" and x.dim is None:
            return to_numpy(x).tobytes()
        result = to_numpy(x)
        return result.item() if result.shape == (1,) and x.dim is None else result
    if kind == "character":
        return _text(x)
    if sparse.is_sparse_r(x):
        return scipy_arrays.from_r(x)
    return x if host.current() == "r" else rpy2_objects.rpy2_object(x)


def _text(x: RObject) -> str | list[str] | NDArray:
    """Strings: a str or list of str; an object array where they have a dim."""
    plain: str | list[str] = host.native().helper("plain_text")(x)
    if x.dim is None:
        return plain
    import numpy as np

    return np.array([plain] if isinstance(plain, str) else plain, dtype=object).reshape(
        x.dim, order="F"
    )


def to_r_value(x: object) -> object:
    """An R object (RObject), a simpler Python value, or NotImplemented for `x`."""
    for convert in (_of_torch, _of_r, _of_numpy, _of_scipy, _of_python):
        found = convert(x)
        if found is not None:
            return found
    if is_array(x):  # an Arrow array offers DLPack too, for some types
        return arrow.to_robject(x) if arrow.has_stream(x) else to_robject(x)
    return NotImplemented


# Each of these gives the same, or None for what is another's. No library is imported to find out.


def _of_torch(x: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    if isinstance(x, torch.Tensor):
        host.native().set_tensor_type(torch.Tensor)
        return x if type(x) is torch.Tensor else NotImplemented
    if isinstance(x, torch.Size) and not x:  # the shape of a tensor without dims
        return host.native().RObject.new_vector("integer", (0,))
    if isinstance(x, torch.nn.Module):
        return hooks.get("wrap_module")(x)
    if isinstance(x, torch.SymInt):
        # Only R code that is being traced meets one; autodiff/tracing.py then traces for one size.
        raise SizeRead("a size was read while tracing")
    return None


def _of_r(x: Any) -> Any:
    if rpy2_objects.is_rpy2(x):
        return rpy2_objects.robject(x)
    if isinstance(x, arrow.RFrame):
        return x.robject
    if isinstance(x, Unpickled):
        return x.made()
    return pandas_frames.to_r(x) if pandas_frames.is_pandas(x) else None


def _of_numpy(x: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(x, numpy.ndarray):
        return pandas_frames.array_to_r(x)
    if isinstance(x, (numpy.datetime64, numpy.timedelta64)):
        return pandas_frames.array_to_r(numpy.array([x]))
    if isinstance(x, numpy.void) and x.dtype.names is not None:  # one record
        return {name: x[name] for name in x.dtype.names}
    if isinstance(x, numpy.generic):
        # item() of a long double is itself.
        if isinstance(x, numpy.complexfloating):
            return complex(x)
        return float(x) if isinstance(x, numpy.floating) else x.item()
    return None


def scalars_to_r(items: tuple[Any, ...]) -> Any:
    """What a list is that has scalars of other libraries; asked by the native core.

    The R vector (RObject) of dates, times or spans; of numbers of NumPy's, and with pandas' NA, a
    tuple of Python's own scalars; NotImplemented for anything else, which R keeps in a list.
    """
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    absent = () if pandas is None else (pandas.NA, pandas.NaT)
    is_na = [any(x is a for a in absent) for x in items]
    items = tuple(None if na else x for x, na in zip(items, is_na, strict=True))
    there = [x for x in items if x is not None]
    if any(isinstance(x, (datetime.date, datetime.timedelta)) for x in there):
        return pandas_frames.times_to_r(items)
    if numpy is None:
        return items if any(is_na) else NotImplemented
    for kind in (numpy.datetime64, numpy.timedelta64):
        if any(isinstance(x, kind) for x in there):
            if not all(isinstance(x, kind) for x in there):
                return NotImplemented
            return pandas_frames.array_to_r(
                numpy.array([kind("NaT") if x is None else x for x in items])
            )
    numbers = [isinstance(x, numpy.generic) and not isinstance(x, numpy.void) for x in items]
    if not any(is_na + numbers):  # arrays, and who knows what
        return NotImplemented
    return tuple(_of_numpy(x) if n else x for x, n in zip(items, numbers, strict=True))


def _of_scipy(x: Any) -> Any:
    return scipy_arrays.to_r(x) if sparse.is_scipy(x) else None


def _of_python(x: Any) -> Any:
    if isinstance(x, Mapping):
        return _of_mapping(x)
    if type(x).__name__ == "PackedSequence":  # a tuple that torch wants back as it is
        return NotImplemented
    if isinstance(x, tuple) and (found := fields(x)):
        return _result(x, found)
    if isinstance(x, (list, tuple, range, Set, type({}.keys()), type({}.values()))):
        return list(x)
    if isinstance(x, (bytearray, memoryview)):
        return bytes(x)
    return str(x) if isinstance(x, PurePath) else None


def fields(x: tuple[object, ...]) -> dict[str, object]:
    """A named tuple's fields, or those of a result of C code (os.stat()); {} where it has none."""
    names = _field_names(type(x))
    if getattr(x, "n_unnamed_fields", 0):  # attributes have what these elements hold
        return {name: getattr(x, name) for name in names}
    return dict(zip(names, x, strict=True)) if len(names) == len(x) else {}


def _field_names(cls: Any) -> tuple[str, ...]:
    if not hasattr(cls, "n_sequence_fields"):
        return tuple(getattr(cls, "_fields", ()))
    if not cls.n_unnamed_fields:
        return tuple(cls.__match_args__)
    return tuple(n for n, kind in vars(cls).items() if isinstance(kind, MemberDescriptorType))


def _of_mapping(x: Mapping[Any, Any]) -> Any:
    """A dict is a list. In R, a mapping that writes elsewhere (os.environ), or does more, stays."""
    if isinstance(x, dict):
        return _result(x, x)
    stays = isinstance(x, MutableMapping) or _more(type(x))
    return NotImplemented if stays and host.current() == "r" else dict(x)


def _result(x: Any, items: Mapping[Any, Any]) -> Any:
    """The items; where x has attributes beyond them, R's list of them finds those, too."""
    more = _more(type(x))
    if not more or host.current() != "r":
        return dict(items)
    core = host.native()
    return core.helper("new_result").call(dict(items), core.object_handle(x), more)


#: What C's named tuples say of their fields.
_OF_STRUCTS = ("n_fields", "n_sequence_fields", "n_unnamed_fields")


_beyond: WeakKeyDictionary[type, list[str]] = WeakKeyDictionary()


def _more(cls: type) -> list[str]:
    """The public attributes of a class of mappings or tuples that are not its items."""
    found = _beyond.get(cls)
    if found is None:
        known = {*dir(OrderedDict), *dir(defaultdict)}
        if issubclass(cls, tuple):
            known = {*dir(tuple), *_OF_STRUCTS, *_field_names(cls)}
        found = sorted(n for n in dir(cls) if n not in known and not n.startswith("_"))
        _beyond[cls] = found
    return found
