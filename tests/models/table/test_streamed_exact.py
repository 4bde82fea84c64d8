"""Exact fits of what is read batch by batch, against those of the data frame in memory."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torchbridge.models import fit_formula


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    n = 700
    found = pd.DataFrame(
        {
            "a": rng.normal(size=n) + 1000,
            "b": rng.exponential(size=n),
            "g": rng.choice(list("xyz"), n),
            "w": rng.integers(0, 3, n).astype(float),
            "o": rng.normal(size=n),
        }
    )
    found["y"] = 1 + found.a - found.b + (found.g == "z") + rng.normal(size=n)
    chosen = found.y - found.y.mean() > rng.normal(size=n)
    found["k"] = chosen.map({True: "yes", False: "no"})
    found["c"] = rng.poisson(np.exp(0.1 * found.b))
    found.loc[3, "b"] = np.nan
    return found


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("parts")
    for i in range(2):
        part = pa.Table.from_pandas(data.iloc[i * 350 : (i + 1) * 350])
        pq.write_table(part, path / f"{i}.parquet", row_group_size=100)
    return str(path)


NUMBERS = ("deviance", "null_deviance", "log_likelihood", "aic", "dispersion", "df_residual", "df")


@pytest.mark.parametrize("beside", [{}, {"weights": "w", "offset": "o"}])
@pytest.mark.parametrize(
    ("model", "formula", "options"),
    [
        ("linear", "y ~ a + log(b) * g", {}),
        ("linear", "y ~ b + g - 1", {}),
        ("logistic", "k ~ a + b + g", {}),
        ("poisson", "c ~ b + g", {}),
        ("glm", "b ~ g", {"family": "gamma", "link": "log"}),
    ],
)
def test_equals_the_fit_in_memory(data, folder, model, formula, options, beside):
    options = {"tol": 1e-12, **options}
    found = fit_formula(formula, folder, model, model_options=options, **beside)
    whole = fit_formula(formula, data, model, model_options=options, **beside)
    assert found.coefficients.index.equals(whole.coefficients.index)
    for column in ("estimate", "std.error"):
        ours, theirs = found.coefficients[column], whole.coefficients[column]
        assert np.allclose(ours, theirs, rtol=1e-9, atol=0), column
    for name in NUMBERS:
        ours, theirs = getattr(found.table.exact, name), getattr(whole.table.exact, name)
        assert ours == pytest.approx(theirs, rel=1e-11), name
    assert found.table.fitted is None and found.table.exact.fitted.shape == (0,)
    assert found.left_out == whole.left_out
    ours, theirs = found.predict(data), whole.predict(data)
    assert np.allclose(ours.pred, theirs.pred, rtol=1e-9, equal_nan=True)


def test_what_it_refuses(folder):
    with pytest.raises(ValueError, match='"multinomial" needs data in memory'):
        fit_formula("g ~ a", folder, "multinomial")
    with pytest.raises(ValueError, match="takes two classes"):
        fit_formula("g ~ a", folder, "logistic")
    with pytest.raises(ValueError, match='has no "epochs"'):
        fit_formula("y ~ a", folder, "linear", fit_options={"epochs": 2})
    with pytest.raises(ValueError, match="validation must be None"):
        fit_formula("y ~ a", folder, "linear", validation=0.2)
    with pytest.raises(ValueError, match='response must be above 0 with family "gamma"'):
        fit_formula("o ~ a", folder, "gamma")
