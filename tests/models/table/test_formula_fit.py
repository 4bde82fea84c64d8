"""A formula and a data frame from Python: R's numbers, and the shell's files."""

import numpy as np
import pandas as pd
import pytest

from torchbridge.__main__ import main
from torchbridge.models import fit_formula, fit_table, load_formula

GENERATOR = np.random.default_rng(0)
DATA = pd.DataFrame({"a": GENERATOR.normal(size=60), "g": np.tile(["u", "v", "w"], 20)})
DATA["b"] = GENERATOR.normal(size=60)
DATA["y"] = 2 + DATA["a"] + 0.5 * (DATA["g"] == "v") + GENERATOR.normal(size=60)
DATA["kind"] = pd.Categorical(np.where(DATA["y"] > 2, "high", "low"), categories=["low", "high"])
DATA["w"] = np.tile([1.0, 2.0], 30)
QUICK = {"epochs": 2, "seed": 1}


@pytest.mark.parametrize("formula", ["y ~ a * g", "y ~ . - kind - w", "y ~ 0 + a + g"])
def test_coefficients_are_those_of_lm(r, tmp_path, formula):
    csv = tmp_path / "d.csv"
    DATA.to_csv(csv, index=False)
    code = f"lm({formula}, read.csv(path), weights = w)"
    found = fit_formula(formula, DATA, "linear", weights="w")
    table = r(f"summary({code})$coefficients[, 1:2]", path=str(csv))
    np.testing.assert_allclose(found.coefficients.to_numpy(), np.asarray(table), rtol=1e-9)
    fitted = r(f"fitted({code})", path=str(csv))
    np.testing.assert_allclose(found.predict(DATA)["pred"], np.asarray(fitted), rtol=1e-10)
    by_array = fit_formula(formula, DATA, "linear", weights=DATA["w"].to_numpy())
    assert by_array.coefficients.equals(found.coefficients)


def test_a_network_is_that_of_the_columns():
    options = {"fit_options": QUICK, "validation": 0.2}
    found = fit_formula("y ~ a + g", DATA, **options)
    design = np.stack([DATA["a"], DATA["g"] == "v", DATA["g"] == "w"], 1).astype(float)
    table = fit_table("mlp", design, DATA["y"].to_numpy(), **options)
    assert found.history == table.history
    assert np.array_equal(found.predict(DATA)["pred"], table.fitted.numpy())
    assert found.names == ["a", "gv", "gw"]
    assert found.coefficients is None


def test_classes_missing_values_and_frames_for_validation():
    holes = DATA.assign(g=DATA["g"].where(DATA.index != 3)).set_index(DATA.index + 100)
    metrics = {**QUICK, "metrics": "accuracy"}
    found = fit_formula("kind ~ a + g", holes, "tabular", validation=DATA, fit_options=metrics)
    assert found.kept.sum() == 59
    prob = found.predict(holes, "prob")
    assert list(prob) == ["pred_low", "pred_high"]
    assert prob.index.equals(holes.index)
    assert prob.isna().all(axis=1).tolist() == (~found.kept).tolist()
    named = found.predict(DATA, "class")["pred_class"]
    right = (named == DATA["kind"].astype(str)).mean()
    assert found.history["valid_accuracy"][-1] == pytest.approx(right)


def test_an_offset_is_in_predictions(r, tmp_path):
    counts = DATA.assign(n=np.arange(60) % 4, t=np.arange(60) % 5 + 1)
    csv = tmp_path / "d.csv"
    counts.to_csv(csv, index=False)
    found = fit_formula("n ~ a", counts, "poisson", offset="log(t)")
    code = "fitted(glm(n ~ a, poisson, read.csv(path), offset = log(t)))"
    expected = np.asarray(r(code, path=str(csv)))
    np.testing.assert_allclose(found.predict(counts)["pred"], expected, rtol=1e-7)


def test_other_frames(tmp_path):
    polars = pytest.importorskip("polars")
    one = fit_formula("y ~ a + g", polars.from_pandas(DATA.drop(columns="kind")), "linear")
    assert one.coefficients.equals(fit_formula("y ~ a + g", DATA, "linear").coefficients)


def test_it_is_saved_as_the_shell_saves_it(tmp_path):
    path, csv, out = (tmp_path / name for name in ("m.model", "d.csv", "p.csv"))
    found = fit_formula("kind ~ a * g", DATA, "logistic", offset="b")
    found.save(path)
    again = load_formula(path)
    pd.testing.assert_frame_equal(again.predict(DATA), found.predict(DATA))
    DATA.to_csv(csv, index=False)
    arguments = ["predict", "--model", path, "--data", csv, "--output", out]
    assert main([str(argument) for argument in arguments]) == 0
    np.testing.assert_allclose(pd.read_csv(out), found.predict(DATA), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("y ~ a", {"y": [1]}), TypeError, "data must be a data frame, not dict"),
        (("y ~ c", DATA), ValueError, 'data has no column "c"'),
        (("~ a", DATA), ValueError, "has no response"),
        (("y ~ a", DATA, "liner"), ValueError, 'model "liner" is not known; it can be "mlp"'),
        (("y ~ a", DATA, "pca"), ValueError, 'model "pca" has no formula'),
        (("y ~ a", DATA, "cnn"), ValueError, 'model "cnn" has no formula'),
    ],
)
def test_what_is_wrong_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        fit_formula(*arguments)


def test_wrong_weights_and_offsets():
    with pytest.raises(ValueError, match=r"weights must have shape \(60,\), not \(3,\)"):
        fit_formula("y ~ a", DATA, "linear", weights=[1, 2, 3])
    with pytest.raises(TypeError, match="offset must be a column's name or an expression"):
        fit_formula("y ~ a", DATA, "linear", offset=DATA["a"])
    with pytest.raises(ValueError, match="data has no complete rows"):
        fit_formula("y ~ a", DATA.assign(a=np.nan), "linear")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_formula("nowhere.model")
