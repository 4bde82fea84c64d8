"""Every lesson runs once here: in R in two processes, in Python in this one."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "r_scripts" / "lessons"
NAMES = sorted(path.stem for path in LESSONS.glob("[0-9][0-9]-*.R"))


@pytest.fixture(scope="session")
def spin() -> ModuleType:
    """``r_scripts/lessons/site/spin.py``."""
    spec = importlib.util.spec_from_file_location("spin", LESSONS / "site" / "spin.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pages are written into."""
    return tmp_path_factory.mktemp("lessons")


@pytest.fixture(scope="session")
def python_lessons(site: Path, spin: ModuleType) -> dict[str, dict[str, Any]]:
    """The variables that each lesson in Python leaves."""
    return {path.stem: spin.spin(path, site) for path in sorted(LESSONS.glob("*.py"))}


@pytest.fixture(scope="session")
def python_lesson(python_lessons: dict[str, dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """The variables of one lesson, asked for by the number its name begins with."""

    def named(number: str) -> dict[str, Any]:
        (found,) = (names for stem, names in python_lessons.items() if stem.startswith(number))
        return found

    return named


@pytest.fixture(scope="session")
def r_results(site: Path, python_lessons: Any) -> dict[str, list[tuple[str, str]]]:
    """For each lesson in R: (what is tested, "passed" or what went wrong)."""
    running = []
    for half in range(2):
        report = site / f"report-{half}.txt"
        command = ["Rscript", "tests/lessons/run.R", str(site), str(report), *NAMES[half::2]]
        running.append((report, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)))
    results: dict[str, list[tuple[str, str]]] = {name: [] for name in NAMES}
    for report, process in running:
        process.wait(timeout=1200)
        for line in report.read_text(encoding="utf-8").splitlines():
            name, test, outcome = line.split("\t")
            results[name].append((test, outcome))
    return results
