"""Run the tests of both languages and the checks, and end with one line that a person can read.

    python tests/run.py             everything
    python tests/run.py --fast      the basics of each room, in both languages, in under a minute
    python tests/run.py FILE ...    these alone: files or folders of either language, by path or
                                    by bare name; of pytest's also path::test

Two things run at a time, even if one fails: Python's tests, and beside them R's, the lessons and
the checks, one after the other; what these say is shown after Python's. R's tests run against the
installed R package.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

from checks import run_checks
from counts import ROOT, Counts

TESTS = ROOT / "tests"
TESTTHAT = ROOT / "r_scripts" / "torchbridge" / "tests" / "testthat"

#: What --fast runs: of each room what stands or falls with all the rest of it.
FAST = [
    *("test_house.py", "test_wiring.py", "test_for_r.py"),
    *("test_rhome.py", "test_from_r.py", "test_to_frame.py", "test_any_value.py"),
    *("test_layers.py", "test_modules.py::test_r_saves_and_reads_it", "test_verbs.py"),
    *("test_glm.py", "test_mlp.py", "test_callbacks.py"),
    *("tests/models/training/test_fit.py", "tests/models/table/test_fit.py"),
    *("test-tensor-arithmetic.R", "test-tensor-creation.R", "test-tensor-indexing.R"),
    *("test-nn-containers.R", "test-nn-members.R", "test-optim-scheduler.R"),
    *("test-data-dataset.R", "test-data-frames.R", "test-autodiff-derivatives.R", "test-mle-fit.R"),
    *("test-autodiff-numeric.R", "test-fit-fit.R", "test-fit-models.R", "test-checks.R"),
    "test-save-files.R",
]

# Arguments: the folder of tests, a pattern for the names of its files, and the file for "passed
# failed skipped", counted in test_that() blocks, as pytest counts functions; then a line for each
# that failed.
TEST_DIR = """
arguments <- commandArgs(trailingOnly = TRUE)
blocks <- testthat::test_dir(
  arguments[[1]], filter = arguments[[2]],
  reporter = testthat::SummaryReporter$new(max_reports = 100),
  stop_on_failure = FALSE, package = "torchbridge", load_package = "installed"
)
results <- as.data.frame(blocks)
failed <- results$failed > 0 | results$error
skipped <- results$skipped & !failed
described <- vapply(which(failed), function(block) {
  broken <- Filter(
    function(result) inherits(result, c("expectation_failure", "expectation_error")),
    results$result[[block]]
  )
  said <- if (length(broken) > 0) conditionMessage(broken[[1]]) else ""
  said <- gsub("[[:space:]]+", " ", said)
  sprintf("%s: %s: %s", results$file[[block]], results$test[[block]], said)
}, "")
counts <- paste(sum(!failed & !skipped), sum(failed), sum(skipped))
writeLines(c(counts, described), arguments[[3]], useBytes = TRUE)
"""


@dataclass
class Chosen:
    """What to run: arguments of pytest for each of its runs, names of testthat's files, checks."""

    pytest: list[str] = field(default_factory=list)
    lessons: list[str] = field(default_factory=list)
    testthat: list[str] = field(default_factory=list)
    checks: bool = False


def main(arguments: list[str]) -> int:
    """Run what is asked for; return 1 if a test failed, or a kind of tests ran none of its own."""
    try:
        chosen = choose(arguments)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    counts: dict[str, Counts] = {}
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(max_workers=1) as beside:
        # One after the other, while Python's tests run: two lanes for two cores.
        later: dict[str, tuple[Path, Future[Counts]]] = {}
        for kind, job in jobs_beside(chosen).items():
            log = Path(scratch) / f"{kind}.log"
            later[kind] = (log, beside.submit(job, log))
        if chosen.pytest:
            counts["Python"] = run_pytest(chosen.pytest, Path(scratch) / "pytest.xml")
        for kind, (log, found) in later.items():
            counts[kind] = found.result()
            print(log.read_text(encoding="utf-8", errors="replace"))
    total = sum(counts.values(), Counts())
    # Once more at the end, where whoever sees only the last lines of a log looks.
    for failure in total.failures:
        print(f"FAILED {failure[:2000]}")
    print("\n" + "; ".join(f"{kind}: {found}" for kind, found in counts.items()))
    print(f"torchbridge: {total}")
    return 0 if total.failed == 0 and all(found.ran for found in counts.values()) else 1


def choose(arguments: list[str]) -> Chosen:
    """What the command line asks for; FileNotFoundError if it names what is not there."""
    if not arguments:
        return Chosen(["tests", "--ignore=tests/lessons"], ["tests/lessons"], [".*"], checks=True)
    chosen = Chosen()
    for argument in FAST if arguments == ["--fast"] else arguments:
        name, colons, test = argument.partition("::")
        for path in find(name):
            if path.is_relative_to(TESTTHAT.parents[1]):
                chosen.testthat.append(".*" if path.is_dir() else f"^{r_name(path)}$")
            elif path.suffix == ".R":  # a lesson's
                chosen.pytest.append(f"tests/lessons/test_lessons.py::test_lesson[{path.stem}]")
            else:
                chosen.pytest.append(f"{path.relative_to(ROOT)}{colons}{test}")
    return chosen


def jobs_beside(chosen: Chosen) -> dict[str, Callable[[Path], Counts]]:
    """What runs while pytest does: each writes what it says into a log."""
    jobs: dict[str, Callable[[Path], Counts]] = {}
    if chosen.testthat:
        jobs["R"] = lambda log: run_testthat(chosen.testthat, log)
    if chosen.lessons:
        jobs["lessons"] = lambda log: log_pytest(chosen.lessons, log)
    if chosen.checks:
        jobs["checks"] = log_checks
    return jobs


def find(name: str) -> list[Path]:
    """The files or the folder of tests of this name, which is a path or the end of one."""
    path = ROOT / name
    if path.exists():
        return [path]
    found = [path for folder in (TESTS, TESTTHAT) for path in sorted(folder.rglob(name))]
    if not found:
        raise FileNotFoundError(f"no test is called {name}")
    return found


def r_name(path: Path) -> str:
    """What testthat calls a file, so that a pattern finds it alone."""
    return path.stem.removeprefix("test-").replace(".", "[.]")


def run_pytest(arguments: list[str], report: Path, output: TextIO = sys.stdout) -> Counts:
    """Run pytest with these arguments."""
    command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={report}"]
    status = run("pytest", command, output)
    if not report.exists():
        return Counts(failed=1)
    suites = ElementTree.parse(report).iter("testsuite")
    counts = Counts()
    for suite in suites:
        tests, failures, errors, skipped = (
            int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
        )
        failed = failures + errors
        described = tuple(filter(None, map(describe, suite.iter("testcase"))))
        counts += Counts(tests - failed - skipped, failed, skipped, described)
    return with_status(counts, status)


def describe(case: ElementTree.Element) -> str | None:
    """A line for a test in pytest's report that failed: its name, and what it said."""
    for found in case:
        if found.tag in ("failure", "error"):
            said = " ".join(found.get("message", "").split())
            return f"{case.get('classname')}::{case.get('name')}: {said}"
    return None


def run_testthat(names: list[str], log: Path) -> Counts:
    """Run testthat over the R package's tests of these names; what it says goes into the log."""
    report = log.with_suffix(".txt")
    command = ["Rscript", "-e", TEST_DIR, str(TESTTHAT), "|".join(names), str(report)]
    with log.open("w") as output:
        status = run("testthat", command, output)
    if not report.exists():  # R itself ended: the last lines say in which file, perhaps even why.
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        died = " | ".join(line[-160:] for line in said if line.strip())
        return Counts(failed=1, failures=(f"R did not come to its end: {died}",))
    counts, *failures = report.read_text(encoding="utf-8", errors="replace").splitlines()
    passed, failed, skipped = map(int, counts.split())
    return with_status(Counts(passed, failed, skipped, tuple(failures)), status)


def log_pytest(arguments: list[str], log: Path) -> Counts:
    """Run pytest with these arguments; what it says goes into the log."""
    with log.open("w", encoding="utf-8") as output:
        return run_pytest(arguments, log.with_suffix(".xml"), output)


def log_checks(log: Path) -> Counts:
    """Run the checks; what they say goes into the log."""
    with log.open("w", encoding="utf-8") as output:
        return run_checks(output)


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
        return counts + Counts(failed=1, failures=(f"exit code {status}",))
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
