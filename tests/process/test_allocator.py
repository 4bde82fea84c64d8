"""The malloc of the process is found whatever the program is: as code that does not move, too."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from torchbridge.process import allocator

#: Python in a program that takes the address of malloc, as Debian's own does.
PROGRAM = """
#include <stdlib.h>
int Py_BytesMain(int argc, char **argv);
void *(*volatile taken)(size_t);
int main(int argc, char **argv) {
  taken = malloc;
  return Py_BytesMain(argc, argv);
}
"""

#: A malloc that stands before libc's.
OTHER = """
#include <stddef.h>
void *__libc_malloc(size_t);
void *malloc(size_t n) { return __libc_malloc(n); }
"""

ANSWER = f"""
import ctypes, runpy
found = runpy.run_path({allocator.__file__!r})
address = found["_address"]
print(address(ctypes.CDLL(None)) == address(ctypes.CDLL("libc.so.6")), found["is_libcs"]())
"""


def compiled(path, text, *flags):
    source = path.with_suffix(".c")
    source.write_text(text)
    subprocess.run(["gcc", str(source), "-o", str(path), *flags], check=True)
    return str(path)


def answers(program, preload=None):
    """Does libc's malloc have the address that the program's has, and is it the process's?"""
    env = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    env |= {"PYTHONHOME": sys.base_prefix} | ({"LD_PRELOAD": preload} if preload else {})
    done = subprocess.run([program, "-c", ANSWER], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [word == "True" for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux's linker")
@pytest.mark.parametrize("moves", [True, False])
def test_libcs_malloc_is_told_from_another_in_every_program(tmp_path, moves):
    folder, name = sysconfig.get_config_vars("LIBDIR", "INSTSONAME")
    flags = ["-fPIE", "-pie"] if moves else ["-fno-pie", "-no-pie"]
    library = str(Path(folder) / name)
    program = compiled(tmp_path / "python", PROGRAM, *flags, library, f"-Wl,-rpath,{folder}")
    other = compiled(tmp_path / "other.so", OTHER, "-shared", "-fPIC")
    assert answers(program) == [moves, True]
    assert answers(program, other) == [False, False]


def test_another_malloc_of_this_process_is_seen():
    assert allocator.is_libcs() == ("LD_PRELOAD" not in os.environ)
