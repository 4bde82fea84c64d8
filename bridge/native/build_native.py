"""Build the native core: every C file of these folders into one module, ``torchbridge._native``.

setuptools finds the class below through ``pyproject.toml``, for wheels, editable installs and
source distributions alike. Environment variables for developers:

- ``TORCHBRIDGE_WERROR=1``: a warning of the C compiler is an error.
- ``TORCHBRIDGE_CFLAGS``, ``TORCHBRIDGE_LDFLAGS``: further flags, after our own.

Tests: tests/native/test_module.py (what it has built)
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from setuptools.command.build_ext import build_ext
from setuptools.errors import PlatformError

_NATIVE = Path(__file__).resolve().parent
_ROOT = _NATIVE.parent.parent
_CFLAGS = [
    *("-std=c11", "-O2", "-fvisibility=hidden"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wshadow"),
]


class BuildNative(build_ext):
    """``build_ext`` with R's headers and library, and with the file name that R needs."""

    def finalize_options(self) -> None:
        """Name the sources, so that builds and source distributions see the same ones."""
        super().finalize_options()
        for extension in self.extensions:
            extension.sources = _relative(_NATIVE.rglob("*.c"))
            # Headers are named from here: "core/errors.h".
            extension.include_dirs = [str(_NATIVE.relative_to(_ROOT))]
            # A change in any of these rebuilds the module; a source distribution carries them.
            extension.depends = _relative([*_NATIVE.rglob("*.h"), *_NATIVE.glob("*.py")])

    def build_extensions(self) -> None:
        """Compile against the R of this machine."""
        r_home = _find_r_home()
        cflags = [*_CFLAGS, *_r_include_flags(r_home)]
        if os.environ.get("TORCHBRIDGE_WERROR") == "1":
            cflags.append("-Werror")
        cflags += shlex.split(os.environ.get("TORCHBRIDGE_CFLAGS", ""))
        # No rpath: whichever R the host has loaded by then is the one that must be used.
        ldflags = [f"-L{r_home}/lib", "-lR"]
        ldflags += shlex.split(os.environ.get("TORCHBRIDGE_LDFLAGS", ""))
        for extension in self.extensions:
            extension.extra_compile_args = cflags
            extension.extra_link_args = ldflags
        super().build_extensions()

    def copy_file(
        self,
        infile: str | os.PathLike[str],
        outfile: str | os.PathLike[str],
        *args: Any,
        **kwargs: Any,
    ) -> tuple[str, bool]:
        """Copy beside the file, then rename.

        A process that runs keeps the module that it has; one that starts sees a whole one.
        """
        beside = f"{os.fspath(outfile)}.{os.getpid()}"
        super().copy_file(infile, beside, *args, **kwargs)
        os.replace(beside, outfile)
        return os.fspath(outfile), True

    def get_ext_filename(self, fullname: str) -> str:
        """Return the path without Python's ABI tag.

        R derives the name of a library's init function from its file name: ``_native.so`` gives
        ``R_init__native``, while a dotted tag would give a name that C cannot spell.
        """
        return os.path.join(*fullname.split(".")) + ".so"


def _relative(files: Iterable[Path]) -> list[str]:
    return sorted(str(file.relative_to(_ROOT)) for file in files)


def _find_r_home() -> str:
    rhome = _load_rhome()
    try:
        r_home: str = rhome.find_r_home()
        rhome.libr_path(r_home)
    except rhome.RNotFound as error:
        raise PlatformError(f"building torchbridge needs R. {error}") from error
    return r_home


def _load_rhome() -> ModuleType:
    """Load ``process/rhome.py`` alone: torchbridge is not importable while it is built."""
    spec = importlib.util.spec_from_file_location("_rhome", _NATIVE.parent / "process" / "rhome.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _r_include_flags(r_home: str) -> list[str]:
    command = [str(Path(r_home) / "bin" / "R"), "CMD", "config", "--cppflags"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0:
        raise PlatformError(
            f"`{shlex.join(command)}` failed: {answer.stderr.strip()}. R's headers are missing; "
            "on Debian and Ubuntu: apt-get install r-base-dev"
        )
    # Not ours to mend: R's headers from 4.5 on have warnings that we ask for.
    flags = []
    for flag in shlex.split(answer.stdout):
        flags += ["-isystem", flag[2:]] if flag.startswith("-I") and flag != "-I" else [flag]
    return flags
