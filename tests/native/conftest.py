"""The native core's tests: R runs in this process, and no test may leave anything alive.

``TORCHBRIDGE_GCTORTURE=1`` turns on R's gctorture around every test. Tests that crash, interrupt
or end a process do so in one of their own: `in_python` and `in_r`.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import torchbridge as tb
from torchbridge.process import host

ROOT = Path(__file__).resolve().parents[2]
TORTURE = os.environ.get("TORCHBRIDGE_GCTORTURE") == "1"
#: Under torture R collects at every so many allocations: often enough to hit each line of the
#: core in some test, seldom enough to come to an end.
STEP = 50

FAILED = pytest.StashKey[bool]()
ALIVE = pytest.StashKey[dict[str, int] | None]()

#: Both hosts, alone: how a test of a whole process starts.
ENVIRONMENT = {
    "R_LIBS": str(ROOT / ".r-library"),
    "TORCHBRIDGE_PYTHON": sys.executable,
    **os.environ,
}

PYTHON_PROLOGUE = """
import gc, os, signal, sys, threading, time
import torch
import torchbridge as tb
from torchbridge.process import host
core = host.native()
def r(code):
    evaluate, parse, world = map(core.base_function, ("eval", "parse", "globalenv"))
    return evaluate.call(parse.call(text=code), world.call())
def interrupt(after, times=1):
    def run():
        for _ in range(times):
            time.sleep(after)
            os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=run, daemon=True).start()
"""

R_PROLOGUE = """
library(torchbridge)
torch <- py_import("torch")
"""

#: A process that has begun as above and then forks for each request, a line of JSON: in the fork
#: serve() gives the request, in the first process it answers with the fork's exit status.
FORKS = """
import gc, json, os, signal, sys, time

def serve():
    gc.freeze()
    requests, answers = map(int, os.environ["CHANNEL"].split())
    line = b""
    while True:
        while not line.endswith(b"\\n"):
            part = os.read(requests, 1 << 16)
            if not part:
                os._exit(0)
            line += part
        request, line = json.loads(line), b""
        child = os.fork()
        if child == 0:
            os.close(requests), os.close(answers)
            for number, file in enumerate(request["files"]):
                os.dup2(os.open(file, os.O_RDWR), number)
            sys.path.insert(0, request["path"])
            return request["code"]
        end = time.monotonic() + request["timeout"]
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.005)
        os.write(answers, b"%d\\n" % os.waitstatus_to_exitcode(done[1]))
"""
#: The forks have one temporary folder, which each R deletes as it ends.
PYTHON_FORKS = "from forks import serve\ncode = serve()\nr('tempdir(check = TRUE)')\nexec(code)\n"
R_FORKS = """
code <- py_import("forks")$serve()
invisible(tempdir(check = TRUE))
for (expression in parse(text = code)) {
  value <- withVisible(eval(expression, globalenv()))
  if (value$visible) print(value$value)
}
"""
R_CALLS = 'calls <- py_import("calls")\n'


class Forks:
    """Runs code in forks of one process: starting Python, torch and R takes seconds."""

    def __init__(self, command: list[str], folder: Path) -> None:
        (folder / "forks.py").write_text(FORKS)
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                **ENVIRONMENT,
                "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}",
                "CHANNEL": f"{requests} {answers}",
            },
            pass_fds=(requests, answers),
            stdin=subprocess.DEVNULL,
        )
        os.close(requests), os.close(answers)

    def run(self, code: str, folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
        files = [folder / name for name in ("stdin", "stdout", "stderr")]
        for file in files:
            file.write_text("")
        request = {"code": code, "path": str(folder), "timeout": timeout}
        request["files"] = list(map(str, files))
        os.write(self.requests, json.dumps(request).encode() + b"\n")
        answer = os.read(self.answers, 100)
        assert answer, "the process that forks has ended"
        out, err = (file.read_text(errors="replace") for file in files[1:])
        return subprocess.CompletedProcess(code, int(answer), out, err)

    def close(self) -> None:
        os.close(self.requests), os.close(self.answers)
        self.process.wait(60)


@pytest.fixture(scope="session")
def core() -> Any:
    """torchbridge._native, with R running and what is made once and kept already made."""
    native = host.native()
    tb.to_r(torch.ones(1))
    tb.to_r("warm")
    native.to_r(torch.ones(1))
    native.to_r(object())
    native.base_function("eval").call(native.base_function("parse").call(text="NULL"))
    return native


@pytest.fixture(scope="session")
def r(core: Any) -> Callable[[str], Any]:
    """r(code): the value of R code, as an RObject."""
    evaluate, parse = core.base_function("eval"), core.base_function("parse")
    world = core.base_function("globalenv").call()
    return lambda code: evaluate.call(parse.call(text=code, **{"keep.source": False}), world)


@pytest.fixture(scope="session")
def collect(core: Any) -> Callable[..., dict[str, int]]:
    """collect(): collects in both languages until nothing more goes, or `expected` is left."""
    r_gc = core.base_function("gc")
    gc.collect()
    gc.freeze()  # what is here now (all of torch) need not be looked at every time

    def run(expected: dict[str, int] | None = None) -> dict[str, int]:
        before = expected
        while True:
            gc.collect()
            r_gc.call()
            now = core.live()
            if now == before:
                return now
            before = now

    return run


@pytest.fixture(autouse=True)
def nothing_stays_alive(
    request: pytest.FixtureRequest,
    core: Any,
    r: Callable[[str], Any],
    collect: Callable[..., dict[str, int]],
) -> Iterator[None]:
    """Each count is after a test what it was before. (`r` is asked for: it holds R objects.)"""
    before = request.config.stash.get(ALIVE, None) or collect()
    yield
    failed = request.node.stash.get(FAILED, True)  # its frames are kept, and what is in them
    # Counts that are equal already need no collecting: only garbage could make them higher.
    after = before if core.live() == before else None if failed else collect(before)
    request.config.stash[ALIVE] = after
    assert failed or after == before


@pytest.fixture(autouse=True)
def torture(request: pytest.FixtureRequest, nothing_stays_alive: None, core: Any) -> Iterator[None]:
    """gctorture around a test, if asked for; a file may set a `TORTURE_STEP` of its own."""
    if not TORTURE:
        yield
        return
    gctorture = core.base_function("gctorture2")
    gctorture.call(getattr(request.module, "TORTURE_STEP", STEP))
    yield
    gctorture.call(0)


@pytest.fixture
def untortured(torture: None, core: Any) -> None:
    """For a test that runs R thousands of calls deep: under torture it would take minutes."""
    core.base_function("gctorture2").call(0)


@pytest.fixture(scope="session")
def many() -> Callable[[int], int]:
    """many(n): n, or a hundredth of it under torture."""
    return lambda n: max(n // 100, 10) if TORTURE else n


@pytest.fixture(scope="session")
def python_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    command = [sys.executable, "-c", PYTHON_PROLOGUE + PYTHON_FORKS]
    forks = Forks(command, tmp_path_factory.mktemp("python"))
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def r_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    forks = Forks(["Rscript", "-e", R_PROLOGUE + R_FORKS], tmp_path_factory.mktemp("r"))
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What a process of either host is to find in its environment."""
    return ENVIRONMENT


@pytest.fixture
def in_python(
    python_forks: Forks, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """in_python(code): a process where Python hosts R; `fresh`: not a fork of another."""

    def run(
        code: str, timeout: float = 300, fresh: bool = False
    ) -> subprocess.CompletedProcess[str]:
        if not fresh:
            return python_forks.run(code, tmp_path, timeout)
        return _run([sys.executable, "-c", PYTHON_PROLOGUE + code], timeout, ENVIRONMENT)

    return run


@pytest.fixture
def in_r(r_forks: Forks, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """in_r(code): a process where R hosts Python; `calls` there is a module of this `python`."""

    def run(
        code: str, python: str = "", timeout: float = 300, fresh: bool = False
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "calls.py").write_text(python)
        code = (R_CALLS if python else "") + code
        if not fresh:
            return r_forks.run(code, tmp_path, timeout)
        path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
        return _run(
            ["Rscript", "-e", R_PROLOGUE + code], timeout, {**ENVIRONMENT, "PYTHONPATH": path}
        )

    return run


def _run(
    command: list[str], timeout: float, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
