"""Generalized linear models against R's `lm` and `glm`, to the last digits."""

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.models import fit_glm
from torchbridge.models.exact.families import FAMILIES, find_family
from torchbridge.models.exact.links import LINKS

R_FIT = r"""{
  parameter <- sub("\\)$", "", sub("^[a-z_]*\\(", "", family))
  family <- switch(sub("\\(.*", "", family),
    gamma = Gamma(link), inverse_gaussian = inverse.gaussian(link),
    quasi = do.call(quasi, list(link, parameter)),
    negative_binomial = MASS::negative.binomial(as.numeric(parameter), link),
    do.call(family, list(link))
  )
  fit <- suppressWarnings(glm(y ~ x, family = family, weights = w, offset = o,
    control = glm.control(epsilon = 1e-14, maxit = 100), etastart = start))
  s <- summary(fit)
  list(coefficients = coef(fit), se = s$coefficients[, 2], dispersion = s$dispersion,
    deviance = fit$deviance, null_deviance = fit$null.deviance,
    log_likelihood = as.numeric(logLik(fit)), aic = AIC(fit), fitted = fitted(fit),
    df = attr(logLik(fit), "df"), df_residual = fit$df.residual, df_null = fit$df.null,
    n_obs = nobs(fit), working = fit$weights,
    predicted = predict(fit, type = "response"))
}"""


def numbers(found):
    return {name: np.asarray(found.rx2(name), float) for name in found.names}


def design(n=80, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    eta = 0.4 + x @ torch.tensor([0.5, -0.3, 0.1], dtype=torch.float64)
    noise = torch.rand(n, generator=generator, dtype=torch.float64)
    return x, eta, noise


RESPONSES = {
    "gaussian": lambda eta, u: 6 + eta + torch.special.ndtri(u),
    "binomial": lambda eta, u: (u < torch.sigmoid(eta)).double(),
    "quasibinomial": lambda eta, u: torch.sigmoid(eta) * 0.7 + u * 0.3,
    "poisson": lambda eta, u: (eta.exp() * 2 * u).round(),
    "quasipoisson": lambda eta, u: eta.exp() * 2 * u,
    "gamma": lambda eta, u: eta.exp() * (0.5 + u),
    "inverse_gaussian": lambda eta, u: (4 + eta) ** -0.5 * (0.5 + u),
    "negative_binomial(1.5)": lambda eta, u: (eta.exp() * 3 * u).round(),
    "quasi(constant)": lambda eta, u: eta + u,
    "quasi(mu)": lambda eta, u: (eta.exp() * 2 * u).round(),
    "quasi(mu(1-mu))": lambda eta, u: torch.sigmoid(eta) * 0.7 + u * 0.3,
    "quasi(mu^2)": lambda eta, u: (eta.exp() * 3 * u).round(),
    "quasi(mu^3)": lambda eta, u: eta.exp() * (0.5 + u),
}

CASES = [
    *(("gaussian", link) for link in ("identity", "log", "inverse")),
    *(("binomial", link) for link in ("logit", "probit", "cloglog", "cauchit")),
    ("quasibinomial", "logit"),
    *(("poisson", link) for link in ("log", "sqrt")),
    ("quasipoisson", "log"),
    *(("gamma", link) for link in ("inverse", "log")),
    *(("inverse_gaussian", link) for link in ("1/mu^2", "log")),
    *(("negative_binomial(1.5)", link) for link in ("log", "sqrt")),
    ("quasi(constant)", "identity"),
    *(("quasi(mu)", link) for link in ("log", "sqrt")),
    ("quasi(mu(1-mu))", "probit"),
    ("quasi(mu^2)", "log"),
    ("quasi(mu^3)", "log"),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("family", "link"), CASES)
def test_equals_glm(r, family, link, weighted):
    x, eta, u = design()
    y = RESPONSES[family](eta, u)
    weights = (torch.arange(80) % 4 + 1.0).double() if weighted else None
    offset = 0.1 * u if weighted else None
    if weighted and family == "binomial":
        y = (y * weights * u).round() / weights  # shares of so many trials
    found = fit_glm(x, y, family, link, weights=weights, offset=offset)
    expected = numbers(
        r(
            R_FIT,
            x=tb.to_r(x),
            y=tb.to_r(y),
            family=family,
            link=link,
            w=tb.to_r(torch.ones(80).double() if weights is None else weights),
            o=tb.to_r(torch.zeros(80).double() if offset is None else offset),
            start=tb.to_r(found.linear_predictor),
        )
    )
    close = {"rtol": 1e-7, "atol": 1e-9}
    np.testing.assert_allclose(found.coefficients, expected["coefficients"], **close)
    np.testing.assert_allclose(found.standard_errors, expected["se"], **close)
    np.testing.assert_allclose(found.fitted, expected["fitted"], **close)
    np.testing.assert_allclose(found.working_weights, expected["working"], rtol=1e-6)
    np.testing.assert_allclose(found.predict(x, offset), expected["predicted"], **close)
    for name in ("dispersion", "deviance", "null_deviance", "df_residual", "df_null", "n_obs"):
        np.testing.assert_allclose(getattr(found, name), expected[name][0], **close)
    if not family.startswith("quasi"):
        assert family == found.family
        np.testing.assert_allclose(found.log_likelihood, expected["log_likelihood"][0], **close)
        np.testing.assert_allclose(found.aic, expected["aic"][0], **close)
        assert found.df == expected["df"][0]
    else:
        assert np.isnan(found.log_likelihood)
    assert found.converged


def test_equals_lm_with_weights_of_zero(r):
    x, eta, u = design()
    y = RESPONSES["gaussian"](eta, u)
    weights = (torch.arange(80) % 3).double()
    found = fit_glm(x, y, weights=weights)
    expected = numbers(
        r(
            "{ f <- lm(y ~ x, weights = w); list(b = coef(f), v = vcov(f), l = as.numeric("
            "logLik(f)), d = df.residual(f), s = summary(f)$sigma, f = fitted(f)) }",
            x=tb.to_r(x),
            y=tb.to_r(y),
            w=tb.to_r(weights),
        )
    )
    np.testing.assert_allclose(found.coefficients, expected["b"], rtol=1e-12)
    np.testing.assert_allclose(found.covariance, expected["v"], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found.log_likelihood, expected["l"][0], rtol=1e-12)
    np.testing.assert_allclose(found.dispersion**0.5, expected["s"][0], rtol=1e-12)
    np.testing.assert_allclose(found.fitted, expected["f"], rtol=1e-12)
    assert found.df_residual == expected["d"][0]
    assert found.iterations == 1


@pytest.mark.parametrize("scale", [1e-200, 1e160, 1e300])
@pytest.mark.parametrize("family", ["gaussian", "binomial", "poisson", "gamma"])
def test_columns_of_any_scale(family, scale):
    x, eta, u = design()
    y = RESPONSES[family](eta, u)
    link = "log" if family == "gamma" else None
    units = torch.tensor([scale, 1.0, 1 / scale], dtype=torch.float64)
    plain, scaled = fit_glm(x, y, family, link), fit_glm(x * units, y, family, link)
    close = {"rtol": 1e-9, "atol": 0}
    np.testing.assert_allclose(scaled.coefficients[1:] * units, plain.coefficients[1:], **close)
    np.testing.assert_allclose(
        scaled.standard_errors[1:] * units, plain.standard_errors[1:], **close
    )
    np.testing.assert_allclose(scaled.fitted, plain.fitted, **close)
    np.testing.assert_allclose(scaled.predict(x * units), plain.fitted, **close)
    assert scaled.deviance == pytest.approx(plain.deviance, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e160, 1e300])
def test_responses_of_any_scale(scale):
    x, eta, u = design()
    y = RESPONSES["gaussian"](eta, u)
    w = 0.5 + u
    plain = fit_glm(x, y, weights=w, offset=u)
    scaled = fit_glm(x, y * scale, weights=w, offset=u * scale)
    close = {"rtol": 1e-9, "atol": 0}
    np.testing.assert_allclose(scaled.coefficients / scale, plain.coefficients, **close)
    np.testing.assert_allclose(scaled.standard_errors / scale, plain.standard_errors, **close)
    np.testing.assert_allclose(scaled.fitted / scale, plain.fitted, **close)
    expected = plain.log_likelihood - 80 * np.log(scale)
    assert scaled.log_likelihood == pytest.approx(expected, rel=1e-9)


def test_powers_are_links_of_quasi_families(r):
    x, eta, u = design()
    y = (eta.exp() * 2 * u).round()
    found = fit_glm(x, y, "quasi(mu)", "mu^0.5")
    same = fit_glm(x, y, "quasi(mu)", "sqrt")
    np.testing.assert_allclose(found.coefficients, same.coefficients, rtol=1e-9)
    with pytest.raises(ValueError, match='"mu\\^-1": the power must be a number above 0'):
        fit_glm(x, y, "quasi(mu)", "mu^-1")


def test_dependent_columns_are_left_out_as_in_lm(r):
    x, eta, u = design()
    y = RESPONSES["gaussian"](eta, u)
    x = torch.stack([x[:, 0], torch.ones(80).double(), x[:, 1], x[:, 0] - x[:, 1], x[:, 2]], 1)
    found = fit_glm(x, y)
    expected = np.asarray(r("coef(lm(y ~ x))", x=tb.to_r(x), y=tb.to_r(y)), float)
    np.testing.assert_allclose(found.coefficients, expected, rtol=1e-10)
    assert found.coefficients.isnan().tolist() == [False, False, True, False, True, False]
    np.testing.assert_allclose(found.predict(x), found.fitted, rtol=1e-12)
    assert found.rank == 4


def test_no_intercept_and_intercept_alone():
    x, eta, u = design()
    y = RESPONSES["gaussian"](eta, u)
    through_zero = fit_glm(x, y, intercept=False)
    expected = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
    torch.testing.assert_close(through_zero.coefficients, expected, rtol=1e-12, atol=1e-12)
    mean = fit_glm(x[:, :0], y)
    assert mean.coefficients.item() == pytest.approx(y.mean().item(), rel=1e-14)
    assert mean.deviance == pytest.approx(mean.null_deviance, rel=1e-14)
    nothing = fit_glm(x[:, :0], y.abs(), "poisson", intercept=False)
    assert nothing.fitted.tolist() == [1.0] * 80


def test_separation_warns():
    x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    with pytest.warns(UserWarning, match="numerically 0 or 1"):
        fit_glm(x, torch.tensor([0.0, 0.0, 1.0, 1.0]), "binomial", max_iter=200)


@pytest.mark.parametrize("name", LINKS)
def test_a_link_and_its_slope_come_together(name):
    eta = torch.linspace(0.01, 50, 200, dtype=torch.float64)
    if "mu" not in name:
        eta = torch.cat([-eta, eta])
    link = LINKS[name]
    mu, slope = link.at(eta)
    torch.testing.assert_close(mu, link.inverse(eta), rtol=0, atol=0)
    torch.testing.assert_close(slope, link.slope(eta), rtol=0, atol=0)


@pytest.mark.parametrize("name", ["gaussian", "binomial", "poisson", "quasibinomial"])
def test_the_canonical_link_has_the_variance_as_its_slope(name):
    family, link = find_family(name, FAMILIES[name].canonical)
    mu, slope = link.at(torch.linspace(-5, 5, 101, dtype=torch.float64))
    torch.testing.assert_close(slope, family.variance(mu), rtol=1e-12, atol=0)


def test_deviances_of_classes_are_those_of_shares():
    mu = torch.tensor([1e-12, 0.25, 0.5, 1 - 1e-12], dtype=torch.float64)
    family = FAMILIES["binomial"]
    for y in (torch.tensor([0, 0, 1, 1.0]).double(), torch.tensor([0, 1, 0.5, 1]).double()):
        found = family.deviances(y)(mu)
        torch.testing.assert_close(found, family.unit_deviance(y, mu), rtol=1e-14, atol=1e-15)
        torch.testing.assert_close(family.deviances(y)(mu), found, rtol=0, atol=0)


X, Y = torch.randn(9, 2), torch.rand(9)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"family": "gausian"}, ValueError, 'family "gausian" is not known; it can be "gaussian"'),
        ({"family": "quasi"}, ValueError, 'family "quasi" needs a parameter, as in "quasi(mu^2)"'),
        ({"family": "quasi(mu^4)"}, ValueError, '"mu^4" is not known; it can be "constant", "mu"'),
        ({"family": "negative_binomial(-1)"}, ValueError, "theta must be a number above 0"),
        ({"family": "poisson", "link": "mu^0.5"}, ValueError, 'link "mu^0.5" is not known'),
        ({"link": "logit"}, ValueError, 'link "logit" is not known; it can be "identity", "log"'),
        ({"x": X.numpy()}, TypeError, "x must be a torch tensor, not ndarray"),
        ({"x": X[:, 0]}, ValueError, "x must have shape (n, p), not (9,)"),
        ({"x": X / 0}, ValueError, "x holds values that are NaN or infinite"),
        ({"x": X[:0], "y": Y[:0]}, ValueError, "x has no rows"),
        ({"y": Y[:4]}, ValueError, "y must have shape (9,), not (4,)"),
        ({"y": Y + 1, "family": "binomial"}, ValueError, "y must be shares between 0 and 1"),
        ({"y": Y - 1, "family": "poisson"}, ValueError, "y must be not negative with family"),
        ({"y": 0 * Y, "family": "gamma"}, ValueError, "y must be above 0"),
        ({"weights": -Y}, ValueError, "weights must not be negative"),
        ({"weights": 0 * Y}, ValueError, "weights must not be negative, and not all 0"),
        ({"offset": Y[:3]}, ValueError, "offset must have shape (9,), not (3,)"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1"),
        ({"tol": 0}, ValueError, "tol must be above 0"),
        ({"intercept": 1}, TypeError, "intercept must be True or False"),
    ],
)
def test_bad_argument_is_named(changed, error, message):
    with pytest.raises(error) as caught:
        fit_glm(**({"x": X, "y": Y} | changed))
    assert message in str(caught.value)
