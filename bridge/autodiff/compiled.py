"""A program as machine code, by PyTorch's compiler (Inductor), which needs a C++ compiler.

Data that the function reads are inputs of the code: another vector of the same length runs it as it
is. PyTorch keeps what it has compiled on disk, for later sessions. The numbers are those of the
program but for rounding.

Tests: tests/autodiff/test_compiled.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx

from torchbridge.autodiff.program_code import Ref, same
from torchbridge.autodiff.programs import NoProgramError, Program
from torchbridge.process.own_imports import working_directory_last
from torchbridge.process.python_headers import find_headers

aten = torch.ops.aten

#: What this process has compiled: the graph as text -> the code.
_CODE: dict[str, Callable[..., Any]] = {}


class CompiledProgram:
    """What a program does, in a hundredth of the time of its operators.

    Raises:
        NoProgramError: it cannot be compiled; there is no C++ compiler, for one.
    """

    def __init__(self, program: Program, inputs: Sequence[Tensor]) -> None:
        self.versions = program.versions
        self.shapes = program.shapes
        self._n_results = len(program.results)
        steps = [step for step in program.steps if step.number is not None]
        if any(step.op is not aten._local_scalar_dense.default for step in steps):
            raise NoProgramError("it looks at values in a way that is not compiled")
        self._numbers = [step.number for step in steps]
        graph, self._data = as_graph(program)
        self._code = _compile(graph, [*(x.detach() for x in inputs), *self._data])

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...] | None:
        """The program's results; None where a value that was looked at is another."""
        for tensor, version in self.versions:
            if tensor._version != version:
                return None
        with torch.no_grad():
            found = self._code(*inputs, *self._data)
        for value, then in zip(found[self._n_results :], self._numbers, strict=True):
            if not same(value.item(), then):
                return None
        return tuple(found[: self._n_results])


def as_graph(program: Program) -> tuple[fx.GraphModule, list[Tensor]]:
    """The program as a graph, and the data that are inputs of it."""
    graph = fx.Graph()
    nodes: dict[int, fx.Node] = {}
    data = []
    for index in range(program.n_inputs):
        nodes[index] = graph.placeholder(f"x{index}")
    for index, value in program.constants.items():
        if index in program.given or value.numel() != 1:
            nodes[index] = graph.placeholder(f"k{index}")
            data.append(value.contiguous())  # the code is for these strides
    for index, value in program.constants.items():
        if index not in nodes:
            nodes[index] = graph.call_function(
                aten.full.default,
                (list(value.shape), value.item()),
                {"dtype": value.dtype, "device": value.device},
            )
    looked_at = []
    for step in program.steps:
        if step.number is not None:
            looked_at.append(nodes[step.args[0].index])
            continue
        arguments = _with_nodes(step.args, nodes)
        named = {name: _with_nodes(value, nodes) for name, value in step.kwargs.items()}
        made = graph.call_function(step.op, arguments, named)
        for place, result in enumerate(step.results):
            if result is not None:
                nodes[result] = made if step.single else graph.call_function(_part, (made, place))
    graph.output((*(nodes[result.index] for result in program.results), *looked_at))
    return fx.GraphModule(torch.nn.Module(), graph), data


def _part(values: Any, place: int) -> Any:
    return values[place]


def _with_nodes(value: Any, nodes: dict[int, fx.Node]) -> Any:
    if isinstance(value, Ref):
        return nodes[value.index]
    if isinstance(value, (list, tuple)):
        return type(value)(_with_nodes(part, nodes) for part in value)
    return value


def _compile(graph: fx.GraphModule, inputs: list[Tensor]) -> Callable[..., Any]:
    shapes = [(tuple(x.shape), x.stride(), x.dtype, x.device) for x in inputs]
    key = f"{graph.code}{shapes}{torch.get_num_threads()}"
    known = _CODE.get(key)
    if known is not None:
        return known
    from torch import _inductor as inductor  # takes a second, which few need

    try:
        with torch.no_grad(), torch.random.fork_rng([]):
            find_headers()
            given: list[Any] = [x.clone() for x in inputs]
            with working_directory_last():  # it may start compilers as processes
                code: Callable[..., Any] = inductor.compile(
                    graph, given, options={"size_asserts": False}
                )
            code(*given)
    except Exception as error:
        text = str(error).strip().split("\n")[0]
        raise NoProgramError(
            "it takes a C++ compiler, such as g++, and operators that PyTorch can compile "
            f"({type(error).__name__}: {text})"
        ) from error
    _CODE[key] = code
    return code


def alike(results: Sequence[float | Tensor], others: Sequence[float | Tensor]) -> bool:
    """Are they the same but for rounding?"""
    for one, other in zip(results, others, strict=True):
        a, b = (torch.as_tensor(v, dtype=torch.float64) for v in (one, other))
        size = max(1.0, b.abs().max().item()) if b.numel() else 1.0
        if not torch.allclose(a, b, rtol=1e-9, atol=1e-9 * size, equal_nan=True):
            return False
    return math.isfinite(size)
