"""What ``host.native()`` gives, as a type: the module ``torchbridge._native``, once R runs.

The module cannot be imported before R runs, and a module is no type: so this protocol, which the
type checker holds to ``_native.pyi``. What each does stands in bridge/native/module.c.
"""
# ruff: noqa: D102, N802

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

    from torchbridge import _native


class NativeCore(Protocol):
    """The native core."""

    @property
    def __file__(self) -> str | None: ...

    @property
    def RObject(self) -> type[_native.RObject]: ...

    @property
    def Operator(self) -> type[_native.Operator]: ...

    def attach(self, library: str, helpers: str, python_hosts: bool, /) -> None: ...

    def set_hooks(self, lookup: Callable[[str], object], /) -> None: ...

    def close(self) -> None: ...

    def let_r_look(self) -> None: ...

    def python_forks(self, now: bool, /) -> None: ...

    def live(self) -> dict[str, int]: ...

    def base_function(self, name: str, /) -> _native.RObject: ...

    def helper(self, name: str, /) -> _native.RObject: ...

    def put(self, environment: _native.RObject, value: _native.RObject = ..., /) -> None: ...

    def to_r(self, value: object, /) -> _native.RObject: ...

    def handle(self, value: object, /) -> _native.RObject: ...

    def object_handle(self, value: object, /) -> _native.RObject: ...

    def foreign_vector(self, capsule: CapsuleType, /) -> _native.RObject: ...

    def arrow_to_r(self, capsule: CapsuleType, /) -> _native.RObject: ...

    def arrow_classes(self) -> list[tuple[str, str | None]]: ...

    def note(self, message: str, classes: list[str], /) -> bool: ...

    def set_tensor_type(self, type: type, /) -> None: ...


if TYPE_CHECKING:
    _held: NativeCore = _native
