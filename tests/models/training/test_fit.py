import gc
import math
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbridge.models import LOSSES, OPTIMIZERS, Callback, Fit, fit, mlp, predict
from torchbridge.models.training.fit import usual_batch_size

HAS_GPU = torch.cuda.is_available()


def regression(n=50, p=3, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, p, dtype=dtype, generator=generator)
    noise = torch.randn(n, 1, dtype=dtype, generator=generator)
    return x, x.sum(1, keepdim=True) + 2 + noise


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# What the loop computes


def test_linear_model_converges_to_least_squares():
    x, y = regression(200, 3, torch.float64)
    module = nn.Linear(3, 1).double()
    fit(module, x, y, epochs=300, batch_size=200, lr=0.1, optimizer="sgd", seed=0)
    design = torch.cat([x, torch.ones(200, 1, dtype=x.dtype)], 1)
    expected = torch.linalg.lstsq(design, y).solution.squeeze()
    found = torch.cat([module.weight[0], module.bias]).detach()
    assert (found - expected).abs().max() < 1e-12


def test_one_sgd_step_is_the_closed_form():
    x, y = regression(dtype=torch.float64)
    module = nn.Linear(3, 1).double()
    weight, bias = module.weight.detach().clone(), module.bias.detach().clone()
    fit(module, x, y, epochs=1, batch_size=50, lr=0.01, optimizer="sgd", seed=0)
    residual = x @ weight.T + bias - y
    torch.testing.assert_close(module.weight.detach(), weight - 0.01 * 2 / 50 * residual.T @ x)
    torch.testing.assert_close(module.bias.detach(), bias - 0.01 * 2 * residual.mean(0))


def test_sgd_weight_decay_is_an_l2_penalty():
    x, y = regression(dtype=torch.float64)
    module = nn.Linear(3, 1, bias=False).double()
    weight = module.weight.detach().clone()
    fit(module, x, y, epochs=1, batch_size=50, lr=0.01, optimizer="sgd", weight_decay=0.5)
    gradient = 2 / 50 * (x @ weight.T - y).T @ x + 0.5 * weight
    torch.testing.assert_close(module.weight.detach(), weight - 0.01 * gradient)


@pytest.mark.parametrize(
    "optimizer", [name for name in OPTIMIZERS if name not in ("rprop", "lbfgs")]
)
def test_training_is_the_loop_written_by_hand(optimizer):
    x, y = regression()
    found = mlp(3, [8], 1, dropout=0.2, seed=1)
    fit(found, x, y, epochs=3, batch_size=16, lr=0.01, optimizer=optimizer, seed=5)

    expected = mlp(3, [8], 1, dropout=0.2, seed=1)
    optimizer_class, _ = OPTIMIZERS[optimizer]
    by_hand = optimizer_class(expected.parameters(), lr=0.01, weight_decay=0, foreach=False)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for _ in range(3):
            for rows in torch.randperm(50).split(16):
                by_hand.zero_grad()
                F.mse_loss(expected(x[rows]), y[rows]).backward()
                by_hand.step()
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("loss", LOSSES)
def test_train_loss_of_a_full_batch_is_torchs(loss):
    x, y = regression()
    function, holds = LOSSES[loss]
    module = mlp(3, [8], 1 if holds == "events" else 4, seed=1)
    if loss == "binary_cross_entropy":
        module.append(nn.Sigmoid())
    target = torch.arange(50) % 4 if holds == "classes" else (y.abs() / 8).expand(50, 4)
    if holds == "events":
        target = torch.stack([target[:, 0], torch.arange(50.0) % 2], 1)
    expected = function(module(x), target).item()
    assert function is getattr(F, loss, function)
    history = fit(module, x, target, epochs=1, batch_size=50, loss=loss).history
    assert history["train_loss"][0] == pytest.approx(expected, rel=1e-5)


def test_losses_weight_batches_by_their_rows():
    x, y = regression(50)
    module = mlp(3, [8], 1, seed=1).double()
    x, y = x.double(), y.double()
    before = F.mse_loss(module(x), y).item()
    # A step this small leaves the weights as they were, to eight digits.
    history = fit(module, x, y, epochs=1, batch_size=32, lr=1e-12).history
    assert history["train_loss"][0] == pytest.approx(before, rel=1e-8)


def test_valid_loss_weights_its_batches_by_their_rows(monkeypatch):
    monkeypatch.setattr("torchbridge.models.training.fit.PREDICT_ROWS", 32)
    x, y = regression(50, dtype=torch.float64)
    module = mlp(3, [8], 1, seed=1).double()
    history = fit(module, x, y, epochs=1, validation=(x, y)).history
    after = F.mse_loss(module(x), y).item()
    assert history["valid_loss"][0] == pytest.approx(after, rel=1e-12)


def test_valid_loss_is_of_the_weights_at_the_epochs_end_in_eval_mode():
    x, y = regression()
    xv, yv = regression(seed=1)
    module = mlp(3, [8], 1, dropout=0.5, seed=1)
    history = fit(module, x, y, epochs=4, validation=(xv, yv), seed=0).history
    expected = F.mse_loss(predict(module, xv), yv).item()
    assert history["valid_loss"][-1] == pytest.approx(expected, rel=1e-6)


def test_validation_does_not_change_training():
    x, y = regression()
    one, two = (mlp(3, [8], 1, dropout=0.5, seed=1) for _ in range(2))
    fit(one, x, y, epochs=3, seed=0)
    fit(two, x, y, epochs=3, seed=0, validation=regression(seed=1))
    assert same(weights(one), weights(two))


def test_history_has_one_value_an_epoch():
    x, y = regression()
    history = fit(mlp(3, [8], 1), x, y, epochs=7, validation=[x, y]).history
    assert history["epoch"] == [1, 2, 3, 4, 5, 6, 7]
    assert list(history) == ["epoch", "train_loss", "valid_loss"]
    assert all(len(values) == 7 for values in history.values())
    assert all(type(v) is float for v in history["train_loss"] + history["valid_loss"])
    assert list(fit(mlp(3, [8], 1), x, y, epochs=2).history) == ["epoch", "train_loss"]


def test_classes_are_learned():
    x, _ = regression(300, 2)
    y = (x[:, 0] > x[:, 1]).int()  # R's integers are int32
    module = mlp(2, [16], 2, seed=0)
    fit(module, x, y, epochs=60, lr=0.01, loss="cross_entropy", seed=0)
    assert (predict(module, x).argmax(1) == y).float().mean() > 0.98


# Weights, offsets, loaders, other losses and optimizers


def test_integer_weights_are_repeated_rows():
    x, y = regression(50, dtype=torch.float64)
    times = torch.arange(50) % 3
    options = {"epochs": 5, "batch_size": 200, "lr": 0.1, "optimizer": "sgd"}
    one, two = (nn.Linear(3, 1).double() for _ in range(2))
    two.load_state_dict(one.state_dict())
    weighted = fit(one, x, y, weights=times.double() * 7, **options)
    repeated = fit(two, x.repeat_interleave(times, 0), y.repeat_interleave(times, 0), **options)
    torch.testing.assert_close(one.weight, two.weight, rtol=1e-12, atol=1e-12)
    expected = pytest.approx(repeated.history["train_loss"], rel=1e-12)
    assert weighted.history["train_loss"] == expected


@pytest.mark.parametrize("shape", [(50,), (50, 1)])
def test_offset_is_added_to_the_output(shape):
    x, y = regression(dtype=torch.float64)
    offset = x[:, :1] ** 2
    one, two = (mlp(3, [8], 1, seed=1).double() for _ in range(2))
    found = fit(one, x, y + offset, offset=offset.reshape(shape), epochs=3, seed=0)
    fit(two, x, y, epochs=3, seed=0)
    torch.testing.assert_close(one[0].weight, two[0].weight, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(found.predict(x, offset=offset), predict(two, x) + offset)


def test_validation_has_weights_and_offset():
    x, y = regression(dtype=torch.float64)
    weights, offset = torch.arange(50.0).double(), x[:, 0]
    module = mlp(3, [8], 1, seed=1).double()
    found = fit(module, x, y, epochs=1, validation=(x, y, weights, offset))
    rows = (predict(module, x, offset=offset) - y).square()[:, 0]
    expected = (rows * weights).sum() / weights.sum()
    assert found.history["valid_loss"][0] == pytest.approx(expected.item(), rel=1e-10)


def test_a_loader_gives_the_batches():
    x, y = regression()
    one, two = (mlp(3, [8], 1, seed=1) for _ in range(2))
    batches = [(x[:20], y[:20]), (x[20:40], y[20:40]), (x[40:], y[40:])]
    found = fit(one, batches_of(batches), epochs=3, validation=batches_of(batches[:1]))
    expected = fit(two, x, y, epochs=3, batch_size=20, shuffle=False, validation=(x[:20], y[:20]))
    assert same(weights(one), weights(two))
    assert found.history["train_loss"] == pytest.approx(expected.history["train_loss"], rel=1e-6)
    assert found.history["valid_loss"] == pytest.approx(expected.history["valid_loss"], rel=1e-6)


class batches_of:  # noqa: N801
    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def test_a_loaders_faults_are_named():
    module = mlp(3, [8], 1)
    x, y = regression()
    with pytest.raises(ValueError, match="x gave no batches"):
        fit(module, batches_of([]))
    with pytest.raises(
        TypeError, match=r"x must give batches \(x, y\) or \(x, y, weights\), not T"
    ):
        fit(module, batches_of([x]))
    with pytest.raises(ValueError, match="x batch's x has 50 rows and x batch's y has 3"):
        fit(module, batches_of([(x, y[:3])]))
    with pytest.raises(TypeError, match="y must be None where x is a loader"):
        fit(module, batches_of([(x, y)]), y)


def test_a_function_is_a_loss():
    x, y = regression()
    one, two, three = (mlp(3, [8], 1, seed=1) for _ in range(3))
    fit(one, x, y, epochs=2, seed=0)
    fit(two, x, y, epochs=2, seed=0, loss=lambda output, y: ((output - y) ** 2).mean())
    fit(three, x, y, epochs=2, seed=0, loss=lambda output, y: ((output - y) ** 2)[:, 0])
    assert same(weights(one), weights(two))
    assert same(weights(one), weights(three))
    with pytest.raises(ValueError, match="loss must return one value for each row"):
        fit(one, x, y, weights=y[:, 0].abs(), loss=lambda output, y: (output - y).mean())
    with pytest.raises(TypeError, match="loss must return a tensor, not float"):
        fit(one, x, y, loss=lambda output, y: 1.0)


@pytest.mark.parametrize(
    "options", [{}, {"optimizer": "lbfgs"}, {"weights": torch.linspace(0, 1, 50)}]
)
def test_a_loss_gets_y_in_the_shape_of_the_output(options):
    x, y = regression()
    flat = nn.Sequential(mlp(3, [8], 1, seed=1), nn.Flatten(0))

    def trained(module, y, loss):
        validation = (x[:20], y[:20])
        return fit(module, x, y, epochs=2, seed=0, loss=loss, validation=validation, **options)

    named = trained(mlp(3, [8], 1, seed=1), y[:, 0], "mse_loss")
    one = trained(mlp(3, [8], 1, seed=1), y[:, 0], lambda output, y: (output - y) ** 2)
    other = trained(flat, y, lambda output, y: (output - y) ** 2)
    assert one.history == named.history == other.history
    assert same(weights(one.module), weights(named.module))


def test_a_loss_gets_batches_of_a_loader_in_that_shape():
    x, y = regression()
    batches = batches_of([(x[:30], y[:30, 0]), (x[30:], y[30:, 0])])
    one, two = (
        fit(mlp(3, [8], 1, seed=1), batches, epochs=2, loss=loss).history
        for loss in ("mse_loss", lambda output, y: (output - y) ** 2)
    )
    assert one == two


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(
    "loss",
    [
        lambda output, y: (output[:, 0] - y) ** 2,
        lambda output, y: ((y - output.squeeze()) ** 2).mean(),
        lambda output, y: F.l1_loss(output.flatten(), y),
        lambda output, y: F.poisson_nll_loss(input=output[:, 0], target=y),
    ],
)
def test_a_loss_that_pairs_every_row_with_every_other_is_an_error(loss):
    x, y = regression()
    with pytest.raises(ValueError, match=r"broadcasts .*\(3, 1\).* y of shape \(3, 1\)"):
        fit(mlp(3, [8], 1), x, y, epochs=1, loss=loss)


def test_what_a_loss_returns_shows_its_shape():
    x, y = regression()
    with pytest.raises(
        ValueError, match=r"3 values, one for each row, .* output \(3, 1\) .* made shape \(2, 1\)"
    ):
        fit(mlp(3, [8], 1), x, y, loss=lambda output, y: (output - y)[1:])
    with pytest.raises(
        ValueError, match=r"loss cannot take output of shape \(3, 2\) and y of shape \(3,\)"
    ):
        fit(mlp(3, [8], 2), x, y[:, 0], loss=lambda output, y: output - y)
    # Rows in pairs on purpose, class codes, a loss for each of several outputs
    fit(mlp(3, [8], 1), x, y, epochs=1, loss=lambda o, y: F.softplus((o.T - o) * (y - y.T)).mean())
    codes = (y[:, 0] > 0).long()
    named = fit(mlp(3, [8], 2, seed=1), x, codes, epochs=2, seed=0, loss="cross_entropy")
    own = fit(
        mlp(3, [8], 2, seed=1),
        x,
        codes,
        epochs=2,
        seed=0,
        loss=lambda o, y: F.cross_entropy(o, y, reduction="none"),
    )
    assert named.history["train_loss"] == pytest.approx(own.history["train_loss"], rel=1e-6)
    both = torch.cat([y, -y], 1)
    named = fit(mlp(3, [8], 2, seed=1), x, both, epochs=2, seed=0)
    own = fit(mlp(3, [8], 2, seed=1), x, both, epochs=2, seed=0, loss=lambda o, y: (o - y) ** 2)
    assert named.history["train_loss"] == pytest.approx(own.history["train_loss"], rel=1e-6)


def test_one_row_left_joins_the_batch_before_under_batch_normalisation():
    x, y = regression()
    sizes = []

    class Watched(nn.Sequential):
        def forward(self, x):
            if self.training:
                sizes.append(len(x))
            return super().forward(x)

    def trained(*layers, rows=33, **options):
        sizes.clear()
        module = Watched(*layers, nn.Linear(4, 1))
        fit(module, x[:rows], y[:rows], **{"epochs": 1, "batch_size": 16, **options})
        return list(sizes)

    norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
    assert trained(*norm) == trained(*norm, shuffle=False) == [16, 17]
    assert trained(*norm, rows=34) == [16, 16, 2]
    assert trained(*norm, rows=17) == [17]
    assert trained(nn.Linear(3, 4)) == [16, 16, 1]
    # A channel of two places has a deviation in a single row.
    places = nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 2, 2), nn.BatchNorm1d(2), nn.Flatten()
    assert trained(*places) == [16, 16, 1]
    with pytest.raises(ValueError, match="x has one row, and batch normalisation"):
        trained(*norm, rows=1)
    with pytest.raises(ValueError, match="batch_size must be at least 2 with batch norm"):
        trained(*norm, batch_size=1)
    with pytest.raises(ValueError, match="x gave a batch of one row, and batch norm.*drop_last"):
        fit(Watched(*norm, nn.Linear(4, 1)), batches_of([(x[:9], y[:9]), (x[:1], y[:1])]), epochs=1)


def test_batches_grow_with_the_rows():
    rows = [1, 6400, 6401, 12800, 12801, 54_000, 102_400, 102_401, 10**9]
    assert list(map(usual_batch_size, rows)) == [32, 32, 64, 64, 128, 512, 512, 1024, 1024]


def test_lbfgs_solves_least_squares_in_a_few_epochs():
    x, y = regression(dtype=torch.float64)
    module = nn.Linear(3, 1).double()
    exactly = {"line_search_fn": "strong_wolfe", "tolerance_change": 0, "tolerance_grad": 0}
    options = {"optimizer_options": exactly, "lr": 1}
    fit(module, x, y, optimizer="lbfgs", epochs=5, batch_size=50, **options)
    design = torch.cat([x, torch.ones(50, 1, dtype=x.dtype)], 1)
    expected = torch.linalg.lstsq(design, y).solution.squeeze()
    found = torch.cat([module.weight[0], module.bias]).detach()
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)


def test_options_of_the_optimizer():
    x, y = regression(dtype=torch.float64)
    module = nn.Linear(3, 1).double()
    with pytest.raises(ValueError, match='"sgd" has no option "momentm"; it can have'):
        fit(module, x, y, optimizer="sgd", optimizer_options={"momentm": 0.9})
    with pytest.raises(ValueError, match='weight_decay must be 0 with optimizer "lbfgs"'):
        fit(module, x, y, optimizer="lbfgs", weight_decay=0.1)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"weights": torch.ones(3)}, ValueError, "x has 50 rows and weights has 3"),
        ({"weights": -torch.ones(50)}, ValueError, "weights must not be negative, and not all 0"),
        ({"weights": torch.ones(50, 1)}, ValueError, "weights must have shape (50,), not (50, 1)"),
        ({"weights": [1] * 50}, TypeError, "weights must be a torch tensor, not list"),
        ({"offset": torch.ones(50, 3)}, ValueError, "offset has shape (50, 3), and the module's"),
        ({"offset": torch.ones(50) / 0}, ValueError, "offset holds 50 values that are NaN"),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False"),
        ({"resume": 3}, TypeError, "resume must be a path, not int"),
    ],
)
def test_bad_new_argument_is_named(changed, error, message):
    x, y = regression()
    with pytest.raises(error) as caught:
        fit(mlp(3, [8], 1), x, y, **changed)
    assert message in str(caught.value)


# Randomness


def test_same_seed_same_bits_and_another_seed_others():
    x, y = regression()

    def trained(seed):
        module = mlp(3, [8], 1, dropout=0.5, seed=1)
        return weights(module), fit(module, x, y, epochs=3, seed=seed)

    (start, one), (_, two), (_, other) = trained(0), trained(0.0), trained(3)
    assert same(weights(one.module), weights(two.module))
    assert one.history == two.history
    assert not same(weights(one.module), weights(other.module))
    assert not same(weights(one.module), start)


def test_seeded_training_leaves_the_global_state():
    x, y = regression()
    state = torch.get_rng_state()
    fit(mlp(3, [8], 1, dropout=0.5, seed=1), x, y, epochs=2, seed=0)
    assert torch.equal(torch.get_rng_state(), state)


def test_without_seed_the_global_state_decides():
    x, y = regression()
    one, two = (mlp(3, [8], 1, dropout=0.5, seed=1) for _ in range(2))
    torch.manual_seed(4)
    fit(one, x, y, epochs=2)
    fit(two, x, y, epochs=2, seed=4)
    assert same(weights(one), weights(two))


# Shapes, dtypes, modes and devices


@pytest.mark.parametrize("y_shape", [(50,), (50, 1)])
@pytest.mark.parametrize("module_shape", [(50,), (50, 1)])
def test_a_vector_and_one_column_are_the_same_target(y_shape, module_shape):
    x, y = regression()

    def trained(y, *layers):
        linear = nn.Linear(3, 1)
        nn.init.zeros_(linear.weight), nn.init.zeros_(linear.bias)
        fit(nn.Sequential(linear, *layers), x, y, epochs=3, seed=0)
        return weights(linear)

    layers = [nn.Flatten(0)] if module_shape == (50,) else []
    assert same(trained(y.reshape(y_shape), *layers), trained(y))


def test_column_major_and_requires_grad_inputs_are_taken():
    x, y = regression()
    one, two = (mlp(3, [8], 1, seed=1) for _ in range(2))
    fit(one, x, y, epochs=2, seed=0)
    x_other = x.T.contiguous().T.requires_grad_()
    fit(two, x_other, y, epochs=2, seed=0)
    assert same(weights(one), weights(two))
    assert x_other.grad is None


def test_frozen_parameters_stay():
    x, y = regression()
    module = mlp(3, [8], 1, seed=1)
    module[0].requires_grad_(False)
    before = weights(module)
    fit(module, x, y, epochs=2)
    after = weights(module)
    assert torch.equal(after["0.weight"], before["0.weight"])
    assert not torch.equal(after["2.weight"], before["2.weight"])


def test_batch_norm_statistics_are_those_of_training_alone():
    x, y = regression(48)
    module = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    fit(module, x, y, epochs=2, batch_size=16, validation=(x, y))
    assert module[0].num_batches_tracked == 6


@pytest.mark.parametrize("training", [True, False])
def test_modes_are_left_as_found(training):
    x, y = regression()
    module = mlp(3, [8], 1, dropout=0.5, seed=1).train(training)
    module[2].train(not training)
    before = [m.training for m in module.modules()]
    result = fit(module, x, y, epochs=2, validation=(x, y))
    result.predict(x)
    assert [m.training for m in module.modules()] == before


@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
def test_the_gpu_is_taken_and_seeded_and_its_global_state_left(monkeypatch):
    monkeypatch.undo()
    x, y = regression()
    state = torch.cuda.get_rng_state()
    one, two = (fit(mlp(3, [8], 1, dropout=0.5, seed=1), x, y, epochs=3, seed=0) for _ in range(2))
    assert one.device == torch.device("cuda", 0) == next(one.module.parameters()).device
    assert same(weights(one.module), weights(two.module))
    assert torch.equal(torch.cuda.get_rng_state(), state)
    assert one.predict(x).device == torch.device("cpu")
    with pytest.raises(ValueError, match="but torch sees"):
        fit(one.module, x, y, device="cuda:99")


def test_fit_says_what_it_is():
    x, y = regression()
    module = mlp(3, [8], 1)
    result = fit(module, x, y, epochs=2, device="cpu")
    assert isinstance(result, Fit)
    assert result.module is module
    assert result.device == torch.device("cpu")
    loss = result.history["train_loss"][-1]
    assert repr(result) == (f"<Fit of Sequential: 2 epochs, train_loss {loss:.4g}, on cpu>")


def test_predict_is_the_module_in_eval_mode_bit_for_bit():
    x, y = regression()
    module = mlp(3, [8], 1, dropout=0.5, seed=1)
    result = fit(module, x, y, epochs=2)
    found = result.predict(x)
    assert module.training
    assert torch.equal(found, module.eval()(x))
    assert not found.requires_grad
    assert found.device == torch.device("cpu")


def test_predict_in_batches_and_of_no_rows():
    x, _ = regression(dtype=torch.float64)
    module = mlp(3, [8], 2, seed=1).double()
    torch.testing.assert_close(
        predict(module, x, batch_size=7), predict(module, x), rtol=1e-14, atol=1e-14
    )
    assert predict(module, x[:0]).shape == (0, 2)


# Bad input

X, Y = regression()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"module": "net"}, TypeError, "module must be a torch nn.Module, not str"),
        ({"module": nn.ReLU()}, ValueError, "module has no parameters"),
        ({"x": X.numpy()}, TypeError, "x must be a torch tensor, not ndarray"),
        ({"y": Y.tolist()}, TypeError, "y must be a torch tensor, not list"),
        ({"x": X.int()}, TypeError, "x must be floating point (or int64, for codes), not int32"),
        ({"x": X.double()}, TypeError, "x is float64 and the module's parameters are"),
        ({"y": Y.double()}, TypeError, "y is float64 and the module's output is float"),
        ({"y": Y.int()}, TypeError, "y is int32 and the module's output is float32"),
        ({"y": Y[:40]}, ValueError, "x has 50 rows and y has 40"),
        ({"y": torch.tensor(1.0)}, ValueError, "x has 50 rows and y has 0"),
        ({"x": torch.tensor(1.0)}, ValueError, "x must have a dim of rows"),
        ({"x": X[:0], "y": Y[:0]}, ValueError, "x has no rows"),
        ({"x": X[:, :2]}, ValueError, "module cannot take rows of x, of shape (2,)"),
        ({"y": Y.repeat(1, 2)}, ValueError, "y has shape (50, 2), and the module's"),
        ({"y": Y[:, :, None]}, ValueError, "y has shape (50, 1, 1), and the module's"),
        ({"x": X / 0}, ValueError, "x holds 150 values that are NaN or infinite"),
        ({"y": Y * math.nan}, ValueError, "y holds 50 values that are NaN or infinite"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, not 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number, not 1.5"),
        ({"epochs": math.inf}, TypeError, "epochs must be a whole number, not inf"),
        ({"epochs": [1, 2]}, TypeError, "epochs must be a whole number, not [1, 2]"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, not 0"),
        ({"batch_size": "32"}, TypeError, "batch_size must be a whole number"),
        ({"lr": 0}, ValueError, "lr must be above 0"),
        ({"lr": math.nan}, ValueError, "lr must be finite and not negative"),
        ({"lr": "0.1"}, TypeError, "lr must be a number, not '0.1'"),
        ({"weight_decay": -1}, ValueError, "weight_decay must be finite and not neg"),
        ({"optimizer": "adm"}, ValueError, '"adm" is not known; it can be "adam", '),
        (
            {"optimizer": torch.optim.Adam},
            TypeError,
            'must be a string, not type; it can be "adam", ',
        ),
        ({"loss": "mse"}, ValueError, 'loss "mse" is not known; it can be "mse_loss",'),
        ({"seed": "a"}, TypeError, "seed must be a whole number, not 'a'"),
        ({"device": "gpu"}, ValueError, 'device must be "cpu", "cuda", "cuda:1" and'),
        ({"device": 0}, TypeError, "device must be a string or None, not int"),
        ({"device": "cuda:1"}, ValueError, 'device is "cuda:1", but torch sees 0 GPUs'),
        ({"validation": X}, TypeError, "validation must be a pair (x, y) of tensors"),
        ({"validation": [X]}, TypeError, "validation must be a pair (x, y) of tensors"),
        ({"validation": (X, Y[:9])}, ValueError, "validation x has 50 rows and valid"),
        ({"validation": (X.double(), Y)}, TypeError, "validation x is float64"),
        ({"validation": (X, Y * math.nan)}, ValueError, "validation y holds 50"),
        ({"epoch": 3}, TypeError, "epoch"),
    ],
)
def test_bad_argument_is_named_and_nothing_changes(changed, error, message):
    module = mlp(3, [8], 1, dropout=0.5, seed=1)
    before, state = weights(module), torch.get_rng_state()
    with pytest.raises(error) as caught:
        fit(**({"module": module, "x": X, "y": Y, "epochs": 1} | changed))
    assert message in str(caught.value)
    assert same(weights(module), before)
    assert module.training
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (Y[:, 0], TypeError, 'y is float32: loss "cross_entropy" takes integer class'),
        (Y[:, 0] > 0, TypeError, "y is bool"),
        (torch.arange(50) % 3 + 1, ValueError, "y holds class codes from 1 to 3; with"),
        (torch.arange(50) % 3 - 1, ValueError, "y holds class codes from -1 to 1"),
        (torch.zeros(50, 2).int(), ValueError, "y has shape (50, 2)"),
    ],
)
def test_bad_class_codes(y, error, message):
    with pytest.raises(error) as caught:
        fit(mlp(3, [8], 3), X, y, loss="cross_entropy")
    assert message in str(caught.value)


def test_classes_need_an_output_each():
    module = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match="one output for each class"):
        fit(module, X, torch.zeros(50).int(), loss="cross_entropy")


def test_module_must_return_a_row_for_a_row():
    class Mean(nn.Linear):
        def forward(self, x):
            return super().forward(x).mean()

    class Pair(nn.Linear):
        def forward(self, x):
            return x, x

    with pytest.raises(ValueError, match="module must return one row for each row"):
        fit(Mean(3, 1), X, Y)
    with pytest.raises(TypeError, match="module must return a tensor, not tuple"):
        fit(Pair(3, 1), X, Y)


def test_divergence_stops_and_gives_the_weights_back():
    module = mlp(3, [8], 1, seed=1)
    before = weights(module)
    with pytest.raises(FloatingPointError) as caught:
        fit(module, X, Y, epochs=500, lr=1e6, optimizer="sgd", seed=0)
    message = str(caught.value)
    assert "in epoch 1: training diverged" in message or "in epoch 2:" in message
    assert "Try a smaller lr (it is 1e+06)" in message
    assert same(weights(module), before)


def test_an_error_inside_the_loop_gives_the_weights_back():
    class Refuses(nn.Linear):
        def forward(self, x):
            if self.training and len(x) < 16:
                raise ValueError("too few rows")
            return super().forward(x)

    module = Refuses(3, 1)
    before = weights(module)
    with pytest.raises(ValueError, match="too few rows"):
        fit(module, X[:33], Y[:33], epochs=1, batch_size=16)
    assert same(weights(module), before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("net", X), TypeError, "module must be a torch nn.Module, not str"),
        ((mlp(3, 8, 1), X.tolist()), TypeError, "x must be a torch tensor, not list"),
        ((mlp(3, 8, 1), X.double()), TypeError, "x is float64 and the module's"),
        ((mlp(3, 8, 1), X[:, :2]), ValueError, "module cannot take rows of x, of shape"),
        ((mlp(3, 8, 1), X, 0), ValueError, "batch_size must be at least 1, not 0"),
    ],
)
def test_predict_names_the_bad_argument(arguments, error, message):
    with pytest.raises(error) as caught:
        predict(*arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize(("hidden", "threads"), [(4, 1), (4096, None)])
def test_a_small_step_takes_one_thread(hidden, threads):
    """And the user's number is there again afterwards."""
    x, y = torch.randn(512, 8), torch.randn(512, 1)
    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        fit(
            mlp(8, hidden, 1),
            x,
            y,
            epochs=1,
            batch_size=512,
            callbacks={"epoch_end": {"function": lambda *_: seen.append(torch.get_num_threads())}},
        )
        assert (seen, torch.get_num_threads()) == ([threads or 2], 2)
    finally:
        torch.set_num_threads(before)


def test_parts_of_a_batch_add_up_to_it(regression):
    x, y = (t.double() for t in regression)
    options = {"epochs": 3, "batch_size": 16, "seed": 0, "metrics": "mse"}
    whole = fit(mlp(3, [8], 1, seed=1).double(), x, y, **options)
    parts = fit(mlp(3, [8], 1, seed=1).double(), x, y, accumulate=5, **options)
    for a, b in zip(whole.module.parameters(), parts.module.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
    assert parts.history["train_mse"] == pytest.approx(whole.history["train_mse"], rel=1e-9)
    with pytest.raises(ValueError, match="accumulate must be 1 with compile"):
        fit(mlp(3, [8], 1), x.float(), y.float(), accumulate=2, compile=True)
    with pytest.raises(ValueError, match="accumulate must be at least 1"):
        fit(mlp(3, [8], 1), x.float(), y.float(), accumulate=0)


class Counts(Callback):
    """Hears of a fit's steps by torch's own hooks."""

    def on_fit_begin(self, loop):
        self.before, self.after = [], []
        loop.optimizer.register_step_pre_hook(lambda *_: self.before.append(loop.batch))
        loop.optimizer.register_step_post_hook(lambda *_: self.after.append(loop.batch))


def test_hooks_of_the_optimizer_are_called(regression):
    x, y = regression
    counts = Counts()
    fit(mlp(3, [4], 1, seed=1), x, y, epochs=2, batch_size=16, seed=0, callbacks=[counts])
    assert counts.before == counts.after == [1, 2, 3, 4] * 2


class Grows(Callback):
    """Trains more of the module from the second epoch on."""

    def on_epoch_begin(self, loop):
        if loop.epoch == 2:
            more = loop.module[0].requires_grad_()
            loop.optimizer.add_param_group({"params": list(more.parameters())})


def test_what_the_optimizer_gets_later_is_trained_as_the_rest(regression):
    x, y = regression
    net = mlp(3, [4], 1, seed=1)
    net[0].requires_grad_(False)
    fit(net, x, y, epochs=3, batch_size=len(x), optimizer="sgd", lr=0.1, callbacks=[Grows()])
    by_hand = mlp(3, [4], 1, seed=1)
    for epoch in (1, 2, 3):
        by_hand.zero_grad()
        torch.nn.functional.mse_loss(by_hand(x), y).backward()
        with torch.no_grad():
            for parameter in (by_hand if epoch > 1 else by_hand[-1]).parameters():
                parameter -= 0.1 * parameter.grad
    for ours, theirs in zip(net.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


class Remembers(Callback):
    """Knows a fit's parts without holding them."""

    def on_fit_begin(self, loop):
        self.parts = [weakref.ref(part) for part in (loop, loop.optimizer, loop.batches)]


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_what_a_fit_trained_with_goes_with_it(optimizer):
    x, y = regression()
    torch.optim.Adam([nn.Parameter(torch.zeros(1))])  # PyTorch's first one is in a circle
    callback = Remembers()
    gc.collect()
    gc.disable()
    try:
        fit(nn.Linear(3, 1), x, y, epochs=1, optimizer=optimizer, callbacks=[callback])
        assert [part() for part in callback.parts] == [None] * 3
    finally:
        gc.enable()


class KeepsItsNorm(nn.Sequential):
    """Trains with the statistics that its normalisation has, as fine-tuning does."""

    def train(self, mode=True):
        super().train(mode)
        self[1].eval()
        return self


def test_a_module_says_itself_what_training_means():
    x, y = regression()
    module = KeepsItsNorm(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    assert module[1].training
    fit(module, x, y, epochs=2, batch_size=25, seed=0)
    assert torch.equal(module[1].running_mean, torch.zeros(4))
    assert module[1].training  # as found
