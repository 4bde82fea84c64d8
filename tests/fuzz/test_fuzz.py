"""A fixed number of the fuzzers' inputs; `make fuzz INPUTS=1000000 SEED=2` runs others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parent / "run.py"
INPUTS = {"arrow": 3000, "dlpack": 6000, "vectors": 100, "files": 500}


@pytest.mark.parametrize("part", INPUTS)
def test_no_input_crashes_hangs_or_is_another_value(part):
    command = [sys.executable, str(RUN), "--part", part, "--inputs", str(INPUTS[part])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{part}: {INPUTS[part]} inputs" in done.stdout
