"""Python's main module: R's calls come from there, and R's Python code runs there.

Functions that ask for their caller's frame (``eval``, pandas' ``query``, ``warnings.warn``) find
the main module, as they do for a line that is typed at Python's prompt. R's calls have no frame of
their own, and those functions fail where there is none.

Tests: test-python-run.R.
"""

from __future__ import annotations

import linecache
import os
import sys
import textwrap
import tokenize
from collections.abc import Callable
from itertools import count
from types import CodeType, ModuleType
from typing import Any

from torchbridge.process import errors

_FILE = "<R>"
_LOCAL = (globals, locals, vars)  # without an argument they are about the caller
_numbers = count(1)

errors.hidden_files.update((_FILE, __file__))


def main() -> ModuleType:
    """The module ``__main__``, which any Python has."""
    return sys.modules["__main__"]


#: Calls a function of Python's; its frame is one of the main module.
from_main: Callable[..., Any] = eval(
    compile("lambda function, /, *args, **kwargs: function(*args, **kwargs)", _FILE, "eval"),
    vars(main()),
)


def builtin_from_main(function: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:
    """Likewise one of Python's builtins, some of which read their caller's variables."""
    if function in (eval, exec) and len(args) == 1 and not kwargs:
        return function(*args, vars(main()))
    if not args and not kwargs:
        if function in _LOCAL:
            return vars(main())
        if function is dir:
            return sorted(vars(main()))
    return function(*args, **kwargs)


def run(code: str | None, file: str | None) -> ModuleType:
    """R's ``py_run``: runs code, or a file, in the main module, and gives that.

    While a file runs, its folder is the first on ``sys.path``, as for Python's own scripts.
    """
    if file is None:
        exec(_compiled(textwrap.dedent(code or "")), vars(main()))
        return main()
    path = os.path.abspath(os.path.expanduser(file))
    with tokenize.open(path) as opened:
        script = compile(opened.read(), path, "exec")
    folder = os.path.dirname(path)
    sys.path.insert(0, folder)
    try:
        exec(script, vars(main()))
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
    return main()


def _compiled(text: str) -> CodeType:
    """Code whose lines tracebacks and ``inspect.getsource`` find."""
    name = f"<R code {next(_numbers)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return compile(text, name, "exec")
