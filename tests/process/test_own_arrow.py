"""pyarrow has its own libraries, whatever of the same names the system has."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest

from torchbridge.process import own_arrow

FOLDER = Path(pyarrow.__file__).parent
WATCH = "from torchbridge.process import own_arrow\nown_arrow.watch()\n"
USE = "import pyarrow, pyarrow.compute as c\nprint(c.sum(pyarrow.array([1, 2])))"


@pytest.fixture
def system(tmp_path):
    """A folder that has, under the names of pyarrow's libraries, some that are of no use to it."""
    names = [p.name for part in own_arrow._LIBRARIES for p in FOLDER.glob(f"lib{part}.so.*")]
    if not names:
        pytest.skip("this pyarrow brings no libraries of its own")
    for name in names:
        file = tmp_path / f"{name}.0.0"  # as a system names them
        subprocess.run(
            ["cc", "-shared", "-x", "c", os.devnull, f"-Wl,-soname,{name}", "-o", file], check=True
        )
        (tmp_path / name).symlink_to(file)
    return tmp_path


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
    )


def test_the_systems_libraries_of_the_same_names_are_not_taken(system):
    path = {"LD_LIBRARY_PATH": str(system)}
    assert "undefined symbol" in run(USE, **path).stderr  # so it is without us
    done = run(WATCH + USE, **path)
    assert done.stdout == "3\n", done.stderr


def test_what_r_has_loaded_before_is_named(system):
    library = next(system.glob("libarrow.so.*.0.0"))
    done = run(f"import ctypes\nctypes.CDLL({str(library)!r})\n" + WATCH + USE)
    assert f"ImportError: pyarrow cannot use the {library} of the same version" in done.stderr
    assert 'py_import("pyarrow") before library(arrow)' in done.stderr


def test_pyarrow_that_is_there_already_is_left_alone():
    before = list(sys.meta_path)
    own_arrow.watch()
    assert sys.meta_path == before
