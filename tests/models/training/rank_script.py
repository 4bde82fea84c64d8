"""What each process of the job does that test_distributed.py starts: fits, and their results."""

import sys

import torch

from torchbridge.models import fit, mlp
from torchbridge.models.training import sharding
from torchbridge.models.training.ranks import find_rank

place = find_rank()
assert place is not None
RANK = place.rank
CAN_SHARD = sharding.can_shard(torch.device("cpu"))
generator = torch.Generator().manual_seed(0)
# The last batch of 34 has one row, which is one process's.
x = torch.randn(103, 4, generator=generator, dtype=torch.float64)
y = (2 * x[:, :1] - x[:, 1:2]).sin()
weights = torch.rand(103, generator=generator, dtype=torch.float64)
whole = {"epochs": 5, "batch_size": 34, "seed": 3, "lr": 0.02, "device": "cpu"}
found: dict[str, object] = {}


def network(**options):
    return mlp(4, [8, 8], 1, seed=1, **options).double()


def both(name, fit_it):
    """The same fit by both processes, and by each alone."""
    for devices in (None, 1):
        result = fit_it(devices=devices)
        state = {n: t.clone() for n, t in result.module.state_dict().items()}
        found[f"{name} {devices}"] = (state, result.history)


def told(name, function):
    """The error that it ends in."""
    try:
        function()
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"


class Unused(torch.nn.Module):
    """A layer has no part in the output."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = network(), network()

    def forward(self, x):
        return self.used(x)


def loader(seed):
    data = torch.utils.data.TensorDataset(x, y)
    order = torch.Generator().manual_seed(seed)
    return torch.utils.data.DataLoader(data, 34, shuffle=True, generator=order)


def fits():
    measured = {"validation": (x[:11], y[:11]), "metrics": ["mse", "r_squared"]}
    clip = {"gradient_clipping": {"max_norm": 0.5}}
    adam = {**whole, "optimizer": "adamw", "weight_decay": 0.1, "callbacks": clip}
    both("adamw", lambda **k: fit(network(), x, y, weights=weights, **measured, **adam, **k))
    both("in order", lambda **k: fit(network(), x, y, **whole, shuffle=False, **k))
    quasi = {"optimizer": "lbfgs", "optimizer_options": {"line_search_fn": "strong_wolfe"}}
    # Three parts in each of the two, beside one process that takes all at once.
    parts = {**whole, "optimizer": "sgd", **measured, "weights": weights}
    for name, strategy in (("parts", "ddp"), ("fsdp parts", "fsdp")):
        if strategy == "fsdp" and not CAN_SHARD:
            continue
        given = {**parts, "strategy": strategy}
        both(
            name,
            lambda devices, given=given: fit(
                network(), x, y, **given, devices=devices, accumulate=1 if devices else 3
            ),
        )
    full = {**whole, "batch_size": 103, "epochs": 3, "lr": 1.0}
    both("lbfgs", lambda **k: fit(network(), x, y, **full, **quasi, **k))
    both("unused", lambda **k: fit(Unused(), x, y, **whole, **k))
    both("loader", lambda **k: fit(network(), loader(1), **{**whole, "batch_size": None}, **k))
    both("single", lambda **k: fit(network(), x[:1], y[:1], **whole, **k))
    valid = {"validation": (x[:11], y[:11])}
    norm = {"normalization": "batch"}
    both("batch norm", lambda **k: fit(network(**norm), x, y, **valid, **whole, **k))
    half = {**whole, "precision": "bf16-mixed"}
    both("bf16", lambda **k: fit(mlp(4, [8], 1, seed=1), x.float(), y.float(), **half, **k))
    # Without a seed the first process's random numbers are everybody's.
    rates = {"lr_finder": {"steps": 12}}
    torch.manual_seed(RANK)
    dropped = fit(network(dropout=0.5), x, y, **{**whole, "seed": None}, callbacks=rates)
    found["dropout"] = (dropped.module.state_dict(), dropped.history, dropped.callbacks[0].losses)
    lines: list[dict] = []
    ends = {"epoch_end": {"function": lambda row: lines.append(row) or {"two": 2.0}}}
    found["two"] = fit(network(), x, y, **whole, callbacks=ends).history["two"]
    found["lines"] = len(lines)


def sharded():
    """FSDP2: each process has a part of every weight."""
    fsdp = {**whole, "strategy": "fsdp"}
    if not CAN_SHARD:
        told("no fsdp", lambda: fit(network(), x, y, **fsdp))
        return
    clip = {"gradient_clipping": {"max_norm": 0.5}}
    measured = {"validation": (x[:11], y[:11]), "metrics": ["mse", "r_squared"]}
    adam = {**fsdp, "optimizer": "adamw", "weight_decay": 0.1, "callbacks": clip}
    both("fsdp", lambda **k: fit(network(), x, y, weights=weights, **measured, **adam, **k))
    norm = {"normalization": "batch"}
    both("fsdp batch norm", lambda **k: fit(network(**norm), x, y, **fsdp, **k))
    sharding.BLOCK = 1
    both("blocks", lambda **k: fit(network(dropout=0.0), x, y, **fsdp, **k))
    half = {**fsdp, "precision": "bf16-mixed"}
    both("fsdp bf16", lambda **k: fit(mlp(4, [8], 1, seed=1), x.float(), y.float(), **half, **k))
    for name in ("sgd", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam"):
        short = {**fsdp, "epochs": 2, "optimizer": name}
        both(name, lambda short=short, **k: fit(network(), x, y, **short, **k))
    told("fsdp lbfgs", lambda: fit(network(), x, y, **fsdp, optimizer="lbfgs"))
    # A checkpoint has the whole state, whichever way it was written.
    half_way = {**fsdp, "epochs": 2, "validation": (x, y)}
    path = f"{sys.argv[1]}.checkpoint"
    stopping = {"early_stopping": {"patience": 9}}
    writing = {**stopping, "model_checkpoint": {"path": path}}
    fit(network(), x, y, **half_way, callbacks=writing)
    more = {**half_way, "epochs": 5, "callbacks": stopping}
    for name, given in (("resumed", {"resume": path}), ("not interrupted", {})):
        result = fit(network(), x, y, **more, **given)
        found[name] = (result.module.state_dict(), result.history)
    more["strategy"] = "ddp"
    result = fit(network(), x, y, **more, resume=path)
    found["resumed by ddp"] = (result.module.state_dict(), result.history)


def errors():
    mine = slice(0, 0 if RANK == 1 else None)
    told("no rows", lambda: fit(network(), x[mine], y[mine], **whole))
    told("other rows", lambda: fit(network(), x[RANK:], y[RANK:], **whole))
    told("other lr", lambda: fit(network(), x, y, **{**whole, "lr": 0.1 + RANK}))
    told("other order", lambda: fit(network(), loader(RANK), **{**whole, "batch_size": None}))
    told("devices", lambda: fit(network(), x, y, **whole, devices=3))
    told("diverged", lambda: fit(network(), x, y, **{**whole, "lr": 1e200}, optimizer="sgd"))
    fit(network(), x, y, **whole)  # all of these left the processes together


def broken():
    """One process fails in the middle of a fit."""
    batch = iter(range(100))

    def loss(output, y):
        if RANK == 1 and next(batch) == 7:
            raise KeyError("what is wrong")
        return (output - y).square()

    told("middle", lambda: fit(network(), x, y, **whole, loss=loss))
    told("after", lambda: fit(network(), x, y, **whole))


fits()
sharded()
errors()
broken()
torch.save(found, f"{sys.argv[1]}.{RANK}")
