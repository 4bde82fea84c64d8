"""``%load_ext torchbridge``: R in a notebook's own cells, by ``%%R`` and ``%R``.

Tests: tests/process/test_notebook.py.
"""

from __future__ import annotations

import warnings
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from torchbridge.process import host, notebook
from torchbridge.process.errors import RWarning
from torchbridge.values.r_functions import by_value

_MIME = {"png": "image/png", "svg": "image/svg+xml"}
_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "px": 1 / notebook.SCREEN}


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext torchbridge`` calls; R starts with the first cell that needs it."""
    shell.register_magics(RMagics)


@magics_class
class RMagics(Magics):
    """The magics; of the names that rpy2's users know."""

    @magic_arguments()
    @argument("-i", "--input", action="append", default=[], help="Python variables that R gets.")
    @argument("-o", "--output", action="append", default=[], help="R variables that Python gets.")
    @argument("-n", "--noreturn", action="store_true", help="%%R gives no value.")
    @argument("-w", "--width", type=float, help="Width of figures.")
    @argument("-h", "--height", type=float, help="Height of figures.")
    @argument("-u", "--units", choices=tuple(_INCHES), default="px", help="Of both: px (1/72 in).")
    @argument("-r", "--res", type=float, help="Pixels of a PNG for an inch (144).")
    @argument("-p", "--pointsize", type=float, help="Size of text in points (12).")
    @argument("-b", "--bg", help="Background colour (white).")
    @argument("-f", "--format", choices=tuple(_MIME), help="Of figures.")
    @argument("code", nargs="*", help="R code; in a cell it comes before the cell's.")
    @needs_local_scope
    @line_cell_magic
    @no_var_expand
    def R(self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        """Run R code in R's workspace.

        A cell runs as in R's console: visible values are printed, figures appear below. A line,
        ``x = %R mean(y)``, gives the value of its last expression, converted as a result of R's
        functions is. Names are separated by commas; ``-i y=frame.x`` names the R variable, and
        ``-o my.y`` gives the Python variable ``my_y``. An R error is an RError.
        """
        args = parse_argstring(self.R, line)
        notebook.add_helpers(host.native())
        for name, value in self._inputs(args.input, local_ns or {}).items():
            _helper("set_variable")(name, by_value(value))
        code = " ".join(args.code)
        value = _run(code if cell is None else f"{code}\n{cell}", cell is not None, _settings(args))
        self.shell.push(_outputs(args.output))
        return None if args.noreturn else value

    def _inputs(self, given: list[str], local: dict[str, Any]) -> dict[str, Any]:
        """Values by their names in R."""
        values = {}
        for item in _names(given):
            name, _, path = item.rpartition("=")
            first, *attributes = path.split(".")
            if first not in local and first not in self.shell.user_ns:
                raise UsageError(f"-i {item}: Python has no variable {first!r}")
            value = local[first] if first in local else self.shell.user_ns[first]
            for attribute in attributes:
                value = getattr(value, attribute)
            values[name or path] = value
        return values


def _run(code: str, printing: bool, settings: dict[str, Any]) -> Any:
    """R's warnings are told in R's way: the line that Python would name is not the user's."""
    with warnings.catch_warnings(record=True) as caught:
        value = _helper("run_cell")(code, printing, settings)
    for warning in caught:
        if issubclass(warning.category, RWarning):
            print(f"Warning message:\n{warning.message}")
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return value


def _settings(args: Any) -> dict[str, Any]:
    """The cell's own figure settings, by the names of notebook.R."""
    scale = _INCHES[args.units]
    return {
        "width": None if args.width is None else args.width * scale,
        "height": None if args.height is None else args.height * scale,
        "res": args.res,
        "pointsize": args.pointsize,
        "bg": args.bg,
        "format": None if args.format is None else _MIME[args.format],
    }


def _outputs(given: list[str]) -> dict[str, Any]:
    for name in _names(given):
        if not _helper("has_variable")(name):
            raise UsageError(f"-o {name}: R has no variable {name!r}")
    return {name.replace(".", "_"): _helper("get_variable")(name) for name in _names(given)}


def _names(given: list[str]) -> list[str]:
    return [name for names in given for name in names.split(",") if name]


def _helper(name: str) -> Any:
    return host.native().helper(name)
