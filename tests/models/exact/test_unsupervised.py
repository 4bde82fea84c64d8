"""Principal components, k-means and Gaussian mixtures against R and each other."""

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.models import fit_kmeans, fit_mixture, fit_pca


def blobs(n=120, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centers = torch.tensor([[0.0, 0.0], [6.0, 1.0], [1.0, 7.0]], dtype=torch.float64)
    noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    return centers[torch.arange(n) % 3] + noise


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_pca_equals_prcomp(r, center, scale):
    x = blobs() @ torch.tensor([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]]).double() + 4
    found = fit_pca(x, center=center, scale=scale)
    code = f"prcomp(x, center = {str(center).upper()}, scale. = {str(scale).upper()})"
    expected = r(code, x=tb.to_r(x))
    np.testing.assert_allclose(found.sdev[:2], np.asarray(expected.rx2("sdev"))[:2], rtol=1e-10)
    rotation = np.asarray(expected.rx2("rotation"))[:, :2]
    np.testing.assert_allclose(found.rotation[:, :2].abs(), abs(rotation), rtol=1e-8)
    scores = np.asarray(expected.rx2("x"))[:, :2]
    np.testing.assert_allclose(found.scores[:, :2].abs(), abs(scores), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(found.transform(x), found.scores)
    torch.testing.assert_close(found.inverse_transform(found.scores), x)


@pytest.mark.parametrize("power", [-600, 600])
def test_pca_scales_columns_of_any_size(power):
    units = torch.tensor([2.0**power, 1.0], dtype=torch.float64)
    plain, scaled = fit_pca(blobs(), scale=True), fit_pca(blobs() * units, scale=True)
    for name in ("sdev", "rotation", "scores"):
        torch.testing.assert_close(getattr(scaled, name), getattr(plain, name))
    torch.testing.assert_close(scaled.scale / units, plain.scale)


def test_pca_bad_input():
    with pytest.raises(ValueError, match="n_components must be at most 2, not 3"):
        fit_pca(blobs(), 3)
    with pytest.raises(ValueError, match="column 1 is constant"):
        fit_pca(torch.tensor([[1.0, 2.0], [3.0, 2.0]]), scale=True)


def test_kmeans_equals_rs(r):
    x = blobs()
    found = fit_kmeans(x, 3, seed=1)
    expected = r("{ set.seed(1); kmeans(x, 3, nstart = 20) }", x=tb.to_r(x))
    assert found.inertia == pytest.approx(expected.rx2("tot.withinss")[0], rel=1e-12)
    ours = found.centers[found.centers.sum(1).argsort()]
    theirs = np.asarray(expected.rx2("centers"))
    np.testing.assert_allclose(ours, theirs[theirs.sum(1).argsort()], rtol=1e-12)
    assert found.sizes.sum() == 120
    assert torch.equal(found.predict(x), found.clusters)
    assert float(found.within.sum()) == pytest.approx(found.inertia, rel=1e-14)


def test_kmeans_same_seed_same_bits_and_empty_clusters():
    x = blobs()
    assert torch.equal(fit_kmeans(x, 5, seed=3).centers, fit_kmeans(x, 5, seed=3).centers)
    four = torch.tensor([[0.0], [0.0], [0.0], [1.0], [9.0]])
    found = fit_kmeans(four, 3, seed=0)
    assert found.inertia == 0
    with pytest.raises(ValueError, match="k is 4, and x has only 3 different rows"):
        fit_kmeans(four, 4)


@pytest.mark.parametrize("covariance", ["full", "diagonal", "spherical"])
def test_em_never_falls_and_equals_direct_maximisation(covariance):
    x = blobs() @ torch.tensor([[1.0, 0.3], [0.0, 1.0]]).double()
    em = fit_mixture(x, 3, covariance=covariance, seed=0)
    steps = np.diff(em.log_likelihoods)
    assert steps.min() > -1e-9
    assert em.converged
    direct = fit_mixture(x, 3, method="gradient", covariance=covariance, seed=0)
    assert direct.log_likelihood == pytest.approx(em.log_likelihood, rel=1e-9)
    torch.testing.assert_close(direct.means, em.means, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(direct.weights, em.weights, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(direct.covariances, em.covariances, rtol=1e-3, atol=1e-3)
    assert em.log_density(x).sum().item() == pytest.approx(em.log_likelihood, rel=1e-12)


def test_one_component_is_the_sample_mean_and_covariance():
    x = blobs()
    found = fit_mixture(x, 1)
    torch.testing.assert_close(found.means[0], x.mean(0))
    torch.testing.assert_close(found.covariances[0], x.T.cov(correction=0))
    assert found.df == 5


def test_old_faithful(r):
    # Two normals fitted to the waiting times: pi, mu, sigma to all printed digits.
    waiting = tb.to_torch(r("faithful$waiting"))
    found = fit_mixture(waiting, 2, seed=0)
    order = found.means[:, 0].argsort()
    assert found.weights[order][0] == pytest.approx(0.36089, abs=1e-4)
    assert found.means[order, 0].tolist() == pytest.approx([54.61486, 80.09107], abs=1e-3)
    sd = found.covariances[order, 0, 0].sqrt().tolist()
    assert sd == pytest.approx([5.87122, 5.86773], abs=1e-3)


def test_collapse_is_an_error():
    x = torch.tensor([[0.0], [0.0], [0.0], [5.0], [6.0], [7.0]])
    with pytest.raises(ValueError, match="collapsed onto too few points"):
        fit_mixture(x, 2)
