"""What `R CMD check` found: errors and warnings fail, and so does a note without a reason here.

python tests/check_log.py build/dist/torchbridge.Rcheck/00check.log
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

#: The title of a check whose note is no fault -> why.
EXPLAINED: dict[str, str] = {
    "for future file timestamps": "the clock is asked of a server, and there may be no network",
    "S3 generic/method consistency": (
        "influence.measures() is R's own name of a function, masked here for fits"
    ),
    "Rd line widths": "generated examples are one expression, and stand in one line",
}


def main(log: str) -> int:
    """Print each note with its reason; return 1 where something has none."""
    bad = 0
    for title, kind in findings(Path(log).read_text(encoding="utf-8", errors="replace")):
        reason = EXPLAINED.get(title) if kind == "NOTE" else None
        print(f"{kind}: {title}: {reason or 'not explained'}")
        bad += reason is None
    return 1 if bad else 0


def findings(log: str) -> list[tuple[str, str]]:
    """The checks that did not end well: (title, "NOTE", "WARNING" or "ERROR")."""
    pattern = r"^\* checking (?P<title>.*?) \.\.\.(?P<said>.*?)(?=^\* )"
    found = []
    for match in re.finditer(pattern, log + "\n* ", re.MULTILINE | re.DOTALL):
        kinds = re.findall(r"\b(NOTE|WARNING|ERROR)$", match["said"], re.MULTILINE)
        found += [(match["title"], kind) for kind in kinds[:1]]
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
