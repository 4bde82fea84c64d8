"""The networks that are not multilayer perceptrons."""

import pytest
import torch
from torch import nn

from torchbridge.models import RNN, Autoencoder, Tabular, cnn, fit, predict


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_tabular_network_is_embeddings_beside_columns():
    module = Tabular(2, [3, 9], [4], 1, seed=0)
    assert [tuple(e.weight.shape) for e in module.embeddings] == [(3, 2), (9, 5)]
    numeric, codes = torch.randn(6, 2), torch.stack([torch.arange(6) % 3, torch.arange(6)], 1)
    first, second = (e.weight for e in module.embeddings)
    joined = torch.cat([numeric, first[codes[:, 0]], second[codes[:, 1]]], 1)
    torch.testing.assert_close(module(numeric, codes), module.network(joined))
    with pytest.raises(ValueError, match="embedding_dims has 3 numbers, and n_levels 2"):
        Tabular(2, [3, 9], [4], 1, embedding_dims=[1, 2, 3])


def test_one_hot_embedding_learns_the_means_of_groups():
    codes = (torch.arange(60) % 3)[:, None]
    y = torch.tensor([1.0, -2.0, 5.0])[codes[:, 0]][:, None]
    module = Tabular(0, [3], [], 1, embedding_dims=1, seed=0)
    x = (torch.zeros(60, 0), codes)
    fit(module, x, y, epochs=400, batch_size=60, lr=0.05)
    torch.testing.assert_close(predict(module, x), y, atol=1e-3, rtol=1e-3)


def test_cnn_halves_the_image_stage_by_stage():
    module = cnn((1, 28, 28), [8, 16], 10, hidden=32, batch_norm=True, dropout=0.1, seed=1)
    assert module(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    expected = (8 * 9 + 8) + 16 + (16 * 8 * 9 + 16) + 32 + (16 * 49 * 32 + 32) + (32 * 10 + 10)
    assert n_parameters(module) == expected
    with pytest.raises(ValueError, match="an image of 4 x 28 cannot be halved 3 times"):
        cnn((1, 4, 28), [8, 8, 8], 10)
    with pytest.raises(ValueError, match="kernel_size must be odd, not 4"):
        cnn((1, 28, 28), 8, 10, kernel_size=4)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_rnn_reads_the_last_step_of_each_direction(cell, bidirectional):
    module = RNN(3, 5, 2, cell, layers=2, bidirectional=bidirectional, seed=0)
    x = torch.randn(4, 7, 3)
    _, state = module.recurrent(x)
    h = state[0] if cell == "lstm" else state
    last = torch.cat([h[-2], h[-1]], 1) if bidirectional else h[-1]
    torch.testing.assert_close(module(x), module.output(last))


def test_rnn_learns_to_remember_the_first_of_a_sequence_of_codes():
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 2, (200, 6), generator=generator)
    module = RNN(4, 16, 2, "gru", n_tokens=2, seed=0)
    fit(module, x, x[:, 0], loss="cross_entropy", epochs=30, lr=0.02, seed=0)
    assert (predict(module, x).argmax(1) == x[:, 0]).all()


def test_linear_autoencoder_finds_the_principal_components():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(100, 4, generator=generator, dtype=torch.float64)
    x = (x - x.mean(0)) @ torch.diag(torch.tensor([3.0, 2.0, 0.5, 0.2], dtype=torch.float64))
    x = x - x.mean(0)
    module = Autoencoder(4, [], 2, seed=1).double()
    fit(module, x, x, epochs=60, batch_size=100, optimizer="lbfgs", lr=1, seed=0)
    values = torch.linalg.svdvals(x)
    least = (values[2:] ** 2).sum() / x.numel()
    torch.testing.assert_close((predict(module, x) - x).square().mean(), least, rtol=1e-6, atol=0)
    assert isinstance(module.encoder, nn.Sequential)
    assert module.encoder(x).shape == (100, 2)
