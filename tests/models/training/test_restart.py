"""A job of which a process is killed ends as one left alone. Each script is restart_script.py."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from torchbridge.models.training.restart import latest, may_start_anew

SCRIPT = Path(__file__).parent / "restart_script.py"


def torchrun(folder, *options, **more):
    command = [sys.executable, "-m", "torch.distributed.run", *options, SCRIPT, folder]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | more, start_new_session=True
    )


def wait_for(path, process):
    """Until a file has something in it."""
    for _ in range(3000):
        if path.exists() and path.read_text():
            return path.read_text()
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise TimeoutError(path)


def ends_as_one_left_alone(folder, processes):
    for process in processes:
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 0, said
    for rank in range(2):
        (killed, history), (alone, same) = torch.load(folder / f"weights.{rank}")
        assert all(torch.equal(killed[name], alone[name]) for name in alone)
        assert history == same


def test_a_process_is_killed(tmp_path):
    job = torchrun(tmp_path, "--nproc-per-node=2", "--max-restarts=1")
    os.kill(int(wait_for(tmp_path / "killed", job)), signal.SIGKILL)
    ends_as_one_left_alone(tmp_path, [job])
    first = (tmp_path / "killed").read_text()
    assert (tmp_path / "1").read_text() != first  # it was another process that ended it


def test_a_machine_of_two_is_lost_and_comes_back(tmp_path):
    """Two agents, on the loopback device; the one that does not hold the rendezvous is killed."""
    with_port = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    options = ["--nnodes=2", "--nproc-per-node=1", "--max-restarts=2", "--rdzv-backend=c10d"]
    options += [f"--rdzv-endpoint=127.0.0.1:{with_port.port}", "--local-addr=127.0.0.1"]
    del with_port
    # PyTorch's agents do not tell one that comes later where to meet, unless this says so.
    more = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    # (A machine is lost once it has been silent for as long as this.)
    conf = "--rdzv-conf=keep_alive_interval=1,keep_alive_max_attempt=3,is_host="
    one, other = (torchrun(tmp_path, *options, f"{conf}{host}", **more) for host in (1, 0))
    worker = int(wait_for(tmp_path / "killed", one))
    for process in (other.pid, worker):
        os.kill(process, signal.SIGKILL)
    again = torchrun(tmp_path, *options, f"{conf}0", **more)
    other.wait()
    ends_as_one_left_alone(tmp_path, [one, again])


def test_who_may_start_anew():
    assert may_start_anew({"TORCHELASTIC_MAX_RESTARTS": "2"})
    assert may_start_anew({"SLURM_STEP_ID": "0", "TORCHELASTIC_MAX_RESTARTS": "0"})
    assert not may_start_anew({"TORCHELASTIC_MAX_RESTARTS": "0"})
    assert not may_start_anew({})


def test_the_file_of_the_last_epoch_is_the_latest(tmp_path):
    pattern = str(tmp_path / "fit+{epoch}.c")
    assert latest(pattern) is None
    for name in ("fit+9.c", "fit+10.c", "fit+11.x", "fitt12.c", "fit+x.c"):
        (tmp_path / name).touch()
    assert latest(pattern) == str(tmp_path / "fit+10.c")
    assert latest(str(tmp_path / "fit+9.c")) == str(tmp_path / "fit+9.c")
    assert latest(str(tmp_path / "none")) is None
