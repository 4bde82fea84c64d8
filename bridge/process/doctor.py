"""Say what is installed, where, and what is wrong with it, with the fix.

Everything that could crash or hang is asked in a process of its own: a broken torch, rpy2 or R
is reported, and R is never started in this process.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from torchbridge.process.install import PYTHON_FILE
from torchbridge.process.rhome import RNotFound, find_r_home, libr_path, r_version

_PACKAGE = Path(__file__).resolve().parent.parent
_TIMEOUT_SECONDS = 120
_MARK = "torchbridge:"

_DISTRIBUTIONS = (
    "torchbridge",
    "torch",
    "numpy",
    "pandas",
    "pyarrow",
    "matplotlib",
    "rpy2",
    "rpy2-rinterface",
    "rpy2-robjects",
)
_R_PACKAGES = ("torchbridge", "reticulate", "rlang", "cli", "bit64", "Matrix", "ggplot2")

# Environment variables that choose R's Python, the first one first (python-choice.R).
_CHOOSING = ("TORCHBRIDGE_PYTHON", "RETICULATE_PYTHON")

# reticulate from this version on carries NumPy 2's arrays.
_RETICULATE_WITH_NUMPY_2 = (1, 38)

# rpy2-rinterface from this version on needs functions that R has from this version on.
_RPY2_NEEDING_NEW_R = (3, 6, 6)
_NEW_R = (4, 5, 0)

# torchbridge comes from a wheel or a checkout: only the user knows where that is.
_REINSTALL = "pip install --force-reinstall --no-deps WHEEL (or the folder of the project)"

_DEVICES_CODE = f"""
import json, torch
devices = {{"cpu": f"{{torch.get_num_threads()}} threads"}}
for i in range(torch.cuda.device_count()):
    devices[f"cuda:{{i}}"] = torch.cuda.get_device_name(i)
if torch.backends.mps.is_available():
    devices["mps"] = "Apple GPU"
print("{_MARK}" + json.dumps(devices))
"""

# Loads libR first, as the hosts do: the native core itself names no place to find it.
_NATIVE_CODE = """
import ctypes, sys
ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
import torchbridge._native
"""

_R_CODE = f"""
say <- function(key, value) cat(sprintf("\n{_MARK}%s=%s\n", key, value), sep = "")
say("library", .libPaths())
for (package in commandArgs(trailingOnly = TRUE)) {{
  place <- system.file(package = package)
  if (nzchar(place)) {{
    say(package, format(utils::packageVersion(package)))
    if (package == "torchbridge") say("place", place)
  }}
}}
say("chosen", file.path(tools::R_user_dir("torchbridge", "config"), "python.txt"))
torch <- system.file("DESCRIPTION", package = "torch")
if (nzchar(torch)) {{
  fields <- read.dcf(torch)
  ours <- "Config/torchbridge/stand-in" %in% colnames(fields)
  whose <- if (ours) "torchbridge's stand-in" else "R's own: not in one session with torchbridge"
  say("torch", paste0(fields[, "Version"], " (", whose, ")"))
  say("torch place", dirname(torch))
}}
"""


# Each host starts the other language, and a value goes there and back.
_PYTHON_HOSTS_CODE = """
import torch
import torchbridge as tb
assert list(tb.to_r(torch.ones(2, dtype=torch.float64))) == [1, 1], "a tensor came to R wrong"
"""
_R_HOSTS_CODE = """
suppressPackageStartupMessages(library(torchbridge))
stopifnot(identical(to_r(as_torch_tensor(c(1, 2))), c(1, 2)))
"""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and the command (or action) that puts it right."""

    what: str
    fix: str


@dataclass
class Report:
    """What was found: three tables of (name, value) rows, the problems, and what others cannot do.

    A note is about another package's own calls: nothing of torchbridge's is wrong.
    """

    versions: list[tuple[str, str]] = field(default_factory=list)
    paths: list[tuple[str, str]] = field(default_factory=list)
    devices: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        lines: list[str] = []
        for title in ("versions", "paths", "devices"):
            lines.append(f"{title}:")
            lines += [f"  {name:<18}{value}" for name, value in getattr(self, title)]
        if self.notes:
            lines.append("notes:")
        for note in self.notes:
            lines += [f"  - {note.what}", f"     way out: {note.fix}"]
        lines.append(f"problems: {len(self.problems) or 'none'}")
        for number, problem in enumerate(self.problems, start=1):
            lines += [f"  {number}. {problem.what}", f"     fix: {problem.fix}"]
        return "\n".join(lines)


def doctor() -> int:
    """Print the report; return 0 if there is no problem, 1 if there is one."""
    report = examine()
    print(report)
    return 1 if report.problems else 0


def examine() -> Report:
    """Look at Python, its packages, R, its packages and the devices."""
    report = Report()
    r = _find_r(report)
    _examine_python(report, None if r is None else r.version)
    _examine_torch(report)
    if r is not None:
        _examine_rpy2(report, r)
        _examine_native(report, r)
        _examine_r(report, r)
        # What is wrong with a part alone has been said.
        if not report.problems:
            _examine_pair(report, r)
    return report


@dataclass(frozen=True)
class _R:
    home: str
    library: str
    version: tuple[int, int, int]


def _find_r(report: Report) -> _R | None:
    try:
        home = find_r_home()
        return _R(home, libr_path(home), r_version(home))
    except RNotFound as error:
        report.problems.append(Problem(str(error), "apt-get install r-base-dev"))
        return None


def _examine_python(report: Report, r: tuple[int, int, int] | None) -> None:
    report.versions.append(("Python", f"{platform.python_version()} on {platform.platform()}"))
    tested = _tested_versions(r)
    for name in _DISTRIBUTIONS:
        version = _distribution_version(name)
        if version is None:
            report.versions.append((name, "not installed"))
            fix = _REINSTALL if name == "torchbridge" else _pip(name)
            report.problems.append(Problem(f"{name} is not installed", fix))
            continue
        expected = tested.get(name, version)
        same = version.partition("+")[0] == expected
        report.versions.append((name, version if same else f"{version} (tested with {expected})"))
    for name in ("numpy", "pandas", "pyarrow", "matplotlib"):
        if _distribution_version(name) is not None:
            _examine_import(report, name)
    report.paths.append(("Python", sys.executable))
    _examine_libpython(report)


def _examine_libpython(report: Report) -> None:
    """Reticulate loads Python as a shared library; some builds of Python have none."""
    if sysconfig.get_config_var("PYTHONFRAMEWORK"):
        return
    directory = sysconfig.get_config_var("LIBDIR") or ""
    name = sysconfig.get_config_var("INSTSONAME") or ""
    library = Path(directory, name)
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and library.is_file():
        report.paths.append(("libpython", str(library)))
        return
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    report.paths.append(("libpython", "none"))
    report.problems.append(
        Problem(
            "this Python has no shared library, so R cannot load it",
            f"apt-get install libpython{minor} (for Debian's Python), or "
            f"PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force {minor}",
        )
    )


def _examine_torch(report: Report) -> None:
    if _distribution_version("torch") is None:
        return
    answer = _python(_DEVICES_CODE)
    if answer.failure is not None:
        fix = _pip("--force-reinstall", "torch")
        report.problems.append(Problem(f"torch cannot be imported: {answer.failure}", fix))
        return
    devices = json.loads(answer.marked()[-1])
    report.devices += list(devices.items())


def _examine_import(report: Report, name: str) -> None:
    answer = _python(f"import {name}")
    if answer.failure is not None:
        fix = _pip("--force-reinstall", name)
        report.problems.append(Problem(f"{name} cannot be imported: {answer.failure}", fix))


def _examine_rpy2(report: Report, r: _R) -> None:
    version = _distribution_version("rpy2-rinterface")
    if version is None:
        return
    if _numbers(version) >= _RPY2_NEEDING_NEW_R and r.version < _NEW_R:
        tested = _tested_versions(r.version)
        # Both: a newer rpy2 would ask for the newer rpy2-rinterface again.
        fix = _pip(*(f"{name}=={tested[name]}" for name in ("rpy2-rinterface", "rpy2")))
        have = ".".join(map(str, r.version))
        what = f"rpy2-rinterface {version} needs R 4.5 or later; R is {have}"
        report.problems.append(Problem(what, fix))
        return
    answer = _python("import rpy2.rinterface")
    if answer.failure is not None:
        report.problems.append(
            Problem(
                f"rpy2 cannot be imported: {answer.failure}",
                # Built once more, against the R that is here now.
                _pip("--force-reinstall", "--no-cache-dir", f"rpy2-rinterface=={version}"),
            )
        )


def _examine_native(report: Report, r: _R) -> None:
    answer = _python(_NATIVE_CODE, r.library)
    if answer.failure is not None:
        report.problems.append(
            Problem(
                f"torchbridge's native core cannot be loaded: {answer.failure}",
                _REINSTALL,
            )
        )


def _examine_r(report: Report, r: _R) -> None:
    report.versions.append(("R", ".".join(map(str, r.version))))
    report.paths += [("R home", r.home), ("libR", r.library)]
    rscript = str(Path(r.home) / "bin" / "Rscript")
    answer = _ask([rscript, "-e", _R_CODE, *_R_PACKAGES])
    if answer.failure is not None:
        fix = f"{rscript} -e 1, and correct what it reports"
        report.problems.append(Problem(f"R does not start: {answer.failure}", fix))
        return
    rows = [line.partition("=")[::2] for line in answer.marked()]
    report.paths += [("R library", value) for key, value in rows if key == "library"]
    found = dict(rows)
    for name in _R_PACKAGES:
        report.versions.append((f"R: {name}", found.get(name, "not installed")))
    if "torch" in found:
        report.versions.append(("R: torch", found["torch"]))
        report.paths.append(("R: torch", found["torch place"]))
    if "reticulate" not in found:
        fix = """Rscript -e 'install.packages("reticulate")'"""
        report.problems.append(Problem("the R package reticulate is not installed", fix))
    else:
        _examine_reticulate(report, found["reticulate"])
    _examine_r_torchbridge(report, found)


def _examine_pair(report: Report, r: _R) -> None:
    """Start R from Python and Python from R: the parts may be well, and not fit each other."""
    found = {name: value.partition(" ")[0] for name, value in report.versions}
    names = ("Python", "R", "R: reticulate", "rpy2-rinterface", "numpy")
    parts = ", ".join(f"{name.removeprefix('R: ')} {found[name]}" for name in names)
    answer = _python(_PYTHON_HOSTS_CODE)
    if answer.failure is not None:
        report.problems.append(
            Problem(
                f"R does not start in Python: {answer.failure} (with {parts})",
                # Built once more, against the R that is here now.
                _pip(
                    *("--force-reinstall", "--no-deps", "--no-cache-dir"),
                    f"rpy2-rinterface=={found['rpy2-rinterface']}",
                ),
            )
        )
    rscript = str(Path(r.home) / "bin" / "Rscript")
    answer = _ask([rscript, "-e", _R_HOSTS_CODE])
    if answer.failure is not None:
        report.problems.append(
            Problem(
                f"Python does not start in R: {answer.failure} (with {parts})",
                """Rscript -e 'install.packages("reticulate")'""",
            )
        )


def _examine_reticulate(report: Report, version: str) -> None:
    """Name what reticulate's own calls (``r.df``, ``import("numpy")``) cannot carry; ours can."""
    numpy = _distribution_version("numpy")
    newer = """Rscript -e 'install.packages("reticulate")'"""
    if (
        numpy is not None
        and _numbers(numpy) >= (2,)
        and _numbers(version) < _RETICULATE_WITH_NUMPY_2
    ):
        report.notes.append(
            Problem(
                f"reticulate {version} carries no arrays of NumPy {numpy} in its own calls "
                '("Required version of NumPy not available"); torchbridge\'s calls carry them',
                f"py_import() in place of import(), or reticulate 1.38 or later ({newer})",
            )
        )
    report.notes.append(
        Problem(
            f"reticulate {version} loses NA of data frames in its own calls (an integer becomes "
            "-2147483648, a logical True or False, a Date an error); torchbridge's calls keep it",
            "as_py_frame(df) in place of df",
        )
    )


def _examine_r_torchbridge(report: Report, found: dict[str, str]) -> None:
    """Is R's side installed, of this version, and set to find this Python?"""
    fix = f"{shlex.quote(sys.executable)} -m torchbridge install-r"
    if "torchbridge" not in found:
        report.problems.append(Problem("the R package torchbridge is not installed", fix))
        return
    report.paths.append(("R package", found["place"]))
    ours = _distribution_version("torchbridge")
    if ours is not None and found["torchbridge"] != ours:
        what = f"torchbridge is {ours} in Python and {found['torchbridge']} in R"
        # The newer half brings the other.
        newer_in_r = _numbers(found["torchbridge"]) > _numbers(ours)
        install = "Rscript -e 'torchbridge::install_torch()'"
        report.problems.append(Problem(what, install if newer_in_r else fix))
    files = [Path(found["place"], PYTHON_FILE), Path(found.get("chosen", ""))]
    python, source = _python_of_r(files)
    report.paths.append(("R uses Python", f"{python or 'unknown'} (from {source})"))
    if python is None or not _same_environment(python, sys.executable):
        what = f"R uses another Python than this one: {python or 'unknown'} (from {source})"
        if source in _CHOOSING:
            fix = f"export {source}={shlex.quote(sys.executable)}"
        report.problems.append(Problem(what, fix))


def _python_of_r(files: list[Path]) -> tuple[str | None, str]:
    """Return the Python that ``library(torchbridge)`` will start, and what says so.

    ``files`` name it: of ``install-r``, and of R's ``install_torch()``.
    """
    for variable in _CHOOSING:
        declared = os.environ.get(variable)
        if declared:
            return declared, variable
    for file in files:
        try:
            return file.read_text(encoding="utf-8").strip(), str(file)
        except OSError:
            continue
    return None, f"{files[0]}, which is missing"


def _same_environment(one: str, other: str) -> bool:
    """Tell whether two executables are one environment's, under whatever names.

    The executable alone does not tell: two virtual environments may link to the same one.
    """
    return os.path.realpath(one) == os.path.realpath(other) and os.path.realpath(
        os.path.dirname(one)
    ) == os.path.realpath(os.path.dirname(other))


def _tested_versions(r: tuple[int, int, int] | None) -> dict[str, str]:
    """Return the versions in the constraints files that apply to this R."""
    files = ["constraints.txt"]
    if r is not None and r < _NEW_R:
        files.append("constraints-r-before-4.5.txt")
    pins = {}
    for file in files:
        for line in (_PACKAGE / file).read_text(encoding="utf-8").splitlines():
            name, equals, rest = line.partition("==")
            version, _, marker = rest.partition(";")
            if equals and _is_for_this_python(marker):
                pins[name] = version.strip()
    return pins


def _is_for_this_python(marker: str) -> bool:
    """Of the markers that the constraints files have: none, or Python's version."""
    match = re.fullmatch(r' python_version (>=|<) "(\d+)\.(\d+)"', marker)
    if match is None:
        return not marker
    least = (int(match[2]), int(match[3]))
    return (sys.version_info >= least) == (match[1] == ">=")


def _distribution_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _pip(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "pip", "install", *arguments])


@dataclass(frozen=True)
class _Answer:
    output: str
    failure: str | None

    def marked(self) -> list[str]:
        """Return our own lines: R profiles and imports may print others."""
        lines = self.output.splitlines()
        return [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]


def _python(code: str, *arguments: str) -> _Answer:
    return _ask([sys.executable, "-c", code, *arguments])


def _ask(command: list[str]) -> _Answer:
    """Run a process; the failure, if any, is its last word, its signal or its silence."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return _Answer("", f"no answer within {_TIMEOUT_SECONDS} s")
    except OSError as error:
        return _Answer("", str(error))
    if done.returncode == 0:
        return _Answer(done.stdout, None)
    # R's last words are always the same; where it was in calls, it names them before.
    said = [line.strip() for line in done.stderr.strip().splitlines()]
    said = [line for line in said if line != "Execution halted" and not line.startswith("Calls: ")]
    last = (said or [""])[-1]
    return _Answer(done.stdout, last or f"exit code {done.returncode}")
