"""PyTorch's operators as JAX's: one row an operator, for graphs of core ATen operators.

Each is called at the time of tracing, with JAX arrays, and gives what the ATen operator of that
name gives (its schema: `torch.ops.aten.<name>`). Where ATen rounds or breaks ties in its own way,
the row does as ATen does. No row draws at random: what is drawn comes in from PyTorch.

Tests: tests/autodiff/test_xla_operators.py, tests/models/training/test_xla.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import torch

from . import (
    xla_elementary,
    xla_gradients,
    xla_layers,
    xla_linalg,
    xla_order,
    xla_resizing,
    xla_special,
)
from .xla_dtypes import Array, UnknownOperator, as_dtype

__all__ = ["ROWS", "UnknownOperator", "as_dtype", "row", "run", "unknown"]


def run(module: torch.fx.GraphModule, inputs: Sequence[Array]) -> list[Array]:
    """What a graph gives for arrays.

    Raises:
        UnknownOperator: it has an operator without a row.
    """
    values: dict[torch.fx.Node, Any] = {}
    given = iter(inputs)

    def value(argument: Any) -> Any:
        if isinstance(argument, torch.fx.Node):
            return values[argument]
        if isinstance(argument, (list, tuple)):
            return type(argument)(map(value, argument))
        return argument

    for node in module.graph.nodes:
        if node.op == "placeholder":
            values[node] = next(given)
        elif node.op == "get_attr":
            constant = getattr(module, str(node.target))
            values[node] = jnp.asarray(constant.detach().cpu().numpy())
        elif node.op == "output":
            return list(map(value, node.args[0]))
        else:
            function = row(node.target)
            kwargs = {name: value(x) for name, x in node.kwargs.items()}
            if node.target in _DETERMINANTS:
                kwargs["turned"] = _solves_turned(node)
            values[node] = _as_torch_has_it(function(*map(value, node.args), **kwargs), node)
    raise AssertionError("a graph has an output")


def unknown(module: torch.fx.GraphModule) -> list[str]:
    """The operators of a graph that have no row."""
    targets = {node.target for node in module.graph.nodes if node.op == "call_function"}
    found = []
    for target in targets:
        try:
            row(target)
        except UnknownOperator:
            found.append(str(target))
    return sorted(found)


def row(target: Any) -> Callable[..., Any]:
    """The function of an operator."""
    name = str(target)
    if not name.startswith("aten."):
        if getattr(target, "__name__", "") in ("getitem", "_getitem"):
            return lambda values, i: values[i]
        raise UnknownOperator(name)
    name = name.removeprefix("aten.")
    found = ROWS.get(name) or ROWS.get(name.split(".")[0])
    if found is None:
        raise UnknownOperator(f"aten.{name}")
    return found


_ATEN = torch.ops.aten
_DETERMINANTS = (_ATEN._linalg_det.default, _ATEN._linalg_slogdet.default)


def _solves_turned(node: torch.fx.Node) -> bool:
    """Are a determinant's factors those of the transpose?

    ATen takes those of what lies in memory row by row, which the gradient then knows: it solves
    with the transpose of the matrix.
    """
    users = {user for part in node.users for user in part.users}
    solving = [user for user in users if user.target is _ATEN.linalg_lu_solve.default]
    return any(not user.kwargs.get("adjoint", False) for user in solving)


def _as_torch_has_it(found: Any, node: torch.fx.Node) -> Any:
    """In the dtype that PyTorch gives, whose rules for tensors without dims are its own."""
    fake = node.meta.get("val")
    if isinstance(fake, torch.Tensor):
        return jnp.asarray(found, dtype=as_dtype(fake.dtype))
    if isinstance(found, tuple) and isinstance(fake, (tuple, list)):
        pairs = zip(found, fake, strict=False)
        return tuple(
            jnp.asarray(x, dtype=as_dtype(f.dtype)) if isinstance(f, torch.Tensor) else x
            for x, f in pairs
        )
    return found


# name of an ATen operator, with or without the name of its overload -> function of arrays
ROWS: dict[str, Callable[..., Any]] = {
    **xla_elementary.ROWS,
    **xla_gradients.ROWS,
    **xla_layers.ROWS,
    **xla_linalg.ROWS,
    **xla_order.ROWS,
    **xla_resizing.ROWS,
    **xla_special.ROWS,
}
