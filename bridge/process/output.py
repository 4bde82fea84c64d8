"""Where R hosts, what Python prints goes where R prints: ``capture.output()``, ``sink()``, knitr.
Python's warnings are R warnings. Where Python hosts, what R writes to its stderr goes to Python's.

Tests: tests/process/test_output.py
"""

from __future__ import annotations

import codecs
import io
import re
import sys
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any, TextIO

from torchbridge.process import r_thread
from torchbridge.process.errors import LossyWarning

if TYPE_CHECKING:
    from torchbridge.process.native_core import NativeCore


def to_r(core: NativeCore) -> None:
    """Have ``sys.stdout`` and ``sys.stderr`` write through R, where nobody else has taken them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream is getattr(sys, f"__{name}__"):
            ours = _ToR(stream, core, name)
            setattr(sys, name, ours)
            # Who captures output (reticulate's py_capture_output()) looks for the loggers that
            # write to this one.
            setattr(sys, f"__{name}__", ours)


def warnings_to_r(core: NativeCore) -> None:
    """Have Python's warnings be R's, of their classes; a LossyWarning of ``torchbridge_lossy``.

    PyTorch's and conversions' each time, as R's are; Python alone tells a place's first.
    """
    warnings.simplefilter("always", LossyWarning)
    warnings.simplefilter("always", UserWarning, append=True)  # behind what the user has set
    python_shows = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        lossy = issubclass(category, LossyWarning)
        classes = [c.__name__ for c in category.__mro__ if issubclass(c, Warning)][:-1]
        here = file is None and r_thread.here()
        text = _ORIGIN.sub("", str(message))
        if not (here and core.note(text, ["torchbridge_lossy"] if lossy else classes)):
            python_shows(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def from_r(core: NativeCore) -> None:
    """Have messages of R code that is called by the bridge read on ``sys.stderr`` as R writes them.

    Those of calls of rpy2's own stay rpy2's (a log), and so does all where somebody has replaced
    rpy2's way to write.
    """
    from rpy2.rinterface_lib import callbacks

    theirs = callbacks.consolewrite_warnerror
    if theirs.__module__ != callbacks.__name__:
        return

    def write(s: str) -> None:
        if not core.running_r():
            theirs(s)
        elif sys.stderr is not None:
            sys.stderr.write(s)

    callbacks.consolewrite_warnerror = write


#: Where in PyTorch's own sources a warning was made.
_ORIGIN = re.compile(r"\s*\((function operator\(\)|Triggered internally at .*?)\)\s*$")


class _ToR:
    """A text stream that R writes; Python's own once R has ended.

    What other threads print, R's thread writes as soon as it runs Python code; on ``stderr`` they
    write themselves, for who says there what went wrong may be the last to say anything.
    """

    def __init__(self, stream: TextIO, core: NativeCore, connection: str) -> None:
        self._stream = stream
        self._write = core.helper("write_to")
        self._soon = core.soon
        self._connection = connection
        self._of_threads: deque[str] = deque()
        self._asked = False
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if r_thread.here():
            self._deliver()
            return self._by_r(text)
        if self._connection == "stderr":
            return self._at_once(text)
        self._of_threads.append(text)
        if not self._asked:
            self._asked = self._soon(self._deliver)
        return len(text)

    def _deliver(self) -> None:
        self._asked = False
        texts = []
        while self._of_threads:
            texts.append(self._of_threads.popleft())
        if texts:
            self._by_r("".join(texts))

    def _by_r(self, text: str) -> int:
        try:
            # R's strings end at a zero, and are valid UTF-8.
            clean = text.replace("\0", "").encode("utf-8", "backslashreplace").decode()
            self._write(clean, self._connection)
        except RuntimeError:  # R has ended, or the calls are too deep
            return self._at_once(text)
        return len(text)

    def _at_once(self, text: str) -> int:
        """Not later than what R prints next."""
        written = self._stream.write(text)
        self._stream.flush()
        return written

    def writelines(self, lines: Any) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        if r_thread.here():
            self._deliver()
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Bytes(io.RawIOBase):
    """The bytes below such a stream: ``sys.stdout.buffer``."""

    def __init__(self, text: _ToR) -> None:
        super().__init__()
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._text.write(self._decoder.decode(taken))
        return len(taken)

    def fileno(self) -> int:
        number: int = self._text.fileno()
        return number
