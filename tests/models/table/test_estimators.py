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

from torchbridge.models import TorchClassifier, TorchRegressor  # noqa: E402

QUICK = {"epochs": 12, "lr": 0.03, "batch_size": 64, "hidden": 16}


@pytest.mark.parametrize("estimator", [TorchClassifier(**QUICK), TorchRegressor(**QUICK)])
def test_passes_check_estimator(estimator):
    failed = [
        found["check_name"]
        for found in check_estimator(clone(estimator), on_skip=None)
        if found["status"] not in ("passed", "skipped")
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
