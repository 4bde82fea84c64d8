"""How many tests passed, failed and were skipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: The project's root folder.
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Counts:
    """How many tests of one kind passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    #: A line for each that failed, as far as its runner tells: its name and what it said.
    failures: tuple[str, ...] = ()

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.failures + other.failures,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def ran(self) -> bool:
        """Was anything run?"""
        return self.passed + self.failed > 0
