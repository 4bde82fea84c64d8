"""R is one thread: calls of others are handed to it while it serves them, and refused else.

R's thread is the one that started it, Python's main thread. It serves in ``serve()``, and in an
event loop of asyncio that was named to ``serve_in()``.

Tests: tests/process/test_r_thread.py.
"""

from __future__ import annotations

import ctypes
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, TypeVar

from torchbridge.process.interrupts import let_r_look

if TYPE_CHECKING:
    import asyncio

Result = TypeVar("Result")
Awaited = Future[Any] | threading.Thread

#: Seconds that a call waits for R's thread to begin serving: threads are started before that.
GRACE = 1.0
#: Seconds between two looks whether what is waited for is still there.
_EVERY = 0.05
_NOT_SERVING = (
    "R can be called only on the thread that started it, which serves no other threads now: have "
    "it wait in torchbridge.serve(futures), or name its event loop to torchbridge.serve_in(loop)"
)

_serving = 0  # how many serve() are at work, one within another
_calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
_loop: asyncio.AbstractEventLoop | None = None


def here() -> bool:
    """Is this R's thread?"""
    return threading.current_thread() is threading.main_thread()


def on_r_thread(f: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Call ``f(*args, **kwargs)`` on R's thread, from any thread, and give what it gives.

    Functions of R scripts and packages (``tb.source()``, ``tb.package()``) do this by themselves;
    conversions (``tb.to_r``, ``tb.to_torch`` of R's vectors, ...) stay on R's thread, and so
    does what works with their results: ``tb.on_r_thread(lambda: ...)`` takes several together.

    Raises:
        RuntimeError: R's thread serves no other threads, and did not begin within a second.
        Exception: whatever ``f`` raises.
    """
    return _call(lambda: f(*args, **kwargs), wake=None)


def ask(f: Callable[[], Result]) -> Result:
    """Call ``f()`` on R's thread, also between two steps of Python code that runs there.

    For what is short and Python asks of itself, such as pickling: a thread that waits for others
    in a loop, as joblib's, has named nobody to serve. Where R's thread waits in one call, this is
    ``on_r_thread()``.
    """
    return _call(f, wake=lambda: ctypes.pythonapi.Py_AddPendingCall(_pending, None))


def _call(f: Callable[[], Result], wake: Callable[[], object] | None) -> Result:
    if here():
        return f()
    future: Future[Result] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(f())
        except BaseException as error:
            future.set_exception(error)

    loop = _loop
    if loop is not None and loop.is_running():
        loop.call_soon_threadsafe(run)
    else:
        loop = None
        _calls.put(run)
        if wake is not None:
            wake()
    last = time.monotonic()
    while True:
        try:
            return future.result(_EVERY)
        except FutureTimeout:
            if future.done():  # the function's own
                raise
            now = time.monotonic()
            if _serving if loop is None else loop.is_running():
                last = now
            elif now > last + GRACE and future.cancel():
                raise RuntimeError(_NOT_SERVING) from None


def _run_waiting(_: object) -> int:
    while not _calls.empty():
        _run_next()
    return 0


#: Python calls it on R's thread.
_pending = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_run_waiting)


def serve(until: Awaited | Iterable[Awaited]) -> None:
    """Run the calls that other threads hand to R's thread, until these futures or threads end.

        with ThreadPoolExecutor(8) as pool:
            results = [pool.submit(script.f, x) for x in xs]
            tb.serve(results)

    Args:
        until: A future of ``concurrent.futures``, a thread that was started, or several of these.

    Raises:
        RuntimeError: this is not R's thread.
    """
    global _serving
    _check_here("serve")
    ends = [until] if isinstance(until, (Future, threading.Thread)) else list(until)
    for end in ends:
        if isinstance(end, Future):
            end.add_done_callback(lambda _: _calls.put(None))
        elif not isinstance(end, threading.Thread):
            raise TypeError(f"until: expected futures or threads, not {type(end).__name__}")
    _serving += 1
    try:
        while not all(end.done() if isinstance(end, Future) else _ended(end) for end in ends):
            _run_next()
            let_r_look()
    finally:
        _serving -= 1


def serve_in(loop: asyncio.AbstractEventLoop) -> None:
    """From now on an event loop of asyncio on R's thread runs the calls of other threads.

        async def main():
            tb.serve_in(asyncio.get_running_loop())
            await asyncio.to_thread(script.f, x)

    A web server calls it when it starts (FastAPI: in the ``lifespan``): functions that it runs in
    threads then use R, one after another. A call holds the loop as long as R works. A test client
    that runs the loop on a thread of its own (Starlette's ``TestClient``) leaves nobody to serve:
    test with ``httpx.AsyncClient(transport=httpx.ASGITransport(app))``.

    Args:
        loop: The loop; it serves while it runs.

    Raises:
        RuntimeError: this is not R's thread.
    """
    global _loop
    _check_here("serve_in")
    _loop = loop


def _run_next() -> None:
    try:
        run = _calls.get(timeout=_EVERY)
    except queue.Empty:
        return
    if run is not None:
        run()


def _ended(thread: threading.Thread) -> bool:
    return thread.ident is not None and not thread.is_alive()


def _check_here(name: str) -> None:
    if not here():
        raise RuntimeError(f"{name}() is called on R's thread, Python's main thread")
