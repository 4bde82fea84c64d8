"""Exact derivatives of R functions, from Python.

``value_and_grad(f, x)`` and its kin take a function of ``tb.source(...)`` or a Python function of
tensors. An R function runs as R's ``grad()`` runs it: its parameters are tensors that follow R's
rules, all else is R's own. ``r_function`` makes a differentiable Python function of tensors of it,
one node of a PyTorch graph after another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from torchbridge.arrays.array_library import is_tensor, without_index
from torchbridge.autodiff import autograd_functions, derivatives
from torchbridge.autodiff.protocols import Numbers
from torchbridge.process import host, r_thread
from torchbridge.values.any_value import handle
from torchbridge.values.r_functions import RFunction

if TYPE_CHECKING:
    from torchbridge._native import RObject
    from torchbridge.arrays.protocols import NDArray

#: What a function is differentiated in, and its derivatives of that shape: a tensor, of a dict a
#: dict of them. (A union would make every caller ask which.)
Parameters: TypeAlias = "Numbers | NDArray | Mapping[str, Numbers | NDArray]"
Derivative: TypeAlias = Any
#: It gives a flat derivative the shape of the parameters.
Restore: TypeAlias = Callable[[Tensor], Derivative]


def value_and_grad(
    func: Callable[..., object], x: Parameters, *args: object, **kwargs: object
) -> tuple[float, Derivative]:
    """The value of `func` at `x` and its gradient.

    Args:
        func: A function of a script (``tb.source(path).f``), or a Python function of tensors,
            that gives one number.
        x: A tensor, an array, a list or a pandas Series of numbers; or a dict of such. An R
            function sees the index of a Series as names.
        *args: Further arguments of `func`. R gets tensors as its numbers (on their device), and
            everything else by value.
        **kwargs: Likewise, by name.

    Returns:
        The value, and the gradient: tensors of the shape of `x`, a dict of them where it is one.

    Raises:
        TypeError: `func` is no function, or `x` no numbers.
        ValueError: `func` does not give one finite number, or a derivative is NaN.
    """
    f, flat, restore = _prepare(func, x, args, kwargs)
    value, gradient = derivatives.value_and_grad(f, flat)
    return value, restore(gradient)


def grad(func: Callable[..., object], x: Parameters, *args: object, **kwargs: object) -> Derivative:
    """The gradient of `func` at `x`; arguments as :func:`value_and_grad`."""
    f, flat, restore = _prepare(func, x, args, kwargs)
    return restore(derivatives.gradient(f, flat))


def jacobian(func: Callable[..., object], x: Parameters, *args: object, **kwargs: object) -> Tensor:
    """The matrix (m, n) of derivatives of m numbers in the n of `x`, flattened as R has them."""
    f, flat, _ = _prepare(func, x, args, kwargs)
    return derivatives.jacobian(f, flat)


def hessian(func: Callable[..., object], x: Parameters, *args: object, **kwargs: object) -> Tensor:
    """The symmetric matrix (n, n) of second derivatives in the n numbers of `x`."""
    f, flat, _ = _prepare(func, x, args, kwargs)
    return derivatives.hessian(f, flat)


def hvp(
    func: Callable[..., object], x: Parameters, v: Parameters, *args: object, **kwargs: object
) -> Derivative:
    """The Hessian times `v`, which has the shape of `x`."""
    f, flat, restore = _prepare(func, x, args, kwargs)
    return restore(derivatives.hvp(f, flat, _flatten(v, "v")[0]))


def vjp(
    func: Callable[..., object], x: Parameters, v: Numbers, *args: object, **kwargs: object
) -> Derivative:
    """`v` (m) times the Jacobian (m, n), in the shape of `x`."""
    f, flat, restore = _prepare(func, x, args, kwargs)
    return restore(derivatives.vjp(f, flat, _flatten(v, "v")[0]))


def jvp(
    func: Callable[..., object], x: Parameters, v: Parameters, *args: object, **kwargs: object
) -> Tensor:
    """The Jacobian (m, n) times `v`, which has the shape of `x`: (m)."""
    f, flat, _ = _prepare(func, x, args, kwargs)
    return derivatives.jvp(f, flat, _flatten(v, "v")[0])


def r_function(forward: RFunction, backward: RFunction | None = None) -> Callable[..., Tensor]:
    """An R function as a function of tensors, differentiable in a PyTorch graph.

    Args:
        forward: A function of a script. Without `backward` its body is differentiated: its
            tensor arguments follow R's rules, as in :func:`value_and_grad`.
        backward: The gradient written in R: a function of the arguments of `forward`, then the
            gradient of its result, that gives the gradient of its one tensor argument, or a list
            of them, one for each tensor argument. `forward` and `backward` then get plain R
            numbers, and may call anything.

    Returns:
        A function of tensors and other values that gives a tensor. R runs on one thread: called,
        or backward, on another thread it is an error.

    Raises:
        TypeError: `forward` or `backward` is no R function.
    """
    for name, f in (("forward", forward), ("backward", backward)):
        if not isinstance(f, RFunction) and not (name == "backward" and f is None):
            raise TypeError(f"{name}: expected a function of tb.source(), not {type(f).__name__}")
    if backward is None:
        run = _verb("body_on_tensors")(forward._environment, forward.__name__)

        def differentiable(*args: object) -> Tensor:
            _check_thread(forward)
            result: Tensor = run(*(_argument(a) for a in args))
            return result

        return differentiable

    def written(*args: object) -> Tensor:
        _check_thread(forward)
        autograd_functions.stay_on_this_thread()
        where = tuple(i for i, a in enumerate(args) if is_tensor(a))
        if not where:
            raise TypeError(f"{forward.__name__}: expected a tensor among the arguments")
        tensors = (args[i] for i in where)
        result: Tensor = _Written.apply(forward, backward, args, where, *tensors)  # type: ignore[no-untyped-call]
        return result

    return written


class _Written(torch.autograd.Function):
    """A node whose value and gradient are both R functions of R's own numbers."""

    @staticmethod
    def forward(
        ctx: Any,
        forward: RFunction,
        backward: RFunction,
        args: tuple[object, ...],
        where: tuple[int, ...],
        *tensors: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(*tensors)
        ctx.backward_function, ctx.where = backward, where
        ctx.others = [None if i in where else a for i, a in enumerate(args)]
        return _as_tensor(forward(*args), tensors[0], forward.__name__)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        f = ctx.backward_function
        _check_thread(f)
        args = list(ctx.others)
        for i, tensor in zip(ctx.where, ctx.saved_tensors, strict=True):
            args[i] = tensor
        given = f(*args, gradient)
        if isinstance(given, dict):
            given = list(given.values())
        if not isinstance(given, (list, tuple)):
            given = [given]
        if len(given) != len(ctx.where):
            raise ValueError(
                f"{f.__name__}: must give {len(ctx.where)} gradients, one for each tensor "
                f"argument, not {len(given)}"
            )
        gradients = []
        for value, tensor in zip(given, ctx.saved_tensors, strict=True):
            made = _as_tensor(value, tensor, f.__name__)
            if made.numel() != tensor.numel():
                raise ValueError(
                    f"{f.__name__}: a gradient has {made.numel()} numbers for a tensor of "
                    f"{tensor.numel()}"
                )
            gradients.append(made.reshape(tensor.shape))
        return (None, None, None, None, *gradients)


def _as_tensor(x: object, like: Tensor, name: str) -> Tensor:
    try:
        return torch.as_tensor(_unlabelled(x), dtype=like.dtype, device=like.device)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: must give numbers, not {type(x).__name__}") from error


def _check_thread(f: RFunction) -> None:
    if not r_thread.here():
        raise RuntimeError(
            f"{f.__name__} is an R function, and R runs on the main thread: call it, and "
            "backward() through it, there"
        )


# ---- parameters ----


def _prepare(
    func: Callable[..., object], x: Parameters, args: tuple[object, ...], kwargs: dict[str, object]
) -> tuple[derivatives.Function, Tensor, Restore]:
    """(function of one flat tensor, that tensor, what gives flat derivatives x's shape)."""
    if not callable(func):
        raise TypeError(f"func: expected a function, not {type(func).__name__}")
    flat, restore = _flatten(x, "x")
    if isinstance(func, RFunction):
        _check_thread(func)
        example: object = restore(flat)
        if isinstance(example, dict):
            example = {name: _argument(value) for name, value in example.items()}
        elif without_index(x) is not x:  # R sees the names
            example = x
        run = _verb("runner_of_script")(
            func._environment,
            func.__name__,
            _argument(example),
            *(_argument(a) for a in args),
            **{name: _argument(value) for name, value in kwargs.items()},
        )
        return run, flat, restore
    return (lambda p: func(restore(p), *args, **kwargs)), flat, restore


def _flatten(x: Parameters, name: str) -> tuple[Tensor, Restore]:
    if isinstance(x, Mapping):
        if not x:
            raise ValueError(f"{name}: expected numbers, not an empty dict")
        parts = {key: _numbers(value, name) for key, value in x.items()}
        sizes = [part.numel() for part in parts.values()]

        def restore(flat: Tensor) -> dict[str, Tensor]:
            pieces = flat.split(sizes)
            return {
                key: _shaped(piece, part)
                for (key, part), piece in zip(parts.items(), pieces, strict=True)
            }

        return torch.cat([_in_r_order(part) for part in parts.values()]), restore
    whole = _numbers(x, name)
    return _in_r_order(whole), lambda flat: _shaped(flat, whole)


def _numbers(x: object, name: str) -> Tensor:
    try:
        made = x.detach() if is_tensor(x) else torch.as_tensor(_unlabelled(x), dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name}: expected numbers, not {type(x).__name__}") from error
    return made if made.is_floating_point() else made.to(torch.float64)


def _unlabelled(x: object) -> Any:
    """A Series' numbers, which pandas lets nobody write to."""
    plain: Any = without_index(x)
    return x if plain is x else plain.copy()


def _in_r_order(x: Tensor) -> Tensor:
    return x.reshape(-1) if x.dim() < 2 else x.permute(*reversed(range(x.dim()))).reshape(-1)


def _shaped(flat: Tensor, like: Tensor) -> Tensor:
    if like.dim() < 2:
        return flat.reshape(like.shape)
    return flat.reshape(tuple(reversed(like.shape))).permute(*reversed(range(like.dim())))


# ---- the R package ----


def _verb(name: str) -> RObject:
    """A function of the R package that runs a script's function on tensors."""
    core = host.native()
    package = core.base_function("getNamespace").call("torchbridge")
    return core.base_function("get").call(name, package)


def _argument(x: object) -> object:
    """A tensor as itself, all else by value."""
    return handle(x) if is_tensor(x) else x
