"""The workflows can't run here: what they name is asked for, and that they say so."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_steps_are_whole_and_make_what_there_is(file):
    text = file.read_text()
    assert text.startswith("# Untested: ")
    jobs = yaml.safe_load(text)["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    for step in steps:
        assert ("run" in step) != ("uses" in step), step
        assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w./-]+@v\d+", step["uses"]), step
    made = re.findall(r"^make(?: [A-Z]+=\S*)* ([a-z-]+)$", "\n".join(map(run_of, steps)), re.M)
    assert set(made) <= TARGETS
    assert len(made) == sum("make" in run_of(step).split()[:1] for step in steps)


def run_of(step):
    return step.get("run", "")


def test_there_are_workflows():
    assert [file.stem for file in WORKFLOWS] == ["site", "test", "wheels"]
