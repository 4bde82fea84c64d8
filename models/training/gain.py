"""What a fit would gain as a program: said in a line, once a session, of fits that take long.

Tests: tests/models/training/test_gain.py.
"""

import sys
from collections.abc import Callable

from ..callbacks import ProgressBar, ProgressLines
from .epochs import why_not
from .loop import Loop
from .updates import UPDATES

#: Seconds below which nobody minds, those that a program takes to compile, and for each step.
_SHORT, _COMPILING, _STEP = 5.0, 2.0, 2e-5
#: Multiplications a second, as measured of networks that fit into a processor's caches.
_SPEED = 3e10
#: How many times as long a fit must take to be worth a line.
_TIMES = 5.0

_said: list[str] = []


def tell_gain(loop: Loop, seconds: float, multiplications: float) -> None:
    """Say what `compile = "xla"` would save, where that is four fifths or more.

    Args:
        loop: an eager fit that has ended.
        seconds: how long it took.
        multiplications: those of a step forward.
    """
    say = _listener(loop)
    if _said or say is None or seconds < _SHORT or loop.engine != "eager":
        return
    if sys.version_info < (3, 11) or loop.settings["optimizer"] not in UPDATES:
        return
    if why_not(loop) is not None:
        return
    steps = len(loop.history["epoch"]) * len(loop.batches)
    # Backward takes twice what forward takes.
    program = _COMPILING + steps * (_STEP + 3 * multiplications / _SPEED)
    if seconds < _TIMES * program:
        return
    line = (
        f'{steps} small steps took {seconds:.0f} s; with compile = "xla" such a fit would take '
        f'some {program:.0f} s (pip install "torchbridge[xla]")'
    )
    _said.append(line)
    say(line)


def _listener(loop: Loop) -> Callable[[str], object] | None:
    """Where a fit says how far it is; None where it is to be silent."""
    for callback in loop.callbacks:
        if isinstance(callback, ProgressLines):
            return callback.lines.say
        if isinstance(callback, ProgressBar):
            return lambda line: print(f"torchbridge: {line}", file=sys.stderr, flush=True)
    return None
