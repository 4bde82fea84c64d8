"""R's decompositions of matrices on tensors: eigenvalues, singular values, QR, norms, Fourier.

LAPACK leaves the signs of vectors to the library that computes them, so R and PyTorch may differ:
the vectors come with the signs of R's own, which the caller gives as `reference`.

Tests: test-autodiff-rules.R.
"""

from __future__ import annotations

import torch
from torch import Tensor

from torchbridge.autodiff.protocols import Numbers
from torchbridge.autodiff.rules import number


def _matrix(x: Numbers, name: str) -> Tensor:
    x = number(x)
    if x.dim() != 2:
        raise ValueError(f"`{name}` must be a matrix, not a tensor of {x.dim()} dims")
    return x


def eigen_symmetric(
    x: Numbers, lower: bool, reference: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Values of a symmetric matrix, the largest first, and vectors if there is a `reference`.

    With `lower`, the lower triangle alone is read, as R does where it is told that x is symmetric.
    """
    x = _matrix(x, "x")
    if lower:
        x = x.tril()
        x = x + x.tril(-1).mT
    if reference is None:
        values: Tensor = torch.linalg.eigvalsh(x)
        return values.flip(0), None
    values, vectors = torch.linalg.eigh(x)
    vectors = vectors.flip(1)
    return values.flip(0), vectors * _signs(vectors, reference)


def eigen_general(
    x: Numbers, known: Tensor, reference: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Values of any square matrix in the order of the `known` ones, R's; vectors likewise.

    They are real if R's are.
    """
    x = _matrix(x, "x")
    real = not known.is_complex()
    if reference is None:
        values: Tensor = torch.linalg.eigvals(x)
        values = values[_nearest(values, known)]
        return (values.real if real else values), None
    values, vectors = torch.linalg.eig(x)
    order = _nearest(values, known)
    values, vectors = values[order], vectors[:, order]
    if real:
        return values.real, vectors.real * _signs(vectors.real, reference)
    return values, vectors * _signs(vectors, reference)


def _nearest(values: Tensor, known: Tensor) -> Tensor:
    """For each known value the place of the nearest one that is not taken yet."""
    distances = (values.detach().unsqueeze(0) - known.unsqueeze(1)).abs()
    places: list[int] = []
    for row in distances:
        row = row.clone()
        row[places] = torch.inf
        places.append(int(row.argmin()))
    return torch.tensor(places, device=values.device)


def _signs(vectors: Tensor, reference: Tensor) -> Tensor:
    """What each column is multiplied by to point as the reference's."""
    found = (vectors.detach().conj() * reference.to(vectors.device)).sum(0)
    size = found.abs()
    return torch.where(size > 0, found / torch.where(size > 0, size, 1.0), 1.0)


def singular_values(x: Numbers) -> Tensor:
    """The singular values, the largest first."""
    values: Tensor = torch.linalg.svdvals(_matrix(x, "x"))
    return values


def svd(x: Numbers, reference: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Singular values, left and right vectors; `reference` are R's left ones."""
    u, d, vh = torch.linalg.svd(_matrix(x, "x"), full_matrices=False)
    signs = _signs(u, reference)
    return d, u * signs, vh.mT * signs


def qr(x: Numbers, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Q and R; `reference` is R's Q."""
    q, r = torch.linalg.qr(_matrix(x, "x"))
    signs = _signs(q, reference)
    return q * signs, r * signs.unsqueeze(1)


def norm(x: Numbers, kind: str) -> Tensor:
    """R's ``norm``: "O" (the largest sum of a column), "I" (of a row), "F", "M" or "2"."""
    x = _matrix(x, "x")
    result: Tensor
    if kind == "F":
        result = x.square().sum().sqrt()
    elif kind == "M":
        result = x.abs().amax()
    elif kind == "2":
        result = torch.linalg.svdvals(x).amax()
    else:
        result = x.abs().sum(0 if kind == "O" else 1).amax()
    return result


def determinant(x: Numbers) -> Tensor:
    """R's ``det``, with its derivative also where it is 0."""
    result: Tensor = torch.linalg.det(_matrix(x, "x"))
    return result


def fourier(x: Numbers, inverse: bool, columns: bool) -> Tensor:
    """R's ``fft`` (over all dims of an array) and, by columns, ``mvfft``; inverses unscaled."""
    x = number(x)
    dims = [0] if columns or x.dim() < 2 else list(range(x.dim()))
    x = x if x.dim() > 0 else x.reshape(1)
    transform = torch.fft.ifftn if inverse else torch.fft.fftn
    # "forward" leaves the scale to the forward transform: the inverse has none.
    result: Tensor = transform(x, dim=dims, norm="forward" if inverse else "backward")
    return result


def complex_part(x: Numbers, name: str) -> Tensor:
    """R's ``Re``, ``Im``, ``Mod``, ``Arg`` and ``Conj``."""
    x = number(x)
    if name == "Mod":
        return x.abs()
    if name == "Arg":
        return x.angle()
    if not x.is_complex():
        return torch.zeros_like(x) if name == "Im" else x
    return {"Re": torch.real, "Im": torch.imag, "Conj": torch.conj}[name](x)


def inverse_from_root(lower: Tensor) -> Tensor:
    """The inverse of L L' (n, n), of the lower triangle L."""
    return torch.cholesky_inverse(lower)
