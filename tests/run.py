"""Run the tests of both languages, and end with one line that a person can read.

Both run, at the same time, even if one fails; what R's say is shown after Python's. R's tests run
against the installed R package.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent

# Arguments: the folder of tests, and the file for "passed failed skipped", counted in test_that()
# blocks, as pytest counts functions.
TESTTHAT = """
arguments <- commandArgs(trailingOnly = TRUE)
results <- as.data.frame(testthat::test_dir(
  arguments[[1]], reporter = testthat::SummaryReporter$new(max_reports = 100),
  stop_on_failure = FALSE, package = "torchbridge", load_package = "installed"
))
failed <- results$failed > 0 | results$error
skipped <- results$skipped & !failed
writeLines(paste(sum(!failed & !skipped), sum(failed), sum(skipped)), arguments[[2]])
"""


@dataclass(frozen=True)
class Counts:
    """How many tests of one language passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main() -> int:
    """Run both languages' tests; return 1 if a test failed or a language ran none."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor() as beside:
        r_tests = beside.submit(run_testthat, Path(scratch))
        python = run_pytest(Path(scratch) / "pytest.xml")
        r = r_tests.result()
        print((Path(scratch) / "testthat.log").read_text(errors="replace"))
    print(f"\nPython: {python}; R: {r}")
    total = python + r
    print(f"torchbridge: {total}")
    both_ran = python.passed + python.failed > 0 and r.passed + r.failed > 0
    return 0 if both_ran and total.failed == 0 else 1


def run_pytest(report: Path) -> Counts:
    """Run pytest over ``tests/``."""
    status = run("pytest", [sys.executable, "-m", "pytest", "tests", f"--junitxml={report}"])
    if not report.exists():
        return Counts(failed=1)
    suites = ElementTree.parse(report).iter("testsuite")
    counts = Counts()
    for suite in suites:
        tests, failures, errors, skipped = (
            int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
        )
        failed = failures + errors
        counts += Counts(tests - failed - skipped, failed, skipped)
    return with_status(counts, status)


def run_testthat(scratch: Path) -> Counts:
    """Run testthat over the R package's tests; what it says goes into ``testthat.log``."""
    tests = ROOT / "r_scripts" / "torchbridge" / "tests" / "testthat"
    report = scratch / "testthat.txt"
    with (scratch / "testthat.log").open("w") as log:
        status = run("testthat", ["Rscript", "-e", TESTTHAT, str(tests), str(report)], log)
    if not report.exists():
        return Counts(failed=1)
    return with_status(Counts(*map(int, report.read_text().split())), status)


def run(name: str, command: list[str], output: TextIO = sys.stdout) -> int:
    """Run a command from the project's root and return its exit status."""
    print(f"\n== {name} ==", file=output, flush=True)
    status = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT).returncode
    if status != 0:
        print(f"{name} ended with exit code {status}", file=output, flush=True)
    return status


def with_status(counts: Counts, status: int) -> Counts:
    """Count a failure where every test passed and the process still did not end well."""
    if status != 0 and counts.failed == 0:
        return counts + Counts(failed=1)
    return counts


if __name__ == "__main__":
    sys.exit(main())
