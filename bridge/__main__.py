"""The commands of ``python -m torchbridge``: ``doctor``, ``install-r``, ``fit``, ``predict``.

Tests: tests/process/test_doctor.py, tests/process/test_install.py,
tests/models/table/test_command.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from torchbridge import shell
from torchbridge.process.doctor import doctor
from torchbridge.process.install import InstallError, install_r


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 if all is well, 1 if not."""
    options = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    if options.command in ("fit", "predict"):
        # The program stands above both packages, and loads torch only for these.
        from torchbridge.models.table import command

        return command.run(options)
    if options.command == "doctor":
        return doctor()
    try:
        installed = install_r(options.library)
    except InstallError as error:
        print(f"torchbridge: {error}", file=sys.stderr)
        return 1
    print(f"Installed in {installed}. In R, type: {_library_call(options.library)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m torchbridge", description="The bridge between R and PyTorch."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "doctor", help="print versions, paths, devices and what is wrong, with the fix"
    )
    install = commands.add_parser(
        "install-r", help="install the R package torchbridge, set to use this Python"
    )
    install.add_argument(
        "--library", type=Path, help="the R library to install into (default: your own)"
    )
    shell.add_commands(commands)
    return parser


def _library_call(library: Path | None) -> str:
    if library is None:
        return "library(torchbridge)"
    return f'library(torchbridge, lib.loc = "{library.absolute()}")'


if __name__ == "__main__":
    sys.exit(main())
