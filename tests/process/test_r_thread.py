"""process/r_thread.py: R is one thread, and what other threads ask of it is done there."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

import torchbridge as tb
from torchbridge.process import r_thread

SCRIPT = """
thread <- function(f) f()
square <- function(x) x^2
fails <- function() stop("no good")
value <- 7
"""


@pytest.fixture(scope="module")
def script(r):
    return tb.source(text=SCRIPT)


def test_eight_threads_call_r_where_its_thread_serves_them(script):
    def work(i):
        return [script.square(i * 100 + j) for j in range(20)], script.thread(threading.get_ident)

    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(work, i) for i in range(8)]
        tb.serve(results)
    assert [result.result()[0] for result in results] == [
        [(i * 100 + j) ** 2 for j in range(20)] for i in range(8)
    ]
    assert {result.result()[1] for result in results} == {threading.get_ident()}


def test_to_thread_in_an_event_loop(script):
    async def main():
        tb.serve_in(asyncio.get_running_loop())
        return await asyncio.gather(*(asyncio.to_thread(script.square, i) for i in range(8)))

    assert asyncio.run(main()) == [i**2 for i in range(8)]


def test_errors_and_values_come_back(script):
    with ThreadPoolExecutor(1) as pool:
        failed = pool.submit(script.fails)
        values = pool.submit(lambda: (script.value, script["value"], tb.on_r_thread(max, 1, 2)))
        tb.serve([failed, values])
    with pytest.raises(tb.RError, match="no good"):
        failed.result()
    assert values.result() == (7, 7, 2)
    assert tb.on_r_thread(script.square, 3) == 9  # on R's own thread: at once


def test_a_thread_may_be_waited_for_and_serve_may_nest(script):
    results = []

    def inner():
        results.append(script.square(2))

    def outer():
        thread = threading.Thread(target=inner)
        thread.start()
        tb.on_r_thread(tb.serve, thread)
        results.append(script.square(3))

    thread = threading.Thread(target=outer)
    thread.start()
    tb.serve(thread)
    assert results == [4, 9]


def in_a_thread(f):
    caught = []

    def run():
        try:
            f()
        except RuntimeError as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return caught


def test_elsewhere_it_is_refused_with_what_to_do(script, monkeypatch):
    monkeypatch.setattr(r_thread, "GRACE", 0.0)
    assert in_a_thread(lambda: script.square(1)) == [r_thread._NOT_SERVING]
    assert in_a_thread(lambda: tb.to_r([1]))[0].endswith("torchbridge.on_r_thread(f, ...)")
    for f in (lambda: tb.serve([]), lambda: tb.serve_in(None)):
        assert "is called on R's thread" in in_a_thread(f)[0]
    with pytest.raises(TypeError, match="until: expected futures or threads, not int"):
        tb.serve([1])


def test_a_call_that_was_not_reached_is_told_so(script, monkeypatch):
    """R's thread stops serving while one call runs and another waits."""
    monkeypatch.setattr(r_thread, "GRACE", 60.0)
    end, caught, threads = Future(), [], []

    def late():
        try:
            script.square(1)
        except RuntimeError as error:
            caught.append(str(error))

    def first():
        threads.append(threading.Thread(target=late))
        threads[0].start()
        while r_thread._calls.empty():
            pass
        r_thread.GRACE = 0.0
        end.set_result(None)

    asker = threading.Thread(target=lambda: tb.on_r_thread(first))
    asker.start()
    tb.serve(end)
    asker.join()
    threads[0].join(60)
    assert caught == [r_thread._NOT_SERVING]
