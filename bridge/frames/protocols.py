"""What crosses as a data frame, as a type.

Tests: tests/checks.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import CapsuleType


class ArrowStream(Protocol):
    """Data that is read through Arrow's PyCapsule interface: a frame, a series, a reader."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """The data, as a stream in a capsule."""
