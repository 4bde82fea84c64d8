"""strings.c: text crosses as it is, or an error names what is no text; messages are escaped."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

import torchbridge as tb

BAD = "'caf\\xe9'"  # native: no UTF-8
MARKED = {
    "native": BAD,
    "UTF-8": f"`Encoding<-`({BAD}, 'UTF-8')",
    "latin1 without a character": "`Encoding<-`('caf\\x81', 'latin1')",
    "bytes": f"`Encoding<-`({BAD}, 'bytes')",
}
PLACES = {
    "element 1": "{}",
    "element 2": "c('a', {}, 'b')",
    "element 2: .*element 1": "list(1, {})",
    "name 2": "stats::setNames(list(1, 2), c('a', {}))",
    "column 'a': row 2": "data.frame(a = c('x', {}))",
    "column 'f': level 2": "data.frame(f = structure(1:2, levels = c('a', {}), class = 'factor'))",
    "level 2": "structure(1:2, levels = c('a', {}), class = 'factor')",
    "column 'row.names': row 2": "structure(list(a = 1:2), class = 'data.frame', "
    "row.names = c('u', {}))",
    "name 1": "structure(list(1), names = {}, class = 'data.frame', row.names = 1L)",
    "attribute 'tzone'": "structure(0, class = c('POSIXct', 'POSIXt'), tzone = {})",
    "column 'm': name 2": "(function() {{ x <- data.frame(a = 1:2); "
    "x$m <- matrix(1:4, 2, dimnames = list(NULL, c('a', {}))); x }})()",
    "column 'l': (.*: )?name 1": "(function() {{ x <- data.frame(a = 1); "
    "x$l <- list(structure(list(1), names = {}, class = 'data.frame', row.names = 1L)); x }})()",
}


@pytest.mark.parametrize("marked", MARKED)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_text_is_named(r, place, marked):
    x = r(PLACES[place].format(MARKED[marked]))
    why = "(is no text in its encoding|is marked as bytes|: an R string marked as bytes)"
    with pytest.raises(ValueError, match=f"{place} ?{why}"):
        x.value()


def test_a_tensor_s_levels_are_named(r):
    x = r(f"structure(1:2, levels = c('a', {BAD}), class = 'factor')")
    with pytest.raises(ValueError, match="attribute 'levels': .*element 2 is no text"):
        tb.to_torch(x)


def test_text_of_other_encodings_crosses(r):
    assert r("c('<', `Encoding<-`('<\\xe9>', 'latin1'), '\\u00e9<')").value() == ["<", "<é>", "é<"]


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1"])
def test_text_of_other_locales_is_exact_or_an_error(in_python, locale):
    done = in_python(
        f"""
before = r("Sys.getlocale('LC_CTYPE')").value()
if not r("suppressWarnings(Sys.setlocale('LC_CTYPE', '{locale}'))").value():
    print("no such locale")
else:
    for code in ("'caf\\\\xe9'", "'\\\\u00e9'", "c(`Encoding<-`('\\\\xe9', 'latin1'), '\\\\xe9')"):
        try:
            print(ascii(r(code).value()))
        except ValueError as error:
            print(error)
""",
        fresh=True,
    )
    assert done.returncode == 0, done.stderr
    if "no such locale" in done.stdout:
        pytest.skip(done.stdout)
    found = [re.sub(".*(element .*);.*", r"\1", line) for line in done.stdout.splitlines()]
    bad = "element {} is no text in its encoding"
    latin1 = locale != "C"
    assert found == [
        "'caf\\xe9'" if latin1 else bad.format(1),
        "'\\xe9'",
        "['\\xe9', '\\xe9']" if latin1 else bad.format(2),
    ]


HALF = "\udce9"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (HALF, "element 1 has a lone surrogate"),
        (["a", HALF], "element 2 has a lone surrogate"),
        ({"a": 1, HALF: 2}, "name 2 has a lone surrogate"),
        (np.array(["a", HALF]), "element 2 has a lone surrogate"),
        (np.array(["a", HALF], object), "element 2 has a lone surrogate"),
        (
            pd.DataFrame({"a": pd.Series(["x", HALF], dtype=object)}),
            "column 'a': .*element 2 has a lone surrogate",
        ),
        (pd.DataFrame([[1]], columns=pd.Index([HALF], dtype=object)), "name 1 is no text"),
        (pd.DataFrame({"a": [1]}, pd.Index([HALF], dtype=object)), "row name 1 is no text"),
        (["x", "a\0b"], "element 2: an R string cannot hold a NUL"),
        ({"a\0b": 1}, "name 1: an R string cannot hold a NUL"),
        (pd.Series(["x", "a\0b"]), "element 2: an R string cannot hold a NUL"),
    ],
)
def test_python_s_halves_of_characters_are_named(value, message):
    with pytest.raises(ValueError, match=message):
        tb.to_r(value)


@pytest.mark.parametrize("marked", MARKED)
def test_messages_always_arrive(r, marked):
    fail = r(f"function() stop(simpleError({MARKED[marked]}))")
    with pytest.raises(tb.RError) as caught:
        fail()
    assert caught.value.message == ("caf<81>" if "latin1" in marked else "caf<e9>")
    warn = r(f"function() {{ warning(simpleWarning({MARKED[marked]})); 7L }}")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert warn() == 7
    assert [str(w.message)[:3] for w in found] == ["caf"]


def test_messages_of_python_always_arrive(r):
    def fail():
        raise ValueError(f"caf{HALF}")

    message = r("function(f) tryCatch(f(), error = function(e) conditionMessage(e))")
    assert message(fail) == "caf\\udce9"
