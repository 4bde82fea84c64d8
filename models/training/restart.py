"""A job that was started anew goes on from the checkpoint that it has written before.

Tests: tests/models/training/test_restart.py.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from ..callbacks import ModelCheckpoint
from .checkpoint import is_of_this_fit
from .loop import Loop


def may_start_anew(env: Mapping[str, str] = os.environ) -> bool:
    """Is this a process of a job that torchrun restarts where it fails, or Slurm requeues?"""
    return env.get("TORCHELASTIC_MAX_RESTARTS", "0") != "0" or "SLURM_STEP_ID" in env


def checkpoint_before(loop: Loop) -> str | None:
    """The file that the same fit wrote before the job was started anew; None where there is none.

    The first process looks, for all of them.
    """
    own = [c for c in loop.callbacks if isinstance(c, ModelCheckpoint)]
    if not own or not may_start_anew():
        return None
    return loop.accelerator.from_first(lambda: _look(own[-1].path, loop))


def _look(pattern: str, loop: Loop) -> str | None:
    path = latest(pattern)
    if path is None:
        return None
    why = is_of_this_fit(path, loop)
    print(
        f"torchbridge: goes on from {path}"
        if why is None
        else f"torchbridge: begins anew, for {path} is of another fit ({why})",
        file=sys.stderr,
        flush=True,
    )
    return path if why is None else None


def latest(pattern: str) -> str | None:
    """The file of the last epoch that is there; "{epoch}" stands for its number."""
    if "{epoch}" not in pattern:
        return pattern if Path(pattern).is_file() else None
    before, after = (re.escape(part) for part in pattern.split("{epoch}", 1))
    wanted = re.compile(before + r"(\d+)" + after.replace(r"\{epoch\}", r"\1"))
    folder = Path(pattern.split("{epoch}", 1)[0] + "0").parent
    numbers = [
        (int(found.group(1)), str(path))
        for path in _files(folder, pattern)
        if (found := wanted.fullmatch(str(path))) is not None
    ]
    return max(numbers)[1] if numbers else None


def _files(folder: Path, pattern: str) -> list[Path]:
    depth = len(Path(pattern).parts) - len(folder.parts)
    return list(folder.glob("/".join(["*"] * depth)))
