"""Two hosts: R starts when it is needed, on the main thread, and the process ends in order."""

from __future__ import annotations

import importlib.metadata
import subprocess
import threading
import time

import pytest
import torch

import torchbridge as tb
from torchbridge.process import host

#: What a crash or a hang at exit would leave in stderr.
CLEAN = ""


def assert_clean(done: subprocess.CompletedProcess[str], code: int = 0) -> None:
    assert (done.stderr, done.returncode) == (CLEAN, code)


# ---- import --------------------------------------------------------------------------


def test_import_starts_no_r_and_imports_no_torch(python):
    done = python(
        "import sys, torchbridge as tb\n"
        "dir(tb), tb.RError, tb.HostError, tb.RNotFound, tb.source, tb.to_torch, tb.start\n"
        "from torchbridge.process import host\n"
        "print(host.current())\n"
        "print([n for n in ('torch', 'numpy', 'pandas', 'rpy2', 'rpy2.rinterface',"
        " 'torchbridge._native') if n in sys.modules])\n"
    )
    assert done.stdout.splitlines() == ["None", "[]"]
    assert_clean(done)


@pytest.mark.parametrize("given", ["", "os.environ['LD_LIBRARY_PATH'] = '/nowhere'; "])
def test_children_of_this_python_keep_its_libraries(python, given):
    done = python(
        f"import os; {given}before = os.environ.get('LD_LIBRARY_PATH')\n"
        "import torchbridge as tb; tb.start()\n"
        "print(os.environ.get('LD_LIBRARY_PATH') == before)\n"
    )
    assert done.stdout == "True\n"
    assert_clean(done)


def test_the_public_names_are_all_there_and_no_others():
    for name in tb.__all__:
        assert getattr(tb, name) is not None
        assert name in dir(tb)
    with pytest.raises(AttributeError, match="module 'torchbridge' has no attribute 'to_rr'"):
        tb.to_rr  # noqa: B018


def test_starting_again_does_nothing(r):
    core = host.native()
    tb.start()
    assert host.native() is core
    assert host.current() == "python"


def test_an_r_that_rpy2_started_is_joined(python):
    done = python(
        "from rpy2 import robjects\n"
        "x = robjects.r('x <- 5; x')\n"
        "import torchbridge as tb\n"
        "print(tb.to_numpy(x).tolist(), tb.to_numpy(robjects.r('x')).tolist())\n"
    )
    assert done.stdout == "[5.0] [5.0]\n"
    assert_clean(done)


# ---- exit ----------------------------------------------------------------------------

ALIVE_AT_EXIT = """
import atexit, sys, threading
import torch, numpy as np
import torchbridge as tb
tb.start()
from rpy2 import robjects
over_r = tb.to_torch(robjects.r("c(1, 2, 3)"), share=True)
numpy_over_r = tb.to_numpy(robjects.r("c(1, 2, 3)"), share=True)
over_torch = tb.to_r(torch.ones(3, dtype=torch.float64), share=True)
handle = tb.handle(torch.ones(3))
robjects.globalenv["kept_by_r"] = over_torch
robjects.r("assign")("handle_kept_by_r", tb.to_r(handle), robjects.globalenv)
callback = tb.to_r(lambda x: x)
cycle = [over_r]
cycle.append(cycle)
class Late:
    def __del__(self):
        over_r.sum()
late = Late()
atexit.register(lambda: print("at exit", over_r.sum().item(), flush=True))
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("", 0),
        ("sys.exit(7)", 7),
        ("threading.Thread(target=lambda: over_r.add(1)).start()", 0),
        ("del late, over_r; import gc; gc.collect(); over_r = torch.ones(1)", 0),
    ],
)
def test_the_process_ends_in_order_with_its_exit_code(python, ending, code):
    done = python(ALIVE_AT_EXIT + ending + "\n")
    assert_clean(done, code)
    assert done.stdout.startswith("at exit ")


def test_what_comes_after_r_has_ended_is_told_so(python):
    done = python(
        "import atexit, torchbridge as tb, torch\n"
        "def late():\n"
        "    over_r.add_(1)\n"
        "    for call in (lambda: tb.to_r(1), lambda: tb.to_torch(x)):\n"
        "        try: call()\n"
        "        except RuntimeError as e: print(e)\n"
        "atexit.register(late)\n"  # before R starts, so after it has ended
        "tb.start()\n"
        "from rpy2 import robjects\n"
        "x = robjects.r('c(1, 2, 3)')\n"
        "over_r = tb.to_torch(x, share=True)\n"
    )
    assert done.stdout.count("R is not running in this process, or has ended") == 2
    assert_clean(done)


def test_an_uncaught_exception_is_shown_and_ends_the_process_with_1(python):
    done = python(ALIVE_AT_EXIT + "raise ValueError('the end')\n")
    assert done.stderr.rstrip().endswith("ValueError: the end")
    assert done.returncode == 1


def test_a_python_callback_may_end_the_process(python):
    done = python(
        "import sys, torchbridge as tb\n"
        "f = tb.to_r(lambda: sys.exit(5))\n"
        "from torchbridge.process import host, rpy2_objects\n"
        "call = host.native().base_function('do.call')\n"
        "call(rpy2_objects.robject(f), [])\n"
    )
    assert_clean(done, 5)


# ---- what is missing -----------------------------------------------------------------


def test_without_r_the_error_says_how_to_install_it(python, tmp_path):
    code = "import torchbridge as tb\ntry: tb.to_r(1)\nexcept tb.RNotFound as e: print(e)\n"
    for environment in ({"PATH": str(tmp_path), "R_HOME": ""}, {"PATH": "", "R_HOME": "/absent"}):
        done = python(code, **environment)
        assert "R was not found" in done.stdout and "apt-get install r-base-dev" in done.stdout
        assert_clean(done)


def test_a_directory_without_r_in_r_home_falls_back_to_the_path(python, tmp_path):
    done = python("import torchbridge as tb; print(tb.to_r([1, 2])[1])", R_HOME=str(tmp_path))
    assert done.stdout == "2\n", done.stderr


def test_a_broken_rpy2_names_r_and_the_doctor(python):
    done = python(
        "import sys, torchbridge as tb\n"
        "sys.modules['rpy2.rinterface'] = None\n"
        "try: tb.start()\n"
        "except tb.HostError as e: print(e)\n"
        "del sys.modules['rpy2.rinterface']\n"
        "print(tb.to_r(1)[0])\n"  # and a second attempt may work
    )
    assert "rpy2 could not be imported against R " in done.stdout
    assert "`python -m torchbridge doctor` shows what is wrong." in done.stdout
    assert done.stdout.splitlines()[-1] == "1", done.stderr


@pytest.mark.parametrize("found", ["3.6.6", "3.6.10", "3.7.0", "4.0.0", "3.7.0rc1", "3.6.6.post1"])
def test_an_rpy2_too_new_for_r_names_the_version_that_works(monkeypatch, found):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: found)
    for version in ((4, 2, 2), (4, 4, 3)):
        with pytest.raises(tb.HostError) as caught:
            host._check_rpy2(version)
        assert str(caught.value) == (
            f"rpy2-rinterface {found} needs R 4.5 or later, and this R is "
            f"{'.'.join(map(str, version))}.\nFix: pip install 'rpy2-rinterface==3.6.5'"
        )
    host._check_rpy2((4, 5, 0))


@pytest.mark.parametrize("found", ["3.6.5", "3.6.0", "3.5.17"])
def test_older_rpy2_works_with_every_r(monkeypatch, found):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: found)
    host._check_rpy2((4, 2, 2))
    host._check_rpy2((4, 5, 0))


def test_without_rpy2_the_error_says_so(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(tb.HostError, match="rpy2 is not installed in this Python: pip install"):
        host._check_rpy2((4, 2, 2))


def test_the_mismatch_is_told_before_rpy2_is_imported(python):
    done = python(
        "import sys, importlib.metadata as m, torchbridge as tb\n"
        "m.version = lambda name: '99.0.0'\n"
        "from torchbridge.process import host\n"
        "host.r_version = lambda home: (4, 2, 2)\n"
        "try: tb.to_r(1)\n"
        "except tb.HostError as e: print(str(e).splitlines()[0])\n"
        "print('rpy2' in sys.modules)\n"
    )
    expected = "rpy2-rinterface 99.0.0 needs R 4.5 or later, and this R is 4.2.2."
    assert done.stdout.splitlines() == [expected, "False"]
    assert_clean(done)


# ---- threads -------------------------------------------------------------------------


def test_r_is_not_started_off_the_main_thread(python):
    done = python(
        "import threading, torchbridge as tb\n"
        "from torchbridge.process import host\n"
        "def start():\n"
        "    try: tb.to_r(1)\n"
        "    except tb.HostError as e: print(e)\n"
        "t = threading.Thread(target=start); t.start(); t.join()\n"
        "print(host.current())\n"
        "print(tb.to_r(2)[0])\n"
    )
    assert done.stdout.splitlines() == [
        "R must be started on the main thread: call torchbridge.start() there first",
        "None",
        "2",
    ]
    assert_clean(done)


def in_thread(run):
    """What run() gave or raised on another thread."""
    result = []

    def target():
        try:
            result.append(run())
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return result[0]


def test_calls_from_other_threads_are_refused_clearly(r):
    x = r("c(1, 2, 3)")
    core = host.native()
    for call in (
        lambda: tb.to_r(torch.ones(2)),
        lambda: tb.to_r([1, 2]),
        lambda: tb.to_r(torch.ones(2), share=True),
        lambda: tb.to_torch(x),
        lambda: tb.to_torch(x, share=True),
        lambda: tb.to_numpy(x),
        lambda: tb.handle(1),
        lambda: core.base_function("sum"),
    ):
        error = in_thread(call)
        assert isinstance(error, RuntimeError), error
        assert "R can be called only on the thread that started it" in str(error)
    assert r.identical(x, r("c(1, 2, 3)"))


def test_what_is_no_r_value_converts_on_any_thread(r):
    assert in_thread(lambda: tb.to_torch(torch.ones(2)).tolist()) == [1, 1]
    assert in_thread(lambda: tb.to_numpy(torch.ones(2)).tolist()) == [1, 1]


def test_shared_memory_is_used_and_freed_on_any_thread(r, nothing_left):
    tensors = [tb.to_torch(r("rep(1, 1000)"), share=True) for _ in range(10)]
    assert in_thread(lambda: sum(t.sum().item() for t in tensors)) == 10_000
    in_thread(tensors.clear)


def test_python_threads_run_while_r_computes(r, tmp_path):
    """R computes until a Python thread has run, or for longer than any thread waits for a core."""
    ran = tmp_path / "ran"
    timer = threading.Timer(0.1, ran.touch)
    timer.start()
    code = "function(path, end) while (!file.exists(path) && Sys.time() < end) sum(1:100)"
    core = host.native()
    compute = core.base_function("eval")(core.base_function("str2expression").call(code))
    compute(str(ran), time.time() + 60)
    assert ran.exists()
    timer.join()
