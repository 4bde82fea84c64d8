"""values/package.py: an R package's functions and data, from Python."""

from __future__ import annotations

import inspect
import pickle

import pytest

import torchbridge as tb

pytestmark = pytest.mark.filterwarnings("error")


def test_functions_data_and_names(r):
    stats, datasets = tb.package("stats"), tb.package("datasets")
    assert repr(stats) == "<R package stats>" and stats.__name__ == "stats"
    assert stats.weighted_mean([1.0, 2.0], [1, 3]) == 1.75
    assert stats["weighted.mean"]([1.0, 2.0], [1, 3]) == 1.75
    assert {"lm", "weighted.mean"} <= set(dir(stats)) and "mtcars" in dir(datasets)
    assert datasets.mtcars.shape == (32, 11)
    with pytest.raises(AttributeError, match="R's package stats has no 'absent'"):
        stats.absent  # noqa: B018


def test_underscores_are_dots_also_of_a_generics_default_method(r):
    base = tb.package("base")
    assert base.mean([1.0, None], na_rm=True) == 1
    assert base.nchar("abc", keepNA=False) == 3


def test_signature_and_help_are_rs(r):
    stats = tb.package("stats")
    assert str(inspect.signature(stats.weighted_mean)) == "(x, w, *args, **kwargs)"
    assert "na_rm=FALSE" in str(inspect.signature(stats.var))
    assert stats.optim.__doc__.startswith("optim ") and "Nelder-Mead" in stats.optim.__doc__
    assert "_\b" not in stats.optim.__doc__


def test_a_package_pickles_by_its_name(r):
    mean = pickle.loads(pickle.dumps(tb.package("base").mean))
    assert mean([1.0, 3.0]) == 2


def test_a_missing_package_is_named(r):
    with pytest.raises(
        ModuleNotFoundError, match=r"R has no package \'absent.package\'; in R: inst"
    ):
        tb.package("absent.package")


def test_a_package_may_be_attached_for_formulas(r):
    if not r.true("nzchar(system.file(package = 'survival'))"):
        pytest.skip("needs R's package survival")
    survival, stats = tb.package("survival", attach=True), tb.package("stats")
    formula = stats.as_formula("Surv(time, status) ~ age + sex")
    fit = survival.coxph(formula, data=survival.lung)
    expected = r("coef(survival::coxph(survival::Surv(time, status) ~ age + sex, survival::lung))")
    assert stats.coef(fit).tolist() == list(expected)
    assert stats.coef(fit).index.tolist() == ["age", "sex"]
    again = pickle.loads(pickle.dumps(survival))
    assert again.coxph(formula, data=survival.lung) is not None
    r("detach('package:survival')")
