"""Lessons in R: each runs, and leaves the numbers that ``tests/lessons/NAME.R`` expects."""

from __future__ import annotations

from pathlib import Path

import pytest

NAMES = sorted(
    path.stem
    for path in (Path(__file__).resolve().parents[2] / "r_scripts/lessons").glob("[0-9][0-9]-*.R")
)


@pytest.mark.parametrize("name", NAMES)
def test_lesson(name: str, r_results: dict[str, list[tuple[str, str]]]) -> None:
    outcomes = r_results[name]
    assert len(outcomes) > 1, "the lesson has run and its numbers have been looked at"
    told = [(f"{test}: {outcome}", outcome) for test, outcome in outcomes if outcome != "passed"]
    failed = [text for text, outcome in told if not outcome.startswith("Reason: ")]
    assert not failed, "\n".join(failed)
    if told:
        pytest.skip("; ".join(text for text, _ in told))
