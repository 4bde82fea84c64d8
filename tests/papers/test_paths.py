"""What the papers point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAPERS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# What `make` creates, and what a release does.
MADE = (".venv/", ".r-library/", "build/", "dist/", "output/")
SOURCE = re.compile(r"[\w.*-]+\.(?:py|pyi|c|h|R|Rmd|Rd|md|toml|cff|css|txt|yaml)")
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]


def said_in(paper: Path) -> list[str]:
    """Everything between backticks, outside of blocks of code."""
    prose = re.sub(r"^ *```.*?^ *```", "", paper.read_text("utf-8"), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", prose)


def is_there(name: str) -> bool:
    if "/" in name:
        return any(ROOT.glob(name.rstrip("/")))
    return (ROOT / name).exists() or any(
        next(folder.rglob(name), None)
        for folder in FOLDERS
        if folder.name not in ("build", "output")
    )


def is_path(name: str) -> bool:
    if not re.fullmatch(r"[\w./*+-]+", name) or name.startswith(MADE):
        return False
    if "/" in name:
        return any(name.startswith(f"{folder.name}/") for folder in FOLDERS)
    return SOURCE.fullmatch(name) is not None


@pytest.mark.parametrize(
    "paper",
    [paper for paper in PAPERS if paper.name != "PACKAGES.md"],  # it names others' files
    ids=lambda paper: paper.name,
)
def test_paths_in_backticks_exist(paper):
    paths = [name for name in said_in(paper) if is_path(name)]
    assert [name for name in paths if not is_there(name)] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_links_lead_somewhere(paper):
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", paper.read_text("utf-8"))
    assert [link for link in links if not (paper.parent / link).exists()] == []


# What defines a function, in Python, R and C; and what C gives to Python.
DEFINITIONS = [
    r"^ *def (\w+)",
    r"^ *`?([\w.]+)`? <- function",
    r"^\w[^;{}()]*?\b(\w+)\([^;{}]*\) \{$",
    r'^ +\{"(\w+)", ',
]
# R's own, with which a walk begins.
OF_R = {"readRDS", "saveRDS"}


def test_functions_of_the_walks_are_defined():
    files = [
        path
        for folder in ("bridge", "models", "r_scripts/torchbridge/R")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".c", ".h", ".R"}
    ]
    sources = "\n".join(path.read_text("utf-8") for path in files)
    defined = {name for form in DEFINITIONS for name in re.findall(form, sources, re.M)} | OF_R
    paper = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    called = set(re.findall(r"`([\w.]+)\(\)`", paper))
    assert len(called) > 30
    unknown = {name for name in called if not {name, name.rpartition(".")[2]} & defined}
    assert unknown == set()
