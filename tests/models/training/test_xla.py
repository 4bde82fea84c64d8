"""XLA gives the eager fit, up to rounding: each operator that our networks and losses use."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from torch import nn

from torchbridge.autodiff import xla
from torchbridge.models import RNN, Tabular, cnn, fit, mlp

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")


def test_without_jax_it_says_what_to_install(rows, monkeypatch):
    monkeypatch.setattr(xla, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "torchbridge\[xla\]"'):
        fit(mlp(3, [4], 1).double(), *rows, compile="xla")


@pytest.fixture
def rows(regression):
    """50 rows in float64: three batches of 16, and two rows that are left."""
    return tuple(t.double() for t in regression)


OPTIMIZERS = {
    "adam": {},
    "adamw": {"betas": (0.8, 0.9)},
    "sgd": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {"momentum": 0.5},
    "adagrad": {"lr_decay": 0.1},
}


@needs_jax
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(rows, optimizer, equal_fits):
    given = {"optimizer": optimizer, "optimizer_options": OPTIMIZERS[optimizer]}
    equal_fits(lambda: mlp(3, [8], 1, seed=1).double(), *rows, weight_decay=0.01, **given)


@needs_jax
def test_float32_is_as_near_to_float64_as_an_eager_fit_is(regression, equal_fits):
    x, y = regression
    equal_fits(lambda: mlp(3, [8], 1, seed=1), x, y, epochs=1, tolerance=1e-5)
    options = {"epochs": 20, "batch_size": 16, "lr": 0.01, "seed": 3}
    eager, fast = (fit(mlp(3, [8], 1, seed=1), x, y, compile=c, **options) for c in (False, "xla"))
    exact = fit(mlp(3, [8], 1, seed=1).double(), x.double(), y.double(), **options)

    def away(found):
        pairs = zip(found.module.parameters(), exact.module.parameters(), strict=True)
        return max(float((p - q).detach().abs().max()) for p, q in pairs)

    assert away(fast) <= 2 * away(eager) + 1e-6


@needs_jax
@pytest.mark.parametrize(
    "loss",
    ["l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "gamma_nll_loss", "own"],
)
def test_losses_of_values(rows, loss, equal_fits):
    x, y = rows
    function = (lambda output, y: torch.log(torch.cosh(output - y))) if loss == "own" else loss
    net = lambda: mlp(3, [4], 1, "tanh", seed=1).double()  # noqa: E731
    equal_fits(net, x, y.abs(), loss=function, epochs=4, weights=y[:, 0].abs())


@needs_jax
@pytest.mark.parametrize(
    "loss",
    ["binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss"],
)
def test_losses_of_two_classes(rows, loss, equal_fits):
    x, y = rows
    last = [nn.Sigmoid()] if loss == "binary_cross_entropy" else []
    net = lambda: nn.Sequential(mlp(3, [4], 1, seed=1), *last).double()  # noqa: E731
    classes = (y > 2).double() * 2 - 1 if loss == "soft_margin_loss" else (y > 2).double()
    equal_fits(net, x, classes, loss=loss, epochs=4, metrics="accuracy")


@needs_jax
def test_codes_classes_and_embeddings(equal_fits):
    codes = torch.randint(0, 4, (48, 2), generator=torch.Generator().manual_seed(0))
    x = (torch.randn(48, 1, dtype=torch.float64), codes)
    net = lambda: Tabular(1, [4, 4], [8], 4, seed=1).double()  # noqa: E731
    equal_fits(net, x, codes[:, 0], loss="cross_entropy", metrics="accuracy", epochs=5)


@needs_jax
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_recurrent_networks(cell, equal_fits):
    x = torch.randn(20, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    net = lambda: RNN(2, 3, 1, cell, seed=1).double()  # noqa: E731
    equal_fits(net, x, x.sum((1, 2))[:, None], batch_size=10, epochs=3)


@needs_jax
def test_convolutional_networks(equal_fits):
    x = torch.randn(20, 1, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = x.mean((1, 2, 3))[:, None]
    net = lambda: nn.Sequential(  # noqa: E731
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(4, 4, 3, stride=2, groups=2, bias=False),
        nn.ELU(),
        nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1, padding=1),
        nn.AvgPool2d(2, 1, padding=1),
        nn.Dropout2d(0.3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.LayerNorm(8),
        nn.Linear(8, 1),
    ).double()

    def made():
        torch.manual_seed(1)
        return net()

    equal_fits(made, x, y, batch_size=8, epochs=3)
    equal_fits(lambda: cnn((1, 9, 8), [4], 1, seed=1).double(), x, y, epochs=2)


@needs_jax
@pytest.mark.parametrize(
    "activation",
    ["leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign",
     "hardtanh", "tanh", "sigmoid", "identity"],
)  # fmt: skip
def test_activations(rows, activation, equal_fits):
    net = lambda: mlp(3, [4], 1, activation, seed=1).double()  # noqa: E731
    equal_fits(net, *rows, epochs=2, batch_size=50, optimizer="sgd")


FORK = """
import os, sys, torch
from torchbridge.models import fit, mlp
x = torch.randn(40, 3); y = x.sum(1, keepdim=True)
one = fit(mlp(3, [4], 1, seed=1), x, y, epochs=2, seed=0, compile="xla")
if os.fork() == 0:
    two = fit(mlp(3, [4], 1, seed=1), x, y, epochs=2, seed=0, compile="xla")
    pairs = zip(one.module.parameters(), two.module.parameters())
    near = all(torch.allclose(p, q) for p, q in pairs)
    os._exit(0 if two.engine == "eager" and near else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@needs_jax
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_fits_eagerly():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "the fit is not compiled" in done.stderr


@needs_jax
def test_the_switches_of_jax_stay_its_users(rows):
    import jax.numpy as jnp

    fit(mlp(3, [4], 1).double(), *rows, epochs=1, compile="xla")
    assert jnp.zeros(1).dtype == jnp.float32


SESSION = """
import logging, torch
from torchbridge.models import fit, mlp
logging.basicConfig()
logging.getLogger("jax._src.compiler").setLevel(logging.DEBUG)
x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)); y = x.sum(1, keepdim=True)
found = fit(mlp(3, [4], 1, seed=1), x, y, epochs=2, seed=0, compile="xla")
import jax
assert jax.config.jax_compilation_cache_dir is None
print(repr(found.history["train_loss"]))
"""


@needs_jax
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no owners here")
def test_a_later_session_finds_what_was_compiled(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    for name in ("TORCHBRIDGE_CACHE", "JAX_COMPILATION_CACHE_DIR"):
        environment.pop(name, None)
    sessions = [
        subprocess.run(
            [sys.executable, "-c", SESSION], capture_output=True, text=True, env=environment
        )
        for _ in range(2)
    ]
    assert [s.returncode for s in sessions] == [0, 0], sessions[1].stderr
    assert ["compilation cache hit for 'jit_batches'" in s.stderr for s in sessions] == [
        False,
        True,
    ]
    assert sessions[0].stdout == sessions[1].stdout


@needs_jax
def test_rows_that_depend_on_values_are_refused_by_name(rows):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 1, dtype=torch.float64)

        def forward(self, x):
            return self.layer(x) + x.mode(1, keepdim=True)[0]

    module = Own()
    before = module.layer.weight.detach().clone()
    with pytest.raises(ValueError, match=r"does not know the operator aten\.mode\.default"):
        fit(module, *rows, compile="xla")
    assert torch.equal(module.layer.weight, before)


@needs_jax
def test_a_transformer(equal_fits):
    x = torch.randn(20, 4, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def made():
        torch.manual_seed(1)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        return nn.Sequential(
            nn.TransformerEncoder(layer, 2), nn.Flatten(), nn.Linear(32, 1)
        ).double()

    equal_fits(made, x, x.sum((1, 2))[:, None], batch_size=10)


@needs_jax
def test_the_partial_likelihood_of_cox(equal_fits):
    x = torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.stack([x[:, 0].exp(), x[:, 1] > 0, torch.arange(40) % 2], 1).double()
    equal_fits(
        lambda: mlp(3, [4], 1, seed=1).double(), x, y, loss="cox_loss", batch_size=40, epochs=4
    )
