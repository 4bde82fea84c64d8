import pytest
import torch
from torch import nn

from torchbridge.models import mlp
from torchbridge.models.networks.activations import ACTIVATIONS


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((4, [16], 3), 131),  # 4*16 + 16 + 16*3 + 3
        ((20, [64, 32], 1), 3457),  # 1344 + 2080 + 33
        ((13, [], 1), 14),  # a linear model
        ((784, (128, 64), 10), 109386),
    ],
)
def test_parameter_count(sizes, expected):
    assert n_parameters(mlp(*sizes)) == expected


def test_layers_are_a_plain_sequential_with_a_linear_output():
    module = mlp(5, [4, 3], 2, activation="tanh", dropout=0.25)
    assert type(module) is nn.Sequential
    assert [type(layer) for layer in module] == [
        *(nn.Linear, nn.Tanh, nn.Dropout),
        *(nn.Linear, nn.Tanh, nn.Dropout),
        nn.Linear,
    ]
    assert [layer.p for layer in module if isinstance(layer, nn.Dropout)] == [0.25] * 2
    assert module(torch.zeros(7, 5)).shape == (7, 2)


def test_no_dropout_layer_at_zero():
    assert not any(isinstance(layer, nn.Dropout) for layer in mlp(5, [4, 3], 2))


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "identity"])
def test_activation_is_torchs_of_that_name(name):
    x = torch.linspace(-3, 3, 13)
    assert torch.equal(mlp(1, [1], 1, name)[1](x), getattr(nn.functional, name)(x))


def test_one_number_is_one_hidden_layer():
    assert n_parameters(mlp(4, 16, 3)) == n_parameters(mlp(4, [16], 3))


def test_whole_doubles_are_sizes_as_r_writes_them():
    assert n_parameters(mlp(4.0, [16.0], 3.0)) == 131


def test_seed_decides_the_weights_and_leaves_the_global_state():
    state = torch.get_rng_state()
    first, same, other = (mlp(4, [16], 3, seed=seed) for seed in (1, 1.0, 2))
    assert torch.equal(torch.get_rng_state(), state)
    for a, b, c in zip(first.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)


def test_without_seed_the_global_state_decides():
    torch.manual_seed(1)
    module = mlp(4, [16], 3)
    for a, b in zip(module.parameters(), mlp(4, [16], 3, seed=1).parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"in_features": 0}, ValueError, "in_features must be at least 1, not 0"),
        ({"in_features": "4"}, TypeError, "in_features must be a whole number"),
        ({"in_features": True}, TypeError, "in_features must be a whole number"),
        ({"hidden": [8, 0]}, ValueError, "hidden must be at least 1, not 0"),
        ({"hidden": [8, 2.5]}, TypeError, "hidden must be a whole number, not 2.5"),
        ({"hidden": None}, TypeError, "hidden must be whole numbers, not None"),
        ({"hidden": "64"}, TypeError, "hidden must be whole numbers, not '64'"),
        ({"out_features": -1}, ValueError, "out_features must be at least 1, not -1"),
        ({"activation": "reul"}, ValueError, '"reul" is not known; it can be "relu",'),
        ({"activation": nn.ReLU}, TypeError, "activation must be a string"),
        ({"dropout": 1.0}, ValueError, "dropout must be at least 0 and below 1"),
        ({"dropout": -0.1}, ValueError, "dropout must be at least 0 and below 1"),
        ({"dropout": float("nan")}, ValueError, "dropout must be at least 0"),
        ({"dropout": "0.1"}, TypeError, "dropout must be a number, not '0.1'"),
        ({"seed": "one"}, TypeError, "seed must be a whole number, not 'one'"),
        ({"droput": 0.1}, TypeError, "droput"),
    ],
)
def test_bad_argument_is_named(changed, error, message):
    good = {"in_features": 4, "hidden": [16], "out_features": 3}
    with pytest.raises(error) as caught:
        mlp(**(good | changed))
    assert message in str(caught.value)


def test_residual_blocks_add_their_input():
    module = mlp(3, [3, 5], 1, residual=True, seed=0)
    x = torch.randn(4, 3)
    first = module[0].layers(x) + x
    second = module[1].layers(first) + first @ module[1].skip.weight.T
    torch.testing.assert_close(module(x), module[2](second))


def test_normalization_stands_before_the_activation():
    module = mlp(3, [4], 1, normalization="batch")
    assert [type(layer) for layer in module] == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear]
    assert type(mlp(3, [4], 1, normalization="layer")[1]) is nn.LayerNorm
    with pytest.raises(ValueError, match='normalization "group" is not known'):
        mlp(3, [4], 1, normalization="group")
