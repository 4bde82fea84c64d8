"""R functions where Python libraries want a function, and Python's where R's functions want one."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import torchbridge as tb

pytestmark = pytest.mark.filterwarnings("error")

SCRIPT = """
one <- function(start, f, ...) optim(start, f, method = "BFGS", ...)$par
brent <- function(f) optim(0, f, method = "Brent", lower = -10, upper = 10)$par
least <- function(f) optimize(f, c(-10, 10))$minimum
root <- function(f) uniroot(f, c(-10, 10), tol = 1e-12)$root
area <- function(f) integrate(f, 0, 1)$value
each <- function(f, x) sapply(x, f)
both <- function(f) f(c(a = 1, b = 2), k = 3)
model <- function(x, a, b) a * exp(b * x)
negative_loglik <- function(p, x) -sum(dnorm(x, p[1], exp(p[2]), log = TRUE))
square <- function(x) x^2
scale_by <- function(k) function(x) x * k
agreement <- function(y, predicted) cor(y, predicted)
"""


@pytest.fixture(scope="module")
def script(r):
    return tb.source(text=SCRIPT)


def test_one_parameter_is_a_float_and_several_are_an_array(script):
    """A callback gets what a result of R's would be."""
    kinds = set()

    def f(p):
        kinds.add(type(p))
        return float(np.sum((np.asarray(p) - 1.5) ** 2))

    assert script.one(0.0, f) == pytest.approx(1.5, abs=1e-6)
    assert kinds == {float} == {type(script.square(2.0))}
    kinds.clear()
    assert script.one([0.0, 1.0], f) == pytest.approx([1.5, 1.5], abs=1e-6)
    assert kinds == {np.ndarray} == {type(script.square([1.0, 2.0]))}
    for verb in (script.brent, script.least):
        kinds.clear()
        assert verb(f) == pytest.approx(1.5, abs=1e-4) and kinds == {float}


def test_python_functions_in_r_s_numerical_verbs(script):
    assert script.root(lambda x: x**3 - 8) == pytest.approx(2, abs=1e-10)
    assert script.area(lambda x: x**2) == pytest.approx(1 / 3, abs=1e-14)  # whole vectors
    assert script.area(np.cos) == pytest.approx(np.sin(1), abs=1e-14)
    assert script.each(lambda x: x * 2, [1.0, 2.0]).tolist() == [2, 4]
    named = script.both(lambda x, k: {"x": x["b"] + k, "labels": list(x.index)})
    assert named == {"x": 5, "labels": ["a", "b"]}


def test_curve_fit_of_an_r_function(script):
    optimize = pytest.importorskip("scipy.optimize", reason="needs SciPy")
    x = np.linspace(0, 1, 20)
    found, covariance = optimize.curve_fit(script.model, x, 2 * np.exp(-0.7 * x))
    np.testing.assert_allclose(found, [2, -0.7], rtol=1e-7)
    assert covariance.shape == (2, 2)


def test_minimize_of_an_r_likelihood(script):
    optimize = pytest.importorskip("scipy.optimize", reason="needs SciPy")
    x = np.array([1.0, 2, 4, 5, 7])
    found = optimize.minimize(script.negative_loglik, [0.0, 0.0], args=(x,), tol=1e-10).x
    np.testing.assert_allclose(found, [x.mean(), np.log(x.std())], rtol=1e-5)
    within = optimize.differential_evolution(
        script.negative_loglik, [(-5, 10), (-2, 3)], args=(x,), rng=1, maxiter=30
    )
    np.testing.assert_allclose(within.x, [x.mean(), np.log(x.std())], rtol=1e-4)


def test_quad_and_root_of_r_functions(script):
    integrate = pytest.importorskip("scipy.integrate", reason="needs SciPy")
    from scipy import optimize

    assert integrate.quad(script.square, 0, 3)[0] == pytest.approx(9, rel=1e-12)
    assert integrate.quad(script.scale_by(2.0), 0, 3)[0] == pytest.approx(9, rel=1e-12)
    assert optimize.brentq(script.scale_by(2.0), -1, 2) == pytest.approx(0, abs=1e-12)


def test_scikit_learn_clones_r_functions_and_puts_them_in_pipelines(script):
    base = pytest.importorskip("sklearn.base", reason="needs scikit-learn")
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    x = np.linspace(1, 2, 12).reshape(-1, 1)
    functions = [script.square, script.scale_by(2.0)]
    for f in functions:
        pipeline = base.clone(make_pipeline(FunctionTransformer(f), LinearRegression()))
        assert pipeline[0].func(3.0) == f(3.0)
        assert str(inspect.signature(pipeline[0].func)) == "(x)"
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), LinearRegression()),
        {"functiontransformer__func": functions},
        scoring=make_scorer(script.agreement),
        cv=3,
    ).fit(x, x.ravel() ** 2)
    assert search.best_params_["functiontransformer__func"] is functions[0]
    assert search.best_score_ == pytest.approx(1, rel=1e-12)
