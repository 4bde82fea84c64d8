"""Several processes of a job train one model: the script of each is rank_script.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from torchbridge.models.training.batches import share_of
from torchbridge.models.training.device import Accelerator
from torchbridge.models.training.sharding import blocks, can_shard

CAN_SHARD = can_shard(torch.device("cpu"))
needs_sharding = pytest.mark.skipif(not CAN_SHARD, reason="FSDP2 does not run on the CPU here")
SCRIPT = Path(__file__).parent / "rank_script.py"


def free_port():
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    return store.port


def environment(rank, port, n=2):
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": n, "LOCAL_WORLD_SIZE": n}
    more = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    return os.environ | {name: str(value) for name, value in (place | more).items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes has found, by name."""
    path, port = tmp_path_factory.mktemp("ranks") / "found", free_port()
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, path],
            env=environment(rank, port),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "".join(said)
    return [torch.load(f"{path}.{rank}") for rank in range(2)]


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


ALIKE = ["adamw", "in order", "lbfgs", "unused", "loader", "single", "batch norm", "bf16"]
ALIKE += ["parts"]
SHARDED = ["fsdp parts", "fsdp", "fsdp batch norm", "blocks", "fsdp bf16"]
SHARDED += ["sgd", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam"]


@pytest.mark.parametrize(
    "name", ALIKE + [pytest.param(name, marks=needs_sharding) for name in SHARDED]
)
def test_two_processes_give_the_weights_and_losses_of_one(found, name):
    together, alone = found[0][f"{name} None"], found[0][f"{name} 1"]
    # L-BFGS divides by differences of gradients, Adam the gradient of a bias that batch
    # normalisation takes away by its own size; half precision has three digits.
    tol = 1e-7 if name in ("lbfgs", "batch norm", "fsdp batch norm") else 1e-9
    tol = 0.02 if name.endswith("bf16") else tol
    for key, weight in alone[0].items():
        torch.testing.assert_close(together[0][key], weight, rtol=tol, atol=tol)
    assert together[1].keys() == alone[1].keys()
    for column, values in alone[1].items():
        assert together[1][column] == pytest.approx(values, rel=tol)
    assert equal(together[0], found[1][f"{name} None"][0])
    assert together[1] == found[1][f"{name} None"][1]


@pytest.mark.skipif(CAN_SHARD, reason="FSDP2 runs on the CPU here")
def test_where_it_cannot_be_in_parts_each_process_says_so(found):
    for each in found:
        assert each["no fsdp"].startswith('RuntimeError: strategy "fsdp" does not run on CPUs with')


@needs_sharding
def test_a_checkpoint_in_parts_is_the_whole_state(found):
    weights, history = found[0]["not interrupted"]
    assert equal(found[0]["resumed"][0], weights)
    assert found[0]["resumed"][1] == history
    for name, weight in found[0]["resumed by ddp"][0].items():
        torch.testing.assert_close(weight, weights[name], rtol=1e-9, atol=1e-9)


def test_blocks_are_elements_of_containers_from_within():
    inner = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU())
    attention = torch.nn.MultiheadAttention(4, 2)  # uses the weights of a layer that it never calls
    layers = torch.nn.ModuleList([torch.nn.Sequential(inner), attention])
    assert list(blocks(layers, 4)) == [inner[0], attention]
    assert list(blocks(layers, 40)) == [attention]


def test_without_a_seed_the_first_process_decides(found):
    (one, history, losses), (other, also, same) = (each["dropout"] for each in found)
    assert equal(one, other)
    assert (history, losses) == (also, same)
    assert len(losses) == 12


def test_only_the_first_process_calls_a_function_at_the_end_of_epochs(found):
    assert [each["lines"] for each in found] == [5, 0]
    assert found[0]["two"] == found[1]["two"] == [2.0] * 5


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("no rows", ["ElsewhereError: process 1 of the job's 2 failed: {}", "{}"]),
        ("other rows", ["{} it is 103 in process 0, and 102 in process 1", None]),
        ("other lr", ["{} it is 0.1 in process 0, and 1.1 in process 1", None]),
        ("other order", ["{}", "{}"]),
        ("devices", ["{}", "{}"]),
        pytest.param("fsdp lbfgs", ["{}", "{}"], marks=needs_sharding),
        ("diverged", ["{}", "{}"]),
        ("middle", ["ElsewhereError: process 1 of the job's 2 failed: {}", "{}"]),
        ("after", ["{}", "{}"]),
    ],
)
def test_each_process_ends_in_an_error_where_one_does(found, name, errors):
    said = {
        "no rows": "ValueError: x has no rows",
        "other rows": "ValueError: n_rows must be the same in every process",
        "other lr": "ValueError: lr must be the same in every process of the job:",
        "other order": "ValueError: x does not give the same batches in each process of the job",
        "devices": "ValueError: devices is 3, and this process is one of a job of 2: leave devices",
        "fsdp lbfgs": 'ValueError: optimizer "lbfgs" takes weights whole',
        "diverged": "FloatingPointError: train_loss became",
        "middle": "KeyError: 'what is wrong'",
        "after": "RuntimeError: the processes of this job have parted in a fit before this one",
    }[name]
    for rank, error in enumerate(errors):
        if error is not None:
            wanted = error.format(said)
            start, _, rest = wanted.partition(said)
            assert found[rank][name].startswith(start + said)
            assert rest in found[rank][name]


@pytest.mark.parametrize(("n_rows", "least", "n"), [(7, 1, 3), (3, 2, 4), (1, 1, 2), (5, 2, 2)])
def test_shares_are_all_rows_and_none_is_too_small(n_rows, least, n):
    rows, counted = [], 0
    for rank in range(n):
        process = Accelerator(torch.device("cpu"))
        process.rank, process.world_size = rank, n
        share, (count, whole) = share_of(process, n_rows, least)
        own = list(range(n_rows))[share]
        assert whole == n_rows
        assert len(own) >= least
        assert count in (0, len(own))
        rows += own if count else []
        counted += count
    assert rows == list(range(n_rows))
    assert counted == n_rows
