"""Batch normalisation of a whole batch whose rows are in several processes.

Each adds up its rows, and the sums are those of all (Ioffe and Szegedy, 2015, with the batch's mean
and variance). torch's own SyncBatchNorm does so on GPUs alone, and would count the rows that a
process without a share has only to work on.

Tests: tests/models/training/test_distributed.py.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def of_whole_batches(module: nn.Module, counts: Callable[[], bool]) -> None:
    """Let the module's batch normalisation see the rows of all processes, until `as_before`.

    Args:
        counts: do the rows of this process count?
    """
    for norm in module.modules():
        if isinstance(norm, _BatchNorm):
            norm.forward = partial(_forward, norm, counts)  # type: ignore[method-assign]


def as_before(module: nn.Module) -> None:
    """Undo `of_whole_batches`."""
    for norm in module.modules():
        if isinstance(norm, _BatchNorm):
            vars(norm).pop("forward", None)


def _forward(norm: _BatchNorm, counts: Callable[[], bool], x: Tensor) -> Tensor:
    if not norm.training and norm.running_mean is not None:
        return type(norm).forward(norm, x)
    norm._check_input_dim(x)
    given = x.dtype
    x = x.float() if given in (torch.float16, torch.bfloat16) else x
    dims = [0, *range(2, x.ndim)]
    shape = [1, -1, *[1] * (x.ndim - 2)]
    counted = float(counts())
    n = x.new_full((1,), x.numel() / x.shape[1] * counted)
    total = _sum(torch.cat([x.sum(dims) * counted, n]))
    n_all = total[-1].detach()
    mean = total[:-1] / n_all
    centred = x - mean.reshape(shape)
    variance = _sum(centred.square().sum(dims) * counted) / n_all
    if norm.training and norm.running_mean is not None:
        _remember(norm, mean.detach(), variance.detach() * n_all / (n_all - 1))
    found = centred * (variance + norm.eps).rsqrt().reshape(shape)
    if norm.affine:
        found = found * norm.weight.reshape(shape) + norm.bias.reshape(shape)
    return found.to(given)


@torch.no_grad()
def _remember(norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """The running mean and variance, as torch's own has them."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    new = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), new)
    norm.running_var.lerp_(variance.to(norm.running_var.dtype), new)


def _sum(value: Tensor) -> Tensor:
    """The sum over the processes, and in the backward pass that of its gradients."""
    from torch.distributed.nn.functional import all_reduce

    return all_reduce(value)
