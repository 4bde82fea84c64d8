"""Formulas mean what R's `model.matrix` makes of them."""

import numpy as np
import pandas as pd
import pytest

from torchbridge.models.table.formula import parse_formula

DATA = pd.DataFrame(
    {
        "y": [1.0, 2, 4, 3, 5, 6],
        "a": [1.0, 2, 4, 8, 16, 32],
        "b.c": [3, 1, 4, 1, 5, 9],
        "g": ["u", "v", "w", "u", "v", "w"],
        "h": pd.Categorical(["q", "p", "q", "q", "p", "p"], categories=["q", "p"]),
    }
)
R_DATA = """{
  data <- data.frame(y = c(1, 2, 4, 3, 5, 6), a = c(1, 2, 4, 8, 16, 32),
    b.c = c(3, 1, 4, 1, 5, 9), g = c("u", "v", "w", "u", "v", "w"),
    h = factor(c("q", "p", "q", "q", "p", "p"), levels = c("q", "p")))
  model.matrix(as.formula(text), data)
}"""


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ .",
        "y ~ . - a",
        "y ~ a + log(a) + I(a^2) - 1",
        "log(y) ~ sqrt(b.c) + g",
        "y ~ g - 1",
        "y ~ g + h + 0",
        "y ~ g:h",
        "y ~ g * h",
        "y ~ a * g",
        "y ~ a:g",
        "y ~ (a + g) * h - a:h",
        "y ~ h + a:g",
        "y ~ 1",
        "y ~ a * g * h",
    ],
)
def test_equals_model_matrix(r, formula):
    expected = np.asarray(r(R_DATA, text=formula))
    layout = parse_formula(formula, DATA)
    found, names = layout.numeric(DATA)
    if layout.intercept:
        found = np.concatenate([np.ones((6, 1)), found], 1)
        names = ["(Intercept)", *names]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert [n.replace(" ", "").replace("**", "^") for n in names] == list(
        r(f"colnames({R_DATA})", text=formula)
    )


def test_missing_values_and_new_levels():
    layout = parse_formula("y ~ a + g", DATA)
    new = DATA.head(3).assign(a=[np.nan, 1, 2], g=["u", None, "w"])
    found, _ = layout.numeric(new)
    assert np.isnan(found).any(1).tolist() == [True, True, False]
    with pytest.raises(ValueError, match='column "g" has the new level "z"'):
        layout.numeric(DATA.assign(g="z"))
    with pytest.raises(ValueError, match='data has no column "a"; it has y, b.c'):
        layout.numeric(DATA.drop(columns="a"))


def test_names_in_backticks():
    data = DATA.rename(columns={"a": "my a"})
    found, names = parse_formula("y ~ `my a` + log(`my a`)", data).numeric(data)
    np.testing.assert_allclose(found, np.stack([DATA["a"], np.log(DATA["a"])], 1))
    assert names[0] == "my a"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y", 'formula must be "response ~ terms"'),
        ("~ a", "has no response"),
        ("y ~ a +", "cannot be read"),
        ("y ~ nothing", 'data has no column "nothing"'),
        ("y ~ poly(a)", r"poly\(\) is not known; there are, of one argument, log"),
        ("y ~ log(g)", 'column "g" is not numeric'),
        ("y ~ [a]", "is not understood"),
        ("y ~ __import__('os')", "is not known"),
        ("y ~ a * g:h", "put a:b in parentheses"),
    ],
)
def test_bad_formula_says_why(formula, message):
    with pytest.raises(ValueError, match=message):
        parse_formula(formula, DATA)


def test_constant_factor_is_named():
    with pytest.raises(ValueError, match='column "g" is constant, a factor needs two levels'):
        parse_formula("y ~ g", DATA.assign(g="u"))
