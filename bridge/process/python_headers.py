"""Where Python's headers are, for PyTorch's compiler in a Python that R has started.

Tests: test-autodiff-compile.R, test-fit-train.R.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def find_headers() -> None:
    """Tell `sysconfig` where Python.h is, in a virtual environment that R has started.

    reticulate makes the environment the base of such a Python, and it has no headers; those
    of the Python that it was made from fit.
    """
    settings = Path(sys.prefix, "pyvenv.cfg")
    if Path(sysconfig.get_path("include"), "Python.h").is_file() or not settings.is_file():
        return
    lines = settings.read_text().splitlines()
    home = next((line.partition("=")[2].strip() for line in lines if line.startswith("home")), "")
    if home:
        sysconfig.get_config_vars()["installed_base"] = str(Path(home).parent)
