"""R's rules on tensors: recycling, column-major shapes, matrices, subscripts.

The R package's ``torch_numeric`` is a tensor that R functions of numeric vectors run on; these
are its verbs. A tensor of one dim (or none) is an R vector, one of more an R array. Numbers are
float64 unless the user's own tensors are narrower; comparisons of single numbers give bools, so
that R's ``if`` can use them, except while a graph is traced.

Tests: test-autodiff-numeric.R.
"""

from __future__ import annotations

import operator as op
import warnings
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode

# distribution_functions and quantiles: to enter their rows into the table.
from torchbridge.autodiff import (  # noqa: F401
    densities,
    density_table,
    distribution_functions,
    quantiles,
)
from torchbridge.autodiff.missing import guarded, guarded_product, is_wary
from torchbridge.autodiff.protocols import Numbers
from torchbridge.rtorch.operators import COMPARISON

#: Of one dim: all of it, a position, (start, count), or a tensor of positions.
Subscript: TypeAlias = int | float | Sequence[float] | Tensor | None

#: Tensors, alone or among what is left as it is.
T = TypeVar("T", Tensor, Tensor | float, Tensor | None, Numbers)

# ---- shapes --------------------------------------------------------------------------------


def flat(x: Tensor) -> Tensor:
    """The elements in R's order, column by column: R's ``as.vector``."""
    return x.reshape(-1) if x.dim() < 2 else x.permute(*reversed(range(x.dim()))).reshape(-1)


def shaped(x: Tensor, dims: Sequence[float]) -> Tensor:
    """R's ``array(x, dim)`` of as many elements."""
    sizes = [int(d) for d in reversed(dims)]
    if len(sizes) == 1:
        return flat(x).reshape(sizes)
    return flat(x).reshape(sizes).permute(*reversed(range(len(sizes))))


def recycled(x: Tensor, size: float) -> Tensor:
    """R's ``rep_len``, as a vector."""
    x, size = flat(x), int(size)
    if x.numel() == size:
        return x
    if x.numel() == 1:
        return x.expand(size)
    if x.numel() == 0:
        raise ValueError("a vector of no elements cannot be recycled")
    if size % x.numel() == 0:
        return x.repeat(size // x.numel())
    return x[torch.arange(size, device=x.device) % x.numel()]


def array(x: Numbers, dims: Sequence[float], byrow: bool = False) -> Tensor:
    """R's ``array``, and ``matrix`` with ``byrow``; elements are recycled."""
    size = 1
    for d in dims:
        size *= int(d)
    values = recycled(number(x), size)
    return values.reshape([int(d) for d in dims]) if byrow else shaped(values, dims)


def number(x: Numbers) -> Tensor:
    """x as a tensor of floats: R's integers and logicals count as numbers."""
    if not isinstance(x, torch.Tensor):
        x = torch.as_tensor(x, dtype=torch.float64)
    return x if x.is_floating_point() or x.is_complex() else x.to(torch.float64)


def on_one_device(tensors: list[T]) -> list[T]:
    """Tensors of the CPU go to where the others are, as parameters and small data do."""
    away = [t.device for t in tensors if isinstance(t, torch.Tensor) and not t.is_cpu]
    if not away:
        return tensors
    return [t.to(away[0]) if isinstance(t, torch.Tensor) else t for t in tensors]


def conform(*given: T) -> list[T]:
    """Operands recycled to one another as R's arithmetic does it.

    Raises:
        ValueError: two arrays differ in shape, or a length is no multiple of another.
    """
    operands = on_one_device(list(given))
    tensors = [x for x in operands if isinstance(x, torch.Tensor)]
    shapes = {x.shape for x in tensors}
    if len(shapes) < 2:
        return operands
    arrays = {x.shape for x in tensors if x.dim() > 1}
    if len(arrays) > 1:
        found = " and ".join("x".join(str(d) for d in shape) for shape in sorted(arrays))
        raise ValueError(f"non-conformable arrays: {found}")
    size = max(x.numel() for x in tensors)
    if any(x.numel() == 0 for x in tensors):
        size = 0
    shape = next(iter(arrays)) if arrays else torch.Size([size])
    if arrays and shape.numel() != size:
        if shape.numel() != 1:
            raise ValueError(
                f"dims [product {shape.numel()}] do not match the length of object [{size}]"
            )
        shape = torch.Size([size])
    return [_recycle(x, shape, size) if isinstance(x, torch.Tensor) else x for x in operands]


def _recycle(x: Tensor, shape: torch.Size, size: int) -> Tensor:
    count = x.numel()
    if x.shape == shape:
        return x
    if count == 1:
        return x.reshape(())
    if size == 0:
        return x.reshape(-1)[:0].reshape(shape)
    if size % count:
        raise ValueError(f"a vector of length {count} cannot be recycled to length {size}")
    if x.dim() < 2 and len(shape) > 1 and count == shape[0]:
        return x.reshape([-1] + [1] * (len(shape) - 1))
    return shaped(recycled(x, size), shape) if len(shape) > 1 else recycled(x, size)


# ---- arithmetic ----------------------------------------------------------------------------

ARITHMETIC: dict[str, Callable[..., Tensor]] = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": op.truediv,
    "^": lambda x, y: _power(x, y),
    "%%": lambda x, y: _remainder(x, y),
    "%/%": lambda x, y: torch.floor(op.truediv(x, y)),
}


def arith(name: str, x: Tensor | float, y: Tensor | float | None = None) -> Tensor | bool:
    """R's Ops group; `y` is None for ``-x``, ``+x`` and ``!x``."""
    if y is None:
        if name == "!":
            return truth(~logical(x))
        return -number(x) if name == "-" else number(x)
    if name in ("&", "|"):
        a, b = conform(logical(x), logical(y))
        return truth(a & b if name == "&" else a | b)
    x, y = conform(_operand(x), _operand(y))
    if name in COMPARISON:
        return truth(COMPARISON[name](x, y))
    return guarded(ARITHMETIC[name], x, y)


def _power(x: Tensor | float, y: Tensor | float) -> Tensor:
    square = not isinstance(y, torch.Tensor) and y == 2
    result: Tensor = op.mul(x, x) if square else op.pow(x, y)
    return result


def as_number(x: float) -> Tensor:
    """A number as with_number() takes it."""
    return torch.tensor(x, dtype=torch.float64)


def with_number(name: str, x: Tensor, y: Tensor, first: bool) -> Tensor | bool | None:
    """An operator of a tensor and a number (of no dims), which may stand first.

    Returns:
        To the bit what it would be with a Python number; None where that is another operation.
    """
    if is_wary() or x.dtype != torch.float64 or name not in (*"+-*/", *COMPARISON):
        return None
    if name in COMPARISON:
        return truth(COMPARISON[name](y, x) if first else COMPARISON[name](x, y))
    if name == "/" and first:  # as PyTorch divides a number by a tensor
        return x.reciprocal() * y
    return ARITHMETIC[name](y, x) if first else ARITHMETIC[name](x, y)


def _remainder(x: Tensor | float, y: Tensor | float) -> Tensor:
    if not isinstance(y, torch.Tensor):
        return torch.remainder(torch.as_tensor(x), y)
    # PyTorch has no derivative in y, which is minus the whole part; what is added is 0.
    fixed = y.detach()
    whole = torch.floor(op.truediv(x, fixed))
    whole = whole.detach() if isinstance(whole, torch.Tensor) else whole
    return torch.remainder(torch.as_tensor(x), fixed) + whole * (fixed - y)


def _operand(x: Tensor | float) -> Tensor | float:
    return number(x) if isinstance(x, torch.Tensor) else float(x)


def logical(x: Numbers) -> Tensor:
    """x as a bool tensor."""
    return x != 0 if isinstance(x, torch.Tensor) else torch.as_tensor(x, dtype=torch.bool)


def truth(x: Tensor) -> Tensor | bool:
    """One truth value as R's own TRUE or FALSE; several, and those of a trace, as they are."""
    if x.numel() != 1 or get_proxy_mode() is not None:
        return x
    return bool(x)


def chosen(test: Numbers, yes: Numbers, no: Numbers) -> Tensor:
    """R's ``ifelse``: of the shape of `test`; NaN where that is."""
    unknown = test.isnan() if isinstance(test, torch.Tensor) and test.is_floating_point() else None
    test = logical(test)
    yes, no = number(yes), number(no)
    test, yes, no = on_one_device([test, yes, no])
    shape = test.shape

    def fit(x: Tensor) -> Tensor:
        if x.shape == shape:
            return x
        if x.numel() == 1:
            return x.reshape(())
        x = flat(x)[: test.numel()]
        return (
            shaped(recycled(x, test.numel()), shape)
            if len(shape) > 1
            else recycled(x, test.numel())
        )

    result = torch.where(test, fit(yes), fit(no))
    return result if unknown is None else torch.where(unknown, torch.nan, result)


def extreme(name: str, parts: list[Numbers], na_rm: bool = False) -> Tensor:
    """R's ``pmin`` and ``pmax``."""
    take = torch.minimum if name == "pmin" else torch.maximum
    result = number(parts[0])
    for part in parts[1:]:
        a, b = conform(result, number(part))
        if na_rm:
            a, b = torch.where(a.isnan(), b, a), torch.where(b.isnan(), a, b)
        result = guarded(take, a, b)
    return result


def math(name: str, x: Numbers) -> Tensor:
    """R's Math functions that keep the shape, and cumulative ones of R's vector."""
    x = number(x)
    result: Tensor
    if name in ("cumsum", "cumprod"):
        result = getattr(torch, name)(flat(x), 0)
    elif name in ("cummax", "cummin"):
        result = getattr(torch, name)(flat(x), 0).values
    else:
        result = guarded(MATH.get(name) or getattr(torch, name), x)
    return result


def _gamma(x: Tensor) -> Tensor:
    negative = (x < 0) & (x.floor().remainder(2) != 0)
    return torch.where(negative, -1.0, 1.0) * torch.lgamma(x).exp()


def _trigamma(x: Tensor) -> Tensor:
    # Left of 0 by the reflection formula, Abramowitz and Stegun (1964), 6.4.7.
    right = x > 0
    y = torch.where(right, x, 1 - x)
    # polygamma is differentiable; zeta() is more exact, so it gives the value.
    result = torch.polygamma(1, y)
    result = result + (torch.special.zeta(2.0, y.detach()) - result.detach())
    sine = torch.sin(torch.pi * torch.where(right, 0.5, x))
    return torch.where(right, result, (torch.pi / sine) ** 2 - result)


MATH: dict[str, Callable[[Tensor], Tensor]] = {
    "ceiling": torch.ceil,
    "gamma": _gamma,
    "trigamma": _trigamma,
    "cospi": lambda x: torch.cos(torch.pi * x),
    "sinpi": lambda x: torch.sin(torch.pi * x),
    "tanpi": lambda x: torch.tan(torch.pi * x),
}


def round_to(x: Tensor, digits: float) -> Tensor:
    """R's ``round``."""
    return torch.round(x, decimals=int(digits))


def summary(name: str, parts: list[Numbers], na_rm: bool) -> Tensor | bool:
    """R's Summary group; ``any`` and ``all`` give R's TRUE or FALSE."""
    if name in ("any", "all"):
        x = torch.cat([flat(logical(part)) for part in on_one_device(parts)])
        return truth(getattr(x, name)())
    values = on_one_device([flat(number(part)) for part in parts])
    x = values[0] if len(values) == 1 else torch.cat(values)
    if na_rm:
        x = x[~x.isnan()]
    if not x.numel() and name in ("max", "min", "range"):
        return _extremes_of_none(name, x)
    if name == "range":
        return torch.stack([x.amin(), x.amax()])
    one: Tensor = getattr(x, {"max": "amax", "min": "amin"}.get(name, name))()
    return one


def _extremes_of_none(name: str, x: Tensor) -> Tensor:
    """R's, with its warnings: so the greatest of all is that of the parts' greatest."""
    values = {"min": ("Inf", torch.inf), "max": ("-Inf", -torch.inf)}
    ends = list(values) if name == "range" else [name]
    for end in ends:
        said = f"no non-missing arguments to {end}; returning {values[end][0]}"
        warnings.warn(said, stacklevel=2)
    dtype = x.dtype if x.is_floating_point() else torch.float64
    found = torch.tensor([values[end][1] for end in ends], dtype=dtype, device=x.device)
    return found if name == "range" else found[0]


def mean(x: Numbers, na_rm: bool = False) -> Tensor:
    """R's ``mean``."""
    x = number(x)
    return x.nanmean() if na_rm else x.mean()


def margins(name: str, x: Numbers, na_rm: bool, dims: float) -> Tensor:
    """R's ``rowSums``, ``colSums``, ``rowMeans`` and ``colMeans``: `dims` first dims are rows."""
    x = number(x)
    if x.dim() < 2:
        raise ValueError(f"`x` must be a matrix or an array, not a tensor of {x.dim()} dims")
    if not 1 <= dims < x.dim():
        raise ValueError(f"`dims` must be less than the {x.dim()} dims of `x`, not {int(dims)}")
    rows = list(range(int(dims)))
    along = list(range(int(dims), x.dim())) if name.startswith("row") else rows
    if name.endswith("Sums"):
        return x.nansum(along) if na_rm else x.sum(along)
    return x.nanmean(along) if na_rm else x.mean(along)


def test(name: str, x: Tensor) -> Tensor | bool:
    """R's ``is.na``, ``is.nan``, ``is.finite`` and ``is.infinite``."""
    name = {"is.na": "isnan", "is.nan": "isnan", "is.finite": "isfinite", "is.infinite": "isinf"}[
        name
    ]
    return truth(getattr(torch, name)(x))


def special(name: str, x: Numbers, y: Numbers) -> Tensor:
    """R's ``beta``, ``lbeta``, ``choose`` and ``lchoose``; of the latter `y` is whole."""
    return guarded(lambda a, b: _special(name, a, b), *conform(number(x), number(y)))


def _special(name: str, x: Tensor, y: Tensor) -> Tensor:
    if name in ("beta", "lbeta"):
        result = torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)
        result = torch.where((x < 0) | (y < 0), torch.nan, result)  # as R has it
        return result.exp() if name == "beta" else result
    y = y.detach().round()  # as R does
    result = torch.lgamma(x + 1) - torch.lgamma(y + 1) - torch.lgamma(x - y + 1)
    none = y < 0
    if name == "lchoose":
        return torch.where(none, -torch.inf, result)
    # Below y = x + 1 the gamma function may be negative, which lgamma does not say.
    sign: Tensor | float = 1.0
    for z in (x + 1, x - y + 1):
        sign = sign * torch.where((z < 0) & (z.floor().remainder(2) != 0), -1.0, 1.0)
    return torch.where(none, 0.0, sign * result.exp())


def angle(y: Numbers, x: Numbers) -> Tensor:
    """R's ``atan2``."""
    y, x = conform(number(y), number(x))
    return torch.atan2(*torch.broadcast_tensors(y, x))


def psigamma(x: Numbers, deriv: float) -> Tensor:
    """R's ``psigamma``: the derivative of this order of digamma."""
    x = number(x)
    if deriv < 2:
        return torch.digamma(x) if deriv < 1 else _trigamma(x)
    return torch.polygamma(int(deriv), x)


# ---- putting together ----------------------------------------------------------------------


def combine(parts: list[Numbers]) -> Tensor:
    """R's ``c``."""
    return torch.cat(on_one_device([flat(number(part)) for part in parts]))


def bind(parts: list[Numbers], rows: bool) -> Tensor:
    """R's ``rbind`` and ``cbind``: vectors are rows (columns), recycled to the matrices."""
    tensors = on_one_device([number(part) for part in parts])
    matrices = [t for t in tensors if t.dim() > 1]
    along = 1 if rows else 0
    lengths = {m.shape[along] for m in matrices}
    if len(lengths) > 1:
        what = "columns" if rows else "rows"
        raise ValueError(f"numbers of {what} of matrices must match, not {sorted(lengths)}")
    size = lengths.pop() if lengths else max(t.numel() for t in tensors)
    made = [t if t.dim() > 1 else recycled(t, size).unsqueeze(1 - along) for t in tensors]
    return torch.cat(made, 1 - along)


# ---- subscripts (positions count from 0, chosen by R) --------------------------------------


def take(x: Tensor, subscripts: list[Subscript], drop: bool) -> Tensor:
    """x[i, j, ...]: None is the whole dim, an int one position, (start, count) a range."""
    if len(subscripts) == 1:
        x = flat(x)
    dropped = []
    for dim, i in enumerate(subscripts):
        if i is None:
            continue
        if isinstance(i, (int, float)):
            x = x.narrow(dim, int(i), 1)
            dropped.append(dim)
        elif isinstance(i, Tensor):
            x = x.index_select(dim, i.to(device=x.device, dtype=torch.int64))
        else:
            x = x.narrow(dim, int(i[0]), int(i[1]))
    if drop and x.dim() > 1:
        kept = [size for size in x.shape if size != 1]
        x = x.reshape(kept)
    elif drop and dropped and x.dim() == 1:
        x = x.reshape(())
    return x


def put(x: Numbers, positions: Tensor, value: Numbers) -> Tensor:
    """A copy of x with `value` at these positions in R's order."""
    x, value = on_one_device([number(x), number(value)])
    positions = positions.to(device=x.device, dtype=torch.int64)
    dtype = torch.complex128 if value.is_complex() else x.dtype
    values = recycled(value, positions.numel()).to(dtype)
    result = flat(x).to(dtype).index_copy(0, positions, values)
    return shaped(result, x.shape) if x.dim() > 1 else result


# ---- matrices ------------------------------------------------------------------------------


def _as_matrix(x: Tensor) -> Tensor:
    return x if x.dim() == 2 else x.reshape(-1, 1)


def _times_column(x: Tensor, y: Tensor) -> Tensor:
    """x @ y. What may be a variable stands on the left, as a row that is no transpose: of the
    backward passes that a Hessian batches PyTorch then makes one product of matrices, and
    otherwise a loop."""
    return x @ y if x.requires_grad else (y.reshape(1, -1) @ x.mT).reshape(-1, 1)


def matmul(x: Numbers, y: Numbers) -> Tensor:
    """R's ``%*%``: a vector is the row or the column that fits; the result is a matrix."""
    x, y = on_one_device([number(x), number(y)])
    if x.dtype != y.dtype:
        common = torch.promote_types(x.dtype, y.dtype)
        x, y = x.to(common), y.to(common)
    return guarded_product(_matmul, x, y)


def _matmul(x: Tensor, y: Tensor) -> Tensor:
    if x.dim() == 2 and y.dim() == 2 and x.shape[1] == y.shape[0]:
        return _times_column(x, y) if y.shape[1] == 1 else x @ y
    if x.dim() == 2 and y.dim() < 2:
        y = y.reshape(-1)
        if x.shape[1] == y.numel():
            return _times_column(x, y.unsqueeze(1))
        if x.shape[1] == 1:
            return x @ y.unsqueeze(0)
    elif x.dim() < 2 and y.dim() == 2:
        x = x.reshape(-1)
        if x.numel() == y.shape[0]:
            return (x @ y).unsqueeze(0)
        if y.shape[0] == 1:
            return x.unsqueeze(1) @ y
    elif x.dim() < 2 and y.dim() < 2:
        x, y = x.reshape(-1), y.reshape(-1)
        if x.numel() == y.numel():
            return (x @ y).reshape(1, 1)
        if y.numel() == 1:
            return (x * y).unsqueeze(1)
        if x.numel() == 1:
            return (x * y).unsqueeze(0)
    sizes = " and ".join("x".join(str(d) for d in z.shape) for z in (x, y))
    raise ValueError(f"non-conformable arguments: {sizes}")


def crossprod(x: Numbers, y: Numbers | None, transposed: bool) -> Tensor:
    """R's ``crossprod`` (t(x) %*% y) and, transposed, ``tcrossprod`` (x %*% t(y))."""
    x = _as_matrix(number(x))
    y = x if y is None else _as_matrix(number(y))
    if transposed:
        return matmul(x, y.t())
    if y.shape[1] == 1 and x.shape[0] == y.shape[0]:
        return matmul(x.t(), y.reshape(-1))
    return matmul(x.t(), y)


def transpose(x: Tensor) -> Tensor:
    """R's ``t``: a vector becomes a row."""
    return x.t() if x.dim() == 2 else x.reshape(1, -1)


def permuted(x: Numbers, order: Sequence[float]) -> Tensor:
    """R's ``aperm``: the dims of the result are those of x at these places."""
    return number(x).permute(*(int(d) for d in order))


def diagonal(x: Numbers, rows: float | None, columns: float | None) -> Tensor:
    """R's ``diag``: the diagonal of a matrix, or the matrix of a diagonal."""
    x = number(x)
    if x.dim() == 2:
        return x.diagonal()
    values = flat(x)
    n = int(rows) if rows is not None else int(columns or values.numel())
    m = int(columns) if columns is not None else n
    square = torch.diag_embed(recycled(values, min(n, m)))
    return torch.nn.functional.pad(square, (0, m - min(n, m), 0, n - min(n, m)))


def outer(x: Numbers, y: Numbers) -> Tensor:
    """R's ``outer(x, y)``."""
    x, y = on_one_device([number(x), number(y)])
    dims = [d for z in (x, y) for d in (z.shape if z.dim() > 1 else [z.numel()])]
    return shaped(guarded(op.mul, flat(y).unsqueeze(1), flat(x)).reshape(-1), dims)


def solve(a: Numbers, b: Numbers | None) -> Tensor:
    """R's ``solve``."""
    a = _as_matrix(number(a))
    result: Tensor
    if b is None:
        result = torch.linalg.inv(a)
    else:
        a, b = on_one_device([a, number(b)])
        result = torch.linalg.solve(a, b.reshape(-1) if b.dim() < 2 else b)
    return result


def cholesky(x: Numbers) -> Tensor:
    """R's ``chol``: upper triangular, of the upper triangle of x; the rest is not read."""
    upper = _as_matrix(number(x)).triu()
    factor: Tensor = torch.linalg.cholesky(upper + upper.triu(1).mT)
    return factor.mT


def inverse_of_cholesky(x: Numbers, size: float | None) -> Tensor:
    """R's ``chol2inv`` of the upper triangle of the first `size` rows and columns."""
    x = _as_matrix(number(x))
    n = x.shape[1] if size is None else int(size)
    if not 0 < n <= min(x.shape):
        raise ValueError(f"`size` must be between 1 and {min(x.shape)}, not {n}")
    return torch.cholesky_inverse(x[:n, :n].triu(), upper=True)


def triangular(a: Numbers, b: Numbers, k: float | None, upper: bool, transposed: bool) -> Tensor:
    """R's ``backsolve`` and ``forwardsolve``: the first k rows and columns of a, rows of b."""
    a, b = on_one_device([_as_matrix(number(a)), number(b)])
    n = a.shape[1] if k is None else int(k)
    right = _as_matrix(b)
    largest = min(*a.shape, right.shape[0])
    if not 0 < n <= largest:
        raise ValueError(f"`k` must be between 1 and {largest}, the rows there are, not {n}")
    a = a[:n, :n]
    a = a.triu() if upper else a.tril()
    if transposed:
        a, upper = a.mT, not upper
    result: Tensor = torch.linalg.solve_triangular(a, right[:n], upper=upper)
    return result.reshape(-1) if b.dim() < 2 else result


def log_determinant(x: Numbers) -> list[Tensor]:
    """The log of the determinant's modulus, and its sign."""
    sign, modulus = torch.linalg.slogdet(_as_matrix(number(x)))
    return [modulus, sign]


# ---- densities -----------------------------------------------------------------------------


def density(name: str, rules: bool, arguments: list[Numbers], *flags: bool) -> Tensor:
    """The row `name` of the table; `rules` recycles the arguments as R, else they broadcast."""
    if rules:
        # A number of R's stays one: an ordinary formula has less to do, and a result of numbers
        # alone stays one.
        operands = conform(*(x if x.__class__ is float else number(x) for x in arguments))
    else:
        operands = on_one_device([number(x) for x in arguments])
    known = density_table.ordinary_value(name, operands, flags)
    if known is not None:
        return known
    tensors = on_one_device([number(x) for x in operands])
    formula = density_table.TABLE[name].formula
    if rules:
        return guarded(lambda *x: formula(*x, *flags), *torch.broadcast_tensors(*tensors))
    # Nobody says of plain tensors whether there is a NaN among the data.
    x = tensors[0]
    if x.requires_grad or not any(t.requires_grad for t in tensors[1:]):
        return formula(*torch.broadcast_tensors(*tensors), *flags)
    gaps = x.isnan()
    tensors[0] = torch.where(gaps, 1.0, x)
    return torch.where(gaps, torch.nan, formula(*torch.broadcast_tensors(*tensors), *flags))


def dmultinom(x: Numbers, size: float | None, prob: Numbers, log: bool) -> Tensor:
    """R's ``dmultinom``."""
    x, prob = on_one_device([flat(number(x)), flat(number(prob))])
    if x.numel() != prob.numel():
        raise ValueError("`x` and `prob` must have the same length")
    if size is not None and float(x.detach().sum()) != size:
        raise ValueError("`size` must be the sum of `x`")
    return densities.dmultinom(x, prob, log)


def dmvnorm(x: Numbers, mean: Numbers | None, sigma: Numbers | None, log: bool) -> Tensor:
    """The density of the multivariate normal at each row of x."""
    x = number(x)
    x = x.reshape(1, -1) if x.dim() < 2 else x
    size = x.shape[1]
    mu = torch.zeros(size, dtype=x.dtype) if mean is None else flat(number(mean))
    covariance = torch.eye(size, dtype=x.dtype) if sigma is None else _as_matrix(number(sigma))
    x, mu, covariance = on_one_device([x, mu, covariance])
    if mu.numel() != size:
        raise ValueError(f"`mean` must have length {size}, the columns of `x`, not {mu.numel()}")
    if tuple(covariance.shape) != (size, size):
        found = "x".join(str(d) for d in covariance.shape)
        raise ValueError(f"`sigma` must be a {size}x{size} matrix, not {found}")
    return densities.dmvnorm(x, mu, covariance, log)
