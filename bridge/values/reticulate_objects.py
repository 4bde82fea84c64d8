"""Python objects that reticulate holds in R: the very object, both ways.

How reticulate keeps them is its own affair. One side leaves an object here, through an ordinary
call of its own, and the other side takes it.

Tests: test-python-reticulate.R.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchbridge.process import host

if TYPE_CHECKING:
    from torchbridge._native import RObject

#: The R class of all of them; the C core knows it too (tb_is_reticulate).
CLASS = "python.builtin.object"

_left: list[object] = []


def object_of(x: RObject) -> object:
    """The Python object that reticulate holds in `x`.

    Raises:
        RError: it is from another session.
    """
    host.native().helper("leave_object").call(x)
    return take()


def put(x: object) -> None:
    """Leave an object here for the other bridge to `take`."""
    _left.append(x)


def take(*_: object) -> object:
    """Take what was left."""
    return _left.pop()
