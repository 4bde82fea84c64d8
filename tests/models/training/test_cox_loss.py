"""The loss of proportional hazards against the exact model's likelihood."""

import pytest
import torch
from torch import nn

from torchbridge.models import fit, fit_cox, fit_table
from torchbridge.models.training.cox_loss import cox_loss

torch.manual_seed(4)
X = torch.randn(50, 3, dtype=torch.float64)
TIME = torch.randint(1, 15, (50,)).double()
EVENT = (torch.rand(50) < 0.6).double()
STRATA = torch.arange(50) % 3
Y = torch.stack([TIME, EVENT], 1)


@pytest.mark.parametrize("strata", [None, STRATA])
def test_it_is_the_partial_likelihood(strata):
    """Its value at the exact fit, and a gradient of 0 there."""
    found = fit_cox(X, TIME, EVENT, strata=strata)
    b = found.coefficients.clone().requires_grad_()
    y = Y if strata is None else torch.cat([Y, strata[:, None]], 1)
    loss = cox_loss(X @ b, y)
    assert float(loss.detach()) == pytest.approx(-found.log_likelihood / 50, rel=1e-13)
    assert torch.autograd.grad(loss, b)[0].abs().max() < 1e-12
    each = cox_loss((X @ b)[:, None], y, reduction="none")
    torch.testing.assert_close(each.mean(), loss)
    assert bool((each[EVENT == 0] == 0).all())


def test_rows_may_come_in_any_order():
    """And none need have an event."""
    order = torch.randperm(50)
    eta = X[:, 0]
    each, other = cox_loss(eta, Y, "none"), cox_loss(eta[order], Y[order], "none")
    torch.testing.assert_close(other, each[order])
    assert float(cox_loss(eta, Y * torch.tensor([1, 0]))) == 0


def test_a_linear_network_finds_the_exact_fit():
    """All rows in a batch."""
    module = nn.Linear(3, 1, bias=False).double()
    nn.init.zeros_(module.weight)
    wolfe = {"line_search_fn": "strong_wolfe", "tolerance_change": 1e-14, "tolerance_grad": 1e-12}
    fit(
        module, X, Y, loss="cox_loss", optimizer="lbfgs", optimizer_options=wolfe, lr=1.0,
        epochs=10, batch_size=50,
    )  # fmt: skip
    found = fit_cox(X, TIME, EVENT)
    torch.testing.assert_close(module.weight.detach()[0], found.coefficients, rtol=1e-5, atol=1e-6)


def test_a_table_predicts_relative_hazards():
    """Of one output, whose exponential the response is."""
    found = fit_table("mlp", X, Y, strata=STRATA, fit_options={"loss": "cox_loss", "epochs": 2})
    link, mean = (found.model.predict(X, type=type) for type in ("link", "response"))
    assert link.shape == (50,)
    torch.testing.assert_close(mean, link.exp())


def test_bad_responses_are_named():
    """Shapes and events."""
    module = nn.Linear(3, 1).double()
    with pytest.raises(ValueError, match="columns of time and event"):
        fit(module, X, TIME, loss="cox_loss")
    with pytest.raises(ValueError, match="events, 0"):
        fit(module, X, torch.stack([TIME, TIME], 1), loss="cox_loss")
    with pytest.raises(ValueError, match="one output a row"):
        fit(nn.Linear(3, 2).double(), X, Y, loss="cox_loss")
    with pytest.raises(ValueError, match="there is none for loss"):
        fit(module, X, Y, loss="cox_loss", metrics="mse")
