"""Epochs by Inductor, PyTorch's own compiler: a loop over batches, in C++.

A program runs up to `_MOST` batches, whatever the number of them in an epoch, so that data of
other lengths of epoch need no other code. Nothing in it draws at random.

Tests: tests/models/training/test_inductor.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from torchbridge.process.own_imports import working_directory_last
from torchbridge.process.python_headers import find_headers

from .compiled import say
from .graphs import Graph
from .program import Plan, changing, step, unpacked

#: Batches of a call, and bytes of the outputs that it may return: the loop copies them each time.
_MOST, _BYTES = 64, 2**17

#: What earlier fits compiled.
_CODES: dict[Any, Callable[..., Any]] = {}


class Inductor:
    """Makes programs of plans; tensors are its arrays."""

    name = "compiled epochs"
    #: Programs are for batches of the usual size alone: it takes too long to compile another.
    takes_the_rest = False

    def put(self, tensor: Tensor) -> Tensor:
        """A tensor where programs run."""
        return tensor.detach().contiguous()

    show = put
    get = put

    def unknown(self, graph: Graph) -> list[str]:
        """Operators of a graph that it does not have."""
        return []

    def program(self, plan: Plan, data: list[Tensor]) -> Callable[..., Any]:
        """A function (state, data, order, rates, drawn, start, stop) -> (state, losses, outputs).

        It trains on the batches from `start` to before `stop` of `plan.n_steps`.
        """
        return in_calls(plan, _code(_of_a_call(plan), data))


def in_calls(plan: Plan, code: Callable[..., Any]) -> Callable[..., Any]:
    """The program of any number of batches by one of a few."""
    most = _of_a_call(plan).n_steps

    def program(
        state: list[Tensor], data: list[Tensor], order: Tensor, rates: Tensor, drawn: list[Tensor],
        start: int, stop: int,
    ) -> tuple[list[Tensor], Tensor, list[Tensor]]:  # fmt: skip
        losses = torch.zeros(plan.n_steps, dtype=torch.float64)
        outputs = [torch.empty(plan.n_steps, *s, dtype=d) for s, d in plan.output_shapes]
        of_batches = [order.view(plan.n_steps, _n_rows(plan)), rates, *drawn]
        with torch.no_grad():
            for first in range(start - start % most, stop, most):
                given = [_part(t, first, most) for t in of_batches]
                begin, end = max(start - first, 0), min(stop - first, most)
                limits = [torch.tensor(i) for i in (begin, end)]
                state, found = _of(plan, code(*limits, *given, *state, *data))
                for into, values in zip([losses, *outputs], found, strict=True):
                    into[first + begin : first + end] = values[begin:end]
        return state, losses, outputs

    return program


def epoch(plan: Plan) -> Callable[..., list[Tensor]]:
    """A few batches as a function of tensors.

    They are: the first batch and the one after the last; for each batch its rows, its learning
    rate and what it draws; the vectors of the state; the data. It gives the new vectors, the losses
    and the outputs.
    """
    from torch._higher_order_ops.while_loop import while_loop_op

    n_drawn, n_groups = len(plan.gradients.draws), len(plan.groups)
    moving = changing(plan)

    def train(state: list[Tensor], i: Tensor, of_batches: Sequence[Tensor], data: Any) -> Any:
        rows, rate, *drawn = (t[0] if plan.n_steps == 1 else _at(t, i) for t in of_batches)
        batch = data if plan.in_order else [t.index_select(0, rows) for t in data]
        return step(plan, _run, state, batch, rate, drawn)

    def batches(start: Tensor, stop: Tensor, *given: Tensor) -> list[Tensor]:
        of_batches, given = given[: 2 + n_drawn], given[2 + n_drawn :]
        state, data = unpacked(plan, given[:n_groups]), given[n_groups:]
        if plan.n_steps == 1:
            state, loss, outputs = train(state, start, of_batches, data)
            return [*_packed(plan, state), loss.double()[None], *(o[None] for o in outputs)]
        found = [torch.zeros(plan.n_steps, dtype=torch.float64)]
        found += [torch.zeros(plan.n_steps, *s, dtype=d) for s, d in plan.output_shapes]
        state = [_apart(t) for t in state]
        n_found, n_moving = len(found), len(moving)
        held = [t for i, t in enumerate(state) if i not in moving]

        def goes_on(i: Tensor, *rest: Tensor) -> Tensor:
            return i < rest[n_found + n_moving]

        def body(i: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
            found, rest = rest[:n_found], rest[n_found:]
            moved, rest = rest[:n_moving], rest[n_moving + 1 :]
            state, rest = _merged(plan, moving, moved, rest), rest[len(held) :]
            of_batches, data = rest[: 2 + n_drawn], rest[2 + n_drawn :]
            state, loss, outputs = train(state, i, of_batches, data)
            values = [loss.double(), *outputs]
            put = [f.index_put((i,), v) for f, v in zip(found, values, strict=True)]
            return (i + 1, *put, *(state[k] for k in moving))

        carried = (start, *found, *(state[k] for k in moving))
        beside = (stop, *held, *of_batches, *data)
        _, *ended = while_loop_op(goes_on, body, carried, beside)
        state = _merged(plan, moving, ended[n_found:], held)
        return [*_packed(plan, state), *ended[:n_found]]

    return batches


def _at(t: Tensor, i: Tensor) -> Tensor:
    """An entry by a number that the graph does not know."""
    return t.index_select(0, i.view(1)).squeeze(0)


def _apart(t: Tensor) -> Tensor:
    """A part of a vector in memory of its own: a loop does not take views of one.

    (Of a mere copy PyTorch 2.6 makes a view again.)
    """
    if t.ndim == 0:
        return t.view(1).index_select(0, torch.zeros(1, dtype=torch.int64)).view(())
    return t.index_select(0, torch.arange(len(t)))


def _merged(
    plan: Plan, moving: list[int], moved: Sequence[Tensor], held: Sequence[Tensor]
) -> list[Tensor]:
    """The state, of what changes from batch to batch and of what does not."""
    changes, stays = iter(moved), iter(held)
    return [next(changes if i in moving else stays) for i in range(len(plan.shapes))]


def _packed(plan: Plan, state: Sequence[Tensor]) -> list[Tensor]:
    return [torch.cat([state[i].reshape(-1) for i in places]) for places in plan.groups]


def _of(plan: Plan, found: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The vectors of the state, and what each batch gave."""
    n = len(plan.groups)
    return list(found[:n]), list(found[n:])


def _n_rows(plan: Plan) -> int:
    """Numbers of rows that a batch is told."""
    return 0 if plan.in_order and not plan.n_outputs else plan.size


def _run(module: torch.fx.GraphModule, inputs: list[Any]) -> list[Any]:
    return list(module(*inputs))


def _of_a_call(plan: Plan) -> Plan:
    """The plan of as many batches as a call takes."""
    if plan.n_steps == 1:
        return plan
    size = max((torch.Size(s).numel() * d.itemsize for s, d in plan.output_shapes), default=1)
    return plan._replace(n_steps=max(2, min(_MOST, _BYTES // size)))


def _part(t: Tensor, first: int, n: int) -> Tensor:
    """`n` entries from `first` on; what is missing at the end is not looked at."""
    found = t[first : first + n]
    if len(found) == n:
        return found
    return torch.cat([found, found.new_zeros(n - len(found), *t.shape[1:])])


def _code(plan: Plan, data: list[Tensor]) -> Callable[..., Any]:
    """The code of a plan, of an earlier fit or new."""
    key = plan.key()
    if key is not None:
        key = (*key, str([(t.shape, t.stride(), t.dtype) for t in data]), torch.get_num_threads())
        if key in _CODES:
            return _CODES[key]
    started = time.perf_counter()
    say("compiling the epochs ...")
    code = _compiled(plan, data)
    say(
        f"compiled in {time.perf_counter() - started:.1f} s; later fits of the same shapes "
        "start at once"
    )
    if key is not None:
        _CODES[key] = code
    return code


def traced(plan: Plan, inputs: list[Tensor]) -> torch.fx.GraphModule:
    """The batches of a plan as a graph."""
    from torch.fx.experimental.proxy_tensor import make_fx

    with torch.no_grad():
        return make_fx(epoch(plan), tracing_mode="fake", _allow_non_fake_inputs=True)(*inputs)


def _compiled(plan: Plan, data: list[Tensor]) -> Callable[..., Any]:
    """The graph as code, which has run once."""
    from torch import _inductor as inductor

    inputs = _inputs(plan, data)
    graph = traced(plan, inputs)
    options = {"size_asserts": False, "cpp_wrapper": True}
    find_headers()
    with torch.no_grad(), working_directory_last():  # it may start compilers as processes
        given: list[Any] = inputs
        code = inductor.compile(graph, given, options=options)
        code(*inputs)
    return code


def _inputs(plan: Plan, data: list[Tensor]) -> list[Tensor]:
    """What a program could be called with, which would do nothing."""
    n = plan.n_steps
    return [
        torch.tensor(0),
        torch.tensor(0),
        torch.zeros(n, _n_rows(plan), dtype=torch.int32),
        torch.zeros(n, dtype=torch.float64),
        *(torch.zeros(n, *d.shape, dtype=d.dtype) for d in plan.gradients.draws),
        *(
            torch.zeros(sum(plan.shapes[i].numel() for i in places), dtype=dtype)
            for places, dtype in zip(plan.groups, plan.dtypes, strict=True)
        ),
        # (A batch at a time: nothing is looked at before the first. All at once: rows of zeros.)
        *(torch.zeros_like(t) if n == 1 else torch.empty_like(t) for t in data),
    ]
