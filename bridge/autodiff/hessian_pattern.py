"""Where the Hessian of a function of a vector may be other than 0.

The function runs once, and what PyTorch does is watched below autograd (a ``TorchDispatchMode``):
each tensor's elements depend on some of the variables (supports.py), and two variables have a
second derivative where they meet in an operator that is not linear (R. Gower and M. Mello, 2012, A
new framework for the computation of Hessians). The pattern may say too much, never too little: in
an operator without a rule here everything meets.

Tests: tests/autodiff/test_hessian_pattern.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchbridge.autodiff import supports, watching
from torchbridge.autodiff.derivatives import Function
from torchbridge.autodiff.supports import Indices, Support
from torchbridge.autodiff.watching import tensors

aten = torch.ops.aten

#: More pairs of variables than these in one operator are taken for a dense Hessian.
_MOST_PAIRS = 20_000_000

#: Of these, element by element, the second derivative is 0.
_LINEAR = {
    aten.add.Tensor, aten.add.Scalar, aten.sub.Tensor, aten.sub.Scalar, aten.rsub.Scalar,
    aten.rsub.Tensor, aten.neg.default, aten.mul.Scalar, aten.div.Scalar, aten.where.self,
    aten.where.ScalarOther, aten.where.ScalarSelf, aten.where.Scalar, aten.abs.default,
    aten.clamp.default, aten.clamp.Tensor, aten.clamp_min.default, aten.clamp_max.default,
    aten.maximum.default, aten.minimum.default, aten.relu.default, aten._to_copy.default,
    aten.masked_fill.Scalar, aten.masked_fill.Tensor,
}  # fmt: skip

#: What gives each element of the result as one element of an argument, or as a constant.
_MOVES = {
    aten.view.default, aten._unsafe_view.default, aten.reshape.default, aten.expand.default,
    aten.permute.default, aten.t.default, aten.transpose.int, aten.select.int, aten.slice.Tensor,
    aten.unsqueeze.default, aten.squeeze.default, aten.squeeze.dim, aten.squeeze.dims,
    aten.index.Tensor, aten.index_select.default, aten.gather.default, aten.take.default,
    aten.clone.default, aten.detach.default, aten.alias.default, aten.lift_fresh.default,
    aten.cat.default, aten.stack.default, aten.flip.default, aten.roll.default,
    aten.repeat.default, aten.diagonal.default, aten.tril.default, aten.triu.default,
    aten.index_copy.default, aten.slice_scatter.default, aten.select_scatter.default,
    aten.contiguous.default, aten.unbind.int, aten.split.Tensor, aten.split_with_sizes.default,
    aten.as_strided.default, aten.diag_embed.default, aten.slice_backward.default,
}  # fmt: skip

#: What depends on no value.
_CONSTANT = {
    aten.zeros_like.default, aten.ones_like.default, aten.full_like.default,
    aten.empty_like.default, aten.new_zeros.default, aten.new_ones.default,
    aten.new_full.default, aten.new_empty.default, aten.sign.default, aten.floor.default,
    aten.ceil.default, aten.round.default, aten.trunc.default,
}  # fmt: skip

_SUMS = {aten.sum.default, aten.sum.dim_IntList, aten.mean.default, aten.mean.dim}
_PRODUCTS = {aten.mm.default, aten.mv.default, aten.dot.default, aten.bmm.default}


class _Dense(Exception):
    """Too much meets, or it can't be followed."""


def pattern(f: Function, x: Tensor, places: Indices) -> tuple[Indices, Indices] | None:
    """(row, column) of what may be other than 0, both triangles and the whole diagonal.

    Args:
        f: gives one number of a vector.
        x: where it runs (n).
        places: the variables (q), as places in x; the others are constants.

    Returns:
        Or None where it can't be found, or would be large.
    """
    x = x.detach().clone().requires_grad_()
    watched = _Watched(x, places)
    try:
        with torch.enable_grad(), watched:
            f(x)
    except _Dense:
        return None
    q = len(places)
    keys = [np.arange(q) * (q + 1)]
    for row, column in watched.met:
        keys += [row * q + column, column * q + row]
    found = np.unique(np.concatenate(keys))
    return found // q, found % q


class _Watched(watching.Watch):
    """The support of each tensor that depends on the variables, and which pairs of them met."""

    def __init__(self, x: Tensor, places: Indices) -> None:
        super().__init__()
        self.met: list[tuple[Indices, Indices]] = []
        self._done: set[tuple[int, int]] = set()
        self._held: list[object] = [x]  # so that neither memory nor an id is given again
        #: Of tensors, by where they are.
        self._supports: dict[tuple[object, ...], Support] = {}
        self._memory: set[int] = set()
        order = np.argsort(places)
        counts = np.zeros(x.numel(), np.int64)
        counts[places] = 1
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        self._give(x, Support(starts, order.astype(np.int64)))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Do it, and follow it."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        given = [t for t in tensors((args, kwargs)) if self._of(t) is not None]
        if func._schema.is_mutable:
            if any(t.untyped_storage().data_ptr() in self._memory for t in tensors(args)):
                raise _Dense
            return result
        if given:
            for made, support in self._followed(func, args, kwargs, result, given):
                self._give(made, support)
        return result

    def _of(self, value: Tensor) -> Support | None:
        return self._supports.get(_place(value)) if value.is_floating_point() else None

    def _or_none(self, value: Tensor) -> Support:
        return self._of(value) or supports.none(value.numel())

    def _give(self, value: Tensor, support: Support) -> None:
        self._held += [value, support]
        if len(support.variables):
            self._supports[_place(value)] = support
            self._memory.add(value.untyped_storage().data_ptr())

    def _followed(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any,
        given: list[Tensor],
    ) -> Iterator[tuple[Tensor, Support]]:  # fmt: skip
        made = [t for t in tensors((result,)) if t.is_floating_point()]
        if func in _CONSTANT:
            return
        if func in _MOVES:
            yield from self._moved(func, args, kwargs, made)
        elif torch.Tag.pointwise in func.tags or func in _LINEAR:
            for value in made:
                yield value, self._each(func, args, value, given)
        elif func in _SUMS and made:
            yield made[0], self._summed(args, made[0])
        elif func in _PRODUCTS:
            yield made[0], self._multiplied(args[0], args[1], made[0])
        elif made:
            # Everything meets.
            whole = supports.union(
                [supports.gathered(s, *_all_to_one(s)) for s in map(self._or_none, given)]
            )
            self._meet(whole, whole)
            for value in made:
                yield value, supports.taken(whole, np.zeros(value.numel(), np.int64))

    def _meet(self, a: Support, b: Support) -> None:
        if (id(a), id(b)) in self._done or not len(a.variables) or not len(b.variables):
            return
        if supports.products(a, b) > _MOST_PAIRS:
            raise _Dense
        self._done.add((id(a), id(b)))
        self._held += [a, b]
        self.met.append(supports.pairs(a, b))

    def _moved(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], made: list[Tensor]
    ) -> Iterator[tuple[Tensor, Support]]:
        """By doing it to the numbers of elements; 0 is a constant."""
        parts: list[Support] = [supports.none(1)]
        total = 1

        def numbered(value: Any) -> Any:
            nonlocal total
            if isinstance(value, Tensor) and value.is_floating_point():
                support = self._of(value)
                if support is None:
                    return torch.zeros(value.shape, dtype=torch.float64)
                parts.append(support)
                total += support.size
                numbers = torch.arange(total - support.size, total, dtype=torch.float64)
                # As the tensor is in memory, which some operators ask for.
                like = torch.empty_strided(value.shape, value.stride(), dtype=torch.float64)
                return like.copy_(numbers.reshape(value.shape))
            if isinstance(value, (list, tuple)):
                return type(value)(numbered(part) for part in value)
            return value

        given = [numbered(a) for a in args]
        found = list(tensors((func(*given, **kwargs),)))
        whole = supports.stacked(parts)
        for value, numbers in zip(made, found, strict=True):
            yield value, supports.taken(whole, numbers.reshape(-1).long().numpy())

    def _each(
        self, func: Any, args: tuple[Any, ...], value: Tensor, given: list[Tensor]
    ) -> Support:
        parts = [self._spread(t, value) for t in given]
        if func not in _LINEAR:
            if func is aten.mul.Tensor:
                if len(parts) == 2:
                    self._meet(*parts)
            elif func is aten.div.Tensor:
                below = args[1]
                if isinstance(below, Tensor) and self._of(below) is not None:
                    self._meet(parts[0], parts[-1])
                    self._meet(parts[-1], parts[-1])
            else:
                whole = supports.union(parts)
                self._meet(whole, whole)
                return whole
        return supports.union(parts)

    def _spread(self, value: Tensor, to: Tensor) -> Support:
        """The support of each element of a tensor that is recycled to another's shape."""
        support = self._or_none(value)
        if value.shape == to.shape:
            return support
        numbers = torch.arange(value.numel()).reshape(value.shape).expand(to.shape)
        return supports.taken(support, numbers.reshape(-1).numpy())

    def _summed(self, args: tuple[Any, ...], made: Tensor) -> Support:
        value = args[0]
        dims = args[1] if len(args) > 1 and args[1] else list(range(value.dim()))
        dims = {d % max(value.dim(), 1) for d in ([dims] if isinstance(dims, int) else dims)}
        kept = [1 if d in dims else size for d, size in enumerate(value.shape)]
        numbers = torch.arange(made.numel()).reshape(kept).expand(value.shape)
        owners = numbers.reshape(-1).numpy()
        return supports.gathered(
            self._or_none(value), np.arange(value.numel()), owners, made.numel()
        )

    def _multiplied(self, a: Tensor, b: Tensor, made: Tensor) -> Support:
        """Of a product of matrices, by rows and columns that are not constant 0."""
        left = a.detach().reshape(1, -1) if a.dim() == 1 else a.detach()
        right = b.detach().reshape(-1, 1) if b.dim() == 1 else b.detach()
        left, right = (m if m.dim() == 3 else m[None] for m in (left, right))
        of_a, of_b = self._of(a), self._of(b)
        # All (batch, row, inner, column) in which neither factor is a constant 0.
        first = torch.ones_like(left, dtype=torch.bool) if of_a is not None else left != 0
        second = torch.ones_like(right, dtype=torch.bool) if of_b is not None else right != 0
        (_, rows, inner), columns = left.shape, right.shape[2]
        if int(first.sum()) * columns > _MOST_PAIRS:
            raise _Dense
        at, i, k = first.nonzero(as_tuple=True)
        kept = second[at, k]
        term, j = kept.nonzero(as_tuple=True)
        at, i, k = at[term], i[term], k[term]
        owners = ((at * rows + i) * columns + j).numpy()
        of_left = ((at * rows + i) * inner + k).numpy()
        of_right = ((at * inner + k) * columns + j).numpy()
        size = made.numel()
        if of_a is not None and of_b is not None:
            self._meet(supports.taken(of_a, of_left), supports.taken(of_b, of_right))
        parts = []
        if of_a is not None:
            parts.append(supports.gathered(of_a, of_left, owners, size))
        if of_b is not None:
            parts.append(supports.gathered(of_b, of_right, owners, size))
        return supports.union(parts)


# ---- helpers -------------------------------------------------------------------------------


def _place(value: Tensor) -> tuple[object, ...]:
    """Tensors that are alike in this have the same numbers."""
    if value.layout != torch.strided:
        raise _Dense
    return watching.place(value)


def _all_to_one(support: Support) -> tuple[Indices, Indices, int]:
    elements = np.arange(support.size)
    return elements, np.zeros(support.size, np.int64), 1
