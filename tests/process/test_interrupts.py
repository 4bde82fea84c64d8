"""process/interrupts.py: an interrupt waits for what is being put back; R's turn to look."""

from __future__ import annotations

import _thread
import ctypes
import functools
import operator
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from rpy2.rinterface_lib import openrlib

from torchbridge.process import host, interrupts

#: Seconds that an interrupt has to come in, on a machine however busy: it ends the wait.
SURELY = 60


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """ctrl_c(): one Ctrl-C, under the handler of `waits_for_exits`; a busy machine is no clean-up
    that takes too long."""
    monkeypatch.setattr(interrupts, "LONGEST", SURELY)
    with interrupts.waits_for_exits():
        yield lambda: signal.raise_signal(signal.SIGINT)


def spin(seconds: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_it_comes_at_once_elsewhere(ctrl_c: Callable[[], None]) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()
        done.append("more")
    assert done == []


def test_an_exit_is_over_first(ctrl_c: Callable[[], None]) -> None:
    done = []

    @contextmanager
    def context() -> Iterator[None]:
        yield
        ctrl_c()
        done.append("exit")
        spin()
        done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        with context():
            pass
        spin(SURELY)
        done.append("more")
    assert done == ["exit", "all of it"]


def test_an_entry_is_over_first_and_its_exit_runs(ctrl_c: Callable[[], None]) -> None:
    done = []

    @contextmanager
    def context() -> Iterator[None]:
        ctrl_c()
        done.append("entered")
        try:
            yield
        finally:
            done.append("left")

    with pytest.raises(KeyboardInterrupt), context():
        spin(SURELY)
        done.append("more")
    assert done == ["entered", "left"]


def test_what_c_has_entered_is_left(ctrl_c: Callable[[], None]) -> None:
    left = []

    class Lock:
        # In C, as a lock's own; the signal is there when it returns.
        __enter__ = staticmethod(_thread.interrupt_main)

        def __exit__(self, *_: object) -> None:
            left.append("left")

    with pytest.raises(KeyboardInterrupt), Lock():
        spin(SURELY)
    assert left == ["left"]


def test_a_finally_and_an_except_are_over_first(ctrl_c: Callable[[], None]) -> None:
    done = []

    def tidy() -> None:
        try:
            try:
                raise ValueError
            except ValueError:
                ctrl_c()
                spin(0.01)
                done.append("except")
            finally:
                ctrl_c()
                spin(0.01)
                done.append("finally")
        finally:
            done.append("outer")
        spin(SURELY)
        done.append("more")

    with pytest.raises(KeyboardInterrupt):
        tidy()
    assert done == ["except", "finally", "outer"]


def test_what_cleans_up_for_too_long_is_interrupted(
    ctrl_c: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "LONGEST", 0.1)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        try:
            pass
        finally:
            ctrl_c()
            spin(SURELY)
    assert 0.1 <= time.monotonic() - begun < SURELY


def test_an_uninterrupted_function_is_over_first(ctrl_c: Callable[[], None]) -> None:
    done = []

    @interrupts.uninterrupted
    def both() -> None:
        done.append(1)
        ctrl_c()
        spin()
        done.append(2)

    with pytest.raises(KeyboardInterrupt):
        both()
        spin(SURELY)
    assert done == [1, 2]


def test_what_is_not_wanted_any_more_is_not_raised() -> None:
    taken = []
    handler = interrupts.new_handler(lambda: False, lambda: taken.append(1))
    handler(signal.SIGINT, None)
    handler = interrupts.new_handler(lambda: True, lambda: taken.append(2))
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGINT, None)
    assert taken == [2]


def test_the_users_own_handler_is_left_alone() -> None:
    def own(*_: object) -> None: ...

    before = signal.signal(signal.SIGINT, own)
    try:
        with interrupts.waits_for_exits():
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)
    with interrupts.waits_for_exits():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_r_looks_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1.0
    looks: list[float] = []
    monkeypatch.setattr(interrupts, "_look", lambda: looks.append(now))
    monkeypatch.setattr(interrupts, "_due", 0.0)
    monkeypatch.setattr(interrupts, "time", SimpleNamespace(monotonic=lambda: now))
    for _ in range(1000):
        interrupts.let_r_look()
    now += interrupts.EVERY
    interrupts.let_r_look()
    assert looks == [1.0, now]


def test_an_interrupt_within_ends_what_is_around_it() -> None:
    assert interrupts.passing_interrupts(lambda x: x + 1)(1) == 2

    def inner(_: int) -> str:
        interrupts.took_interrupt()
        return "so far"

    with pytest.raises(KeyboardInterrupt):
        interrupts.passing_interrupts(inner)(1)


def test_a_ctrl_c_that_python_raises_as_r_enters_a_callback_is_kept_for_r(
    capfd: pytest.CaptureFixture[str],
) -> None:
    host.native()
    if not hasattr(openrlib._rinterface_cffi, "lib"):
        pytest.skip("rpy2 without its C part")
    look = openrlib._rinterface_cffi.ffi.addressof(openrlib.rlib, "_processevents")
    trip = functools.partial(ctypes.pythonapi.PyErr_SetInterruptEx, int(signal.SIGINT))
    # One after the other in C, so that Python looks for a Ctrl-C only as it enters the callback.
    try:
        list(map(operator.methodcaller("__call__"), [trip, look]))
        assert openrlib.rlib.R_interrupts_pending == 1
    finally:
        openrlib.rlib.R_interrupts_pending = 0
    assert capfd.readouterr().err == ""
