"""The R package's files make one namespace: of two definitions the later would silently win."""

import re
from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "r_scripts" / "torchbridge" / "R"


def test_each_name_is_defined_once():
    names = Counter(
        name
        for file in SOURCES.glob("*.R")
        for name in re.findall(r"^([\w.]+|`[^`]+`) <- ", file.read_text(), re.M)
    )
    assert len(names) > 500
    assert [name for name, count in names.items() if count > 1] == []
