"""Columns in, a fitted model out, and the model again from its spec and weights."""

import json
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from torchbridge.models import fit_glm, fit_multinomial, fit_table, load_table
from torchbridge.models.table.registry import MODELS

N = 90
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(N, 3, generator=GENERATOR, dtype=torch.float64) * torch.tensor([1.0, 50.0, 0.01])
Y = 500 + X[:, 0] * 30 + X[:, 1] + torch.randn(N, generator=GENERATOR)
PASSED = X[:, 0] + torch.randn(N, generator=GENERATOR) > 0
CODES = torch.stack([torch.arange(N) % 4, torch.arange(N) % 2], 1)
CLASSES = torch.arange(N) % 3
QUICK = {"epochs": 3, "seed": 1}


def reloaded(fitted):
    """Its model as another session gets it: text and bytes."""
    assert json.loads(fitted.spec_json) == json.loads(json.dumps(fitted.spec))
    return load_table(fitted.spec_json, bytes(fitted.weights))


@pytest.mark.parametrize(
    ("model", "response", "options"),
    [
        ("linear", Y, {}),
        ("logistic", PASSED.double(), {"link": "probit"}),
        ("poisson", Y.round(), {}),
        ("gamma", Y, {"link": "log"}),
        ("glm", Y, {"family": "inverse_gaussian", "link": "log", "intercept": True}),
    ],
)
def test_exact_models_are_fit_glm(model, response, options):
    offset = X[:, 0] / 100
    fitted = fit_table(model, X, response, offset=offset, model_options=options)
    names = {"linear": "gaussian", "logistic": "binomial"}
    expected = fit_glm(X, response, **{"family": names.get(model, model), **options}, offset=offset)
    assert torch.equal(fitted.exact.coefficients, expected.coefficients)
    torch.testing.assert_close(fitted.fitted, expected.fitted)
    again = reloaded(fitted)
    for type in ("response", "link"):
        found = again.predict(X.numpy(), offset=offset.numpy(), type=type)
        torch.testing.assert_close(found, expected.predict(X, offset, type))
    assert fitted.history == {"epoch": []}


def test_logistic_has_classes_and_multinomial_a_baseline():
    y = (X[:, 0] + torch.randn(N, generator=GENERATOR) > 0).long()
    fitted = fit_table("logistic", X, y, n_classes=2)
    p = fitted.predict(X)
    torch.testing.assert_close(fitted.predict(X, type="prob"), torch.stack([1 - p, p], 1))
    assert torch.equal(fitted.predict(X, type="class"), (p > 0.5).long())
    offset = torch.randn(N, 3, generator=GENERATOR, dtype=torch.float64)
    fitted = fit_table("multinomial", X, CLASSES.int(), n_classes=3, offset=offset)
    expected = fit_multinomial(X, CLASSES, offset=offset)
    torch.testing.assert_close(reloaded(fitted).predict(X, offset=offset), expected.fitted)
    found = reloaded(fitted).predict(X, offset=offset, type="link")
    torch.testing.assert_close(found, expected.linear_predictor)


@pytest.mark.parametrize(
    ("model", "arguments", "shape"),
    [
        ("mlp", {"response": Y, "model_options": {"hidden": [8], "dropout": 0.1}}, (N,)),
        ("mlp", {"response": torch.stack([Y, Y], 1)}, (N, 2)),
        ("mlp", {"response": CLASSES, "n_classes": 3}, (N, 3)),
        ("tabular", {"response": Y, "codes": CODES, "n_levels": [4, 2]}, (N,)),
        ("autoencoder", {"model_options": {"hidden": [8], "code": 2}}, (N, 3)),
    ],
)
def test_networks_come_back_from_spec_and_weights(model, arguments, shape):
    fitted = fit_table(model, X, **arguments, fit_options=QUICK)
    codes = arguments.get("codes")
    assert fitted.fitted.shape == shape
    assert torch.equal(reloaded(fitted).predict(X, codes), fitted.fitted)
    assert torch.equal(fitted.predict(X.numpy(), codes), fitted.fitted)
    again = fit_table(model, X, **arguments, fit_options=QUICK)
    assert again.weights == fitted.weights


def test_images_and_sequences():
    images = torch.rand(12, 1, 8, 8)
    fitted = fit_table(
        "cnn", images, CLASSES[:12], n_classes=3, model_options={"channels": 4}, fit_options=QUICK
    )
    torch.testing.assert_close(fitted.predict(images).sum(1), torch.ones(12))
    assert fitted.predict(images, type="class").shape == (12,)
    fitted = fit_table("rnn", torch.rand(12, 5, 2), Y[:12], fit_options=QUICK)
    assert reloaded(fitted).predict(torch.rand(12, 5, 2)).shape == (12,)


def test_scaling_is_part_of_the_model():
    # Without it, three epochs would not come near a response of 500.
    options = {"epochs": 60, "seed": 0, "lr": 0.01}
    fitted = fit_table("mlp", X, Y, fit_options=options)
    r_squared = 1 - (fitted.fitted - Y).square().mean() / Y.var()
    assert r_squared > 0.9
    module = fitted.model.module
    torch.testing.assert_close(module.input.mean.double(), X.mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(module.input.sd.double(), X.std(0), rtol=1e-5, atol=1e-5)
    loss = fitted.history["train_loss"][0]
    assert loss == pytest.approx(Y.var().item(), rel=0.3)  # in units of the response
    raw = fit_table("mlp", X, Y, fit_options=options, standardize=False)
    assert isinstance(raw.model.module.input, nn.Identity)
    assert raw.history["train_loss"][0] > 1e5


def test_losses_with_a_link_predict_means():
    counts = (Y / 100).round()
    fitted = fit_table("mlp", X, counts, fit_options={**QUICK, "loss": "poisson_nll_loss"})
    assert torch.equal(fitted.predict(X).log(), fitted.predict(X).log())
    torch.testing.assert_close(fitted.predict(X), fitted.predict(X, type="link").exp())
    two = fit_table(
        "mlp",
        X,
        CLASSES % 2,
        n_classes=2,
        fit_options={**QUICK, "loss": "binary_cross_entropy_with_logits"},
    )
    torch.testing.assert_close(two.predict(X), two.predict(X, type="link").sigmoid())
    torch.testing.assert_close(two.predict(X, type="prob")[:, 1], two.predict(X))


def test_validation_given_and_drawn():
    given = {"numeric": X[:30], "response": Y[:30], "weights": torch.ones(30)}
    fitted = fit_table("mlp", X[30:], Y[30:], validation=given, fit_options=QUICK)
    assert len(fitted.history["valid_loss"]) == 3
    drawn = fit_table("mlp", X, Y, validation=0.2, fit_options=QUICK)
    assert len(drawn.fitted) == N
    assert drawn.history == fit_table("mlp", X, Y, validation=0.2, fit_options=QUICK).history


def test_anyones_module():
    module = nn.Linear(3, 1)
    fitted = fit_table(module, X, Y, weights=np.ones(N), fit_options=QUICK)
    assert fitted.model.module is module
    again = load_table(fitted.spec, fitted.weights, nn.Linear(3, 1))
    assert torch.equal(again.predict(X), fitted.fitted)
    with pytest.raises(ValueError, match="module: the fit was of a module of yours"):
        load_table(fitted.spec, fitted.weights)


def test_callbacks_by_name():
    seen = []
    fitted = fit_table(
        "mlp",
        X,
        Y,
        validation=0.3,
        fit_options={
            "epochs": 50,
            "seed": 0,
            "lr": 0.5,
            "callbacks": {
                "early_stopping": {"patience": 2},
                "epoch_end": {"function": seen.append},
            },
        },
    )
    assert fitted.status.startswith("stopped early in epoch")
    assert [row["epoch"] for row in seen] == fitted.history["epoch"]


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"model": "mpl"}, ValueError, 'model "mpl" is not known; it can be "mlp", "tabular"'),
        ({"model": 3}, TypeError, "model must be a name or a torch nn.Module, not int"),
        ({"numeric": X.tolist()}, TypeError, "numeric must be a torch tensor or a NumPy array"),
        ({"numeric": np.array([["a"]])}, TypeError, "numeric must be a torch tensor or a NumPy"),
        ({"numeric": X[:, 0]}, ValueError, "numeric must have 2 dims|numeric must have shape"),
        ({"response": None}, ValueError, "response is missing"),
        ({"codes": CODES}, ValueError, 'codes: model "mlp" takes numeric columns'),
        ({"n_levels": [3]}, ValueError, "codes is None, and n_levels says there are factors"),
        ({"n_classes": 2, "response": CLASSES}, ValueError, "response holds codes outside 0 to 1"),
        ({"n_classes": 2}, TypeError, "response must be integer codes from 0"),
        ({"model_options": {"hiden": 3}}, ValueError, '"mlp" has no option "hiden"; it can have'),
        ({"model_options": {"in_features": 3}}, ValueError, '"in_features" follows from the data'),
        ({"fit_options": {"epoch": 3}}, ValueError, '"fit" has no option "epoch"'),
        ({"fit_options": {"weights": 3}}, ValueError, 'give "weights" as an argument of its own'),
        ({"validation": 1.5}, ValueError, "validation must be a share between 0 and 1"),
        ({"validation": {"x": X}}, ValueError, 'validation: "validation" has no option "x"'),
        ({"model": "autoencoder"}, ValueError, 'response must be None for "autoencoder"'),
        ({"model": "cnn"}, ValueError, 'numeric must have 4 dims for model "cnn", not 2'),
        ({"model": "linear", "validation": 0.2}, ValueError, "validation must be None for model"),
        ({"model": "linear", "fit_options": {"epochs": 3}}, ValueError, 'has no "epochs"'),
        ({"model": "linear", "n_classes": 3}, ValueError, "n_classes must be None"),
        ({"model": "linear", "model_options": {"lnk": 1}}, ValueError, 'has no option "lnk"'),
        ({"model": "glm"}, ValueError, '"family" is missing for model "glm"'),
        ({"model": "multinomial"}, ValueError, "n_classes is missing"),
    ],
)
def test_bad_argument_is_named(changed, error, message):
    row = MODELS.get(changed.get("model", "mlp"))
    options = None if row is not None and row.exact else QUICK
    arguments = {"model": "mlp", "numeric": X, "response": Y, "fit_options": options}
    with pytest.raises(error, match=message):
        fit_table(**(arguments | changed))


def test_read_only_arrays_are_as_good_as_others():
    x, y = np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)
    expected = fit_table("linear", x, y).predict(x)
    for array in (x, y):
        array.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit_table("linear", x, y).predict(x)
    assert torch.equal(found, expected)


def test_prediction_wants_the_columns_of_the_fit():
    fitted = fit_table("tabular", X, Y, codes=CODES, n_levels=[4, 2], fit_options=QUICK)
    with pytest.raises(ValueError, match=r"numeric must have rows of shape \(3,\), not \(2,\)"):
        fitted.predict(X[:, :2], CODES)
    with pytest.raises(ValueError, match="codes is missing: the model has 2 factors"):
        fitted.predict(X)
    with pytest.raises(ValueError, match="codes column 0 holds codes outside 0 to 3"):
        fitted.predict(X, CODES + 1)
    with pytest.raises(ValueError, match='type "class" is for responses with classes'):
        fitted.predict(X, CODES, type="class")
    with pytest.raises(ValueError, match='type "prop" is not known'):
        fitted.predict(X, CODES, type="prop")
    with pytest.raises(ValueError, match="no safetensors content"):
        load_table(fitted.spec, b"weights")
    for weights in (None, 3.0, "text", [1]):
        with pytest.raises(TypeError, match=f"weights must be bytes, not {type(weights).__name__}"):
            load_table(fitted.spec, weights)


def test_models_without_a_response_are_kept_and_predict_alike():
    x = torch.cat([torch.randn(40, 2), torch.randn(40, 2) + 5]).double()
    for model, options in (
        ("gaussian_mixture", {"k": 2}),
        ("k_means", {"k": 2}),
        ("pca", {"n_components": 1, "scale": True}),
    ):
        found = fit_table(model, x, model_options=options, fit_options={"seed": 1})
        again = load_table(found.spec_json, found.weights)
        assert torch.equal(again.predict(x), found.fitted)
    mixture = fit_table("gaussian_mixture", x, model_options={"k": 2}, fit_options={"seed": 1})
    assert torch.equal(mixture.predict(x, type="class"), mixture.fitted.argmax(1))
    torch.testing.assert_close(mixture.exact.responsibilities(x), mixture.fitted)
    with pytest.raises(ValueError, match='type "link" is not for model "gaussian_mixture"'):
        mixture.predict(x, type="link")
    with pytest.raises(ValueError, match='"k" is missing for model "k_means"'):
        fit_table("k_means", x)
    with pytest.raises(ValueError, match='response must be None for model "pca"'):
        fit_table("pca", x, x[:, 0])
    with pytest.raises(ValueError, match='"k_means" has no option "kk"'):
        fit_table("k_means", x, model_options={"kk": 3})


def test_rows_go_where_the_buffers_of_an_exact_fit_are():
    found = fit_table("linear", X.double(), X[:, 0].double())
    found.model.module.to("meta")
    with pytest.raises(NotImplementedError, match="meta"):
        found.predict(X.double())
