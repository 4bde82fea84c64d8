"""R scripts from Python: ``source`` gives an object whose attributes are the script's functions."""

from __future__ import annotations

import os
from pathlib import Path
from weakref import WeakValueDictionary

from torchbridge.process import host
from torchbridge.values.r_functions import REnvironment


def source(path: str | os.PathLike[str] | None = None, *, text: str | None = None) -> RScript:
    """Run an R script once and give its functions and values as attributes.

    The script runs in an environment of its own (its parent is R's global environment),
    so that two scripts do not disturb each other. S4 and reference classes, and generics that
    it makes, are R's own: there is one of a name, as with R's ``source()``.

    Args:
        path: An R file, in UTF-8.
        text: R code in place of a file.

    Returns:
        An :class:`RScript`.

    Raises:
        FileNotFoundError: no such file.
        TypeError: neither ``path`` nor ``text``, or both.
        RError: the script does not parse, or stops with an error.
    """
    if (path is None) == (text is None):
        raise TypeError("source() takes the path of an R script, or its text= instead")
    if path is None:
        return RScript(None, text)
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"path: no R script at {file}")
    return RScript(file)


class RScript(REnvironment):
    """The functions and values of an R script.

    ``script.name`` or ``script["name"]``; a dot in an R name may be written as an
    underscore (``read.data`` is ``script.read_data``). Values are converted when read.
    It pickles as its source, which unpickling runs.
    """

    def __init__(self, file: Path | None, text: str | None = None) -> None:
        self._file = file
        self._text = text
        where = None if file is None or text is not None else str(file.resolve())
        self._environment = host.native().helper("new_script").call(where, text)

    def _label(self) -> str:
        return "the script" if self._file is None else self._file.name

    def __reduce__(self) -> tuple[object, tuple[str | None, str]]:
        text = self._text
        if text is None:
            assert self._file is not None
            text = self._file.read_text("utf-8")
        return _unpickled, (None if self._file is None else str(self._file), text)

    def __repr__(self) -> str:
        file = "" if self._file is None else f" {self._file}"
        return f"<RScript{file}: {', '.join(self.__dir__())}>"


#: Functions of one script share its environment also when they were pickled one by one.
_scripts: WeakValueDictionary[tuple[str | None, str], RScript] = WeakValueDictionary()


def _unpickled(file: str | None, text: str) -> RScript:
    script = _scripts.get((file, text))
    if script is None:
        script = _scripts[file, text] = RScript(None if file is None else Path(file), text)
    return script
