"""Two hosts, one process: start R in this Python, or join the R that started it.

``import torchbridge`` starts nothing. R starts at the first use, through rpy2; where
R is the host (the R package or reticulate started this Python), R is there
already and is joined.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import importlib.metadata
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

try:
    import resource
except ImportError:  # Windows, where R knows its stack itself
    resource = None  # type: ignore[assignment]

from torchbridge.process import (
    forks,
    hooks,
    interrupts,
    notebook,
    output,
    own_arrow,
    own_blas,
    r_thread,
)
from torchbridge.process.errors import HostError, warn_r
from torchbridge.process.rhome import find_r_home, libr_path, r_version

if TYPE_CHECKING:
    from torchbridge.process.native_core import NativeCore

_HERE = Path(__file__).parent
_LIBRARIES = "LD_LIBRARY_PATH"
_native: NativeCore | None = None
_host: str | None = None


def current() -> str | None:
    """``"python"`` or ``"r"``, the language that owns this process; None before either started."""
    return _host


def native() -> NativeCore:
    """The native core, R running; starts R if need be."""
    if _native is None:
        start()
    assert _native is not None
    return _native


def start() -> None:
    """Start R in this Python process, or do nothing if it runs already.

    Raises:
        RNotFound: no R on this machine.
        HostError: R and rpy2 do not fit together, or this is not the main thread.
    """
    if _native is not None:
        return
    if not r_thread.here():
        raise HostError(
            "R must be started on the main thread: call torchbridge.start() there first"
        )
    home = find_r_home()
    _check_rpy2(r_version(home))
    os.environ["R_HOME"] = str(home)
    # rpy2 puts R's folders there, for all of this Python's children: too late for R in this
    # process, and a child Python of another place would load the system's libpython.
    libraries = os.environ.get(_LIBRARIES)
    try:
        import rpy2.rinterface as rinterface
    except Exception as error:
        raise HostError(
            f"rpy2 could not be imported against R {_text(r_version(home))} at {home}: {error}\n"
            "`python -m torchbridge doctor` shows what is wrong."
        ) from error
    rinterface.initr()
    interrupts.kept_by_rpy2()
    _limit_stack()
    if libraries is None:
        os.environ.pop(_LIBRARIES, None)
    else:
        os.environ[_LIBRARIES] = libraries
    _attach("python")
    assert _native is not None
    _native.helper("set_warning_handler")(warn_r)
    # After rpy2's own exit handler in the list, so before it in time: what Python
    # frees later must not reach an R that has ended.
    atexit.register(_native.close)
    if not notebook.watch(_native):
        output.from_r(_native)


def _limit_stack() -> None:
    """Have R watch the C stack, as any R does: rpy2 switches that off.

    Endless recursion is then R's error, and not the end of the process.
    """
    if resource is None:
        return
    limit = ctypes.c_size_t.in_dll(ctypes.CDLL(str(libr_path(find_r_home()))), "R_CStackLimit")
    if limit.value == ctypes.c_size_t(-1).value:
        size, _ = resource.getrlimit(resource.RLIMIT_STACK)
        most = 100_000_000  # R's own, also where the system sets none
        limit.value = int(0.95 * (most if size == resource.RLIM_INFINITY else min(size, most)))


def started_by_r() -> None:
    """Be to others in this process what a Python is that reticulate has started, and join R.

    The folder of the program and its environment are those of child processes, rpy2 is told that R
    runs, and modules of the working directory can be imported.
    """
    if sys.prefix != sys.base_prefix:
        os.environ["VIRTUAL_ENV"] = sys.prefix
    folders = [os.path.dirname(sys.executable), *os.environ.get("PATH", "").split(os.pathsep)]
    os.environ["PATH"] = os.pathsep.join(dict.fromkeys(folders))
    os.environ["R_SESSION_INITIALIZED"] = f'PID={os.getpid()}:NAME="torchbridge"'
    sys.path.insert(0, "")
    attach_to_r()


def reticulate_has_joined() -> None:
    """Answer Ctrl-C as before: reticulate has taken that over."""
    _answer_interrupts(native())


def attach_to_r() -> str:
    """Join the R that started this Python; called by the R package. Gives the core's path."""
    if _native is None:
        _attach("r")
        assert _native is not None
        _answer_interrupts(_native)
        output.to_r(_native)
        output.warnings_to_r(_native)
    assert _native is not None and _native.__file__ is not None
    return _native.__file__


def _attach(language: str) -> None:
    global _native, _host
    own_blas.watch(r_hosts=language == "r")
    own_arrow.watch()
    # The core needs libR by its soname only: whichever R runs in this process.
    ctypes.CDLL(str(libr_path(find_r_home())), mode=ctypes.RTLD_GLOBAL)
    core = cast("NativeCore", importlib.import_module("torchbridge._native"))
    core.set_hooks(hooks.get)
    assert core.__file__ is not None
    core.attach(core.__file__, str(_HERE / "host.R"), language == "python")
    core.helper("set_host")(language, core.__file__)
    _native, _host = core, language
    interrupts.ask_r_by(core.let_r_look)
    forks.watch(core)


def _answer_interrupts(core: NativeCore) -> None:
    """Answer Ctrl-C in Python without running R code.

    reticulate 1.28 (Debian 12) asks R, by an R function, whether the interrupt is still
    pending. R may then take the interrupt itself, in the middle of that function, and the
    C++ exception that follows ends the process. What the system calls stays R's.
    """
    library = ctypes.CDLL(str(libr_path(find_r_home())))
    pending = ctypes.c_int.in_dll(library, "R_interrupts_pending")

    def wanted() -> bool:
        # Where nothing is pending R was first, and has dealt with it; what R has suspended waits
        # for R.
        return bool(pending.value) and not core.suspended()

    def take() -> None:
        pending.value = 0

    handler = interrupts.new_handler(wanted, take)
    system = ctypes.CDLL(None)
    kept = ctypes.create_string_buffer(1024)  # room for any system's struct sigaction
    system.sigaction(signal.SIGINT, None, kept)
    signal.signal(signal.SIGINT, handler)
    system.sigaction(signal.SIGINT, kept, None)


def _check_rpy2(version: tuple[int, int, int]) -> None:
    try:
        found = importlib.metadata.version("rpy2-rinterface")
    except importlib.metadata.PackageNotFoundError as error:
        raise HostError("rpy2 is not installed in this Python: pip install rpy2") from error
    parts = tuple(int(p) for p in found.split(".")[:3] if p.isdigit())
    if parts >= (3, 6, 6) and version < (4, 5, 0):
        raise HostError(
            f"rpy2-rinterface {found} needs R 4.5 or later, and this R is {_text(version)}.\n"
            "Fix: pip install 'rpy2-rinterface==3.6.5'"
        )


def _text(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
