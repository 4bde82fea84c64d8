"""rpy2's side of the bridge: its R objects and ours, both ways, by its public names only.

Tests: tests/arrays/test_from_r.py, tests/values/test_any_value.py.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from torchbridge.process import host

if TYPE_CHECKING:
    from rpy2.rinterface_lib.sexp import Sexp, SexpEnvironment
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
    import rpy2.rinterface as rinterface
    from rpy2.robjects import default_converter, vectors

    global _meeting_place
    if _meeting_place is None:
        _meeting_place = rinterface.baseenv["new.env"]()
    place = robject(_meeting_place)
    host.native().put(place, x)
    value = _meeting_place["value"]
    host.native().put(place)
    if x.typeof == "list" and "data.frame" in x.classes:
        made: Sexp = vectors.DataFrame(value)
    elif x.typeof not in _PLAIN or x.classes:
        made = default_converter.rpy2py(value)
    else:
        # What rpy2 would find out by asking R for the class, at several times the cost.
        rank = 1 if x.dim is None else len(x.dim)
        shape = {1: "Vector", 2: "Matrix"}.get(rank, "Array")
        made = getattr(vectors, _PLAIN[x.typeof] + shape)(value)
    return made


#: rpy2's names for vectors without a class.
_PLAIN = {
    "double": "Float",
    "integer": "Int",
    "logical": "Bool",
    "complex": "Complex",
    "raw": "Byte",
}

_meeting_place: SexpEnvironment | None = None
