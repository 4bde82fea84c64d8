"""Checks that read the sources and run none of them: style, types, the C compiler's warnings.

Each is one row of ``CHECKS``. ``make lint`` runs them alone, ``make test`` beside the tests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from counts import ROOT, Counts

_BIN = Path(sys.executable).parent
_BUILD = ROOT / "build"


class Missing(Exception):
    """A tool that the check needs is not installed here."""


def _ruff_check() -> list[str]:
    return [str(_BIN / "ruff"), "check", "."]


def _ruff_format() -> list[str]:
    return [str(_BIN / "ruff"), "format", "--check", "."]


def _mypy() -> list[str]:
    pins = (ROOT / "bridge" / "constraints.txt").read_text()
    (pinned,) = re.findall(r"^torch==(.*)$", pins, re.M)
    if _numbers(version("torch")) < _numbers(pinned):
        raise Missing(f"the types are those of PyTorch {pinned}, and this one is older")
    # mypy wants to see the import names, not the folders'.
    names = _BUILD / "mypy" / "torchbridge"
    shutil.rmtree(names.parent, ignore_errors=True)
    names.mkdir(parents=True)
    for path in [*(ROOT / "bridge").iterdir(), ROOT / "models"]:
        (names / path.name).symlink_to(path)
    return ["env", f"MYPYPATH={names.parent}", str(_BIN / "mypy"), "-p", "torchbridge"]


def _numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)[:2]]


def _c_warnings() -> list[str]:
    build = "import setuptools; setuptools.setup()"
    place = str(_BUILD / "lint")
    return [
        *("env", "TORCHBRIDGE_WERROR=1", sys.executable, "-c", build, "-q", "build_ext", "--force"),
        *("--build-lib", place, "--build-temp", place),
    ]


def _clang_format() -> list[str]:
    sources = sorted((ROOT / "bridge" / "native").rglob("*.[ch]"))
    return [str(_BIN / "clang-format"), "--dry-run", "--Werror", *map(str, sources)]


def _lintr() -> list[str]:
    found = subprocess.run(["Rscript", "-e", "packageVersion('lintr')"], capture_output=True)
    if found.returncode != 0:
        raise Missing("the R package lintr is not installed")
    lint = "found <- lintr::lint_dir('r_scripts')"
    return ["Rscript", "-e", lint, "-e", "if (length(found)) { print(found); quit(status = 1) }"]


#: What is checked -> the command that exits with 0 when all is well.
CHECKS: dict[str, Callable[[], list[str]]] = {
    "ruff check": _ruff_check,
    "ruff format": _ruff_format,
    "mypy": _mypy,
    "C warnings": _c_warnings,
    "clang-format": _clang_format,
    "lintr": _lintr,
}


def run_checks(output: TextIO = sys.stdout) -> Counts:
    """Run every check, say how each went, and show what those found that failed."""
    print("\n== checks ==", file=output, flush=True)
    counts = Counts()
    for name, command in CHECKS.items():
        start = time.monotonic()
        try:
            done = subprocess.run(
                command(),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except Missing as reason:
            counts += Counts(skipped=1)
            print(f"{name}: skipped, {reason}", file=output, flush=True)
            continue
        passed = done.returncode == 0
        counts += Counts(passed=1) if passed else Counts(failed=1, failures=(name,))
        said = "passed" if passed else f"FAILED\n{done.stdout}"
        print(f"{name}: {said} ({time.monotonic() - start:.1f} s)", file=output, flush=True)
    return counts


if __name__ == "__main__":
    found = run_checks()
    print(f"checks: {found}")
    sys.exit(1 if found.failed else 0)
