"""R vectors of every type, with attributes that are theirs and that are not, by a seed.

Each goes through every conversion: it is a value, or an error of a documented class. Numbers
without a class must be the same in NumPy, in PyTorch and back in R. No input is a builtin of R's:
all inputs share it, and R itself crashes of the attributes that gather there.
"""

from __future__ import annotations

import contextlib
import importlib
import random
import struct
import warnings
from typing import Any

# What a conversion imports at its first use takes seconds on a busy machine, and is no hang.
for library in ("pandas", "scipy.sparse"):
    with contextlib.suppress(ImportError):
        importlib.import_module(library)

VECTORS = [
    *("c(TRUE, NA, FALSE)", "logical(0)", "1:6", "c(1L, NA)", "integer(0)", "c(1.5, NA, NaN, -0)"),
    *("numeric(0)", "c(1+2i, NA)", "complex(0)", "as.raw(0:5)", "raw(0)", "c('a', NA, 'b')"),
    *(
        "character(0)",
        "'caf\\xe9'",
        "list(1, 'a', NULL)",
        "list()",
        "NULL",
        "quote(x)",
        "quote(f(x))",
    ),
    *(
        "expression(a, b)",
        "globalenv()",
        "function(x) x",
        "function(y) y",
        "as.name('y')",
        "1:1e5 + 0L",
    ),
    *("seq_len(12)", "sort(c(3, 1, 2))", "rev(1:4)", "as.character(1:5)", "iris", "mtcars[0, ]"),
    *("Sys.Date()", "Sys.time()", "as.POSIXlt(0, 'UTC')", "as.difftime(1:3, units = 'mins')"),
    *("factor(c('b', NA, 'a'))", "addNA(factor(c('a', NA)))", "ordered(1:3)", "table(1:3)"),
    *(
        "structure(c(0, 5e-324), class = 'integer64')",
        "y ~ x",
        "new('numeric')",
        "package_version('1.2')",
    ),
    *("methods::getClass('numeric')", "matrix(1:6, 2)", "array(1:24, 2:4)", "matrix('a', 1)"),
    *("matrix(list(1, 'a'), 1)", "ts(1:5)", "as.octmode(1:3)", "pairlist(a = 1)", "emptyenv()"),
    *("Matrix::sparseMatrix(1:2, 1:2, x = c(1, 2))", "data.frame()", "data.frame(a = 1)[, 0]"),
    *(
        "data.frame(a = 1:2, b = factor(c('u', 'v')))",
        "list(a = 1:2, b = c(x = 1))",
        ".POSIXct(NA)",
    ),
    *("data.frame(a = I(matrix(1:4, 2)), b = I(list(1, 'b')))", "factor(c('\\xe9', 'a'))"),
]
ATTRIBUTES = {
    "names": ["c('a', 'b')", "'caf\\xe9'", "NULL"],
    "class": ["'factor'", "'Date'", "c('POSIXct', 'POSIXt')", "'difftime'", "'integer64'", "'x'"]
    + ["'data.frame'", "'POSIXlt'", "'torch_tensor'", "c('ordered', 'factor')", "'python_object'"],
    "levels": ["c('a', 'b')", "1:3", "list(1)", "NULL", "c('a', NA)"],
    "tzone": ["'UTC'", "'No/Such'", "c('', 'CET', 'CEST')", "1L"],
    "units": ["'mins'", "'parsecs'", "2"],
    "row.names": ["1:2", "c('a', 'b')", "integer(0)", "c(NA, -3L)"],
    "tsp": ["c(1, 3, 1)"],
    "comment": ["'note'"],
}
VERBS = ["value", "to_torch", "to_numpy", "to_frame", "table", "back", "share"]


def run(core: Any, rng: random.Random) -> str:
    """One input; "value" or "error". AssertionError: a wrong value."""
    code = rng.choice(VECTORS)
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        name = rng.choice(list(ATTRIBUTES))
        value = rng.choice(ATTRIBUTES[name])
        code = f"tryCatch(`attr<-`({code}, '{name}', {value}), error = function(e) {code})"
    if rng.random() < 0.15:
        code = damaged(rng)
    elif rng.random() < 0.3:
        code = contradictory(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            x = evaluate(core, code)
        except RuntimeError:  # R refuses the vector itself
            return "error"
        outcomes = [went(core, x, verb) for verb in rng.sample(VERBS, 3)]
    return "value" if all(outcomes) else "error"


CODES = ["0L", "-1L", "3L", "NA", "1L", "2147483647L", "-2147483647L"]
COLUMNS = ["1:2", "1:3", "c('a', NA)", "NULL", "sum", "list(1, 2)", "matrix(1:4, 2)", "Sys.Date()"]
SLOTS = {
    "p": ["c(1L, 1L, 2L)", "c(0L, 2L, 1L)", "c(0L, 1L, 9L)", "c(0L, NA, 2L)", "0L", "c(0, 1, 2)"],
    "i": ["c(0L, 7L)", "c(-1L, 1L)", "c(1L, 1L)", "integer()", "c(NA, 1L)"],
    "x": ["1", "1:2", "'a'", "NULL", "c(NA, 1)", "numeric(9)"],
    "Dim": ["c(-2L, 2L)", "c(2L, 2L, 2L)", "2L", "c(2L, 2147483647L)", "c(NA, 2L)", "c(0L, 0L)"],
}


def contradictory(rng: random.Random) -> str:
    """A factor, a data frame, a sparse matrix or a list whose parts do not go together."""
    levels = rng.choice(["c('a', 'b')", "c('a', 'a')", "1:2", "character()", "c('a', NA)"])
    codes = ", ".join(rng.choices(CODES, k=rng.randrange(4)))
    name = rng.choice(["'factor'", "c('ordered', 'factor')"])
    factor = f"structure(as.integer(c({codes})), levels = {levels}, class = {name})"
    kind = rng.randrange(3)
    if kind == 0:
        return factor
    if kind == 1:
        columns = ", ".join(rng.choices([*COLUMNS, factor], k=rng.randrange(1, 4)))
        names = rng.choice(["NULL", "'a'", "c('a', 'a')", "c('a', 'b', 'c')[seq_along(x)]"])
        rows = rng.choice(["c(NA, -2L)", "c(NA, 3L)", "1:2", "c('u', NA)", "c('u', 'u')", "NULL"])
        facts = f"list(names = {names}, row.names = {rows}, class = 'data.frame')"
        return f"local({{ x <- list({columns}); attributes(x) <- {facts}; x }})"
    damage = "; ".join(
        f"attr(m, '{slot}') <- {rng.choice(SLOTS[slot])}"
        for slot in rng.sample(list(SLOTS), rng.randrange(1, 3))
    )
    return f"local({{ m <- Matrix::sparseMatrix(1:2, 1:2, x = c(1, 2)); {damage}; m }})"


def damaged(rng: random.Random) -> str:
    """A vector of a file whose dim, codes or row names are other numbers than they were."""
    marker = 77
    vector = rng.choice((
        "{ x <- matrix(0, 77, 1); x }",
        "structure(rep(77L, 3), levels = as.character(1:77), class = 'factor')",
        "structure(list(a = 1:77), row.names = c(NA, -77L), class = 'data.frame')",
        "{ x <- integer(77); dim(x) <- 77L; x }",
        "structure(1:77, names = as.character(1:77))",
        "structure(as.list(1:77), names = as.character(1:77))",
        "matrix(1:77, 77, 1, dimnames = list(as.character(1:77), NULL))",
    ))  # fmt: skip
    new = rng.choice((-1, 0, 1, 76, 78, 2**31 - 1, -(2**31), -77, rng.randrange(1000)))
    sign = rng.choice((1, -1))
    old = ", ".join(f"0x{b:02x}" for b in struct.pack("<i", sign * marker))
    put = ", ".join(f"0x{b:02x}" for b in struct.pack("<i", new))
    return (
        f"local({{ b <- serialize({vector}, NULL, xdr = FALSE); old <- as.raw(c({old})); "
        "n <- length(b); at <- which(b[1:(n - 3)] == old[1] & b[2:(n - 2)] == old[2] & "
        "b[3:(n - 1)] == old[3] & b[4:n] == old[4]); at <- at[at > 40]; "
        f"if (length(at) > 1) {{ i <- at[length(at)]; b[i + 0:3] <- as.raw(c({put})) }}; "
        "unserialize(b) })"
    )


def evaluate(core: Any, code: str) -> Any:
    parsed = core.base_function("parse").call(text=code, **{"keep.source": False})
    return core.base_function("eval").call(parsed, core.base_function("new.env").call())


def factor_values(x: Any, value: Any) -> None:
    """The values of a factor that passed are its levels at its codes; NA is no category."""
    if "factor" not in x.classes or not hasattr(value, "categories"):
        return
    levels, own = list(value.categories), x.attr("levels").value()
    missing = None in own if isinstance(own, list) else own is None
    assert len(set(levels)) == len(levels) == len(x.attr("levels")) - missing
    assert all(0 <= code < len(levels) or code == -1 for code in value.codes)


def went(core: Any, x: Any, verb: str) -> bool:
    import numpy as np

    import torchbridge as tb

    allowed = (ValueError, TypeError, tb.RError, OverflowError, AttributeError, BufferError)
    try:
        if verb == "value":
            factor_values(x, x.value())
        elif verb == "table":
            x.__arrow_c_stream__()
        elif verb == "to_frame":
            tb.to_frame(x)
        elif verb == "back":
            tb.to_r(x.value())
        elif verb == "share":
            tb.to_torch(x, share=True)
        elif verb == "to_numpy":
            tb.to_numpy(x)
        else:
            tensor = tb.to_torch(x)
            plain = not x.classes and x.typeof in ("double", "integer", "logical", "complex", "raw")
            if plain:
                wanted = np.asarray(x)
                assert tuple(tensor.shape) == wanted.shape, (tensor.shape, wanted.shape)
                got = tensor.numpy()
                same = np.array_equal(
                    got, wanted.astype(got.dtype), equal_nan=got.dtype.kind in "fc"
                )
                assert same, (got, wanted)
    except allowed as error:
        assert not isinstance(error, AttributeError) or "RObject" not in str(error), error
        return False
    return True
