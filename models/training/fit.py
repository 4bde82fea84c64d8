"""Fit a module: everything is checked here before anything changes; then the loop runs."""

import copy
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from torchbridge.process.interrupts import waits_for_exits

from ..arguments import defaults_of, flag, kind_of, number, options, positive, whole_number
from ..callbacks import (
    Callback,
    ModelCheckpoint,
    ProgressBar,
    ProgressLines,
    as_callbacks,
    is_interactive,
)
from ..randomness import seeded
from ..sparse import is_sparse
from .batches import Batches, LoaderBatches, TensorBatches, is_loader
from .checkpoint import restore_state, save_state
from .compiled import check_compile
from .data import Data, as_inputs, checked_data, least_rows
from .device import Accelerator, threads_for, training_device
from .epochs import begin_compiled, begin_xla
from .fabric import find_accelerator
from .gain import tell_gain
from .loop import Loop
from .losses import Loss, find_loss
from .metrics import Metrics
from .optimizers import find_optimizer, make_optimizer
from .parts import Parts, mode
from .predict import PREDICT_ROWS, predict
from .provenance import Provenance
from .restart import checkpoint_before
from .streamed import CheckedStream, StreamBatches, buffer_rows, is_stream, n_rows_of
from .weights import from_bytes, to_bytes
from .xla import check_xla


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A trained module and how it got there.

    Attributes:
        module: the module given to `fit`, trained in place.
        history: lists of equal length, one value an epoch: `epoch` (from 1),
            `train_loss`, `valid_loss` where `fit` had validation data, and what callbacks
            record (`lr`).
        device: the device it was trained on, where the module still is.
        status: how it ended: "completed", "stopped early in epoch 12: ..." or
            "interrupted in epoch 5: ...", which says whose weights the module has.
        best_epoch: the epoch that was best by early stopping's monitor, else by
            `valid_loss`; None where there was neither.
        callbacks: the callbacks of the fit, such as a `LRFinder` with what it found.
        engine: what ran it: "eager", "compiled epochs" or else "compiled steps" (`compile=True`),
            or "xla".
    """

    module: nn.Module
    history: dict[str, list]
    device: torch.device
    status: str = "completed"
    best_epoch: int | None = None
    callbacks: Sequence[Callback] = field(default_factory=list)
    engine: str = "eager"

    @property
    def weights(self) -> bytes:
        """The module's parameters and buffers, as the content of a safetensors file."""
        return to_bytes(self.module.state_dict())

    def predict(
        self, x: Any, batch_size: int = PREDICT_ROWS, offset: Tensor | None = None
    ) -> Tensor:
        """The module's output for `x`, on the CPU: see `predict`."""
        return predict(self.module, x, batch_size, offset)

    def __repr__(self) -> str:
        last = {name: values[-1] for name, values in self.history.items() if values}
        epochs = last.pop("epoch", 0)
        losses = "".join(f"{name} {value:.4g}, " for name, value in last.items())
        name = type(self.module).__name__
        how = "" if self.status == "completed" else f", {self.status}"
        by = "" if self.engine == "eager" else f", {self.engine}"
        return f"<Fit of {name}: {epochs} epochs, {losses}on {self.device}{by}{how}>"


def fit(
    module: nn.Module,
    x: Any,
    y: Tensor | None = None,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = True,
    shuffle_buffer: int | None = None,
    lr: float = 1e-3,
    optimizer: str = "adam",
    optimizer_options: Mapping[str, Any] | None = None,
    loss: str | Callable[[Tensor, Tensor], Tensor] = "mse_loss",
    metrics: str | Iterable[str] = (),
    weight_decay: float = 0.0,
    validation: Any = None,
    callbacks: Iterable[Callback] | Mapping[str, Any] = (),
    resume: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    device: str | torch.device | None = None,
    precision: str = "32-true",
    devices: int | str | None = None,
    accumulate: int = 1,
    strategy: str = "auto",
    compile: bool | str = False,
    progress: bool | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Fit:
    """Train a module, in place.

    Each epoch visits every row once, in a new random order, in batches. The whole of
    `x` and `y` is put on the device before the first.

    Args:
        module: any `nn.Module` that maps rows of `x` to as many rows. Its initial
            weights are the caller's (`mlp` has a `seed` for them).
        x: inputs, one row an observation: shape (n, ...), n >= 1, floating point of
            the module's dtype, all values finite, or int64 (codes for an embedding). A
            tuple or list of such tensors for a module of several arguments. A sparse matrix of
            torch's or SciPy's goes to the module as batches by rows (CSR), which `nn.Linear`
            and matrix products take. Or a loader
            (`torch.utils.data.DataLoader`, or anything that gives batches (x, y) or
            (x, y, weights) whenever it is iterated), without `y`: its batches are taken
            as they come, and those weights count as they are. Or rows that are read in pieces
            (a `RowStream`, as `fit_formula` makes of files), likewise.
        y: targets, one row an observation. For losses of values: the shape and dtype
            of the module's output; (n,) and (n, 1) are taken as the same. For
            `cross_entropy` and `nll_loss`: integer class codes from 0, shape (n,).
        weights: what each row counts in the loss, shape (n,), not negative. Only their
            ratios matter: they are brought to mean 1.
        offset: what is added to the module's output before the loss, shape (n,) or
            that of the output.
        epochs: passes over the data, at least 1.
        batch_size: rows in a step, at least 1; the last batch has what is left (a single
            row joins the batch before where the module has batch normalisation, which
            cannot be trained on one). None is 32 up to 6,400 rows, and beyond the power of
            two that makes at most 200 steps an epoch, at most 1,024.
        shuffle: visit the rows in a new random order every epoch, or in their own.
        shuffle_buffer: of data that is read from disk, how many rows wait in the buffer that
            they are shuffled in; None: 262,144, or what 64 MB hold.
        lr: learning rate, above 0.
        optimizer: "adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta", "adamax",
            "nadam", "radam", "rprop" or "lbfgs": torch.optim's, with torch's defaults
            for all but `lr` and `weight_decay`. "lbfgs" and "rprop" mean full batches.
        optimizer_options: more of the optimizer's own arguments by name, such as
            {"momentum": 0.9}.
        loss: a name in `LOSSES`, which are torch.nn.functional's; the mean over rows
            is minimised. Or a function (output, y) that returns a loss for each row (or
            each element of the output), or (where there are no weights) one number. A y of
            shape (n,) comes to it as (n, 1) where the output has that shape, and the
            reverse; one that pairs every row with every other by broadcasting is an error.
        metrics: names of what else is measured, in the history as `train_accuracy` and
            `valid_accuracy`: for classes "accuracy", "balanced_accuracy" and, of two,
            "roc_auc"; for values "mse", "rmse", "mae" and "r_squared", of the mean of the
            response. Of all rows of an epoch together, weighted as the loss is; those of
            training as `train_loss`, each at its own step.
        weight_decay: at least 0, as the optimizer defines it: decoupled for "adamw",
            an L2 penalty for the others.
        validation: a tuple (x, y), (x, y, weights) or (x, y, weights, offset) under the
            same rules, or a loader, whose loss is computed after every epoch and never
            trained on.
        callbacks: a list of `Callback`s, called in this order, or a dict of options by
            the names in `CALLBACKS`: {"early_stopping": {"patience": 5}}.
        resume: a file that `ModelCheckpoint` wrote. The same fit goes on after its last
            epoch, and gives what the uninterrupted one would have given, bit for bit.
            `epochs` may be more, unless a schedule depends on it; `device`, `strategy`,
            `progress`, logs and paths may be others. Another module, other data (values,
            order, columns), callbacks or arguments are an error that names the first. For a
            new fit from its weights alone load them into the module:
            `safetensors.torch.load_file(path)` has them as "module.0.weight" and so on, and
            `module.load_state_dict()` takes them without "module.".
        seed: decides everything random in training (the order of rows, dropout) and
            leaves torch's global random state as it was. With None the randomness
            comes from that global state. The same seed gives the same bits on the
            same machine and device; another device draws another order.
        device: "cpu", "cuda" or "cuda:1"; None takes the GPU when there is one.
        precision: "32-true": computes in the module's own dtype. "16-mixed" and
            "bf16-mixed" compute in half precision and keep the weights; "bf16-true" and
            "64-true" convert the module. These need lightning-fabric.
        devices: how many devices train together, each on its share of every batch. None is all
            processes of the job where torchrun or Slurm has started this one, and else 1; "all" is
            those, or every GPU that torch sees (a CPU is one device, on whose cores its threads
            are). A fit
            on several is that on one: `batch_size` is the whole's. Elsewhere a session starts a
            process for each, sends them what they need (the data through memory that they share;
            classes and functions of the session's by value, with the package cloudpickle), and
            goes on as it was: no script is run again. `Callback.in_session` says which callbacks
            are called where. A process that dies is a RuntimeError with its last words.
        accumulate: in how many parts each process works through its rows of a batch, one after
            another: the gradients add up to the batch's, in less memory. Batch normalisation sees
            one part at a time.
        strategy: "ddp" ("auto" is that): each process has the whole network; or "fsdp", where each
            has a part of every weight, for networks that one GPU cannot hold: the module comes back
            whole, on the device that it was on.
        compile: True makes one program of the batches of an epoch, on the CPU and for data in
            memory, or else of a step: forward, backward and optimizer. That takes some ten
            seconds and a C++ compiler (a message says so, and why it is a step), and is kept for
            later fits of the same shapes in this process. "xla" does it in a second or two, by the
            package jax (`pip install "torchbridge[xla]"`): a callback that listens to each batch,
            or an operator that XLA is not told of, is an error that names it; a process that was
            forked from one in which XLA runs fits eagerly, and says so. Programs are for small
            networks, whose steps cost more in calls than in arithmetic; random numbers are
            PyTorch's, and the fit is the eager one up to rounding (a last batch of another size is
            an eager step, with True). Both for "adam", "adamw", "sgd", "rmsprop" and "adagrad".
        progress: show a progress bar; None does in an interactive session with tqdm, and
            elsewhere writes a line on standard error now and then once ten seconds passed.
        origin: more that a checkpoint is to know the fit by, under names of your own: the
            names of columns, the version of a data set, the files behind a loader. Plain
            values, arrays or paths, of which name and size count.

    Returns:
        A `Fit`. The module is on the device, in the train or eval mode it came in.
        `train_loss` is the mean over rows of the loss at each batch's own step, in
        train mode (so the weights change below it and dropout is on); `valid_loss`
        is that of the weights at the epoch's end, in eval mode. An interrupt
        (KeyboardInterrupt) ends the fit and keeps the best weights so far where there is
        validation data or early stopping, else the latest; `status` says so.

    Raises:
        TypeError: an argument of the wrong type or dtype, or one that is not known.
        ValueError: an argument out of range, a shape or a name that does not fit.
        FloatingPointError: the loss stopped being finite; the message names the
            epoch. After this or any other error the module's weights are what they
            were before.
    """
    parts, epochs = _checked_module(module), whole_number("epochs", epochs, 1)
    lr, weight_decay = positive("lr", lr), number("weight_decay", weight_decay)
    seed = seed if seed is None else whole_number("seed", seed)
    loss_, _ = find_loss(loss), find_optimizer(optimizer)
    compiled = optimizer if _checked_compile(compile, device) else None
    accelerator = _accelerator(device, precision, devices, strategy, compiled)
    with accelerator.agreed():
        found = _callbacks(callbacks, progress)
        given = options("optimizer_options", optimizer_options)
        train = _source("", module, x, y, weights, offset, loss_, parts)
        valid = _validation(module, validation, loss_)
        n_rows, batch_size, least = _rows(module, train, batch_size, parts)
        buffer = _buffer(train, shuffle_buffer, batch_size)
    settings = {
        "n_rows": n_rows,
        "batch_size": batch_size,
        "shuffle": flag("shuffle", shuffle),
        "lr": lr,
        "optimizer": optimizer,
        "loss": loss_.name,
        "weight_decay": weight_decay,
        "precision": precision,
    }
    accelerator.check_same({"epochs": epochs, "seed": seed, **settings})
    made = make_optimizer(optimizer, parts.parameters, lr, weight_decay, given)  # errors come first
    job = _Job(module, loss_, train, valid, epochs, found, settings, given, seed, resume, compile)
    job.least_rows, job.shuffle_buffer, job.accumulate = least, buffer, _parts(accumulate, job)
    job.metrics = Metrics(metrics, loss_)
    return _launched(job, accelerator, options("origin", origin), made, parts)


def _parts(accumulate: Any, job: "_Job") -> int:
    n = whole_number("accumulate", accumulate, 1)
    if n > 1 and job.compile:
        raise ValueError(f"accumulate must be 1 with compile, whose steps are whole, not {n}")
    return n


def _checked_compile(compile: Any, device: Any) -> bool | str:
    if compile != "xla":
        if isinstance(compile, str):
            raise TypeError(f'compile must be True or False, or "xla", not "{compile}"')
        return flag("compile", compile)
    check_xla()
    found = training_device(device)
    if found.type != "cpu":
        raise ValueError(f'compile = "xla" runs on the CPU, and device is {found}: device = "cpu"')
    return compile


def _accelerator(
    device: Any, precision: Any, devices: Any, strategy: Any, compiled: str | None
) -> Accelerator:
    """Where the fit runs; `compiled` is the optimizer whose step is to be compiled."""
    found = find_accelerator(training_device(device), precision, devices, strategy)
    if compiled is not None:
        check_compile(compiled, found)
    return found


def _checked_module(module: Any) -> Parts:
    """The parts of what must be a module."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch nn.Module, not {kind_of(module)}")
    parts = Parts(module)
    if not any(p.requires_grad for p in parts.parameters):
        raise ValueError("module has no parameters that require a gradient")
    return parts


def usual_batch_size(n_rows: int) -> int:
    """The size of batches where none is given: at most 200 steps an epoch, up to batches of 1,024.

    (Below, the 32 of Bengio, 2012, Practical recommendations for gradient-based training.)
    """
    size = 32
    while size < 1024 and 200 * size < n_rows:
        size *= 2
    return size


def _rows(
    module: nn.Module,
    train: Data | CheckedStream | Iterable,
    batch_size: int | None,
    parts: Parts,
) -> tuple[int | None, int | None, int]:
    """How many there are, and how many a batch has, and must have."""
    if batch_size is not None:
        batch_size = whole_number("batch_size", batch_size, 1)
    if isinstance(train, CheckedStream):
        n_rows, least = n_rows_of(train), least_rows(module, train.sample, parts)
    elif isinstance(train, Data):
        n_rows, least = train.n_rows, least_rows(module, train, parts)
    else:
        return None, None, 1
    batch_size = usual_batch_size(n_rows) if batch_size is None else batch_size
    if n_rows < least:
        raise ValueError("x has one row, and batch normalisation can only be trained on several")
    if batch_size < least:
        raise ValueError("batch_size must be at least 2 with batch normalisation, not 1")
    return n_rows, batch_size, least


def _buffer(
    train: Data | CheckedStream | Iterable, wanted: Any, batch_size: int | None
) -> int | None:
    """Rows of the buffer of a shuffle, of rows that are read from disk."""
    if isinstance(train, CheckedStream):
        return buffer_rows(train, wanted, batch_size or 1)
    if wanted is not None:
        raise TypeError("shuffle_buffer must be None: it is for data that is read from disk")
    return None


def _check_resume(resume: Any) -> None:
    if resume is not None and not isinstance(resume, (str, os.PathLike)):
        raise TypeError(f"resume must be a path, not {kind_of(resume)}")


def _callbacks(callbacks: Any, progress: bool | None) -> list[Callback]:
    found = as_callbacks(callbacks)
    if progress or (progress is None and is_interactive() and _has_tqdm()):
        found.append(ProgressBar())
    elif progress is None:
        found.append(ProgressLines())
    return found


_COMPILERS: dict[bool | str, Callable[[Loop], None] | None] = {
    False: None,
    True: begin_compiled,
    "xla": begin_xla,
}


@dataclass
class _Job:
    """What a process trains: the arguments of `fit`, checked."""

    module: nn.Module
    loss: Loss
    train: Data | CheckedStream | Iterable
    valid: Data | CheckedStream | Iterable | None
    epochs: int
    callbacks: list[Callback]
    settings: dict[str, Any]
    optimizer_options: dict[str, Any]
    seed: int | None
    resume: str | os.PathLike[str] | None
    compile: bool | str
    least_rows: int = 1
    accumulate: int = 1
    shuffle_buffer: int | None = None
    metrics: Metrics | None = None
    provenance: Provenance | None = None
    optimizer: torch.optim.Optimizer | None = None
    parts: Parts | None = None
    multiplications: float = math.inf

    def __post_init__(self) -> None:
        if self.compile and isinstance(self.train, Data) and any(map(is_sparse, self.train.x)):
            raise ValueError("compile must be False where x is sparse: its step cannot be compiled")


@dataclass
class _Outcome:
    history: dict[str, list]
    status: str
    best: int | None
    weights: bytes
    engine: str


def _provenance(job: _Job, origin: Mapping[str, Any]) -> Provenance:
    _check_resume(job.resume)
    usual = defaults_of(find_optimizer(job.settings["optimizer"])[0])
    given = job.optimizer_options.items()
    options_ = {
        **job.settings,
        "seed": job.seed,
        # Batches are those of all: version 0.1.0 had batches of each of so many.
        "devices": 1,
        "compile": job.compile,
        "metrics": job.metrics.names if job.metrics else [],
        "optimizer_options": {n: v for n, v in given if n not in usual or v != usual[n]},
        **({} if job.shuffle_buffer is None else {"shuffle_buffer": job.shuffle_buffer}),
        "loss": job.loss.name if job.loss.known else job.loss.function,
    }
    found = Provenance(
        job.module, job.train, job.valid, options_, job.callbacks, job.epochs, origin
    )
    if job.resume is not None or any(isinstance(c, ModelCheckpoint) for c in job.callbacks):
        found.look()  # now: modules and loaders may count what they do
    return found


def _launched(
    job: _Job,
    accelerator: Accelerator,
    origin: Mapping[str, Any],
    optimizer: torch.optim.Optimizer,
    parts: Parts,
) -> Fit:
    job.provenance = _provenance(job, origin)
    if type(accelerator) is Accelerator:  # what trains here takes what was made to find errors
        job.optimizer, job.parts = optimizer, parts
    job.multiplications = _multiplications(job, parts)
    outcome = accelerator.launch(_train, job)
    if accelerator.world_size > 1:
        job.module.load_state_dict(from_bytes(outcome.weights))
    return Fit(
        job.module,
        outcome.history,
        parts.parameters[0].device,
        outcome.status,
        outcome.best,
        job.callbacks,
        outcome.engine,
    )


def _train(accelerator: Accelerator, job: _Job) -> _Outcome:
    module, settings = job.module, job.settings
    initial = _copied(module.state_dict())
    parts = job.parts
    trained = accelerator.place(module, parts)
    optimizer = job.optimizer or make_optimizer(
        settings["optimizer"],
        trained.parameters(),
        settings["lr"],
        settings["weight_decay"],
        job.optimizer_options,
    )
    forward, optimizer = accelerator.setup(trained, optimizer)
    size = settings["batch_size"] or 0
    loop = Loop(
        module=trained,
        loss=job.loss,
        optimizer=optimizer,
        forward=forward,
        batches=_batches(
            "x", job, job.train, accelerator, size, settings["shuffle"], job.least_rows
        ),
        valid=None
        if job.valid is None
        else _batches("validation", job, job.valid, accelerator, PREDICT_ROWS, False),
        epochs=job.epochs,
        accelerator=accelerator,
        callbacks=job.callbacks,
        settings=settings,
        compile=_COMPILERS[job.compile],
        accumulate=job.accumulate,
        least_rows=job.least_rows,
        write=save_state,
        provenance=job.provenance,
        metrics=job.metrics or None,
    )
    resume = checkpoint_before(loop) if job.resume is None else job.resume
    loop.resumed = resume is not None
    restore = None if resume is None else partial(restore_state, resume)
    begun = time.monotonic()
    try:
        with (
            waits_for_exits(),
            seeded(job.seed, accelerator.device),
            mode(trained, training=True, modules=parts.modules if parts else None),
            threads_for(job.multiplications),
        ):
            loop.fit(restore)
    except BaseException:  # an interrupt of what comes before the loop, or after it, too
        module.load_state_dict(initial)
        raise
    finally:
        loop.close()
    if accelerator.world_size == 1 and not loop.interrupted:
        tell_gain(loop, time.monotonic() - begun, job.multiplications)
    best = loop.best.epoch if loop.best is not None and loop.best.epoch else None
    # As bytes: tensors from another process would vanish with it.
    weights = to_bytes(loop.weights()) if accelerator.world_size > 1 else b""
    return _Outcome(loop.history, _status(loop, best), best, weights, loop.engine)


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a module was; it may have more than tensors (its `get_extra_state`)."""
    return {
        name: value.clone() if type(value) is Tensor else copy.deepcopy(value)
        for name, value in state.items()
    }


def _multiplications(job: _Job, parts: Parts) -> float:
    """How many a step forward takes; infinite where weights are used more than once a row."""
    weights = parts.parameters
    train = job.train.sample if isinstance(job.train, CheckedStream) else job.train
    if not isinstance(train, Data) or any(x.ndim > 2 for x in (*train.x, *weights)):
        return math.inf
    rows = min(job.settings["batch_size"], job.settings["n_rows"])
    return rows * sum(weight.numel() for weight in weights)


def _status(loop: Loop, best: int | None) -> str:
    if loop.interrupted:
        whose = "the latest" if best is None else f"those of epoch {best}, the best"
        return f"interrupted in epoch {loop.epoch}: the weights are {whose}"
    if loop.stop_reason is not None:
        return f"stopped early in epoch {loop.epoch}: {loop.stop_reason}"
    return "completed"


def _source(
    prefix: str,
    module: nn.Module,
    x: Any,
    y: Any,
    weights: Any,
    offset: Any,
    loss: Loss,
    parts: Parts,
) -> Data | CheckedStream | Iterable:
    """Checked data, or a loader as it is."""
    if not is_loader(x) and not is_stream(x):
        return checked_data(prefix, module, x, y, loss, weights, offset, parts)
    for name, value in (("y", y), ("weights", weights), ("offset", offset)):
        if value is not None:
            raise TypeError(
                f"{prefix}{name} must be None where x is a loader, which brings its own"
            )
    return CheckedStream(x, prefix, module, loss) if is_stream(x) else x


def _validation(
    module: nn.Module, validation: Any, loss: Loss
) -> Data | CheckedStream | Iterable | None:
    if is_stream(validation):
        return CheckedStream(validation, "validation ", module, loss)
    if validation is None or is_loader(validation):
        return validation
    if not isinstance(validation, (list, tuple)) or not 2 <= len(validation) <= 4:
        raise TypeError(
            "validation must be a pair (x, y) of tensors, with weights and offset or without, "
            f"or a loader, not {kind_of(validation)}"
        )
    x, y, *more = validation
    weights, offset = [*more, None, None][:2]
    return checked_data(
        "validation ", module, as_inputs("validation x", x), y, loss, weights, offset
    )


def _batches(
    name: str,
    job: _Job,
    source: Any,
    accelerator: Accelerator,
    batch_size: int,
    shuffle: bool,
    least: int = 1,
) -> Batches:
    if isinstance(source, Data):
        data = source.to(accelerator.device)
        return TensorBatches(data, batch_size, shuffle, least, accelerator)
    if isinstance(source, CheckedStream):
        buffer = job.shuffle_buffer or batch_size
        return StreamBatches(source, batch_size, shuffle, least, accelerator, buffer)
    check = partial(_checked_batch, name, job.module, job.loss)
    return LoaderBatches(name, source, check, accelerator)


def _checked_batch(
    name: str, module: nn.Module, loss: Loss, x: Any, y: Any, weights: Any = None
) -> Data:
    # Buffers such as batch norm's are left alone: the check runs in eval mode.
    data = checked_data(f"{name} batch's ", module, x, y, loss, weights)
    if name == "x" and data.n_rows < 2 and least_rows(module, data) > 1:
        raise ValueError(
            "x gave a batch of one row, and batch normalisation can only be trained on several: "
            "let the loader drop it (drop_last), or give batches of another size"
        )
    if data.weights is None:
        return data
    return data._replace(weights=weights.to(data.weights.dtype))


def _has_tqdm() -> bool:
    return find_spec("tqdm") is not None
