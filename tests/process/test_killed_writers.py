"""Whenever a process is killed, the last complete file is readable, of every writer.

`killed_writers.py` does it with as many rounds as its argument says.
"""

import subprocess
import sys
from pathlib import Path

import pytest


def test_the_last_complete_file_is_readable():
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    script = Path(__file__).with_name("killed_writers.py")
    done = subprocess.run(
        [sys.executable, str(script), "2", "7"], capture_output=True, text=True, timeout=300
    )
    lines = [line.split(", ") for line in done.stdout.splitlines()]
    assert [line[-2:] for line in lines] == [["2 readable", "0 left"]] * 7, done.stderr
    assert done.returncode == 0
