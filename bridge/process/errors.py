"""What an R error is in Python, and a Python exception in R."""

from __future__ import annotations

import sys
import threading
import traceback
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any


class RError(RuntimeError):
    """An R error, with R's message, its calls and its condition classes.

    Attributes:
        message: R's ``conditionMessage()``.
        calls: the R calls that led to the error, outermost first, as text.
        classes: the classes of the R condition, e.g. ``("simpleError", "error", "condition")``.
        condition: the R condition itself. When the error reaches R again, this very
            condition is signalled, so that R's handlers see what R raised.
    """

    __module__ = "torchbridge"  # what a traceback names, wherever this file stands

    def __init__(
        self,
        message: str,
        calls: Sequence[str] = (),
        classes: Sequence[str] = (),
        condition: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.calls = tuple(calls)
        self.classes = tuple(classes)
        self.condition = condition

    def __str__(self) -> str:
        if not self.calls:
            return self.message
        lines = "\n".join(f"  {call}" for call in self.calls)
        return f"{self.message}\nR traceback (most recent call last):\n{lines}"


class RJump(BaseException):
    """R jumps out of R code that Python called, to a handler or restart of R code further out.

    Not an Exception: what ends here is no failure, and R waits for it. Python code that catches
    it has ended the jump, and the call of R's goes on.

    Attributes:
        token: R's own, with which the C core goes on with the jump.
        call: the number of the call of R's into Python in which it is good.
    """

    __module__ = "torchbridge"

    def __init__(self, token: object, call: int) -> None:
        super().__init__("R jumps to R code further out")
        self.token = token
        self.call = call


class RWarning(UserWarning):
    """A warning raised by R code that Python called."""

    __module__ = "torchbridge"


class HostError(RuntimeError):
    """R or Python cannot be started here; the message says why and what to do."""

    __module__ = "torchbridge"


#: What R torch calls conditions of these classes.
_R_TORCH = {
    "ValueError": "value_error",
    "RuntimeError": "runtime_error",
    "TypeError": "type_error",
    "NotImplementedError": "not_implemented_error",
}

#: Files of the frames that stand between R and the Python code that it calls.
hidden_files: set[str] = set()


def describe(error: BaseException) -> tuple[str, list[str], list[str], object]:
    """What the native core makes an R condition of: message, classes, traceback, condition."""
    name = type(error).__name__
    message = error.message if isinstance(error, RError) else _text(error)
    # The message of a KeyError is a mere key: without its class it says nothing.
    if not isinstance(error, (ValueError, TypeError, RuntimeError)) or not message:
        message = f"{name}: {message}" if message else name
    classes = [
        c.__name__ for c in type(error).__mro__ if c not in (Exception, BaseException, object)
    ]
    classes += [_R_TORCH[name] for name in classes if name in _R_TORCH]
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in hidden_files:
        frames = frames.tb_next
    try:
        lines = "".join(_format(error, frames)).splitlines()
    except Exception:  # what formats it fails too
        lines = []
    return message, classes, lines, getattr(error, "condition", None)


class _Frames(traceback.StackSummary):
    """Frames that have been read of a traceback, each with its text once it was asked for."""

    top: TracebackType | None = None
    texts: dict[int, str]

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **how: Any) -> str:
        text = self.texts.get(id(frame_summary))
        if text is None:
            # Python 3.10 formats without asking here, and has no such method.
            text = super().format_frame_summary(frame_summary, **how)  # type: ignore[misc]
            self.texts[id(frame_summary)] = text
        return text

    def __reduce__(self) -> tuple[type[_Frames], tuple[()]]:
        # Exceptions that have crossed pickle, and a traceback does not.
        return _Frames, ()


def _format(error: BaseException, top: TracebackType | None) -> Iterable[str]:
    """As `traceback.format_exception`, in time that does not grow with what was said before.

    An exception that goes through R and Python by turns is described at each crossing, and its
    traceback grows by what it has passed since: only that is read. Python 3.13 and later take
    a millisecond for some frames.
    """
    if error.__cause__ is not None or error.__context__ is not None:
        return traceback.format_exception(type(error), error, top)
    read: _Frames | None = getattr(error, "_torchbridge_frames", None)
    known = None if read is None else read.top
    new, entry = 0, top
    while entry is not None and entry is not known:
        new, entry = new + 1, entry.tb_next
    frames = _Frames(traceback.extract_tb(top, limit=new))
    frames.top, frames.texts = top, {}
    if read is not None and entry is not None:
        frames.extend(read)
        frames.texts = read.texts
    with suppress(Exception):  # a class of one's own may refuse attributes
        error._torchbridge_frames = frames  # type: ignore[attr-defined]
    whole = traceback.TracebackException(type(error), error, top, limit=0)
    whole.stack = frames
    return whole.format()


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failed:
        return f"its text could not be made ({type(failed).__name__})"


class LossyWarning(UserWarning):
    """Something of the data had no place on the other side; the message names the column."""

    __module__ = "torchbridge"


class _Prefixes(threading.local):
    """What the columns that a thread converts begin messages with, the outermost first."""

    def __init__(self) -> None:
        self.words: list[str] = []


_prefixes = _Prefixes()


class naming_column:  # noqa: N801 - what `with` makes of it is no object for anybody
    """``with naming_column(name):`` errors and warnings of a column's conversion name the column.

    A frame has many: this costs less than a context manager that is a generator, and looking at
    Python's filters of warnings for each.
    """

    def __init__(self, name: object) -> None:
        self.prefix = f"column '{name}': "

    def __enter__(self) -> None:
        _prefixes.words.append(self.prefix)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        _prefixes.words.pop()
        if isinstance(error, (TypeError, ValueError)):
            named = TypeError if isinstance(error, TypeError) else ValueError
            raise named(f"{self.prefix}{error}") from error


def warn_lossy(notes: Sequence[str]) -> None:
    """Warn of what was lost, each in a message, where the user's code is.

    The native core calls it with one for each column that lost something.
    """
    level = _level_of_user(sys._getframe().f_back)
    prefix = "".join(_prefixes.words)
    for note in notes:
        warnings.warn(f"{prefix}{note}", LossyWarning, stacklevel=level)


def warn_r(message: str) -> None:
    """Warn of what R code warns of, where the user's code is; R's own side calls it."""
    warnings.warn(message, RWarning, stacklevel=_level_of_user(sys._getframe().f_back))


def _level_of_user(frame: FrameType | None) -> int:
    """The ``stacklevel`` for the caller's frame of the first that is not this package's.

    Where R hosts and calls the core, there may be no frame of Python's at all: None.
    """
    level = 2
    while frame is not None and frame.f_back is not None and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    return level


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    between = frame.f_code.co_filename in hidden_files
    return between or name.split(".", 1)[0] in ("torchbridge", "contextlib")
