"""The optimizers' formulas are torch.optim's steps."""

import pytest
import torch

from torchbridge.models.training.optimizers import OPTIMIZERS
from torchbridge.models.training.updates import UPDATES


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("adam", {}),
        ("adam", {"weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
        ("adamw", {"weight_decay": 0.1}),
        ("sgd", {}),
        ("sgd", {"momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
        ("sgd", {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", {"alpha": 0.8, "weight_decay": 0.1}),
        ("rmsprop", {"momentum": 0.5}),
        ("adagrad", {"lr_decay": 0.1, "weight_decay": 0.1}),
    ],
)
def test_update_is_torchs_step(name, options):
    generator = torch.Generator().manual_seed(0)
    expected = torch.randn(5, generator=generator, dtype=torch.float64, requires_grad=True)
    optimizer = OPTIMIZERS[name][0]([expected], lr=0.1, **options)
    expected.grad = torch.randn(5, generator=generator, dtype=torch.float64)
    optimizer.step()
    found = expected.detach().clone()
    state = {k: v.clone() for k, v in optimizer.state[expected].items() if torch.is_tensor(v)}
    group = {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}
    for _ in range(4):
        gradient = torch.randn(5, generator=generator, dtype=torch.float64)
        expected.grad = gradient.clone()
        optimizer.step()
        UPDATES[name].step(found, gradient, state, torch.tensor(0.1, dtype=torch.float64), group)
        torch.testing.assert_close(found, expected.detach(), rtol=1e-12, atol=1e-13)
    assert set(state) == {k for k in UPDATES[name].state if k in state}
