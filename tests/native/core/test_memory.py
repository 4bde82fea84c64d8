"""memory.c: small blocks that are freed, beside glibc's "fast" bins, which keep them apart."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc")

#: fast_bytes(): how much lies in fast bins after a thousand little blocks have been freed.
PYTHON = """
import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

class Info(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

libc.mallinfo2.restype = Info

def fast_bytes():
    blocks = [libc.malloc(40) for _ in range(1000)]
    for block in blocks:
        libc.free(block)
    return libc.mallinfo2().fsmblks
"""


@pytest.fixture
def plain(environment):
    """plain(): whether a Python without R has such bins; newer versions of glibc have none."""

    def run():
        command = [sys.executable, "-c", PYTHON + "print(fast_bytes() > 0)"]
        return subprocess.check_output(command, env=environment, text=True).strip()

    return run


def test_they_join_their_neighbours_where_r_hosts(in_r):
    ended = in_r("cat(calls$fast_bytes())", python=PYTHON, fresh=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1] == "0"


def test_what_the_user_has_set_stays(in_r, plain, environment, monkeypatch):
    monkeypatch.setitem(environment, "GLIBC_TUNABLES", "glibc.malloc.mxfast=64")
    ended = in_r("cat(calls$fast_bytes() > 0)", python=PYTHON, fresh=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1].title() == plain()


def test_where_python_hosts_malloc_is_left_as_it_is(in_python, plain):
    ended = in_python(PYTHON + "print(fast_bytes() > 0)", fresh=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split()[-1] == plain()
