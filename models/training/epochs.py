"""A fit as epochs, not steps: whole epochs run as one program.

An epoch is a function of the state of the fit (weights, buffers, what the optimizer keeps), the
data, the order of the rows, the learning rates and what is drawn at random. Everything random
comes from PyTorch's generator, in the order in which an eager epoch draws it, so that the fit is
the eager one up to rounding. The state stays where the program runs, and comes back into the
module's and the optimizer's own tensors after each epoch.

Tests: tests/models/training/test_epochs.py.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from torchbridge.autodiff.xla import is_forked
from torchbridge.process.interrupts import let_r_look

from ..callbacks import (
    Callback,
    CSVLog,
    EarlyStopping,
    GradientClipping,
    LRFinder,
    LRSchedule,
    ModelCheckpoint,
    ProgressBar,
    ProgressLines,
    TensorBoard,
)
from .batches import TensorBatches
from .compiled import begin_steps, cannot, check_options_of
from .data import Data
from .graphs import Graph, functional_graph
from .inductor import Inductor
from .loop import Loop
from .metrics import Seen
from .program import Plan
from .step import Step, description, held_fixed, tensors_of
from .updates import UPDATES
from .xla import XLA

#: Callbacks that leave weights and options alone but for the learning rate.
_OURS = (
    CSVLog,
    EarlyStopping,
    GradientClipping,
    LRFinder,
    LRSchedule,
    ModelCheckpoint,
    ProgressBar,
    ProgressLines,
    TensorBoard,
)
#: Those among them for which several epochs may run in one go: they look at the history alone.
_PATIENT = (CSVLog, GradientClipping, ProgressBar, ProgressLines)
#: Batches that several epochs in one go may have.
_AT_ONCE = 512
#: Bytes that the random numbers and outputs of the batches of one program may take.
_ROOM = 2**26
#: Seconds that a program may run until R may look and the progress is told.
_PIECE = 0.2

#: What earlier fits traced and compiled.
_GRAPHS: dict[Any, tuple[Graph, Graph, list[bool]]] = {}
_PROGRAMS: dict[Any, Callable[..., Any]] = {}


class Engine(Protocol):
    """What compiles and runs programs."""

    name: str
    #: Does it take the last batch, where that is of another size, or is that an eager step?
    takes_the_rest: bool

    def put(self, tensor: Tensor) -> Any:
        """A tensor where programs run; it may share the tensor's memory."""
        ...

    def show(self, tensor: Tensor) -> Any:
        """A tensor for one run of a program, which has it no longer."""
        ...

    def get(self, array: Any) -> Tensor:
        """What is there as a tensor, to be read."""
        ...

    def unknown(self, graph: Graph) -> list[str]:
        """Operators of a graph that it does not have."""
        ...

    def program(self, plan: Plan, data: list[Any]) -> Callable[..., Any]:
        """A function (state, data, order, rates, drawn, start, stop) of what `put` gives."""
        ...


def why_not(loop: Loop) -> str | None:
    """Why the epochs of a loop cannot be programs; None where they can."""
    if not isinstance(loop.batches, TensorBatches):
        return "the data are read in pieces"
    if loop.accelerator.device.type != "cpu":
        return "it runs on a GPU"
    if len(loop.optimizer.param_groups) != 1:
        return "the optimizer has groups of parameters"
    for callback in loop.callbacks:
        if isinstance(callback, _OURS):
            continue
        for event in ("on_batch_begin", "on_gradients", "on_batch_end"):
            if getattr(type(callback), event) is not getattr(Callback, event):
                return f"the callback {type(callback).__name__} listens to each batch"
    return None


class WholeEpochs:
    """Trains a loop's epochs: `train` is in the place of `Loop.train_epoch`."""

    def __init__(
        self,
        loop: Loop,
        engine: Engine,
        otherwise: Callable[[Loop, str], None] | None = None,
    ) -> None:
        """`otherwise` lets the loop train another way, where there is no program."""
        assert isinstance(loop.batches, TensorBatches)
        self.loop, self.engine, self.batches = loop, engine, loop.batches
        self.otherwise = otherwise
        self.update = UPDATES[loop.settings["optimizer"]]
        self.group = loop.optimizer.param_groups[0]
        sizes = self.batches.sizes
        #: (rows of a batch, how many of them): all, or all but the last.
        self.runs = [(sizes[0], sizes.count(sizes[0]))]
        if sizes[-1] != sizes[0] and engine.takes_the_rest:
            self.runs.append((sizes[-1], 1))
        mine = [c for c in loop.callbacks if isinstance(c, _OURS)]
        self.schedules = [c for c in mine if isinstance(c, LRSchedule) and c.every_batch]
        self.told = [c for c in mine if isinstance(c, (ProgressBar, ProgressLines))]
        self.trusted = len(mine) == len(loop.callbacks)
        #: Does nobody look at the module between two epochs? Nor is any step outside a program.
        self.patient = (
            all(isinstance(c, _PATIENT) for c in loop.callbacks)
            and loop.valid is None
            and not loop.metrics
            and len(set(sizes)) == 1
        )
        #: Losses of epochs that have run already.
        self.ahead: list[Tensor] = []
        self.fixed: Any = None
        self.tensors: list[Tensor] = []
        self.versions: list[int] = []
        self.programs: list[_Program] = []
        self.state: list[Any] = []
        self.data: list[Any] | None = None
        self.piece = 16

    def train(self) -> dict[str, Tensor]:
        """An epoch; the mean loss of the rows, each at its own step, and the metrics."""
        loop = self.loop
        if not self.ahead:
            if loop.begun is not None or self._begins_otherwise():
                return loop.train_epoch()
            loop.batch, loop.seen = 0, [] if loop.metrics else None
            try:
                self._look()
            except Exception as error:
                if self.otherwise is None:
                    raise
                loop.train = loop.train_epoch
                self.otherwise(loop, str(error).strip().partition("\n")[0])
                return loop.train()
            if not self.trusted or [t._version for t in self.tensors] != self.versions:
                self._put()
            self._train()
        return {"train_loss": self.ahead.pop(0), **loop._measured("train")}

    def _train(self) -> None:
        """Train an epoch, or several where nobody looks; the mean loss of each is in `ahead`."""
        program = self.programs[0]
        n = min(program.n_epochs, self.loop.epochs - self.loop.epoch + 1)
        if program.n_epochs > 1:
            parts = [self._given(program, self._order()) for _ in range(n)]
            losses = self._run(program, *_joined(parts, program.n_epochs), n * len(self.batches))
            self._take_back()
            self.ahead = list(losses.view(n, -1).mean(1))
            return
        total, n_rows = self.loop._zero(), 0
        order = self._order()
        for program in self.programs:
            rows = order[n_rows : n_rows + program.n_rows]
            losses = self._run(program, *self._given(program, rows), program.plan.n_steps)
            total += losses.sum() * program.plan.size
            n_rows += program.n_rows
        self._take_back()
        if n_rows < len(order):
            total += self._rest(order[n_rows:])
        self.ahead = [total / len(order)]

    def _begins_otherwise(self) -> bool:
        """The first step of SGD with dampening is not that of the later ones."""
        dampened = self.group.get("dampening") and self.group.get("momentum")
        return bool(dampened) and not self.loop.optimizer.state

    def _look(self) -> None:
        """Make the programs, and again where something changed that they hold fixed."""
        if self.programs and self.trusted:
            return
        fixed = held_fixed(self.loop)
        if self.programs and fixed == self.fixed and self._still_there():
            return
        self.fixed = fixed
        if not self.loop.optimizer.state:
            _begin(self.loop.optimizer)
        if self.data is None:
            self.data = [self.engine.put(t) for t in tensors_of(self.batches.data)]
        self.programs = [program for run in self.runs for program in self._programs(*run)]
        self.tensors = self.programs[0].step.state()
        self.groups = self.programs[0].plan.groups
        self.versions = []

    def _still_there(self) -> bool:
        """Are the fit's tensors those that the programs know?"""
        now = self.programs[0].step.state()
        return [t.data_ptr() for t in now] == [t.data_ptr() for t in self.tensors]

    def _programs(self, size: int, n_steps: int) -> list["_Program"]:
        """The programs of so many batches: one, or where they draw much, several."""
        loop, data = self.loop, self.batches.data
        batch = data.rows(torch.arange(size))
        step = Step(loop, self.update, batch)
        gradients, update = _graphs(step, batch)
        for graph in (gradients, update):
            unknown = self.engine.unknown(graph)
            if unknown:
                raise ValueError(
                    f'compile = "{self.engine.name}" does not know the operator '
                    f"{' or '.join(unknown)}, which the module or the loss uses: "
                    "use compile = True or False"
                )
        drawn = sum(d.dtype.itemsize * torch.Size(d.shape).numel() for d in gradients.draws)
        shapes = _output_shapes(gradients, step)
        drawn += sum(d.itemsize * torch.Size(s).numel() for s, d in shapes)
        most = max(1, min(n_steps, _ROOM // max(drawn, 1)))
        in_order = n_steps == 1 and size == data.n_rows and not self.batches.shuffle
        n_epochs = 1
        if self.patient and loop.epochs > 1:
            of_an_epoch = n_steps * (drawn + (0 if in_order else 8 * size))
            n_epochs = max(1, min(_AT_ONCE // n_steps, _ROOM // max(of_an_epoch, 1)))
        if n_epochs > 1:
            plan = _plan(step, gradients, update, shapes, size, n_epochs * n_steps, in_order)
            return [_Program(step, plan, self._found(plan), n_epochs)]
        found = []
        for start in range(0, n_steps, most):
            n = min(most, n_steps - start)
            plan = _plan(step, gradients, update, shapes, size, n, in_order)
            found.append(_Program(step, plan, self._found(plan)))
        return found

    def _found(self, plan: Plan) -> Callable[..., Any]:
        """The program of a plan, of an earlier fit or new."""
        key = plan.key()
        if key is None:
            return self.engine.program(plan, self.data or [])
        shapes = [(t.shape, t.dtype) for t in tensors_of(self.batches.data)]
        key = (self.engine.name, torch.get_num_threads() == 1, str(shapes), *key)
        if key not in _PROGRAMS:
            _PROGRAMS[key] = self.engine.program(plan, self.data or [])
        return _PROGRAMS[key]

    def _order(self) -> Tensor:
        """The rows in the order of the epoch."""
        n_rows = self.batches.data.n_rows
        return torch.randperm(n_rows) if self.batches.shuffle else torch.arange(n_rows)

    def _given(self, program: "_Program", rows: Tensor) -> list[Tensor]:
        """Of the batches of these rows: the rows, the learning rates, and what they draw."""
        plan = program.plan
        n_steps = len(rows) // plan.size
        drawn = [torch.empty(n_steps, *d.shape, dtype=d.dtype) for d in plan.gradients.draws]
        for i in range(n_steps if drawn else 0):
            for draw, values in zip(plan.gradients.draws, drawn, strict=True):
                draw.fill(values[i])
        rows = rows[: 0 if plan.in_order and not plan.n_outputs else len(rows)]
        return [rows.int() if len(rows) < 2**31 else rows, self._rates(n_steps), *drawn]

    def _run(self, program: "_Program", rows: Tensor, rates: Tensor, *rest: Any) -> Tensor:
        """Train on these rows, in pieces that are not long; the loss of each batch."""
        loop, plan, engine = self.loop, program.plan, self.engine
        *drawn, n_steps = rest
        given = [self.data, *map(engine.show, (rows, rates)), [engine.show(d) for d in drawn]]
        found = torch.empty(n_steps, dtype=torch.float64)
        start, before = 0, loop.batch
        while start < n_steps:
            let_r_look()
            stop = min(start + self.piece, n_steps)
            begun = time.monotonic()
            self.state, losses, outputs = program.run(self.state, *given, start, stop)
            found[start:stop] = engine.get(losses)[start:stop]
            if program.warm:
                taken = max(time.monotonic() - begun, 1e-6)
                self.piece = max(1, int((stop - start) * min(_PIECE / taken, 4)))
            program.warm = True
            loop.batch = before + 1 + (stop - 1) % (plan.n_steps // program.n_epochs)
            for callback in self.told:
                callback.on_batch_end(loop)
            if loop.seen is not None:
                self._see(plan, rows, [engine.get(o) for o in outputs], start, stop)
            start = stop
        return found

    def _rest(self, rows: Tensor) -> Tensor:
        """An eager step on the rows that are left; their total loss."""
        loop = self.loop
        loop.batch += 1
        let_r_look()
        loss = loop.eager_step(self.batches.data.rows(rows))
        self.versions = []  # fused steps do not count as changes
        for callback in (*self.schedules, *self.told):
            callback.on_batch_end(loop)
        return loss.double() * len(rows)

    def _rates(self, n_steps: int) -> Tensor:
        """The learning rate of each batch."""
        if not self.schedules:
            return torch.full((n_steps,), self.group["lr"], dtype=torch.float64)
        rates = []
        for _ in range(n_steps):
            rates.append(self.group["lr"])
            for schedule in self.schedules:
                schedule.on_batch_end(self.loop)
        return torch.tensor(rates, dtype=torch.float64)

    def _see(self, plan: Plan, rows: Tensor, outputs: list[Tensor], start: int, stop: int) -> None:
        """What metrics look at."""
        these = rows[start * plan.size : stop * plan.size]
        data = self.batches.data
        weights = None if data.weights is None else data.weights.index_select(0, these)
        output = outputs[0][start:stop].flatten(0, 1).clone()
        assert self.loop.seen is not None
        self.loop.seen.append(Seen(output, data.y.index_select(0, these), weights))

    def _put(self) -> None:
        """Take the state from the module and the optimizer."""
        self.tensors = self.programs[0].step.state()
        self.state = [
            self.engine.put(torch.cat([self.tensors[i].reshape(-1) for i in places]))
            for places in self.groups
        ]

    @torch.no_grad()
    def _take_back(self) -> None:
        """Bring it back."""
        for array, places in zip(self.state, self.groups, strict=True):
            into = [self.tensors[i] for i in places]
            parts = self.engine.get(array).split([t.numel() for t in into])
            values = [v.view(t.shape) for v, t in zip(parts, into, strict=True)]
            torch._foreach_copy_(into, values)
        self.versions = [t._version for t in self.tensors]


class _Program:
    """Some batches of one size: of an epoch, or of several epochs."""

    def __init__(self, step: Step, plan: Plan, run: Callable[..., Any], n_epochs: int = 1) -> None:
        self.step, self.plan, self.run, self.n_epochs = step, plan, run, n_epochs
        self.n_rows = plan.size * plan.n_steps
        self.warm = False  # the first run compiles


def _joined(parts: list[list[Tensor]], n: int) -> list[Tensor]:
    """What several epochs are given as one; zeros for those up to `n` that do not run."""
    found = [torch.cat(tensors) for tensors in zip(*parts, strict=True)]
    missing = n - len(parts)
    if missing == 0:
        return found
    one = [torch.zeros_like(t) for t in parts[0]]
    return [torch.cat([t, *[nothing] * missing]) for t, nothing in zip(found, one, strict=True)]


@torch.no_grad()
def _begin(optimizer: torch.optim.Optimizer) -> None:
    """What an optimizer keeps about each parameter before its first step, as it makes it."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    before = [(p.detach().clone(), p.grad) for p in parameters]
    for p in parameters:
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for p, (values, gradient) in zip(parameters, before, strict=True):
        p.copy_(values)
        p.grad = gradient
        for kept in optimizer.state[p].values():
            if isinstance(kept, Tensor):
                kept.zero_()


def _graphs(step: Step, batch: Data) -> tuple[Graph, Graph]:
    """Of the gradients and of the update, of an earlier fit or new."""
    key = description(step)
    if key not in _GRAPHS:
        try:
            found = _traced(step, batch)
        except Exception as error:
            raise cannot(error) from error
        own = any(node.op == "get_attr" for g in found for node in g.module.graph.nodes)
        if key is None or own:  # it holds tensors of this fit's
            return found
        _GRAPHS[key] = (*found, step.used)
    gradients, update, step.used = _GRAPHS[key]
    return gradients, update


def _traced(step: Step, batch: Data) -> tuple[Graph, Graph]:
    """Of the gradients, as callbacks leave them; of the update of one parameter."""
    rate = torch.zeros((), dtype=torch.float64)
    n = len(step.trained)
    values = step.state()[: n + len(step.rest)]

    def gradients(*flat: Tensor) -> list[Tensor]:
        loss, *found = step.gradients(rate, *flat)
        step.loop.change_gradients([g for g, used in zip(found, step.used, strict=False) if used])
        return [loss, *found]

    first, keys = next(iter(step.trained.values())), step.keys[0]
    kept = step.loop.optimizer.state[first]
    # A parameter of its own: it changes.
    like = torch.zeros(4, dtype=first.dtype)
    entries = [torch.zeros_like(kept[k]) if kept[k].ndim == 0 else like.clone() for k in keys]

    def update(p: Tensor, g: Tensor, *rest: Tensor) -> list[Tensor]:
        step.update.step(p, g, dict(zip(keys, rest, strict=False)), rest[-1], step.group)
        return []

    return (
        functional_graph(gradients, [*values, *tensors_of(batch)]),
        functional_graph(update, [like, like.clone(), *entries, rate]),
    )


def _output_shapes(gradients: Graph, step: Step) -> list[tuple[tuple[int, ...], torch.dtype]]:
    (output,) = (node for node in gradients.module.graph.nodes if node.op == "output")
    n = 1 + len(step.trained)
    found = [node.meta["val"] for node in output.args[0][n : n + step.n_outputs]]
    return [(tuple(value.shape), value.dtype) for value in found]


def _plan(
    step: Step,
    gradients: Graph,
    update: Graph,
    shapes: list[tuple[tuple[int, ...], torch.dtype]],
    size: int,
    n_steps: int,
    in_order: bool,
) -> Plan:
    state = step.state()
    n = len(step.trained)
    place = n + len(step.rest)
    kept: list[list[int] | None] = []
    for keys, used in zip(step.keys, step.used, strict=True):
        kept.append(list(range(place, place + len(keys))) if used else None)
        place += len(keys)
    dtypes = list(dict.fromkeys(t.dtype for t in state))
    return Plan(
        gradients,
        update,
        [t.shape for t in state],
        [[i for i, t in enumerate(state) if t.dtype == dtype] for dtype in dtypes],
        dtypes,
        n + len(step.rest),
        list(range(n)),
        kept,
        step.n_outputs,
        shapes,
        size,
        n_steps,
        in_order,
    )


def begin_xla(loop: Loop) -> None:
    """Let a loop run its epochs by XLA."""
    check_options_of(loop)
    reason = why_not(loop)
    if reason is not None:
        raise ValueError(f'compile = "xla" runs whole epochs, and {reason}: use compile = True')
    if is_forked():
        print(
            "torchbridge: this process was forked from one in which XLA runs, and XLA would hang "
            "here: the fit is not compiled",
            file=sys.stderr,
        )
        return
    loop.train, loop.engine = WholeEpochs(loop, XLA()).train, XLA.name


def begin_compiled(loop: Loop) -> None:
    """Let a loop run its epochs by PyTorch's compiler; its steps, where that cannot be."""
    check_options_of(loop)
    reason = why_not(loop)
    if reason is not None:
        begin_steps(loop, reason)
        return
    epochs = WholeEpochs(loop, Inductor(), otherwise=begin_steps)
    loop.train, loop.engine = epochs.train, Inductor.name
