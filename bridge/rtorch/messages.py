"""PyTorch's messages, with dims and positions that count from 1.

Tests: test-tensor-members.R.
"""

from __future__ import annotations

import re


def in_r_count(error: BaseException) -> None:
    """Has the message of an exception count from 1 where it counts dims or positions."""
    if len(error.args) != 1 or not isinstance(error.args[0], str) or hasattr(error, _DONE):
        return
    text = error.args[0]
    for pattern in _PATTERNS:
        text = pattern.sub(_one_more, text)
    error.args = (text,)
    setattr(error, _DONE, True)  # it may pass here again, from a hook within a backward pass


_DONE = "_torchbridge_counts_from_one"
#: The numbers in groups count from 0; those below 0 count from the end and stay.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"Dimension out of range \(expected to be in range of \[-\d+, (\d+)\], but got (-?\d+)\)",
        r"\b(?:at|in|along|inputs|non-singleton|for) (?:dimension|dim) (\d+)"
        r"|\b(?:[Dd]imension|dim) (\d+) (?:does not|is out|must|of|specified)",
        r"tensor number (\d+) in the list",
        r"Found an invalid max index: (\d+)",
        r"index (-?\d+) (?:out of range for tensor of size|is out of bounds)",
        r"Target (\d+) is out of bounds",
        r"repeated dim: (\d+)|dim (\d+) appears multiple times",
    )
)


def _one_more(match: re.Match[str]) -> str:
    text, shift = match.group(), match.start()
    for group in reversed(range(1, (match.re.groups or 0) + 1)):
        number = match.group(group)
        if number is not None and not number.startswith("-"):
            start, end = match.start(group) - shift, match.end(group) - shift
            text = text[:start] + str(int(number) + 1) + text[end:]
    return text
