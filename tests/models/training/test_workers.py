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
from torchbridge.models.training.parcel import of_its_own, read_parcel, size_of, write_parcel

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
    for now, then in zip(seen(), before, strict=True):
        assert now == then
    assert signal.getsignal(signal.SIGINT) is handler


def variables():
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "TORCHINDUCTOR"))
    }


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


def test_two_devices_give_the_fit_of_one_and_the_session_goes_on(nothing_stays):
    class Scaled(nn.Module):  # a class of the session's, known nowhere else
        def __init__(self):
            super().__init__()
            self.inner = network()

        def forward(self, x):
            return 2 * self.inner(x)

    def run(devices):
        def at_end(row):
            seen.append(row["epoch"])
            return False if row["epoch"] == 5 else {"score": 10.0 * row["epoch"]}

        seen, counter, module = [], in_workers().Counter(), Scaled()
        torch.manual_seed(7)  # which decides, where the fit has no seed
        found = fit(
            module,
            x,
            y,
            weights=weights,
            validation=(x, y),
            epochs=9,
            lr=0.01,
            loss=lambda output, y: (output - y).abs(),
            callbacks=[EpochEnd(at_end), counter],
            devices=devices,
            **{**OPTIONS, "seed": None},
        )
        after.append(torch.rand(()).item())
        assert found.module is module and seen == [1, 2, 3, 4, 5]
        return found, counter

    x, y = data(67)  # four steps an epoch; the last has 7 rows, which no two share
    weights = torch.arange(1.0, 68.0, dtype=torch.float64)
    after = []
    one, alone = run(1)
    two, counter = run(2)
    for p, q in zip(one.module.parameters(), two.module.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-10, atol=1e-12)
    assert list(two.history) == ["epoch", "train_loss", "valid_loss", "score"]
    for name, values in one.history.items():
        assert two.history[name] == pytest.approx(values, rel=1e-10)
    assert (
        two.status
        == one.status
        == ("stopped early in epoch 5: the function at the epoch's end returned False")
    )
    assert after[0] == after[1]
    assert counter.batches == alone.batches == 20
    assert alone.pid == os.getpid() != counter.pid
    assert not torch.equal(two.module.inner[0].weight, network()[0].weight)


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


@pytest.mark.filterwarnings("ignore:Sparse CSR")
def test_tensors_are_sent_as_they_are_and_each_process_has_its_own(tmp_path):
    whole = torch.arange(10.0**6)
    dense = torch.tensor([[0.0, 2.0], [0.0, 0.0], [3.0, 0.0]])
    sent = {"part": whole[3:5], "sparse": dense.to_sparse_csr(), "model": network()}
    write_parcel(tmp_path / "parcel", {**sent, "part": of_its_own(sent["part"])})
    assert (tmp_path / "parcel").stat().st_size < 20_000
    assert size_of(whole) == 4 * 10**6 and size_of(sent["sparse"]) == 2 * 12 + 3 * 8
    one, other = (read_parcel(tmp_path / "parcel") for _ in range(2))
    one["part"].zero_()
    assert other["part"].tolist() == [3.0, 4.0] == whole[3:5].tolist()
    assert torch.equal(other["sparse"].to_dense(), dense)
    assert torch.equal(other["model"][0].weight, network()[0].weight)
