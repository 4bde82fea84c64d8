"""What is known of an output without a forward pass is what the pass gives."""

import pytest
import torch
from torch import nn

from torchbridge.models import fit, mlp
from torchbridge.models.networks.activations import ACTIVATIONS
from torchbridge.models.networks.scaled import Scaled
from torchbridge.models.networks.scaling import Standardize, Unstandardize
from torchbridge.models.training.parts import Parts
from torchbridge.models.training.shapes import output_like


def known(module, x):
    return output_like(module, x, Parts(module))


@pytest.mark.parametrize(
    "module",
    [
        *(nn.Sequential(nn.Linear(3, 4), kind()) for kind in ACTIVATIONS.values()),
        mlp(3, [5, 4], 2, dropout=0.5),
        mlp(3, [3, 4, 4], 1, residual=True),
        mlp(3, [], 2).double(),
        Scaled(Standardize(3), mlp(3, 4, 1), Unstandardize(1)),
        nn.Identity(),
        nn.Linear(3, 2, bias=False),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(4, 3), (2, 5, 3)], ids=str)
def test_shape_and_type_are_those_of_the_pass(module, shape):
    x = torch.zeros(shape, dtype=next((p.dtype for p in module.parameters()), torch.float32))
    found, passed = known(module, x), module(x[:1])
    assert found is not None
    assert (found.shape, found.dtype, found.device) == (passed.shape, passed.dtype, passed.device)


class Own(nn.Linear):
    """A layer of one's own."""

    def forward(self, x):
        """Its sum."""
        return super().forward(x).sum(1)


def hooked(register):
    module = mlp(3, 4, 1)
    getattr(module[0], register)(lambda *_: None)
    return module


def with_its_own_forward():
    module = nn.Linear(3, 2)
    module.forward = lambda x: x.sum(1)
    return module


def with_another_bias():
    module = nn.Linear(3, 2)
    module.bias = nn.Parameter(torch.zeros(3))
    return module


@pytest.mark.parametrize(
    "module",
    [
        Own(3, 2),
        nn.Sequential(nn.Linear(3, 2), nn.Flatten()),
        hooked("register_forward_hook"),
        hooked("register_forward_pre_hook"),
        with_its_own_forward(),
        with_another_bias(),
        nn.Linear(4, 2),
        nn.Linear(3, 2).double(),
        nn.Linear(3, 2, device="meta"),
        mlp(3, 4, 1, normalization="batch"),
        nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2)),
    ],
)
def test_what_only_the_module_knows_is_left_to_it(module):
    assert known(module, torch.zeros(1, 3)) is None


def test_rows_without_columns_and_other_precisions_are_left_to_the_module():
    module = nn.Linear(3, 2)
    assert known(module, torch.zeros(3)) is None
    assert known(module, torch.zeros(1, 3).to_sparse_csr()) is None
    assert known(module, torch.zeros(1, 3, dtype=torch.int64)) is None
    with torch.autocast("cpu"):
        assert known(module, torch.zeros(1, 3)) is None


def test_a_fit_of_such_layers_begins_without_a_pass(monkeypatch):
    passes = []
    module = mlp(3, 4, 1)
    own = nn.Linear.forward
    monkeypatch.setattr(nn.Linear, "forward", lambda m, x: passes.append(len(x)) or own(m, x))
    fit(module, torch.randn(6, 3), torch.randn(6), epochs=1, batch_size=3, seed=1)
    assert passes == [3, 3, 3, 3]
    passes.clear()
    with pytest.raises(ValueError, match="module cannot take rows of x, of shape"):
        fit(module, torch.randn(6, 4), torch.randn(6), epochs=1)
    assert passes == [1]
