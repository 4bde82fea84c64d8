"""Write what the R package takes from Python: run by ``make document``, before roxygen2.

    .venv/bin/python r_scripts/generators/document.py

Each generator beside this program gives files: names inside the R package and their texts. What
stands there under a generator's header and is no longer among them is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import densities
import header
import layers
import operators
import optimizers

PACKAGE = Path(__file__).resolve().parent.parent / "torchbridge"

GENERATORS = (operators, layers, optimizers, densities)


def main() -> None:
    """Write the files into the R package, and name those that changed."""
    for name in write(generated(), PACKAGE):
        print(name)


def generated() -> dict[str, str]:
    """Name inside the R package -> text, of everything that Python writes there."""
    return {name: text for generator in GENERATORS for name, text in generator.files().items()}


def write(files: Mapping[str, str], package: Path) -> list[str]:
    """Bring a package up to date; the names of the files that were written or removed."""
    stale = sorted(name for name, text in files.items() if read(package / name) != text)
    for name in stale:
        (package / name).write_text(files[name], encoding="utf-8")
    left = leftovers(files, package)
    for name in left:
        (package / name).unlink()
    return stale + left


def leftovers(files: Mapping[str, str], package: Path) -> list[str]:
    """The names of generated files in a package that no generator writes any more."""
    there = [*package.glob("R/*.R"), *package.glob("man/*.Rd")]
    names = {path.relative_to(package).as_posix(): path for path in there}
    return sorted(
        name
        for name, path in names.items()
        if name not in files and header.GENERATED in read(path).partition("\n")[0]
    )


def read(path: Path) -> str:
    """The text of a file; empty where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
