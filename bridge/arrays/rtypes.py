"""What R's typed vectors are besides numbers: factor, Date, POSIXct, difftime, or what was added.

A tensor holds the numbers; an RType beside it (``tensor.r_type``) holds the rest, so
that ``to_r`` gives back the R value it came from. It belongs to that very tensor: the
result of an operation on it has none. Which types there are stands in `type_table`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from torchbridge.arrays import type_table
from torchbridge.process import host

if TYPE_CHECKING:
    from torchbridge._native import RObject
    from torchbridge.process.native_core import NativeCore

A = TypeVar("A")

#: Attributes that say how many elements there are: not part of what the elements mean.
_SHAPES = frozenset(("class", "dim", "dimnames", "names", "row.names", "tsp"))


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
    def coded(self) -> bool:
        """Are the numbers codes of levels?"""
        row = type_table.numbers_of(self.classes)
        return row is not None and row.coded

    @property
    def levels(self) -> list[str]:
        """The levels of a factor; an error for other types."""
        if not self.coded:
            raise AttributeError(f"an R {self.classes[0]} has no levels")
        found = self.attributes["levels"]
        return [found] if isinstance(found, str) else list(found)

    def described(self) -> dict[str, Any]:
        """The same for a file, of what JSON has."""
        return {
            "classes": list(self.classes),
            "attributes": self.attributes,
            "first": self.first,
        }

    @classmethod
    def of_description(cls, found: dict[str, Any]) -> RType:
        """What `described` gave.

        Raises:
            ValueError: no R vector has this type.
        """
        made = cls(tuple(found["classes"]), dict(found["attributes"]), found["first"])
        text = all(isinstance(name, str) for name in (*made.classes, *made.attributes))
        if (
            not made.classes
            or not text
            or _SHAPES & set(made.attributes)
            or made.first not in (0, 1)
        ):
            raise ValueError(f"no type of R's vectors: {found}")
        if made.coded and not all(isinstance(level, str) for level in made.levels):
            raise ValueError("the levels of a factor are not text")
        return made

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
    if not classes:
        return None
    rows = [row for row in type_table.rows_of(classes) if row.beside]
    if not rows:
        return None
    return RType(classes, attributes_of(x, [name for row in rows for name in row.attributes]))


def attributes_of(x: RObject, names: list[str]) -> dict[str, Any]:
    """The values of attributes of an R object (RObject), as far as it has them."""
    found = {name: x.attr(name) for name in names}
    values = {name: _value(name, x) for name, x in found.items() if x is not None}
    # Several numbers are a NumPy array, and JSON has lists.
    return {k: v.tolist() if hasattr(v, "tolist") else v for k, v in values.items()}


def _value(name: str, x: RObject) -> Any:
    try:
        return x.value()
    except ValueError as error:  # text that is none
        raise ValueError(f"attribute '{name}': {error}") from error


def set_rtype(x: RObject, rtype: RType) -> None:
    """Give a vector just made (RObject) the attributes that `rtype` says."""
    attributes = dict(rtype.attributes)
    if rtype.coded:
        attributes["levels"] = rtype.levels
    set_class(x, rtype.classes, attributes)


def set_class(x: RObject, classes: tuple[str, ...], attributes: dict[str, Any]) -> None:
    """Give a vector just made (RObject) a class and attributes beside it."""
    core = host.native()
    for name, value in attributes.items():
        x.set_attr(name, _attribute(core, value))
    x.set_attr("class", core.to_r(list(classes)))


def _attribute(core: NativeCore, value: Any) -> RObject:
    """The R vector of an attribute's value: numbers, else text."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, (bool, int, float)):
        return core.base_function("unlist").call(core.to_r(value))
    # An empty list has no type in Python: no levels are character(0), as in R.
    return core.base_function("as.character").call(core.to_r(value))
