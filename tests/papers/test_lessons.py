"""Every id of a lesson's row means something: it stands in the catalogue, ``docs/LESSONS.md``."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "r_scripts" / "lessons"
CATALOGUE = (ROOT / "docs" / "LESSONS.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (S\d-[\w+]+) \| ([^|]+) \|", CATALOGUE, re.M))

ID = r"\bS[0-4]-(?:\d+[a-z]?|\+)"


def ids_in(folder: Path) -> dict[str, set[str]]:
    """What each text file below the folder names."""
    found = {}
    for path in folder.rglob("*"):
        if path.suffix in {".R", ".py", ".md", ".Rmd"}:
            found[str(path.relative_to(ROOT))] = set(re.findall(ID, path.read_text("utf-8")))
    return found


def rows_of(lesson: Path) -> list[str]:
    """The ids in a lesson's head."""
    (line,) = re.findall(r"^#'\s+rows: (.+)$", lesson.read_text("utf-8"), re.M)
    return line.split(", ")


def test_a_row_stands_once():
    ids = re.findall(r"^\| (S\d-[\w+]+) \|", CATALOGUE, re.M)
    assert len(ids) == len(set(ids)) == len(ROWS)


@pytest.mark.parametrize("folder", ["r_scripts", "tests"])
def test_what_is_named_is_in_the_catalogue(folder):
    unknown = {path: ids - set(ROWS) for path, ids in ids_in(ROOT / folder).items()}
    assert {path: ids for path, ids in unknown.items() if ids} == {}


def test_a_row_names_the_lessons_that_have_it():
    having = defaultdict(list)
    for file in sorted(LESSONS.glob("*.R")):
        for row in rows_of(file):
            having[row].append(file.name[:2])
    named = {row: cell.split(", ") for row, cell in ROWS.items() if cell[:2].isdigit()}
    assert named == having


def test_the_index_has_every_row():
    index = (LESSONS / "README.md").read_text("utf-8")
    assert re.findall(r"^\| (S\d-[\w+]+) \|", index, re.M) == list(ROWS)
