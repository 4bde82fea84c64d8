"""Every lesson runs once here: in R in two processes, in Python in this one."""

from __future__ import annotations

import functools
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
def spun(site: Path, spin: ModuleType) -> Callable[[Path], dict[str, Any]]:
    """Run a lesson in Python, once; give the variables that it leaves."""
    return functools.cache(lambda path: spin.spin(path, site))


@pytest.fixture(scope="session")
def python_lesson(spun: Callable[[Path], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """The variables of one lesson, asked for by the number its name begins with."""

    def named(number: str) -> dict[str, Any]:
        (path,) = LESSONS.glob(f"{number}-*.py")
        return spun(path)

    return named


@pytest.fixture(scope="session")
def r_results(
    request: pytest.FixtureRequest, site: Path, spun: Callable[[Path], dict[str, Any]]
) -> dict[str, list[tuple[str, str]]]:
    """For each lesson in R that is asked for: (what is tested, "passed" or what went wrong)."""
    names = asked_for(request.session.items)
    for path in sorted(LESSONS.glob("*.py")):
        if path.stem in names:  # its code stands on the page of R's
            spun(path)
    running = []
    for half in range(min(2, len(names))):
        report = site / f"report-{half}.txt"
        command = ["Rscript", "tests/lessons/run.R", str(site), str(report), *names[half::2]]
        running.append((report, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)))
    results: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    for report, process in running:
        process.wait(timeout=1200)
        for line in report.read_text(encoding="utf-8").splitlines():
            name, test, outcome = line.split("\t")
            results[name].append((test, outcome))
    return results


def asked_for(items: list[pytest.Item]) -> list[str]:
    """The lessons whose tests run: all of them where the whole site is tested."""
    tests = [item for item in items if isinstance(item, pytest.Function)]
    if any("pages" in test.fixturenames for test in tests):
        return NAMES
    lessons = [test for test in tests if "r_results" in test.fixturenames]
    return [str(test.callspec.params["name"]) for test in lessons]
