"""What R hands over, as a type.

Tests: tests/checks.py
"""

from __future__ import annotations

from typing import TypeAlias

#: Any R value, as the native core gives it to Python: None, a bool, number, str or bytes, a list
#: or dict of such, a tensor or another Python object that R held, an R function, an RObject.
#: What needs one kind of value asks which it is.
RValue: TypeAlias = object
