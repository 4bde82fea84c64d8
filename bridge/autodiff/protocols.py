"""What R's rules take for numbers, as a type.

Tests: tests/checks.py
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from torch import Tensor

#: What R hands over as numbers: a tensor, or its own numbers and logicals as Python has them.
Numbers: TypeAlias = Tensor | complex | Sequence[complex]
