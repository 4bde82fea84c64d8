"""The soak sees what grows, and the cheap pieces grow nothing in two thousand rounds.

`make soak` runs all of them, ten thousand times.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
_spec = importlib.util.spec_from_file_location("soak_run", RUN)
run = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(run)

LOOK = {"memory": 500_000, "files": 9, "threads": 4, "processes": 0, "temporary files": 2}
ALIVE = {"R objects": 10**6, "R vector words": 10**6, "Python objects": 10**6, "live py_handles": 7}


def piece(looks=(LOOK,) * 30, after=ALIVE):
    return {"name": "a", "rounds": 1000, "looks": looks, "before": ALIVE, "after": after}


def test_what_stays_is_not_told():
    moods = [{**LOOK, "memory": 500_000 + 40_000 * (i % 7)} for i in range(30)]
    assert run.grown(piece(moods)) == []


@pytest.mark.parametrize(
    ("what", "each"), [("memory", 4000), ("files", 1), ("threads", 1), ("temporary files", 1)]
)
def test_what_grows_while_it_runs_is_told(what, each):
    looks = [{**LOOK, what: LOOK[what] + each * i} for i in range(30)]
    assert run.grown(piece(looks)) == [f"{what} by {11 * each}"]


@pytest.mark.parametrize(
    ("what", "by"),
    [
        ("R objects", 1000),
        ("R vector words", 10_000),
        ("Python objects", 2000),
        ("live py_handles", 10),
    ],
)
def test_what_is_alive_afterwards_is_told(what, by):
    assert run.grown(piece(after={**ALIVE, what: ALIVE[what] + by})) == [f"{what} by {by}"]


@pytest.mark.parametrize(
    ("host", "pieces"),
    [("Python", r"^to_\w+\(\)$|^handle\(\)$|^a callback$"), ("R", r"x \+ 1|^torch_tensor")],
)
def test_two_thousand_rounds_grow_nothing(host, pieces):
    command = [sys.executable, str(RUN), "--rounds", "2000", "--host", host, "--only", pieces]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n") >= 3, done.stdout
