"""What an R object says of itself and does not hold: each is an error that says where."""

from __future__ import annotations

import pytest


def factor(codes, levels, name="'factor'"):
    return f"structure({codes}, levels = {levels}, class = {name})"


def frame(columns, names="NULL", rows="c(NA, -3L)"):
    return f"structure({columns}, names = {names}, row.names = {rows}, class = 'data.frame')"


def stored(code, old, new):
    """What code makes, with a piece of its saved form exchanged."""
    piece, other = (text.replace("\n", "\\n") for text in (old, new))
    saved = f"rawToChar(serialize({code}, NULL, ascii = TRUE))"
    return f"unserialize(charToRaw(sub('{piece}', '{other}', {saved}, fixed = TRUE)))"


NUMBERS = ["'a'", "TRUE", "1i", "as.raw(1)", "list(1)"]

DAMAGED = {
    # vectors
    stored("structure(1:3 + 0L, dim = 3L)", "dim\n13\n1\n3", "dim\n13\n1\n4"): "its dim does not",
    stored(
        "structure(1:3 + 0, names = c('a', 'b', 'c'))", "16\n3\n262153\n1\na\n", "16\n2\n"
    ): "its names are 2, and it has 3 elements",
    stored(
        "list(a = 1, b = 2)", "16\n2\n262153\n1\na\n", "16\n1\n"
    ): "its names are 1, and it has 2",
    stored(
        "matrix(1, 2, 1, dimnames = list(c('a', 'b'), NULL))",
        "16\n2\n262153\n1\na\n",
        "16\n1\n",
    ): "its dimnames have 1 names for dim 1, which is 2 long",
    stored("matrix(1, 2, 1, dimnames = list(c('a', 'b'), NULL))", "19\n2\n", "19\n1\n").replace(
        "b\\n254", "b"
    ): "its dimnames are no list of one element a dim",
    # factors
    factor("1:2", "1:2"): "a factor whose levels are of type integer, not character",
    factor("1:2", "list('a', 'b')"): "a factor whose levels are of type list",
    factor("1:2", "NULL"): "a factor whose levels are of type NULL",
    factor("1:3", "c('a', 'b', 'a')"): "a factor whose level 3 is there twice",
    factor("1:3", "c('a', NA, NA)"): "a factor whose level 3 is there twice",
    factor("1:2", "c('a', 'a')", "c('ordered', 'factor')"): "a factor whose level 2 is",
    # 64-bit integers, dates, times
    **{
        f"structure({x}, class = '{name}')": f"a vector of class {name} must be of type double, not"
        for name in ("integer64", "nanotime")
        for x in ["1L", *NUMBERS]
    },
    **{
        f"structure({x}, class = c('{name}', 'b'))": f"a vector of class {name} must be numeric"
        for name in ("Date", "POSIXct", "difftime")
        for x in NUMBERS
    },
    "structure(1, class = 'POSIXct', tzone = 1L)": "a POSIXct whose tzone is of type integer",
    "structure(1, class = 'difftime', units = 2)": "a difftime whose units is of type double",
    "structure(1, class = 'POSIXlt')": "a POSIXlt that is no list of the parts",
    "structure(list(sec = 1), class = 'POSIXlt')": "a POSIXlt that is no list of the parts",
    "structure(as.list(letters), class = 'POSIXlt')": "a POSIXlt that is no list of the parts",
    # data frames
    "structure(1:3, class = 'data.frame')": "an object of class data.frame must be a list",
    frame("list(1:3, 1:3)"): "a data frame of 2 columns with 0 names",
    frame("list(1:3, 1:3)", "'a'"): "a data frame whose column 2 has no name",
    frame("list(1:3, 1:2)", "c('a', 'b')"): "column 'b': 2 elements in a data frame of 3 rows",
    frame("list(1:3, NULL)", "c('a', 'b')"): "column 'b': 0 elements in a data frame of 3 rows",
    frame("list(1:3)", "'a'", "c(NA, -5L)"): "column 'a': 3 elements in a data frame of 5 rows",
    frame("list(1:3)", "'a'", "NULL"): "a data frame whose row.names are of type NULL",
    frame("list(1:3)", "'a'", "c('x', 'y')"): "column 'a': 3 elements in a data frame of 2 rows",
    frame("list(1:3)", "'a'", "c('x', NA, 'y')"): "a data frame whose row name 2 is NA",
    frame("list(1:3)", "'a'", "c(7L, 8L, NA)"): "a data frame whose row name 3 is NA",
    frame("list(matrix(1:4, 2))", "'a'"): "column 'a': 2 elements in a data frame of 3 rows",
    frame("list(data.frame(b = 1:4))", "'a'"): "column 'a': 4 elements in a data frame of 3 rows",
    frame("list(I(list(1)))", "'a'"): "column 'a': 1 elements in a data frame of 3 rows",
    stored(frame("list(1:3)", "'a'"), "row.names\n13\n2\nNA\n-3", "row.names\n14\n1\n2.5"): (
        "a data frame whose row.names are of type double"
    ),
}

SOUND = [
    "1:3", "c(a = 1, b = 2)", "matrix(1:4, 2, dimnames = list(c('a', 'b'), NULL))", "list(a = 1)",
    "array(1:3, 3, list(letters[1:3]))", "factor(c('a', NA))", "addNA(factor(c('a', NA)))",
    "factor(character())", "ordered(1:3)", "structure(0, class = 'integer64')", "Sys.Date()",
    "structure(1L, class = 'Date')", "structure(NA, class = 'Date')", ".POSIXct(NA)",
    "as.POSIXlt(.POSIXct(0), 'UTC')", "as.difftime(1:3, units = 'mins')", "data.frame()", "iris", "mtcars",
    "data.frame(a = 1:3)[, 0]", "data.frame(t = I(as.POSIXlt(.POSIXct(0:2), 'UTC')))", "iris[0, ]",
    "structure(list(a = 1:3), row.names = c(NA, 3L), class = 'data.frame')", "quote(x)", "sum",
    "structure(list(), names = character(), row.names = integer(), class = 'data.frame')",
    "expression(a)", "pairlist(a = 1)", "new.env()", "methods::getClass('numeric')", "table(1:3)",
    "structure(list(t = as.POSIXlt(.POSIXct(0:2), 'UTC')), row.names = 1:3, class = 'data.frame')",
    "data.frame(a = I(matrix(1:4, 2)), b = I(list(1, 2)))", "ts(1:3)", "NULL",
]  # fmt: skip


@pytest.mark.parametrize(("code", "words"), DAMAGED.items())
def test_what_is_damaged_is_an_error_that_says_where(r, code, words):
    x = r(code)
    with pytest.raises(ValueError) as found:
        x.check()
    assert str(found.value).startswith(words)
    assert str(found.value).endswith(": this R object is damaged")
    with pytest.raises(ValueError, match="^y: " + str(found.value)[:20]):
        x.check("y")


@pytest.mark.parametrize("code", SOUND)
def test_what_is_sound_passes(r, code):
    assert r(code).check() is None


def test_a_name_that_is_no_text_can_be_told(r):
    x = r(frame("list(1:2)", "{ x <- '\\xff'; Encoding(x) <- 'UTF-8'; x }"))
    with pytest.raises(ValueError, match="column '': 2 elements in a data frame of 3 rows"):
        x.check()


@pytest.mark.parametrize("code", [0, -1, 3, 2**31 - 1, -(2**31) + 1])
def test_a_code_that_is_no_level(r, code):
    """In any block, with or without NA before it, and whoever looks."""
    for before in ("1:2", "rep(1:2, 5000)", "c(1L, NA)", "c(NA, rep(1L, 9999))"):
        x = r(factor(f"c({before}, {code}L)", "c('a', 'b')"))
        n = len(x)
        for look in (x.any_na, x.na_mask):
            with pytest.raises(
                ValueError, match=f"x: element {n} has code {code}, and there are 2"
            ):
                look()
        with pytest.raises(ValueError, match=f"row {n} has code {code}, and there are 2 levels"):
            x.__arrow_c_stream__()


def test_codes_that_are_levels(r):
    assert not r("factor(c('a', 'b'))").any_na()
    assert not r("factor(character())").any_na()
    x = r("factor(rep(c('b', NA, 'a'), 4000))")
    assert x.any_na()
    assert list(bytes(x.na_mask().value())) == [1, 0, 1] * 4000
