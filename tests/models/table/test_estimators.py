"""scikit-learn's own checks of its estimators, and what they do not look at."""

import pickle

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_iris, make_regression  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from torchbridge.models import TorchClassifier, TorchRegressor, fit_table  # noqa: E402

QUICK = {"epochs": 12, "lr": 0.03, "batch_size": 64, "hidden": 16}


# As of scikit-learn's own SGDClassifier and SGDRegressor, and for their reason.
EXEMPT = dict.fromkeys(
    [
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ],
    "sample_weight is not equivalent to removing/repeating samples.",
)


@pytest.mark.parametrize("estimator", [TorchClassifier(**QUICK), TorchRegressor(**QUICK)])
def test_passes_check_estimator(estimator):
    failed = [
        found["check_name"]
        for found in check_estimator(
            clone(estimator), on_skip=None, on_fail=None, expected_failed_checks=EXEMPT
        )
        if found["status"] not in ("passed", "skipped", "xfail")
    ]
    assert failed == []


def test_cross_validation_in_a_pipeline():
    x, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), TorchClassifier(epochs=40, random_state=0))
    assert cross_val_score(pipeline, x, y, cv=3).mean() > 0.93


def test_same_state_same_predictions_also_pickled():
    x, y = make_regression(60, 4, random_state=0)
    one, two = (TorchRegressor((8,), epochs=5, random_state=3).fit(x, y) for _ in range(2))
    assert np.array_equal(one.predict(x), two.predict(x))
    assert np.array_equal(pickle.loads(pickle.dumps(one)).predict(x), one.predict(x))


def test_early_stopping_and_several_outputs():
    x, y = make_regression(60, 4, n_targets=2, random_state=0)
    found = TorchRegressor(patience=2, validation_fraction=0.2, lr=0.1, random_state=0).fit(x, y)
    assert found.n_iter_ < 100
    assert found.status_.startswith("stopped early")
    assert found.predict(x).shape == (60, 2)
    assert len(found.history_["valid_loss"]) == found.n_iter_


def test_sample_weight_is_the_weight_of_a_row_in_the_loss():
    x, y = make_regression(30, 3, random_state=0)
    counts = np.arange(30) % 3
    quick = {"epochs": 3, "random_state": 1}
    found = TorchRegressor(**quick).fit(x, y, counts)
    seed = int(np.random.RandomState(1).randint(2**31 - 1))
    options = {"epochs": 3, "seed": seed, "lr": 0.003}
    expected = fit_table("mlp", x, y, weights=counts, fit_options=options, dtype="float64")
    assert np.array_equal(found.predict(x), expected.model.predict(x).numpy())
    ones, plain = (
        TorchClassifier(**quick).fit(x, y > 0, weights) for weights in (np.full(30, 7), None)
    )
    np.testing.assert_allclose(ones.predict_proba(x), plain.predict_proba(x), rtol=1e-12)
    for wrong in (-counts, counts[:9], counts * np.nan):
        with pytest.raises(ValueError, match="weight"):
            TorchRegressor(**quick).fit(x, y, wrong)


def test_class_weight_is_a_sample_weight():
    x, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    one = TorchClassifier(class_weight={"a": 1, "b": 5, "c": 2}, **QUICK, random_state=0)
    two = TorchClassifier(**QUICK, random_state=0)
    one.fit(x, names, np.arange(150))
    two.fit(x, names, np.arange(150) * np.array([1, 5, 2])[y])
    assert np.array_equal(one.predict_proba(x), two.predict_proba(x))
    few = np.r_[0:50, 50:60]  # ten of the second class
    balanced = TorchClassifier(class_weight="balanced", **QUICK, random_state=0)
    by_hand = TorchClassifier(class_weight={0: 0.6, 1: 3.0}, **QUICK, random_state=0)
    assert np.array_equal(
        balanced.fit(x[few], y[few]).predict_proba(x),
        by_hand.fit(x[few], y[few]).predict_proba(x),
    )
    assert clone(balanced).get_params()["class_weight"] == "balanced"
    with pytest.raises(ValueError, match="class_weight"):
        TorchClassifier(class_weight="even").fit(x, y)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_frame_of_numbers_and_text_is_its_columns(kind):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    columns = {
        "size": rng.normal(size=60),
        "kind": rng.choice(["oak", "elm", "yew"], 60).tolist(),
        "old": rng.random(60) > 0.5,
    }
    y = columns["size"] + (np.array(columns["kind"]) == "yew")
    frame = pytest.importorskip(kind).DataFrame(columns)
    if kind == "pandas":
        frame["grade"] = pd.Categorical(["low", "high"] * 30, categories=["low", "high"])
    quick = {**QUICK, "random_state": 0}
    found = TorchRegressor(**quick).fit(frame, y)
    design = [columns["size"], *(np.array(columns["kind"]) == k for k in ("oak", "yew"))]
    design.append(columns["old"])
    if kind == "pandas":
        design.append(np.arange(60) % 2)
    matrix = np.stack(design, 1).astype(float)
    assert np.array_equal(
        found.predict(frame), TorchRegressor(**quick).fit(matrix, y).predict(matrix)
    )
    assert list(found.feature_names_in_) == list(frame.columns)
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.predict(frame), found.predict(frame))
    other = {**columns, "kind": ["ash"] * 60, **({"grade": "low"} if kind == "pandas" else {})}
    with pytest.raises(ValueError, match='column "kind" has the new level "ash"'):
        found.predict(type(frame)(other))
    with pytest.raises(TypeError, match="X must be a data frame like that of fit"):
        found.predict(matrix)
    with pytest.raises(ValueError, match="feature names"):
        found.predict(frame[["kind", "size", *frame.columns[2:]]])


def test_missing_values_in_a_frame_are_errors():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": ["u", "v", "u", "v"]})
    with pytest.raises(ValueError, match='column "b" has missing values'):
        TorchRegressor().fit(frame.assign(b=["u", None, "v", "v"]), [1, 2, 3, 4])
    with pytest.raises(ValueError, match="NaN"):
        TorchRegressor().fit(frame.assign(a=[1, np.nan, 2, 2]), [1, 2, 3, 4])
