"""What the tests share: an R to ask, and counts of what each language holds of the other.

R's own answers are the reference: vectors are made and read as bytes (readBin, writeBin),
compared with identical() and looked at with is.na(), never with the code under test.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

# R's messages are compared with its own English words, whatever language the user reads.
os.environ["LANGUAGE"] = "en"

#: R type -> (readBin's name, bytes of one element).
_BINARY = {
    "double": ("double", 8),
    "integer": ("integer", 4),
    "logical": ("logical", 4),
    "complex": ("complex", 16),
    "raw": ("raw", 1),
}


class R:
    """R, as the tests ask it: ``r("a + b", a=..., b=...)`` gives an rpy2 object."""

    def __init__(self) -> None:
        import torchbridge as tb

        tb.start()
        from rpy2 import rinterface, robjects

        self._robjects = robjects
        self._rinterface = rinterface
        self._eval = rinterface.baseenv["eval"]
        self._parse = rinterface.baseenv["parse"]
        self.version = tuple(
            int(part) for part in self.text("paste(getRversion())").replace("-", ".").split(".")
        )

    def __call__(self, code: str, **values: Any) -> Any:
        # As arguments of a function: rpy2 copies what it assigns to a variable.
        function = self._eval(self._parse(text=f"function({', '.join(values)}) {code}"))
        convert = self._robjects.default_converter
        return convert.rpy2py(function(**{k: convert.py2rpy(v) for k, v in values.items()}))

    def true(self, code: str, **values: Any) -> bool:
        """Is the R expression TRUE?"""
        return list(self(f"isTRUE({code})", **values)) == [True]

    def text(self, code: str, **values: Any) -> str:
        """The R expression as one string."""
        return str(self(code, **values)[0])

    def identical(self, a: Any, b: Any) -> bool:
        """R's identical(): values and attributes, NA not NaN, -0 not 0."""
        return self.true("identical(a, b, num.eq = FALSE)", a=a, b=b)

    def is_immutable(self, x: Any) -> bool:
        """Does R copy x before it writes, whoever holds it? (Its count of references is full.)"""
        shown = self.text("utils::capture.output(.Internal(inspect(x)))[1]", x=x)
        return "REF(65535)" in shown or "NAM(7)" in shown

    def vector(self, kind: str, data: bytes, dim: tuple[int, ...] = ()) -> Any:
        """An R vector (or array) of these bytes; ``kind`` is a typeof or "integer64"."""
        name, size = _BINARY["double" if kind == "integer64" else kind]
        x = self(
            f"readBin(data, '{name}', n = {len(data) // size})",
            data=self._rinterface.ByteSexpVector(data),
        )
        if len(dim) > 1:
            x = self(f"array(x, c({', '.join(f'{d}L' for d in dim)}))", x=x)
        return self("structure(x, class = 'integer64')", x=x) if kind == "integer64" else x

    def bytes(self, x: Any) -> bytes:
        """The bytes of an R vector, in R's own order (column-major)."""
        return bytes.fromhex(
            self.text("paste(writeBin(as.vector(unclass(x)), raw()), collapse = '')", x=x)
        )

    def dim(self, x: Any) -> tuple[int, ...] | None:
        """dim(x), or None."""
        found = self("dim(x)", x=x)
        return None if found is self._robjects.NULL else tuple(found)


@pytest.fixture(scope="session")
def r() -> R:
    """R, running in this process."""
    for name in ("numpy", "pandas", "torch"):
        importlib.import_module(name)
    r = R()
    gc.collect()
    gc.freeze()  # what is there by now stays: collecting costs milliseconds from here on
    return r


def _live() -> dict[str, int]:
    from torchbridge.process import host

    core = host.native()
    for _ in range(2):  # one language may hold what the other holds
        gc.collect()
        core.base_function("gc").call()
    return core.live()


@pytest.fixture(scope="session")
def live(r: R) -> Callable[[], dict[str, int]]:
    """How much each language holds of the other, after both have collected."""
    import torchbridge as tb

    tb.to_r(1)  # what is made once and kept
    return _live


@pytest.fixture(scope="session")
def last_seen() -> dict[str, int]:
    """The counts after the last test that left nothing: as they are, nothing need be collected."""
    return {}


@pytest.fixture
def nothing_left(live: Callable[[], dict[str, int]], last_seen: dict[str, int]) -> Any:
    """The test leaves nothing of either language behind in the other."""
    from torchbridge.process import host

    now = host.native().live
    before = last_seen.copy() if now() == last_seen else live()
    yield
    assert now() == before or live() == before
    last_seen.update(before)


@pytest.fixture
def damaged(r: R) -> Callable[[str, str, str], Any]:
    """The value of R code with a piece of its saved form exchanged, as a damaged file has it."""

    def make(code: str, old: str, new: str) -> Any:
        text = r.text(f"rawToChar(serialize({code}, NULL, ascii = TRUE))")
        assert text.count(old) == 1
        return r("unserialize(charToRaw(s))", s=text.replace(old, new))

    return make


@pytest.fixture(scope="session")
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a process of its own; the timeout is for one that hangs."""

    def run(code: str, timeout: float = 300, **environment: str) -> Any:
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run
