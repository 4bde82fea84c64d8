"""Which process of a job this one is. What they do together: test_distributed.py."""

from datetime import timedelta

import pytest

from torchbridge.models.training.ranks import Rank, deadline, find_rank

TORCHRUN = {
    "RANK": "9",
    "WORLD_SIZE": "16",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "8",
    "MASTER_ADDR": "node1",
    "MASTER_PORT": "29500",
}
SRUN = {
    "SLURM_JOB_ID": "123456",
    "SLURM_STEP_ID": "2",
    "SLURM_STEP_NUM_TASKS": "16",
    "SLURM_PROCID": "9",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "8(x2)",
    "SLURM_STEP_NODELIST": "gpu[007-008]",
}


def test_torchrun_says_which():
    assert find_rank(TORCHRUN) == Rank(9, 16, 1, 8, "node1:29500")
    # torchrun started by srun: the rank is torchrun's.
    assert find_rank(SRUN | TORCHRUN) == Rank(9, 16, 1, 8, "node1:29500")


def test_srun_says_which():
    assert find_rank(SRUN) == Rank(9, 16, 1, 8, "gpu007:23458")
    assert find_rank(SRUN | {"MASTER_PORT": "1234"}).address == "gpu007:1234"


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("a", "a"), ("a,b", "a"), ("n[3,5-9]-ib,m1", "n3-ib"), ("x-[01-02],y", "x-01")],
)
def test_the_first_host_of_a_list_of_slurms(nodes, first):
    place = find_rank(SRUN | {"SLURM_STEP_NODELIST": nodes})
    assert place.address == f"{first}:23458"


def test_a_session_a_batch_script_and_a_single_task_are_no_job():
    assert find_rank({}) is None
    batch = {name: SRUN[name] for name in ("SLURM_JOB_ID", "SLURM_PROCID", "SLURM_LOCALID")}
    assert find_rank(batch) is None
    assert find_rank(SRUN | {"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}) is None


def test_an_environment_that_cannot_be_is_an_error():
    with pytest.raises(ValueError, match='variable RANK must be a whole number, not "one"'):
        find_rank(TORCHRUN | {"RANK": "one"})
    with pytest.raises(ValueError, match="this is process 16 of 16"):
        find_rank(TORCHRUN | {"RANK": "16"})


def test_the_deadline_is_in_the_environment(monkeypatch):
    assert deadline() == timedelta(seconds=600)
    monkeypatch.setenv("TORCHBRIDGE_DEADLINE", "2.5")
    assert deadline() == timedelta(seconds=2.5)
    for wrong in ("soon", "0", "-1", "nan"):
        monkeypatch.setenv("TORCHBRIDGE_DEADLINE", wrong)
        with pytest.raises(ValueError, match="must be a number of seconds"):
            deadline()
