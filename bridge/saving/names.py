"""What a saved file may name: a table, in which every name is looked up.

A file may name the layer classes of ``torch.nn.modules``, the functions of ``torch`` and
``torch.nn.functional`` that are listed here (they compute a tensor from tensors and do nothing
else: none reads a file, changes a setting or runs code that it is given), optimizers, dtypes, and
what torchbridge exports, under the names it has and had. No name of a file is imported or
looked up as an attribute of what another name gave.

Tests: tests/saving/test_names.py.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from functools import cache
from typing import Any, cast

import torch
from torch import nn

from torchbridge.saving import old_names

_TORCH = """
    abs absolute acos acosh adaptive_avg_pool1d adaptive_max_pool1d add addbmm addcdiv addcmul addmm
    addmv addr adjoint all allclose alpha_dropout amax amin aminmax angle any arange arccos arccosh
    arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort argwhere asin asinh atan atan2 atanh
    atleast_1d atleast_2d atleast_3d avg_pool1d baddbmm bartlett_window batch_norm bernoulli
    bilinear binary_cross_entropy_with_logits bincount binomial bitwise_and bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman_window block_diag bmm
    broadcast_tensors broadcast_to bucketize cartesian_prod cat cdist ceil celu celu_ chain_matmul
    channel_shuffle cholesky cholesky_inverse cholesky_solve chunk clamp clamp_max clamp_min clip
    clone column_stack combinations complex concat concatenate conj conj_physical constant_pad_nd
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d copysign corrcoef cos
    cosh cosine_embedding_loss cosine_similarity count_nonzero cov cross ctc_loss cummax cummin
    cumprod cumsum cumulative_trapezoid deg2rad dequantize det detach diag diag_embed diagflat
    diagonal diagonal_scatter diff digamma dist div divide dot dropout dropout_ dsplit dstack einsum
    embedding embedding_bag empty empty_like eq equal erf erfc erfinv exp exp2 expm1 eye
    feature_alpha_dropout feature_dropout fill fix flatten flip fliplr flipud float_power floor
    floor_divide fmax fmin fmod frac frexp frobenius_norm full full_like gather gcd ge geqrf ger
    gradient greater greater_equal group_norm gru gru_cell gt hamming_window hann_window hardshrink
    heaviside hinge_embedding_loss histc histogram hsplit hstack hypot i0 igamma igammac imag
    index_add index_copy index_fill index_put index_reduce index_select inner instance_norm inverse
    is_complex is_conj is_floating_point is_neg is_nonzero is_same_size is_signed is_tensor isclose
    isfinite isin isinf isnan isneginf isposinf isreal istft kaiser_window kl_div kron kthvalue
    layer_norm lcm ldexp le lerp less less_equal lgamma linspace lobpcg log log10 log1p log2
    log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and logical_not logical_or
    logical_xor logit logspace logsumexp lstm lstm_cell lt lu lu_solve lu_unpack margin_ranking_loss
    masked_fill masked_scatter masked_select matmul matrix_exp matrix_power max max_pool1d
    max_pool1d_with_indices max_pool2d max_pool3d maximum mean median meshgrid min minimum mm mode
    moveaxis movedim msort mul multinomial multiply mv mvlgamma nan_to_num nanmean nanmedian
    nanquantile nansum narrow ne neg negative nextafter nonzero norm normal not_equal nuclear_norm
    numel ones ones_like orgqr ormqr outer pairwise_distance pca_lowrank pdist permute pinverse
    pixel_shuffle pixel_unshuffle poisson poisson_nll_loss polar polygamma positive pow prelu prod
    put qr quantile rad2deg rand rand_like randint randint_like randn randn_like randperm range
    ravel real reciprocal relu relu_ remainder renorm repeat_interleave reshape resolve_conj
    resolve_neg rms_norm rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell roll rot90 round row_stack
    rrelu rrelu_ rsqrt rsub scatter scatter_add scatter_reduce searchsorted segment_reduce select
    select_scatter selu selu_ sgn sigmoid sigmoid_ sign signbit sin sinc sinh slice_scatter slogdet
    softmax sort sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor
    sparse_csc_tensor sparse_csr_tensor split sqrt square squeeze stack std std_mean stft sub
    subtract sum svd svd_lowrank swapaxes swapdims t take take_along_dim tan tanh tanh_ tensor
    tensor_split tensordot threshold threshold_ tile topk trace transpose trapezoid trapz
    triangular_solve tril tril_indices triplet_margin_loss triu triu_indices true_divide trunc
    unbind unflatten unique unique_consecutive unravel_index unsqueeze vander var var_mean vdot
    view_as_complex view_as_real vsplit vstack where xlogy zeros zeros_like
"""
#: Functions of torch.
TORCH = frozenset(_TORCH.split())

_FUNCTIONAL = """
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
    adaptive_max_pool2d adaptive_max_pool3d affine_grid alpha_dropout avg_pool1d avg_pool2d
    avg_pool3d batch_norm bilinear binary_cross_entropy binary_cross_entropy_with_logits celu celu_
    channel_shuffle conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    cosine_embedding_loss cosine_similarity cross_entropy ctc_loss dropout dropout1d dropout2d
    dropout3d elu elu_ embedding embedding_bag feature_alpha_dropout fold fractional_max_pool2d
    fractional_max_pool3d gaussian_nll_loss gelu glu grid_sample group_norm gumbel_softmax
    hardshrink hardsigmoid hardswish hardtanh hardtanh_ hinge_embedding_loss huber_loss
    instance_norm interpolate kl_div l1_loss layer_norm leaky_relu leaky_relu_ linear
    local_response_norm log_softmax logsigmoid lp_pool1d lp_pool2d lp_pool3d margin_ranking_loss
    max_pool1d max_pool2d max_pool3d max_unpool1d max_unpool2d max_unpool3d mish mse_loss
    multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss normalize one_hot
    pad pairwise_distance pdist pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu relu6
    relu_ rms_norm rrelu rrelu_ scaled_dot_product_attention selu selu_ sigmoid silu smooth_l1_loss
    soft_margin_loss softmax softmin softplus softshrink softsign tanh tanhshrink threshold
    threshold_ triplet_margin_loss unfold upsample
"""
#: Functions of torch.nn.functional.
FUNCTIONAL = frozenset(_FUNCTIONAL.split())

#: What every module has, and what is made of others.
COMMON = frozenset((*vars(nn.Module()), "_flat_weights", "_flat_weight_refs"))

_FUNCTIONS = (("torch", torch, TORCH), ("torch.nn.functional", nn.functional, FUNCTIONAL))

#: Of torchbridge: packages, of whose `__all__` everything may be named; and modules with the
#: functions that R's side of a module holds.
_OURS = ("torchbridge", "torchbridge.autograd", "torchbridge.data", "torchbridge.models")
_HELD_BY_R = {
    # (Files of before its end was told in C hold `release`, too, which reading drops.)
    "torchbridge.rtorch.modules": ("plain", "is_child", "tensor_of", "release"),
    "torchbridge.rtorch.layers": ("call",),
}


class UnknownName(TypeError):
    """A file names what it may not name; the message says what."""


def named(module: object, name: object) -> object:
    """What a file names.

    Raises:
        UnknownName: the table does not have it.
    """
    if isinstance(module, str) and isinstance(name, str):
        table = _torch_table() if module.partition(".")[0] == "torch" else _torchbridge_table()
        if (module, name) in table:
            return table[module, name]
        *moved, _ = old_names.places(module)
        for place in moved:  # of ours, wherever a file says that they were
            found = vars(importlib.import_module(place)).get(name)
            if any(found is x for x in table.values()):
                return found
    raise UnknownName(f"{module}.{name} is nothing that a saved file may name")


def function_named(module: object, name: object) -> object:
    """A function or dtype of torch: what the attribute of a layer may be."""
    if module in ("torch", "torch.nn.functional"):
        return named(module, name)
    raise UnknownName(f"{module}.{name} is no function that a layer may have")


def layer_named(module: object, name: object) -> type[nn.Module]:
    """A layer class by its module and name."""
    found = _layers().get((module, name))
    if found is None:
        raise UnknownName(f"{module}.{name} is not a layer of torch.nn")
    return found


def layer_of_nn(name: object) -> type[nn.Module]:
    """A layer class that ``torch.nn`` itself has."""
    found = vars(nn).get(name) if isinstance(name, str) else None
    if not isinstance(found, type) or found not in _layers().values():
        raise UnknownName(f"torch.nn.{name} is not a layer")
    return found


def named_as(x: object) -> tuple[str, str] | None:
    """The module and the name under which `named` finds this object."""
    if isinstance(x, torch.dtype):
        return "torch", str(x).removeprefix("torch.")
    module = getattr(x, "__module__", None)
    for attribute in ("__qualname__", "__name__"):  # torch.add's first is of a hidden class
        place = (module, getattr(x, attribute, None))
        # What a builtin function is of, torch leaves open for some.
        for candidate in (place, ("torch", place[1])):
            try:
                if named(*candidate) is x:
                    return candidate  # type: ignore[return-value] # named() took them: strings
            except UnknownName:
                continue
    return None


def set_attribute(module: nn.Module, name: object, value: object) -> None:
    """Give a module an attribute of a file, past what R and the layer do with attributes.

    Raises:
        UnknownName: every module has this name, or a class of the module has it (methods, hooks).
    """
    if not isinstance(name, str) or name in COMMON or _is_special(name, type(module)):
        raise UnknownName(
            f"{name!r} is no attribute that a file may give a {type(module).__name__}"
        )
    nn.Module.__setattr__(module, name, cast(Any, value))


def _is_special(name: str, cls: type) -> bool:
    return (name.startswith("__") and name.endswith("__")) or hasattr(cls, name)


@cache
def _layers() -> dict[tuple[object, object], type[nn.Module]]:
    start = "torch.nn.modules."
    return {
        (module.__name__, name): x
        for module in [m for place, m in sys.modules.items() if place.startswith(start)]
        for name, x in vars(module).items()
        if inspect.isclass(x) and issubclass(x, nn.Module) and x.__module__ == module.__name__
    }


@cache
def _torch_table() -> dict[tuple[object, object], object]:
    table: dict[tuple[object, object], object] = dict(_layers())
    for place, module, names in _FUNCTIONS:
        found = {name: vars(module)[name] for name in names if name in vars(module)}
        table |= {(place, name): x for name, x in found.items()}
        # Some say of themselves that they are of a module further down.
        table |= {(x.__module__, name): x for name, x in found.items() if x.__module__}
    table |= {("torch", name): x for name, x in vars(torch).items() if isinstance(x, torch.dtype)}
    for x in (*vars(torch.optim).values(), *vars(torch.optim.lr_scheduler).values()):
        if inspect.isclass(x) and x.__module__.startswith("torch.optim."):
            table[x.__module__, x.__qualname__] = x
    for x in (torch.Tensor, nn.Parameter, nn.Buffer, torch.Generator):
        table[x.__module__, x.__qualname__] = x
    return table


@cache
def _torchbridge_table() -> dict[tuple[object, object], object]:
    table: dict[tuple[object, object], object] = {}
    for package in _OURS:
        module = importlib.import_module(package)
        for name in module.__all__:
            x = getattr(module, name)
            table[package, name] = x
            if inspect.isclass(x) or inspect.isfunction(x):
                table[x.__module__, x.__qualname__] = x
    for place, names in _HELD_BY_R.items():
        module = importlib.import_module(place)
        table |= {(place, name): getattr(module, name) for name in names}
    return table
