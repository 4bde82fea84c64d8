"""arrow/types.c: a column of each type of R's goes to Arrow and comes back the same."""

from __future__ import annotations

import pytest

COLUMNS = {
    "logical": "c(TRUE, NA, FALSE)",
    "integer": "c(1L, NA, -3L)",
    "double": "c(0.5, NA, NaN)",
    "raw": "as.raw(1:3)",
    "complex": "c(1+2i, NA, -1i)",
    "character": "c('a', NA, '\u00e9')",
    "factor": "factor(c('b', NA, 'a'), levels = c('b', 'a'))",
    "ordered": "factor(c('b', NA, 'a'), levels = c('b', 'a'), ordered = TRUE)",
    "Date": "structure(c(1, NA, -3), class = 'Date')",
    "Date of integers": "structure(c(1L, NA, -3L), class = 'Date')",
    "POSIXct": "structure(c(1.5, NA, -3), class = c('POSIXct', 'POSIXt'), tzone = 'Europe/Berlin')",
    "POSIXct of no zone": "structure(c(1.5, NA, -3), class = c('POSIXct', 'POSIXt'))",
    "difftime": "structure(c(1.5, NA, -3), class = 'difftime', units = 'hours')",
    "integer64": "structure(c(0, 5e-324, -0), class = 'integer64')",
    "list": "list(1:2, NULL, 3L)",
    "list of data frames": "list(data.frame(u = 1:2), NULL, data.frame(u = 3L))",
    "matrix": "matrix(c(1, NA, 3, 4, 5, 6), 3)",
    "matrix of text with names": "matrix(letters[1:6], 3, dimnames = list(NULL, c('u', 'v')))",
    "data frame": "data.frame(u = 1:3, v = c('a', NA, 'b'))",
}


@pytest.mark.parametrize("code", COLUMNS.values(), ids=COLUMNS)
def test_a_column_comes_back_the_same(core, r, code):
    frame = r(f"{{ frame <- data.frame(row = 1:3); frame$x <- {code}; frame }}")
    r("rm(frame)")
    back = core.arrow_to_r(frame.__arrow_c_stream__())
    assert r("identical")(frame, back), r("function(x) paste(capture.output(str(x)))")(back)


@pytest.mark.parametrize("code", COLUMNS.values(), ids=COLUMNS)
def test_so_does_a_column_of_no_rows(core, r, code):
    frame = r(f"{{ frame <- data.frame(row = 1:3); frame$x <- {code}; frame[0, , drop = FALSE] }}")
    r("rm(frame)")
    back = core.arrow_to_r(frame.__arrow_c_stream__())
    assert r("function(x, y) identical(sapply(x, class), sapply(y, class))")(frame, back)


def test_what_has_no_row_is_an_error(r):
    frame = r("structure(list(a = quote(x)), class = 'data.frame', row.names = 1L)")
    with pytest.raises(TypeError, match="column 'a': Arrow has no type for an R symbol"):
        frame.__arrow_c_stream__()
