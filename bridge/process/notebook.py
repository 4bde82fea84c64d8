"""R in a Jupyter notebook of Python's: figures stand below the cell, R's words are plain output.

Where R starts within a notebook's kernel, what R draws appears as PNG (or SVG) when the cell ends,
messages come where ``print()`` prints, and a cell's last value, if it is an R object, is shown as R
prints it. Sizes and format are R's options by the names that Jupyter's R kernel has::

    options(repr.plot.width = 5, repr.plot.height = 4, jupyter.plot_mimetypes = "image/svg+xml")

Nothing is done, and no library is loaded, in any other process.
"""

from __future__ import annotations

import base64
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torchbridge.process import r_thread
from torchbridge.process.errors import RError

if TYPE_CHECKING:
    from torchbridge.process.native_core import NativeCore

#: Data and metadata by MIME type.
_Figure = tuple[dict[str, Any], dict[str, Any]]
#: A browser's pixels for an inch of R's: text of 12 points is 12 pixels high.
SCREEN = 72


def watch(core: NativeCore) -> bool:
    """Show what R draws and says in the notebook whose kernel this process is; is it one?"""
    shell = kernel_shell()
    if shell is not None:
        _Notebook(core, shell)
    return shell is not None


def add_helpers(core: NativeCore) -> None:
    """Put the functions of notebook.R among the core's helpers; once."""
    global _helpers_of
    if _helpers_of is not core:
        core.helper("add_helpers")(str(Path(__file__).with_name("notebook.R")))
        _helpers_of = core


_helpers_of: NativeCore | None = None


def kernel_shell() -> Any:
    """IPython's shell where it is a kernel's, with a page to show figures on; else None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return None if getattr(shell, "kernel", None) is None else shell


class _Notebook:
    def __init__(self, core: NativeCore, shell: Any) -> None:
        self._core = core
        self._display = sys.modules["IPython"].display.display
        add_helpers(core)
        core.helper("watch_figures")()
        shell.events.register("post_execute", self._show_figures)
        _take_console()
        self._show_objects(shell.display_formatter)

    def _show_figures(self) -> None:
        """What was drawn in this cell, page by page."""
        if not r_thread.here():  # a cell of a subshell: R's figures wait for R's thread
            return
        try:
            for figure in self._figures():
                self._show(figure)
        except RError as error:
            warnings.warn(f"R's figures are lost: {error}", RuntimeWarning, stacklevel=1)

    def _figures(self) -> list[_Figure]:
        """What was drawn and not shown yet, page by page."""
        figures = []
        for name, width, height in self._core.helper("take_figures")() or []:
            page = Path(name)
            if page.suffix == ".svg":
                kind, data = "image/svg+xml", page.read_text("utf-8")
                # R numbers the parts of each SVG alike: on one page they would be mixed up.
                extra: dict[str, object] = {"isolated": True}
            else:
                kind, data = "image/png", base64.b64encode(page.read_bytes()).decode()
                extra = {"width": round(width * SCREEN), "height": round(height * SCREEN)}
            page.unlink()
            figures.append(({kind: data, "text/plain": "<R figure>"}, {kind: extra}))
        return figures

    def _show(self, figure: _Figure) -> None:
        data, metadata = figure
        self._display(data, metadata=metadata, raw=True)

    def _show_objects(self, formatter: Any) -> None:
        from rpy2.rinterface_lib.sexp import Sexp

        formatter.mimebundle_formatter.for_type(Sexp, self._shown)
        formatter.mimebundle_formatter.for_type(self._core.RObject, self._shown)
        # rpy2 has tables of its own for these.
        formatter.formatters["text/html"].for_type(Sexp, lambda x: None)

    def _shown(self, x: Any, **_: object) -> Any:
        """An R object as R prints it: its text, or the figure that printing it draws."""
        text = self._core.helper("shown")(x)
        figures = [] if text else self._figures()
        if not figures:
            return {"text/plain": text}
        for figure in figures[:-1]:
            self._show(figure)
        return figures[-1]


def _take_console() -> None:
    """Have R's output and messages go where Python prints, where rpy2's own would take them."""
    from rpy2.rinterface_lib import callbacks

    def write(text: str) -> None:
        sys.stdout.write(text)

    for name in ("consolewrite_print", "consolewrite_warnerror"):
        # Somebody else's stays.
        if getattr(callbacks, name).__module__ == callbacks.__name__:
            setattr(callbacks, name, write)
