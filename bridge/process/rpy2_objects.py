"""rpy2's side of the bridge: its R objects and ours, both ways.

An rpy2 object gives its R object back to R on whatever thread it ends, and rpy2's vectors lie in
reference cycles (vector -> ``rx`` -> vector), so that Python's collector ends them: on any thread
and at any time, beside R at work on its own. What is handed out here has no cycle, and what keeps
its R object alive is ours, whose release waits for R's thread.

The private names of rpy2 that this takes are all in this file: the capsule's ``_cdata``, the cffi
library by which it is made (``openrlib.ffi``), and the environment that rpy2 keeps beside each
function.

Tests: tests/process/test_rpy2_objects.py, tests/arrays/test_from_r.py,
tests/values/test_any_value.py.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, cast

from torchbridge.process import host

if TYPE_CHECKING:
    from rpy2.rinterface_lib.sexp import Sexp, SexpEnvironment
    from rpy2.robjects.conversion import Converter
    from typing_extensions import TypeIs

    from torchbridge._native import RObject


def is_rpy2(x: object) -> TypeIs[Sexp]:
    """Is x an R object held by rpy2? False, at no cost, where rpy2 was never imported."""
    interface = sys.modules.get("rpy2.rinterface_lib.sexp")
    return interface is not None and isinstance(x, interface.Sexp)


def robject(x: Sexp) -> RObject:
    """Our RObject of an rpy2 object; both keep the R object alive."""
    return host.native().RObject.from_address(x.rid)


def rpy2_object(x: RObject) -> Sexp:
    """The rpy2 object (rpy2.robjects) of our RObject.

    rpy2 has no public way in for an address, but it can look into an R environment,
    and so can we: the value changes hands there.
    """
    from rpy2.rinterface import ListSexpVector
    from rpy2.robjects import vectors

    kind = _PLAIN.get(x.typeof)
    if kind is not None and not x.classes:
        # What rpy2 would find out by asking R for the class, at several times the cost.
        rank = 1 if x.dim is None else len(x.dim)
        shape = {1: "Vector", 2: "Matrix"}.get(rank, "Array")
        return cast("Sexp", _without_cycle(getattr(vectors, kind + shape)(_capsule(x))))
    if x.typeof == "list" and "data.frame" in x.classes:
        return cast("Sexp", _without_cycle(vectors.DataFrame(ListSexpVector(_capsule(x)))))
    place = _meeting_place()
    ours = robject(place)
    host.native().put(ours, x)
    value = place["value"]
    host.native().put(ours)
    _keep(value, x)
    return cast("Sexp", _without_cycle(_converted(value)))


#: rpy2's names for vectors without a class.
_PLAIN = {
    "double": "Float",
    "integer": "Int",
    "logical": "Bool",
    "complex": "Complex",
    "raw": "Byte",
}


@functools.cache
def _meeting_place() -> SexpEnvironment:
    import rpy2.rinterface as rinterface

    return cast("SexpEnvironment", rinterface.baseenv["new.env"]())


# ---- who keeps the R object alive ----


def _keep(value: Sexp, owner: RObject) -> None:
    """`value` lives by `owner` from now on, and no longer by rpy2's own protection."""
    theirs, ours = _capsule_classes()
    if type(value.__sexp__) is theirs:  # R's own constants (NULL) have another, and need none
        value.__sexp__ = ours(value.__sexp__._cdata, owner)


def _capsule(x: RObject) -> Any:
    """What rpy2 makes its vectors of."""
    from rpy2.rinterface_lib import openrlib

    return _capsule_classes()[1](openrlib.ffi.cast("SEXP", x.address), x)


@functools.cache
def _capsule_classes() -> tuple[Any, Any]:
    """rpy2's, and ours."""
    theirs: Any = type(_meeting_place().__sexp__)

    class Capsule(theirs):  # type: ignore[misc]
        """rpy2's capsule of an R object, without its release: that is the owner's."""

        __slots__ = ("_owner",)

        def __init__(self, cdata: Any, owner: RObject) -> None:
            self._cdata = cdata  # type: ignore[misc]
            self._owner = owner

        def __del__(self) -> None:
            """Nothing: rpy2's own would call R here, on whatever thread this is."""

    return theirs, Capsule


# ---- vectors without a cycle ----


def _converted(value: Sexp) -> Any:
    """What rpy2 makes of `value`; of a function it first makes vectors on the way."""
    from rpy2.rinterface import SexpClosure
    from rpy2.robjects import conversion, default_converter

    if not isinstance(value, SexpClosure):
        return default_converter.rpy2py(value)
    usual = conversion.converter_ctx.set(_converter())
    try:
        return default_converter.rpy2py(value)
    finally:
        conversion.converter_ctx.reset(usual)


@functools.cache
def _converter() -> Converter:
    """rpy2's default conversion, of which no vector has a cycle."""
    from rpy2.rinterface_lib.sexp import SexpVector
    from rpy2.robjects import conversion, default_converter

    ours = conversion.Converter("torchbridge without cycles", template=default_converter)

    def rpy2py(value: Sexp) -> Any:
        return _without_cycle(default_converter.rpy2py(value))

    for kind in default_converter.rpy2py.registry:
        if issubclass(kind, SexpVector):
            ours.rpy2py.register(kind, rpy2py)
    return ours


def _without_cycle(made: Any) -> Any:
    own = getattr(made, "__dict__", {})
    if "rx" in own:
        for name in ("ro", "rx", "rx2"):
            own.pop(name, None)
        theirs: Any = type(made)
        made.__class__ = _vector_class(theirs)
    elif "_local_env" in own:  # a function's
        _keep(made._local_env, robject(made._local_env))
    return made


@functools.cache
def _vector_class(theirs: Any) -> Any:
    from rpy2.robjects import vectors

    class Vector(theirs):  # type: ignore[misc]
        # What rpy2's __init__ sets once, made anew at each use.
        ro = property(vectors.VectorOperationsDelegator)
        rx = property(vectors.ExtractDelegator)
        rx2 = property(vectors.DoubleExtractDelegator)

        def __reduce_ex__(self, protocol: Any) -> Any:
            return cast, (theirs, theirs(self))  # saved as rpy2's own, by which it is read

    # To whoever asks for its name it is the class that it adds nothing to.
    Vector.__name__, Vector.__qualname__ = theirs.__name__, theirs.__qualname__
    Vector.__module__, Vector.__doc__ = theirs.__module__, theirs.__doc__
    return Vector
