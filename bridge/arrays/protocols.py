"""What crosses as an array, as types: what R has, what Python has, and what `na` may be.

Nothing here is imported when torchbridge runs but the names: the libraries are only for a type
checker.

Tests: tests/checks.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch
    from typing_extensions import CapsuleType, Self

    #: A NumPy array of any dtype.
    NDArray: TypeAlias = npt.NDArray[Any]
    #: What says of what dtype a tensor or NumPy array is to be; None is the natural one.
    TorchDType: TypeAlias = torch.dtype | str | None
    NumPyDType: TypeAlias = npt.DTypeLike | None
    #: What says where a tensor is to be, as in torch; None is the default.
    Device: TypeAlias = torch.device | str | int | None

#: What becomes of R's NA: "error", "mask" or a number to put there (of any number class).
NA: TypeAlias = "str | complex"

#: A number that a dtype can hold: the ends of its range.
Bound: TypeAlias = "int | float"


class SupportsDLPack(Protocol):
    """An array that offers its memory by DLPack: a tensor, a NumPy or JAX array, an R vector."""

    def __dlpack__(
        self, *, stream: None = None, max_version: tuple[int, int] | None = None
    ) -> CapsuleType:
        """The memory, as a capsule."""

    def __dlpack_device__(self) -> tuple[Any, int]:
        """Where it is."""


class Array(Protocol):
    """What the conversion rules do with an array of either library by themselves."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...

    def __setitem__(self, key: Any, value: Any, /) -> None: ...

    def __invert__(self) -> Self: ...

    def min(self) -> Any: ...  # noqa: D102

    def max(self) -> Any: ...  # noqa: D102


#: The arrays and the dtypes of one library.
A = TypeVar("A", bound=Array)
D = TypeVar("D")
