"""module.c: the module itself, fork, and how a process ends."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]

# ---- the module ----


def test_live_says_what_is_alive(core, r):
    before = core.live()
    assert list(before) == ["r_objects", "py_handles", "foreign_vectors", "foreign_bytes"]
    x = r("1")
    y = core.foreign_vector(torch.ones(3, dtype=torch.float64).__dlpack__())
    z = core.handle(object())
    now = core.live()
    assert {k: now[k] - before[k] for k in now} == {
        "r_objects": 3,
        "py_handles": 1,
        "foreign_vectors": 1,
        "foreign_bytes": 24,
    }
    del x, y, z


@pytest.mark.parametrize(
    ("function", "args"),
    [
        ("base_function", [5]),
        ("base_function", ["\ud800"]),
        ("helper", [None]),
        ("set_tensor_type", [5]),
        ("attach", []),
        ("attach", ["a", "b"]),
        ("foreign_vector", [5]),
        ("foreign_vector", [None]),
        ("put", []),
        ("put", [5, 5]),
    ],
)
def test_wrong_arguments(core, function, args):
    with pytest.raises((TypeError, UnicodeEncodeError)):
        getattr(core, function)(*args)


def test_put(core, r):
    environment = r("new.env()")
    core.put(environment, r("letters"))
    assert core.base_function("get")("value", environment)[-1] == "z"
    core.put(environment)
    assert core.base_function("get")("value", environment) is None
    with pytest.raises(TypeError, match="expected an R environment"):
        core.put(r("1"), r("2"))


def test_the_stub_names_what_is_there_and_no_more(core):
    stub = ast.parse((ROOT / "bridge" / "_native.pyi").read_text())
    there = {name for name in dir(core) if not name.startswith("_")}
    assert {x.name for x in defined(stub)} - {"_ArrayInterface"} == there
    inherited = set(dir(object))
    for cls in [x for x in defined(stub) if x.name in ("RObject", "Operator")]:
        there = set(dir(getattr(core, cls.name))) - inherited
        assert {x.name for x in defined(cls)} - inherited == there
        assert ast.get_docstring(cls) is not None
    assert all(ast.get_docstring(x) for x in defined(stub) if x.name != "_ArrayInterface")


def defined(place):
    """The classes and functions of a module or class."""
    return [x for x in place.body if isinstance(x, ast.ClassDef | ast.FunctionDef)]


def test_without_r_every_function_says_so(tmp_path):
    """The core alone, R's library loaded but R not running."""
    import sys

    code = """
import ctypes, importlib
from torchbridge.process.rhome import find_r_home, libr_path
ctypes.CDLL(str(libr_path(find_r_home())), mode=ctypes.RTLD_GLOBAL)
core = importlib.import_module("torchbridge._native")
for use in (lambda: core.to_r(1), lambda: core.handle(1), lambda: core.helper("x"), lambda: core.base_function("x"),
            lambda: core.RObject.new_vector("double", (1,)), lambda: core.RObject.from_address(5)):
    try: use()
    except RuntimeError as error: assert "R is not running" in str(error)
    else: raise SystemExit("no error")
core.live(); core.close(); core.set_tensor_type(int)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


#: From R's own list for current versions (tools:::nonAPI in R 4.5 and later), what one is tempted by.
NOT_API = [
    "R_tryWrap",
    "R_data_class",
    "R_ParseError",
    "R_CStackLimit",
    "R_CStackStart",
    "R_Interactive",
    "R_SignalHandlers",
    "R_Visible",
    "R_GlobalContext",
    "R_NewHashedEnv",
    "R_nchar",
    "Rf_allocSExp",
    "Rf_allocVector3",
    "Rf_begincontext",
    "Rf_endcontext",
    "Rf_envlength",
    "Rf_findVarInFrame3",
    "Rf_isValidString",
    "Rf_jump_to_toplevel",
    "Rf_lazy_duplicate",
    "Rf_NewEnvironment",
    "ATTRIB",
    "SET_ATTRIB",
    "BODY",
    "CLOENV",
    "FORMALS",
    "ENCLOS",
    "FRAME",
    "HASHTAB",
    "DATAPTR",
    "STRING_PTR",
    "OBJECT",
    "SET_OBJECT",
    "IS_S4_OBJECT",
    "SET_S4_OBJECT",
    "NAMED",
    "SET_NAMED",
    "REFCNT",
    "INTERNAL",
    "LEVELS",
    "SETLEVELS",
    "SETLENGTH",
    "SET_TRUELENGTH",
    "EXTPTR_PTR",
    "EXTPTR_TAG",
    "EXTPTR_PROT",
    "PRCODE",
    "PRENV",
    "PRVALUE",
    "SET_TYPEOF",
    "ALTREP_LENGTH",
    "ALTVEC_DATAPTR",
    "ALTVEC_DATAPTR_RO",
    "ALTSTRING_ELT",
    "R_curErrorBuf",
    "R_UnboundValue",
    "Rf_findVar",
    "Rf_findVarInFrame",
    "Rf_onintr",
]


def test_only_rs_public_api(core, r):
    names = subprocess.run(
        ["nm", "-D", "--undefined-only", core.__file__], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "R_tryEvalSilent" in names  # the list is what we think it is
    # Writing R Extensions' MAYBE_SHARED() is a macro there, of this one.
    expanded = {"REFCNT"} if r("getRversion() < '4.5'").value() else set()
    assert set(names) & {*NOT_API, *r("tools:::nonAPI").value()} - expanded == set()


# ---- fork ----


def test_a_forked_child_ends_cleanly(in_python):
    ended = in_python("""
x = core.foreign_vector(torch.arange(3.0).__dlpack__())
y = torch.from_dlpack(core.RObject.new_vector("double", (3,)))
temporary = r("tempdir()").value()
child = os.fork()
if child == 0:
    assert x.value().tolist() == [0, 1, 2] and r("1 + 1").value() == 2
    del x, y
    gc.collect()
    os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
import multiprocessing
process = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(7))
process.start(); process.join()
print(process.exitcode, x.value().tolist(), os.path.isdir(temporary))
""")
    assert (ended.returncode, ended.stdout) == (0, "5\n7 [0.0, 1.0, 2.0] True\n"), ended.stderr


def test_workers_of_a_data_loader(in_python):
    ended = in_python("""
class Data(torch.utils.data.Dataset):
    x = torch.from_dlpack(r("matrix(as.numeric(1:40), 20)"))
    def __len__(self): return 20
    def __getitem__(self, i): return self.x[i]
# By a fork, as everywhere before Python 3.14: the workers have R's memory.
loader = torch.utils.data.DataLoader(Data(), batch_size=4, num_workers=2, multiprocessing_context="fork")
total = sum(float(b.sum()) for b in loader)
print(total, r("1 + 1").value())
""")
    assert (ended.returncode, ended.stdout) == (0, "820.0 2.0\n"), ended.stderr


# ---- the end ----

#: Memory shared both ways, on both sides, when the process ends.
SHARED = """
a = core.foreign_vector(torch.arange(3.0, dtype=torch.float64).__dlpack__())
b = core.foreign_vector(torch.arange(3.0).__dlpack__())
t = torch.from_dlpack(core.RObject.new_vector("double", (1000,)))
h = core.handle(object())
r("kept <- new.env()")
r("function(a, b, h) { kept$a <- a; kept$b <- b; kept$h <- h; kept$sum <- sum(a); NULL }")(a, b, h)
r("function(f) { reg.finalizer(kept, function(e) f(), onexit = TRUE); NULL }")(lambda: print("finalizer"))
"""


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('message')", 1),
        ("raise ValueError('uncaught')", 1),
        ("os._exit(4)", 4),
        ("r('stop(1)')", 1),
        ("r('quit(status = 6)')", 6),
        ("r(\"quit('no', 7, FALSE)\")", 7),
        ("r('function(f) f()')(lambda: sys.exit(8))", 8),
        ("threading.Thread(target=time.sleep, args=(900,), daemon=True).start(); sys.exit(9)", 9),
        ("import atexit; atexit.register(lambda: (core.live(), print(float(t.sum()))))", 0),
        ("del core, host, tb", 0),
        (
            "rpy2 = __import__('rpy2.robjects').robjects; x = rpy2.r('1:3'); y = tb.to_r(torch.ones(3), share=True)",
            0,
        ),
    ],
)
def test_exit_codes_where_python_hosts(in_python, code, status):
    ended = in_python(SHARED + code, timeout=300, fresh=not code)
    assert ended.returncode == status, ended.stderr
    assert not re.search("Segmentation|core dumped|Fatal Python error|Aborted", ended.stderr)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("invisible(1)", 0),
        ("quit(status = 3)", 3),
        ("q('no', 4, FALSE)", 4),
        ("stop('uncaught')", 1),
        ("calls$fail()", 1),
        ("calls$leave(5L)", 1),  # SystemExit is an error in R, as any exception
        ("calls$back(function() quit(status = 6))", 6),
        ("calls$thread(); quit(status = 7)", 7),
        ("reg.finalizer(globalenv(), function(e) calls$back(function() NULL), onexit = TRUE)", 0),
        (".Last <- function() cat(sum(shared), '\\n')", 0),
    ],
)
def test_exit_codes_where_r_hosts(in_r, code, status):
    ended = in_r(
        f"""
shared <- to_r(torch$arange(3, dtype = calls$float64), share = TRUE)
widened <- to_r(torch$arange(3), share = TRUE)
held <- as_torch_tensor(c(1, 2, 3), share = TRUE)
calls$keep(as_torch_tensor(runif(1000), share = TRUE))
{code}
""",
        """
import sys, threading, time, torch
float64 = torch.float64
kept = []
def keep(x): kept.append(x)
def fail(): raise ValueError("uncaught")
def leave(status): sys.exit(status)
def back(f): return f()
def thread(): threading.Thread(target=time.sleep, args=(900,), daemon=True).start()
""",
        timeout=300,
        fresh=code == "invisible(1)",
    )
    assert ended.returncode == status, ended.stderr
    assert not re.search(
        "segfault|Segmentation|core dumped|Fatal Python error|Aborted", ended.stderr
    )


def test_r_stops_before_python_frees_what_is_shared(in_python):
    """Tensors over R memory that are freed after R has ended release nothing."""
    ended = in_python("""
class Late:
    def __init__(self):
        self.tensor = torch.from_dlpack(core.RObject.new_vector("double", (1000,)))
        self.to_r, self.write = core.to_r, os.write
    def __del__(self):
        self.tensor = None
        try: self.to_r(1)
        except RuntimeError as error: self.write(1, str(error)[:16].encode())
sys.late = Late()
""")
    assert (ended.returncode, ended.stdout) == (0, "R is not running"), ended.stderr
