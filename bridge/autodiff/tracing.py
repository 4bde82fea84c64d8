"""R code on tensors, run once and turned into a graph that runs with no R in it.

The R function is called with tensors that record what is done to them
(``torch.fx.experimental.proxy_tensor.make_fx``); the graph of PyTorch operators that comes
out is differentiable, shares the parameters of the modules it went through, and can be
compiled further by ``torch.compile``.

Tests: test-autodiff-compile.R.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from torchbridge.process.python_headers import find_headers
from torchbridge.values.any_value import SizeRead


def trace(
    function: Callable[..., object], examples: Sequence[object], backend: str | None = None
) -> Traced:
    """The graph of an R function or module, as an ``nn.Module``.

    Where the R code never reads a size (``dim``, ``length``, ``nrow``), the graph holds for
    every size of the examples' dims; otherwise for the examples' own sizes, and a call with
    others is an error.

    Args:
        function: The R function or module.
        examples: Tensors to call it with; their dtypes and number of dims count.
        backend: A backend of ``torch.compile`` (such as "inductor") to compile the graph
            with, or None.

    Raises:
        TypeError: an example is no tensor.
        RuntimeError: the R code branches on the value of a tensor.
    """
    examples = tuple(examples) if isinstance(examples, (list, tuple)) else (examples,)
    tensors = tuple(_tensor(example, place) for place, example in enumerate(examples, 1))
    graph, sizes = _traced(function, tensors)
    traced = Traced(graph, sizes, backend)
    if isinstance(function, torch.nn.Module):
        # Fakes: what the other mode is traced with, should it be asked for, holds no data.
        blanks = tuple(torch.zeros_like(tensor, device="meta") for tensor in tensors)
        devices = [tensor.device for tensor in tensors]
        traced.training = function.training
        traced.source = lambda mode: _in_mode(function, mode, blanks, devices)
    return traced


_Graph: TypeAlias = tuple[torch.fx.GraphModule, "list[tuple[int, ...]] | None"]


def _traced(function: Callable[..., object], tensors: tuple[torch.Tensor, ...]) -> _Graph:
    try:
        return _record(function, tensors, "symbolic"), None
    except SizeRead:
        sizes = [tuple(tensor.shape) for tensor in tensors]
        return _record(function, tensors, "fake"), sizes


def _in_mode(
    module: torch.nn.Module,
    mode: bool,
    blanks: tuple[torch.Tensor, ...],
    devices: Sequence[torch.device],
) -> _Graph:
    """The graph of a module in training (or evaluation); its own modes stay as they are."""
    modes = {part: part.training for part in module.modules()}
    try:
        module.train(mode)
        tensors = [torch.zeros_like(x, device=d) for x, d in zip(blanks, devices, strict=True)]
        return _traced(module, tuple(tensors))
    finally:
        for part, training in modes.items():
            part.training = training


def trace_values(
    function: Callable[..., object], example: torch.Tensor, backend: str | None = None
) -> Traced:
    """The graph of an R function of one tensor, for the example's size and with its data inside.

    Raises:
        RuntimeError: the R code branches on the value of a tensor.
    """
    graph = _record(function, (example,), "real")
    return Traced(graph, [tuple(example.shape)], backend)


def _tensor(example: object, place: int) -> torch.Tensor:
    if not isinstance(example, torch.Tensor):
        raise TypeError(f"example: element {place} is {type(example).__name__}, not a tensor")
    return example


def _record(
    function: Callable[..., object],
    examples: tuple[torch.Tensor, ...],
    mode: Literal["symbolic", "fake", "real"],
) -> torch.fx.GraphModule:
    try:
        return make_fx(function, tracing_mode=mode, _allow_non_fake_inputs=True)(*examples)
    except Exception as error:
        if _is_data_dependent(error):
            raise RuntimeError(
                "f: this code asks for the value of a tensor (in if(), while(), ifelse(), "
                "as.numeric() or print()), which a graph cannot know; use torch_where(), or leave "
                "the function uncompiled"
            ) from error
        raise


def _is_data_dependent(error: BaseException) -> bool:
    text = f"{type(error).__name__} {error}"
    known = (
        "DataDependent",
        "data-dependent",
        "get value out of a tracing tensor",
        "not interpretable as logical",
    )
    return any(word in text for word in known)


#: What operators that depend on the mode of a module are called.
_OF_A_MODE = ("dropout", "bernoulli", "batch_norm", "instance_norm", "rrelu")


class Traced(torch.nn.Module):
    """A traced function: a graph of PyTorch operators, and the sizes it holds for.

    Attributes:
        source: the graph and its sizes in a mode, traced anew; None of what is no module.
    """

    def __init__(
        self, graph: torch.fx.GraphModule, sizes: list[tuple[int, ...]] | None, backend: str | None
    ) -> None:
        super().__init__()
        self.source: Callable[[bool], _Graph] | None = None
        self._backend = backend
        # By mode, and not as a module's parts: both graphs have the same parameters.
        self._graphs: dict[bool, tuple[_Graph, Callable[..., Any]]] = {}
        self._take((graph, sizes), self._compiled(graph))

    def _compiled(self, graph: torch.fx.GraphModule) -> Callable[..., Any]:
        if self._backend is None:
            return graph
        find_headers()
        return torch.compile(graph, backend=self._backend)

    def _take(self, found: _Graph, run: Callable[..., Any]) -> None:
        self.graph_module, self.sizes = found
        self._run = run

    def train(self, mode: bool = True) -> Traced:
        """The graph of this mode, traced when it is first asked for.

        Raises:
            ValueError: the graph depends on the mode, and is not that of a module, or a copy's.
        """
        if mode == self.training:
            return self
        if self.source is not None:
            now: _Graph = (self.graph_module, self.sizes)
            self._graphs[self.training] = (now, self._run)
            if mode not in self._graphs:
                other = self.source(mode)
                self._graphs[mode] = (other, self._compiled(other[0]))
            self._take(*self._graphs[mode])
        elif any(word in str(node.target) for node in self._nodes() for word in _OF_A_MODE):
            verb = "train" if mode else "eval"
            raise ValueError(
                f"this graph was traced in the other mode, which is part of it: call ${verb}() of "
                "the modules in the function, and compile it again"
            )
        self.training = mode
        return self

    def _nodes(self) -> Iterable[torch.fx.Node]:
        return self.graph_module.graph.nodes

    def __getstate__(self) -> dict[str, Any]:
        """A copy has its own parameters, and no way to trace the other mode with them."""
        return {**self.__dict__, "source": None, "_graphs": {}}

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the graph."""
        if self.sizes is not None:
            given = [tuple(x.shape) for x in inputs]
            if given != self.sizes:
                raise ValueError(
                    f"this graph holds for inputs of shape {self.sizes} only, since the R code "
                    f"reads their size; got {given}: compile it again with such an example"
                )
        return self._run(*inputs)
