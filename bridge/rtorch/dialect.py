"""Functions whose arguments or results R torch has otherwise than PyTorch.

Dims and positions have been counted from 0 by the time they get here (operators.py reads
these signatures, annotations too, as it reads PyTorch's own: an annotation decides what R's value
becomes); results that are positions are counted from 1 here, because which of the results are
positions depends on the arguments.

Tests: test-tensor-operators.R.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchbridge.rtorch import norms


def einsum(equation: str, tensors: list[Tensor], path: Any = None) -> Any:
    """A list of tensors (or two); PyTorch finds the order of products itself, not by ``path``."""
    more = [path] if isinstance(path, torch.Tensor) else []
    return torch.einsum(equation, *_listed(tensors), *more)


def meshgrid(tensors: list[Tensor], indexing: str = "ij") -> Any:
    """A list of tensors (or R vectors)."""
    return torch.meshgrid(*_listed(tensors), indexing=indexing)


def linspace(
    start: float,
    end: float,
    steps: int = 100,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """100 steps unless told otherwise."""
    options = _options(dtype, layout, device, requires_grad)
    return torch.linspace(start, end, steps, **options)


def logspace(
    start: float,
    end: float,
    steps: int = 100,
    base: float = 10,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """100 steps unless told otherwise."""
    options = _options(dtype, layout, device, requires_grad)
    return torch.logspace(start, end, steps, base, **options)


def _options(dtype: Any, layout: Any, device: Any, requires_grad: bool) -> dict[str, Any]:
    layout = torch.strided if layout is None else layout
    return {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}


def randint(
    low: int = 0,
    high: Any = None,
    size: list[int] | None = None,
    generator: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Any:
    """Whole numbers from ``low`` to below ``high``, float32 unless told otherwise.

    ``memory_format`` says nothing about numbers that are all new.
    """
    if high is None:
        raise TypeError("torch_randint(low, high, size): `high` and `size` must be given")
    if size is None:  # PyTorch's own short form: high, size
        low, high, size = 0, low, _listed(high)
    options = _options(torch.get_default_dtype() if dtype is None else dtype, layout, device, False)
    listed = [int(n) for n in size]
    result = torch.randint(int(low), int(high), listed, generator=generator, **options)
    return result.requires_grad_(requires_grad)


def scalar_tensor(
    value: Tensor | float, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A tensor without dims; whole R numbers (``1L``) are int64, others float32."""
    if isinstance(value, torch.Tensor):
        if value.numel() != 1:
            raise ValueError(f"value: expected one number, not {value.numel()}")
        dtype = value.dtype if dtype is None else dtype
        value = value.detach().reshape(())
        return value.to(dtype=dtype, device=device, copy=True).requires_grad_(requires_grad)
    return torch.tensor(value, dtype=dtype, device=device, requires_grad=requires_grad)


def normal(
    mean: Tensor | float = 0.0,
    std: Tensor | float = 1.0,
    size: list[int] | None = None,
    generator: Any = None,
    **options: Any,
) -> Any:
    """Without tensors ``size`` is needed; with one of them the result has its shape."""
    tensors = isinstance(mean, torch.Tensor) or isinstance(std, torch.Tensor)
    if tensors == (size is not None) or (tensors and options):
        raise ValueError(
            "size: `mean` and `std` have the size; leave it, dtype and device out"
            if tensors
            else "size: must be given where `mean` and `std` are numbers"
        )
    draw: Any = torch.normal  # its overloads are more than its stubs say
    if size is None:
        return draw(mean, std, generator=generator)
    return draw(float(mean), float(std), size, generator=generator, **options)


def result_type(tensor1: Tensor | float, tensor2: Tensor | float) -> Any:
    """The dtype that the two give together; each a tensor or a number."""
    return torch.result_type(tensor1, tensor2)


def trapz(y: torch.Tensor, dx: float = 1, x: torch.Tensor | None = None, dim: int = -1) -> Any:
    """At places ``x``, or ``dx`` apart."""
    if isinstance(dx, torch.Tensor):  # PyTorch's own order: y, x
        x, dx = dx, 1
    return torch.trapz(y, dx=dx, dim=dim) if x is None else torch.trapz(y, x, dim=dim)


def _listed(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def atleast_1d(self: Tensor | list[Tensor]) -> Any:
    """Of a tensor, or of each of a list."""
    return torch.atleast_1d(self)


def atleast_2d(self: Tensor | list[Tensor]) -> Any:
    """Of a tensor, or of each of a list."""
    return torch.atleast_2d(self)


def atleast_3d(self: Tensor | list[Tensor]) -> Any:
    """Of a tensor, or of each of a list."""
    return torch.atleast_3d(self)


def block_diag(tensors: list[Tensor]) -> Any:
    """A list of tensors."""
    return torch.block_diag(*_listed(tensors))


def broadcast_tensors(tensors: list[Tensor]) -> Any:
    """A list of tensors, of which a list comes back."""
    return torch.broadcast_tensors(*_listed(tensors))


def cartesian_prod(tensors: list[Tensor]) -> Any:
    """A list of tensors."""
    return torch.cartesian_prod(*_listed(tensors))


def chain_matmul(matrices: list[Tensor]) -> Any:
    """A list of matrices."""
    listed = _listed(matrices)
    return listed[0].clone() if len(listed) == 1 else torch.linalg.multi_dot(listed)


def diagonal(
    self: torch.Tensor, outdim: Any = None, dim1: int = 0, dim2: int = 1, offset: int = 0
) -> Any:
    """``outdim`` is for named tensors, which PyTorch has no more."""
    if outdim is not None:
        raise no_names("outdim")
    return torch.diagonal(self, offset, dim1, dim2)


def flatten(
    self: torch.Tensor, dims: Any = None, start_dim: int = 0, end_dim: int = -1, out_dim: Any = None
) -> Any:
    """``dims`` and ``out_dim`` are for named tensors, which PyTorch has no more."""
    if dims is not None or out_dim is not None:
        raise no_names("dims" if dims is not None else "out_dim")
    return torch.flatten(self, start_dim, end_dim)


def no_names(what: str) -> ValueError:
    """The error for what asks for named tensors."""
    return ValueError(
        f"{what}: PyTorch {torch.__version__} has no named tensors; count dims from 1 instead"
    )


def lu(A: torch.Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:  # noqa: N803
    """The factors in one matrix and the pivots (from 1), with ``get_infos`` also the infos."""
    if out is not None:
        raise ValueError("out: not supported; take the result")
    factors, pivots, infos = torch.linalg.lu_factor_ex(A, pivot=pivot)
    return [factors, pivots, infos] if get_infos else [factors, pivots]


def nonzero(self: torch.Tensor, as_list: bool = False) -> Any:
    """With ``as_list`` (PyTorch's ``as_tuple``) a list, one tensor of positions a dim."""
    if as_list:
        return [index + 1 for index in torch.nonzero(self, as_tuple=True)]
    return torch.nonzero(self) + 1


def where(
    condition: torch.Tensor,
    self: Tensor | float | None = None,
    other: Tensor | float | None = None,
) -> Any:
    """Without ``self`` and ``other`` the positions where the condition holds, a list."""
    if self is None and other is None:
        return nonzero(condition, as_list=True)
    chosen: Any = torch.where  # of numbers and tensors in any mixture
    return chosen(condition, self, other)


def tensordot(a: torch.Tensor, b: torch.Tensor, dims: Any = 2) -> Any:
    """``dims``: how many of the last of ``a`` and first of ``b``, or a list of both's dims."""
    if isinstance(dims, torch.Tensor):
        dims = dims.tolist()
    if isinstance(dims, (list, tuple)):
        return torch.tensordot(a, b, [_from_zero(d) for d in dims])
    return torch.tensordot(a, b, int(dims))


def _from_zero(dims: Any) -> list[int]:
    listed = dims if isinstance(dims, (list, tuple)) else [dims]
    if 0 in listed:
        raise IndexError(
            "dims: Indexing starts at 1 but found a 0. Dims count from 1, or from the end by -1"
        )
    return [int(d) - 1 if d > 0 else int(d) for d in listed]


def mean(
    self: torch.Tensor, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> torch.Tensor:
    """R's ``mean``: of ints too, which PyTorch refuses."""
    if dtype is None:
        if not (self.is_floating_point() or self.is_complex()):
            dtype = torch.get_default_dtype()
        elif dim is None:
            return self.mean()
    return torch.mean(self, dim, keepdim, dtype=dtype)


def unique(
    self: torch.Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The values, and where asked for the ``inverse_indices`` (from 1) and ``counts``."""
    result = torch.unique(
        self,
        sorted=sorted,
        return_inverse=return_inverse,
        return_counts=return_counts,
        dim=dim,
    )
    return _unique_results(result, return_inverse, return_counts)


def unique_consecutive(
    self: torch.Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """A list: the values, ``inverse_indices`` (from 1), ``counts``; empty what is not asked for."""
    result = torch.unique_consecutive(
        self, return_inverse=return_inverse, return_counts=return_counts, dim=dim
    )
    found = _unique_results(result, return_inverse, return_counts)
    if not isinstance(found, dict):
        found = {"output": found}
    empty = {"inverse_indices", "counts"} - set(found)
    found.update({name: torch.empty(0, dtype=torch.int64, device=self.device) for name in empty})
    return {name: found[name] for name in ("output", "inverse_indices", "counts")}


def _unique_results(result: Any, inverse: bool, counts: bool) -> Any:
    if not (inverse or counts):
        return result
    named = {"output": result[0]}
    if inverse:
        named["inverse_indices"] = result[1] + 1
    if counts:
        named["counts"] = result[-1]
    return named


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Any:
    """``target`` may differ from ``input`` in dims of size 1, as in PyTorch's C++."""
    if target.shape != input.shape and target.squeeze().shape == input.squeeze().shape:
        target = target.reshape(input.shape)
    return F.binary_cross_entropy(input, target, weight, reduction=reduction)


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    avg_weights: bool = True,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    batch_first: bool = False,
    is_causal: bool = False,
) -> Any:
    """``avg_weights``: one matrix of weights for all heads; ``batch_first``: the batch leads.

    Long: one argument a line.
    """
    if batch_first:
        query, key, value = (x.transpose(0, 1) for x in (query, key, value))
    result, weights = F.multi_head_attention_forward(
        query,
        key,
        value,
        embed_dim_to_check,
        num_heads,
        in_proj_weight,
        in_proj_bias,
        bias_k,
        bias_v,
        add_zero_attn,
        dropout_p,
        out_proj_weight,
        out_proj_bias,
        training=training,
        key_padding_mask=key_padding_mask,
        need_weights=need_weights,
        attn_mask=attn_mask,
        use_separate_proj_weight=use_separate_proj_weight,
        q_proj_weight=q_proj_weight,
        k_proj_weight=k_proj_weight,
        v_proj_weight=v_proj_weight,
        static_k=static_k,
        static_v=static_v,
        average_attn_weights=avg_weights,
        is_causal=is_causal,
    )
    return [result.transpose(0, 1) if batch_first else result, weights]


#: nnf_<name>()
LAYERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        binary_cross_entropy,
        multi_head_attention_forward,
        norms.batch_norm,
        norms.group_norm,
        norms.instance_norm,
    )
}


def index(self: Tensor, indices: list[Tensor]) -> Any:
    """The elements at positions (from 1), a tensor a dim; NULL is the whole dim."""
    return self[tuple(slice(None) if i is None else i for i in _listed(indices))]


def sparse_sampled_addmm(
    self: Tensor, mat1: Tensor, mat2: Tensor, beta: float = 1, alpha: float = 1
) -> Any:
    """``alpha`` times the product where ``self`` (CSR) has entries, plus ``beta`` times those."""
    return torch.sparse.sampled_addmm(self, mat1, mat2, beta=beta, alpha=alpha)


#: torch_<name>()
FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        atleast_1d,
        atleast_2d,
        atleast_3d,
        block_diag,
        broadcast_tensors,
        cartesian_prod,
        chain_matmul,
        diagonal,
        einsum,
        flatten,
        index,
        linspace,
        logspace,
        lu,
        meshgrid,
        nonzero,
        normal,
        randint,
        result_type,
        scalar_tensor,
        sparse_sampled_addmm,
        tensordot,
        trapz,
        unique,
        unique_consecutive,
        where,
    )
}


def where_method(
    self: Tensor, condition: Tensor | float | None = None, other: Tensor | float | None = None
) -> Any:
    """PyTorch's ``x$where(condition, other)``, and R torch's ``condition$where(self, other)``."""
    if isinstance(condition, torch.Tensor) and condition.dtype == torch.bool:
        return where(condition, self, other)
    return where(self, condition, other)


#: $<name>()
METHODS: dict[str, Callable[..., Any]] = {
    "where": where_method,
    **{function.__name__: function for function in (nonzero, unique, unique_consecutive)},
}
