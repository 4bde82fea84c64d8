"""Ctrl-C while Python works: never where something is being put back; and R's turn to look.

Python raises KeyboardInterrupt between any two of its instructions, in the middle of an
``__exit__`` or a ``finally`` too, and what these were to put back then stays as it is: gradients
off, another random state, other threads. The handler made here waits until they are done.

Tests: tests/process/test_interrupts.py.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # (`signal` looks each handler up as an enum)
import _thread
import ast
import linecache
import opcode
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType, FrameType
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

#: Seconds that an interrupt waits at most: what cleans up for longer is work.
LONGEST = 0.5
#: Seconds from one look of R's to the next.
EVERY = 0.1

#: Methods that set something up or put it back.
_TIDYING = {"__enter__", "__exit__", "__aenter__", "__aexit__", "__del__"}
_whole: set[CodeType] = set()


def uninterrupted(function: F) -> F:
    """A short function that no interrupt stops half-way."""
    _whole.add(function.__code__)
    return function


def new_handler(
    wanted: Callable[[], bool] = lambda: True, take: Callable[[], None] = lambda: None
) -> Callable[[int, FrameType | None], None]:
    """A handler of SIGINT that raises KeyboardInterrupt once nothing is being put back.

    Args:
        wanted: is it still to be raised? Asked before anything else.
        take: called right before it is raised.
    """
    since: float | None = None
    busy = reminded = False

    def remind() -> None:
        nonlocal reminded
        time.sleep(0.001)
        reminded = False
        _thread.interrupt_main()

    def handler(_: int, frame: FrameType | None) -> None:
        nonlocal since, busy, reminded
        if busy:  # another one, while this function looks: they are one
            return
        busy = True
        try:
            if not wanted():
                since = None
                return
            now = time.monotonic()
            since = now if since is None else since
            wait = now - since < LONGEST and _is_tidying(frame)
            if wait and not reminded:
                reminded = True
                # threading's own locks may be held by what was interrupted.
                _thread.start_new_thread(remind, ())
        finally:
            busy = False
        if not wait:
            since = None
            take()
            raise KeyboardInterrupt

    return handler


@contextmanager
def waits_for_exits() -> Iterator[None]:
    """The same for code that Python's user runs, in place of Python's own handler."""
    own = (
        threading.current_thread() is threading.main_thread()
        and _signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if own:
        _signal.signal(signal.SIGINT, new_handler())
    try:
        yield
    finally:
        if own:
            _signal.signal(signal.SIGINT, signal.default_int_handler)


_taken = 0


def took_interrupt() -> None:
    """An interrupt has ended something of ours that gives what it has so far: one is over."""
    global _taken
    _taken += 1


def passing_interrupts(function: Callable[..., T]) -> Callable[..., T]:
    """A function that ends in an interrupt where one ended something of ours within it.

    A fit that is interrupted gives itself so far. What the user sees is the search that called
    it, or the fit around it, and that is to end.
    """

    def call(*arguments: object) -> T:
        before = _taken
        found = function(*arguments)
        if _taken != before:
            raise KeyboardInterrupt
        return found

    return call


def _is_tidying(frame: FrameType | None) -> bool:
    if frame is not None and _is_entering(frame):
        return True
    while frame is not None:
        code = frame.f_code
        if code.co_name in _TIDYING or code in _whole or frame.f_lineno in _tidying_lines(code):
            return True
        frame = frame.f_back
    return False


#: From Python 3.14 on the call of a ``with``'s ``__enter__`` is these two instructions: a signal is
#: looked for right after them, and the block whose end calls ``__exit__`` begins only then. A lock
#: would be held for ever.
_ENTER = (opcode.opmap.get("LOAD_SPECIAL"), opcode.opmap.get("CALL"))


def _is_entering(frame: FrameType) -> bool:
    code, at = frame.f_code.co_code, frame.f_lasti
    return at >= 2 and (code[at - 2], code[at]) == _ENTER


@lru_cache(4096)
def _tidying_lines(code: CodeType) -> frozenset[int]:
    """The lines of a function that are in a ``finally`` or an ``except``."""
    first = code.co_firstlineno
    last = max((line for *_, line in code.co_lines() if line), default=first)
    lines = linecache.getlines(code.co_filename)[first - 1 : last]
    try:
        # Indented, as methods are, it is no module.
        tree = ast.parse("if 1:\n" + "".join(lines) if lines[0][:1].isspace() else "".join(lines))
    except (IndexError, SyntaxError, ValueError):
        return frozenset()
    offset = first - (2 if lines[0][:1].isspace() else 1)
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            for part in (*node.finalbody, *(s for h in node.handlers for s in h.body)):
                found.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    return frozenset(line + offset for line in found)


# ---- rpy2's callbacks ----

#: What R calls while it runs: to look at events, to write.
_CALLBACKS = ("_processevents", "_consolewrite_ex", "_consoleflush", "_showmessage", "_busy")


def kept_by_rpy2() -> None:
    """A Ctrl-C that Python raises as R enters a callback of rpy2's is R's to answer.

    What came before, Python looks for at a function's very entry, before its ``try``: the
    interrupt would be dropped there with a word on the console, and nothing would end.
    """
    from rpy2.rinterface_lib import callbacks, openrlib

    def tell_r(kind: type[BaseException], error: BaseException, _trace: object) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            raise error
        openrlib.rlib.R_interrupts_pending = 1

    if hasattr(openrlib._rinterface_cffi, "lib"):  # not where rpy2 was installed without C
        for name in _CALLBACKS:
            again = openrlib._rinterface_cffi.ffi.def_extern(name, onerror=tell_r)
            again(getattr(callbacks, name))


# ---- R's turn ----

_look: Callable[[], object] | None = None
_due = 0.0


def ask_r_by(look: Callable[[], object]) -> None:
    """What lets R look: the native core's."""
    global _look
    _look = look


def let_r_look() -> None:
    """Let R end this if it wants to; for loops that R waits for, once a round.

    R looks whether its user has interrupted it, whether a time limit (``setTimeLimit()``) has
    passed, and at its windows; at most ten times a second, and only on its own thread.

    Raises:
        KeyboardInterrupt, RError: what R found.
    """
    global _due
    if _look is None:
        return
    now = time.monotonic()
    if now >= _due:
        _due = now + EVERY
        _look()
