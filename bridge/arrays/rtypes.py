"""What R's typed vectors are besides numbers: factor, Date, POSIXct, difftime.

A tensor holds the numbers; an RType beside it (``tensor.r_type``) holds the rest, so
that ``to_r`` gives back the R value it came from. It belongs to that very tensor: the
result of an operation on it has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torchbridge._native import RObject

A = TypeVar("A")

#: Classes whose numbers mean something else than what they look like, and the
#: attributes that say what.
TYPED = {
    "factor": ("levels",),
    "Date": (),
    "POSIXct": ("tzone",),
    "difftime": ("units",),
}


@dataclass(frozen=True)
class RType:
    """The meaning kept beside the numbers of an R vector.

    Attributes:
        classes: R's class attribute, e.g. ``("ordered", "factor")``.
        attributes: R attributes by name: ``levels`` of a factor (list of str), ``tzone``
            of a POSIXct, ``units`` of a difftime.
        first: for a factor, the code of its first level: 0 when Python asked for the
            tensor (as in pandas), 1 when R did (as in R).
    """

    classes: tuple[str, ...]
    attributes: dict[str, Any]
    first: int = 0

    @property
    def levels(self) -> list[str]:
        """The levels of a factor; an error for other types."""
        if "factor" not in self.classes:
            raise AttributeError(f"an R {self.classes[0]} has no levels")
        found = self.attributes["levels"]
        return [found] if isinstance(found, str) else list(found)

    def counting_from(self, first: int) -> RType:
        """The same, for codes that start at `first`."""
        return replace(self, first=first)


def attach(x: A, rtype: RType) -> A:
    """A tensor or array with its ``.r_type``, an attribute that its class does not know of."""
    typed: Any = x
    typed.r_type = rtype
    return x


def rtype_of(x: RObject) -> RType | None:
    """The RType of an R object (RObject), None where numbers are just numbers."""
    classes = x.classes
    for name, attributes in TYPED.items():
        if name in classes:
            found = {key: x.attr(key) for key in attributes}
            return RType(classes, {k: v.value() for k, v in found.items() if v is not None})
    return None
