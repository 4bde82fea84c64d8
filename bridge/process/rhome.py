"""Find R on this machine without starting it. Standard library only."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# `R RHOME` prints one path; a hung file system must not hang us.
_TIMEOUT_SECONDS = 30


class RNotFound(RuntimeError):
    """R, or a part of it that torchbridge needs, is not on this machine."""

    __module__ = "torchbridge"


@functools.cache
def find_r_home() -> str:
    """Return R's home directory.

    The environment variable ``R_HOME`` decides if it names a directory that holds ``bin/R``;
    otherwise the ``R`` on ``PATH`` is asked. The answer is remembered for the process.

    Raises:
        RNotFound: neither leads to R; the message says how to install it.
    """
    declared = os.environ.get("R_HOME")
    if declared and (Path(declared) / "bin" / "R").is_file():
        return declared
    executable = shutil.which("R")
    if executable is None:
        raise RNotFound(
            "R was not found: there is no `R` on PATH and R_HOME names no R. "
            "Install R, on Debian and Ubuntu with: apt-get install r-base-dev"
        )
    try:
        answer = subprocess.run(
            [executable, "RHOME"],
            check=True,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            # R warns about an R_HOME that is not its own where its answer is expected.
            env={name: value for name, value in os.environ.items() if name != "R_HOME"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RNotFound(
            f"`{executable} RHOME` failed ({error}). Reinstall R, or set R_HOME to its home."
        ) from error
    return answer.stdout.strip()


def r_version(r_home: str) -> tuple[int, int, int]:
    """Return the version of the R at ``r_home``, such as ``(4, 2, 2)``.

    It is read from the base package's DESCRIPTION, so no R process is started.

    Raises:
        RNotFound: there is no complete R at ``r_home``.
    """
    description = Path(r_home) / "library" / "base" / "DESCRIPTION"
    try:
        text = description.read_text(encoding="utf-8")
    except OSError as error:
        raise RNotFound(f"No complete R at {r_home}: {error}. Reinstall R.") from error
    match = re.search(r"^Version: *(\d+)\.(\d+)\.(\d+)", text, re.MULTILINE)
    if match is None:
        raise RNotFound(f"{description} names no version. Reinstall R.")
    major, minor, patch = (int(part) for part in match.groups())
    return major, minor, patch


def libr_path(r_home: str) -> str:
    """Return the path of R's shared library.

    Raises:
        RNotFound: the R at ``r_home`` was built without one.
    """
    suffix = "dylib" if sys.platform == "darwin" else "so"
    library = Path(r_home) / "lib" / f"libR.{suffix}"
    if not library.exists():
        raise RNotFound(
            f"R at {r_home} has no shared library ({library}). Install an R that was built "
            "with --enable-R-shlib, on Debian and Ubuntu: apt-get install r-base-core"
        )
    return str(library)
