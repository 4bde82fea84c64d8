"""Install the R package that torchbridge carries, set to find this Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from torchbridge.process.rhome import RNotFound, find_r_home
from torchbridge.process.whole_files import write_file

#: The file in the installed R package that holds the path of its Python, on one line.
PYTHON_FILE = "python.txt"

_PACKAGE = Path(__file__).resolve().parent.parent
_TIMEOUT_SECONDS = 600

# Prints the user's library, then one line for each package that is still missing.
# commandArgs: the package's source, and the library to install into ("" for the user's).
_INSPECT = """
arguments <- commandArgs(trailingOnly = TRUE)
user_library <- strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep, fixed = TRUE)[[1]]
target <- if (nzchar(arguments[[2]])) arguments[[2]] else path.expand(user_library[1])
fields <- read.dcf(file.path(arguments[[1]], "DESCRIPTION"))
needed <- fields[, intersect(c("Depends", "Imports"), colnames(fields))]
needed <- trimws(sub("[(].*", "", unlist(strsplit(needed, ",", fixed = TRUE))))
needed <- unique(c(setdiff(needed, c("R", "")), "reticulate"))
found <- vapply(needed, function(package) {
  nzchar(system.file(package = package, lib.loc = c(target, .libPaths())))
}, logical(1))
cat("\ntorchbridge:library=", target, "\n", sep = "")
cat(sprintf("torchbridge:missing=%s\n", needed[!found]), sep = "")
"""


class InstallError(RuntimeError):
    """The R package could not be installed; the message says why and what to do."""


def install_r(library: Path | None = None) -> Path:
    """Install the R package and return the directory it is in.

    Args:
        library: the R library to install into, created if need be; by default the user's own,
            R's ``R_LIBS_USER``.

    Raises:
        InstallError: R or an R package that ours needs is missing, the library cannot be
            written, or R refuses the package. Nothing is installed then.
    """
    try:
        r_home = find_r_home()
    except RNotFound as error:
        raise InstallError(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="torchbridge-") as scratch:
        # A copy, because R may write next to the source and ours may be read-only.
        source = Path(scratch) / "torchbridge"
        shutil.copytree(r_package_source(), source, ignore=shutil.ignore_patterns("__pycache__"))
        target = _inspect(r_home, source, library)
        _make_writable_library(target)
        vignettes = Path(__file__).with_name("vignettes.R")
        rscript = str(Path(r_home) / "bin" / "Rscript")
        _run([rscript, str(vignettes), str(source)], "R could not prepare the vignettes")
        _r_cmd_install(r_home, source, target)
    installed = target / "torchbridge"
    write_file(installed / PYTHON_FILE, f"{sys.executable}\n".encode())
    return installed


def install_package(source: str, library: str, libraries: list[str]) -> None:
    """Install an R package's source into a library, created if need be.

    Args:
        source: its folder.
        library: the R library.
        libraries: where the packages that it needs are, the first one first.

    Raises:
        InstallError: the library cannot be written, or R refuses the package.
    """
    _make_writable_library(Path(library))
    _r_cmd_install(find_r_home(), Path(source), Path(library), libraries)


def r_package_source() -> Path:
    """Return the folder of the R package's source: in the wheel, or in the checkout."""
    for source in (_PACKAGE / "r_package", _PACKAGE.parent / "r_scripts" / "torchbridge"):
        if (source / "DESCRIPTION").is_file():
            return source
    raise InstallError(
        f"the R package's source is not beside {_PACKAGE}. Reinstall torchbridge from its wheel"
    )


def _inspect(r_home: str, source: Path, library: Path | None) -> Path:
    """Return the library to install into, once R has every package that ours needs."""
    wanted = "" if library is None else str(library.absolute())
    rscript = str(Path(r_home) / "bin" / "Rscript")
    output = _run([rscript, "-e", _INSPECT, str(source), wanted], "R could not be asked")
    answers = [
        line.removeprefix("torchbridge:").partition("=")
        for line in output.splitlines()
        if line.startswith("torchbridge:")
    ]
    missing = [value for key, _, value in answers if key == "missing"]
    if missing:
        names = ", ".join(f'"{name}"' for name in missing)
        debian = " ".join(f"r-cran-{name.lower()}" for name in missing)
        raise InstallError(
            f"R lacks the packages that torchbridge needs: {', '.join(missing)}. "
            f"In R: install.packages(c({names})), or on Debian: apt-get install {debian}"
        )
    target = next((value for key, _, value in answers if key == "library"), "")
    if target in ("", "NA", "NULL"):
        raise InstallError("R has no user library (R_LIBS_USER is empty): name one with --library")
    return Path(target)


def _make_writable_library(library: Path) -> None:
    try:
        library.mkdir(parents=True, exist_ok=True)
        # The honest test: permission bits say nothing about read-only file systems.
        with tempfile.TemporaryFile(dir=library):
            pass
    except OSError as error:
        raise InstallError(
            f"the R library {library} cannot be written ({error.strerror}). "
            "Name another with --library"
        ) from error


def _r_cmd_install(r_home: str, source: Path, library: Path, libraries: Sequence[str] = ()) -> None:
    r = str(Path(r_home) / "bin" / "R")
    command = [r, "CMD", "INSTALL", f"--library={library}", str(source)]
    _run(command, "R could not install it", libraries)


def _run(command: list[str], failure: str, libraries: Sequence[str] = ()) -> str:
    """Return what the command printed; where it fails, raise with all of it.

    ``libraries`` are R's besides its own; none leaves the choice to R.
    """
    environment = dict(os.environ)
    if libraries:
        environment["R_LIBS"] = os.pathsep.join(libraries)
    try:
        answer = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"{failure}: {error}") from error
    if answer.returncode != 0:
        raise InstallError(f"{failure}. R says:\n{answer.stdout.strip()}")
    return answer.stdout
