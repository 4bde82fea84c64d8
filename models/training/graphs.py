"""A function of tensors as a graph of operators that change nothing.

Two ways from a step to a program begin here: what the step changes in place are outputs of the
graph, and what it draws at random are inputs, so that any engine can run it and PyTorch's
generator draws for all.

Tests: tests/models/training/test_epochs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from torchbridge.autodiff.core_operators import core_decompositions

_ATEN = torch.ops.aten

#: Operators that draw, as they stand in a graph, and read nothing of a tensor but its shape.
_DRAWN = {
    "aten.bernoulli.p",
    "aten.cauchy.default",
    "aten.exponential.default",
    "aten.geometric.default",
    "aten.log_normal.default",
    "aten.rand.default",
    "aten.rand_like.default",
    "aten.randn.default",
    "aten.randn_like.default",
    "aten.uniform.default",
    "aten.normal_functional.default",
}


class Draw(NamedTuple):
    """What a step draws: into a tensor of this shape and dtype, by a function that fills it."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    fill: Callable[[Tensor], Any]


class Graph(NamedTuple):
    """A graph without changes and draws.

    Attributes:
        module: its inputs are those of the function, then what it draws; its outputs those of the
            function, then what the inputs at `changed` become.
        changed: the numbers of the inputs that the function changes.
        draws: what it draws, in this order.
        n_outputs: outputs of the function itself.
    """

    module: torch.fx.GraphModule
    changed: list[int]
    draws: list[Draw]
    n_outputs: int


class CannotBeTraced(ValueError):
    """What a function does cannot stand in a graph of this kind."""


def functional_graph(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> Graph:
    """The graph of a function of tensors.

    Raises:
        CannotBeTraced: it draws from a distribution whose numbers are tensors.
    """
    from torch.func import functionalize
    from torch.fx.experimental.proxy_tensor import make_fx

    # In two steps: a transform of functorch's does not take functions that differentiate.
    options: dict[str, Any] = {"tracing_mode": "fake", "_allow_non_fake_inputs": True}
    with torch.no_grad(), torch.random.fork_rng([]):
        first = make_fx(function, **options)(*inputs)
        strides = [_strides(node) for node in first.graph.nodes if _draws(node)]
        options["decomposition_table"] = core_decompositions()
        module = make_fx(functionalize(first), **options)(*inputs)
    graph = module.graph
    _take_running_statistics_out(graph)
    changed = _take_changes_out(graph)
    (output,) = (node for node in graph.nodes if node.op == "output")
    n_outputs = len(output.args[0])
    output.args = ([*output.args[0], *changed.values()],)
    draws = _take_draws_out(graph, strides)
    graph.eliminate_dead_code()
    module.recompile()
    return Graph(module, list(changed), draws, n_outputs)


def _take_running_statistics_out(graph: torch.fx.Graph) -> None:
    """Batch normalisation changes its running statistics, and does not say so: let it give them."""
    for node in list(graph.nodes):
        if node.target is not _ATEN.native_batch_norm.default or not node.args[5]:
            continue
        means, variances = node.args[3:5]
        node.target = _ATEN._native_batch_norm_legit_functional.default
        if means is None:
            node.target = _ATEN._native_batch_norm_legit.no_stats
            node.args = (*node.args[:3], *node.args[5:])
            continue
        fake = node.meta["val"]
        node.meta["val"] = (*fake, means.meta["val"], variances.meta["val"])
        with graph.inserting_before(node.next):
            for i, changed in ((3, means), (4, variances)):
                item = graph.call_function(_getitem, (node, i))
                item.meta["val"] = changed.meta["val"]
                graph.call_function(_ATEN.copy_.default, (changed, item))


def _take_changes_out(graph: torch.fx.Graph) -> dict[int, torch.fx.Node]:
    """The inputs that are changed, and what they become."""
    places = {node: i for i, node in enumerate(n for n in graph.nodes if n.op == "placeholder")}
    changed: dict[int, torch.fx.Node] = {}
    for node in list(graph.nodes):
        if node.target is _ATEN.copy_.default and node.args[0] in places:
            changed[places[node.args[0]]] = node.args[1]
            node.replace_all_uses_with(node.args[1])
            graph.erase_node(node)
    return changed


def _draws(node: torch.fx.Node) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


def _strides(node: torch.fx.Node) -> tuple[int, ...] | None:
    value = node.meta["val"]
    return tuple(value.stride()) if isinstance(value, Tensor) else None


def _take_draws_out(graph: torch.fx.Graph, strides: list[tuple[int, ...] | None]) -> list[Draw]:
    """What is drawn becomes an input.

    `strides` say how each lies in memory in an eager step, which the graph no longer knows: it
    is the order in which its numbers are drawn.
    """
    draws = []
    nodes = [node for node in graph.nodes if _draws(node)]
    for i, node in enumerate(nodes):
        if str(node.target) not in _DRAWN:
            raise CannotBeTraced(f"the step draws by {node.target}, which depends on tensors")
        value = node.meta["val"]
        fill, order = _fill(node), strides[i] if len(strides) == len(nodes) else None
        if order not in (None, value.contiguous().stride()):
            fill = _in_this_order(fill, order)
        draws.append(Draw(tuple(value.shape), value.dtype, fill))
        last = [n for n in graph.nodes if n.op == "placeholder"][-1]
        with graph.inserting_after(last):
            drawn = graph.placeholder(f"drawn_{len(draws)}")
        drawn.meta = dict(node.meta)
        node.replace_all_uses_with(drawn)
        graph.erase_node(node)
    return draws


def _fill(node: torch.fx.Node) -> Callable[[Tensor], Any]:
    """A function that draws into a tensor what PyTorch draws at this place of an eager step."""
    target: Any = node.target
    args: tuple[Any, ...] = node.args
    kwargs = dict(node.kwargs)
    if target is _ATEN.bernoulli.p:
        return lambda out: out.bernoulli_(args[1])
    rest = args[1:] if isinstance(args[0], torch.fx.Node) else args
    if any(isinstance(a, torch.fx.Node) for a in rest):
        raise CannotBeTraced(f"the step draws by {target} of tensors")
    if rest is args:
        return lambda out: out.copy_(target(*args, **kwargs))
    return lambda out: out.copy_(target(torch.empty_like(out), *rest, **kwargs))


def _in_this_order(
    fill: Callable[[Tensor], Any], strides: tuple[int, ...]
) -> Callable[[Tensor], Any]:
    return lambda out: out.copy_(_filled(fill, out, strides))


def _filled(fill: Callable[[Tensor], Any], out: Tensor, strides: tuple[int, ...]) -> Tensor:
    drawn = torch.empty_strided(out.shape, strides, dtype=out.dtype)
    fill(drawn)
    return drawn


def _getitem(values: Any, i: int) -> Any:
    return values[i]
