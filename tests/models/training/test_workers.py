"""Several processes that a session starts, feeds and hears: what comes back, and what is left."""

import os
import signal
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from torchbridge.models import Callback, fit, mlp
from torchbridge.models.callbacks import EpochEnd

pytest.importorskip("cloudpickle")


def in_workers():
    """Callbacks of classes that are known in this process alone."""

    class Counter(Callback):
        batches, pid = 0, None

        def on_batch_end(self, loop):
            self.batches += 1
            self.pid = os.getpid()

    class Killed(Callback):
        def on_batch_begin(self, loop):
            if loop.batch == 2 and loop.accelerator.rank == 1:
                os.write(2, b"the last words")
                os.kill(os.getpid(), signal.SIGKILL)

    class Broken(Callback):
        def on_epoch_end(self, loop):
            raise ZeroDivisionError(f"in epoch {loop.epoch}")

    return SimpleNamespace(Counter=Counter, Killed=Killed, Broken=Broken)


def children():
    found = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True
    )
    return [line for line in found.stdout.splitlines() if "training.worker" in line]


@pytest.fixture
def nothing_stays():
    """No process, thread, folder, port or variable is left."""
    handler = signal.getsignal(signal.SIGINT)

    def seen():
        folders = [p for d in ("/dev/shm", "/tmp") for p in Path(d).glob("torchbridge-*/plan.json")]
        own = [p for p in folders if f'"session": {os.getpid()}' in p.read_text()]
        return children(), own, len(threading.enumerate()), variables(), listening()

    before = seen()
    yield
    assert seen() == before
    assert signal.getsignal(signal.SIGINT) is handler


def variables():
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def listening():
    """Ports that this process listens at."""
    own = set()
    for fd in Path("/proc/self/fd").iterdir():
        try:
            own.add(os.readlink(fd))
        except OSError:
            continue
    text = "".join(Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6"))
    lines = [line.split() for line in text.splitlines()]
    return [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in own]


def data(n=70):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return x, x.sum(1, keepdim=True)


def network():
    return mlp(3, [4], 1, seed=1).double()


OPTIONS = {"batch_size": 20, "device": "cpu", "seed": 0, "progress": False}


def test_a_session_trains_on_two_devices_and_goes_on(nothing_stays):
    class Scaled(nn.Module):  # a class of the session's, known nowhere else
        def __init__(self):
            super().__init__()
            self.inner = network()

        def forward(self, x):
            return 2 * self.inner(x)

    seen = []

    def at_end(row):
        seen.append(row["epoch"])
        return False if row["epoch"] == 3 else {"score": 10.0 * row["epoch"]}

    counter = in_workers().Counter()
    module = Scaled()
    found = fit(
        module,
        *data(),
        epochs=5,
        loss=lambda output, y: (output - y).abs().mean(),
        callbacks=[EpochEnd(at_end), counter],
        devices=2,
        **OPTIONS,
    )
    assert seen == found.history["epoch"] == [1, 2, 3]
    assert found.history["score"][:2] == [10.0, 20.0]
    assert (
        found.status == "stopped early in epoch 3: the function at the epoch's end returned False"
    )
    assert found.module is module
    assert counter.batches > 0 and counter.pid != os.getpid()
    assert not torch.equal(module.inner[0].weight, network()[0].weight)


def test_a_worker_that_is_killed_is_an_error_with_its_last_words(nothing_stays):
    module = network()
    with pytest.raises(
        RuntimeError,
        match=r"worker 1 of 2 was ended by SIGKILL; its last words were:\n[^$]*the last words",
    ):
        fit(module, *data(), epochs=5, callbacks=[in_workers().Killed()], devices=2, **OPTIONS)
    assert torch.equal(module[0].weight, network()[0].weight)


def test_an_error_in_a_worker_is_that_of_one_process(nothing_stays):
    with pytest.raises(ZeroDivisionError, match="in epoch 1"):
        fit(network(), *data(), epochs=5, callbacks=[in_workers().Broken()], devices=2, **OPTIONS)


def test_an_interrupt_ends_all_and_gives_the_fit_so_far(nothing_stays):
    def at_end(row):
        if row["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGINT)

    x, y = data()
    found = fit(
        network(),
        x,
        y,
        validation=(x, y),
        epochs=10**6,
        callbacks=[EpochEnd(at_end)],
        devices=2,
        **OPTIONS,
    )
    assert found.status.startswith("interrupted in epoch ")
    assert found.history["epoch"][:2] == [1, 2]
    assert len(found.history["epoch"]) < 10**6


def test_what_cannot_be_sent_is_refused_before_anything_starts(nothing_stays):
    lock = threading.Lock()
    with pytest.raises(TypeError, match="loss cannot be sent to other processes: .*lock"):
        fit(
            network(),
            *data(),
            loss=lambda o, y: (lock, (o - y).abs().mean())[1],
            devices=2,
            **OPTIONS,
        )
