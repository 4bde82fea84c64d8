"""R code on tensors, run once and turned into a graph that runs with no R in it.

The R function is called with tensors that record what is done to them
(``torch.fx.experimental.proxy_tensor.make_fx``); the graph of PyTorch operators that comes
out is differentiable, shares the parameters of the modules it went through, and can be
compiled further by ``torch.compile``.

Tests: test-autodiff-compile.R.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

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
    sizes = None
    try:
        graph = _record(function, tensors, "symbolic")
    except SizeRead:
        graph = _record(function, tensors, "fake")
        sizes = [tuple(tensor.shape) for tensor in tensors]
    return Traced(graph, sizes, backend)


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


class Traced(torch.nn.Module):
    """A traced function: a graph of PyTorch operators, and the sizes it holds for."""

    def __init__(
        self, graph: torch.fx.GraphModule, sizes: list[tuple[int, ...]] | None, backend: str | None
    ) -> None:
        super().__init__()
        self.graph_module = graph
        self.sizes = sizes
        self._run: Callable[..., Any] = graph
        if backend is not None:
            find_headers()
            self._run = torch.compile(graph, backend=backend)

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
