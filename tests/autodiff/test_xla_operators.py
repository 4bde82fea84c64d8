"""XLA's table: values and gradients are PyTorch's, operator by operator."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbridge.autodiff import xla
from torchbridge.models.training.graphs import functional_graph

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")

NOISE = torch.Generator().manual_seed(0)
FIRST = torch.tensor([[0, 2, 1], [2, 0, 1]])
TWICE = torch.tensor([[0, 0, 1], [2, 0, 2]])
CLASSES = torch.tensor([0, 2, 1, 3])
LABELS = torch.tensor([[3, 0, -1, 1, 1]] * 4)
TENTH = torch.tensor(0.1, dtype=torch.float64)
linalg, special = torch.linalg, torch.special


def r(*size):
    """Numbers of both signs."""
    return torch.randn(*size, dtype=torch.float64, generator=NOISE)


def p(*size):
    """Positive ones, not small."""
    return r(*size).abs() + 0.3


def u(*size):
    """Within (0, 1)."""
    return torch.rand(*size, dtype=torch.float64, generator=NOISE) * 0.8 + 0.1


def spd(*size):
    """Matrices that have a Cholesky factor."""
    a = r(*size, size[-1])
    return a @ a.mT + 3 * torch.eye(size[-1], dtype=torch.float64)


def image(n):
    """Two of two channels, of n dims."""
    return r(2, 2, *(5, 4, 3)[:n])


def of_lines(x):
    return x.detach().sort(-1)[0].contiguous()


X, Q, TIED = r(4, 5), r(2, 2, 5, 4), torch.tensor([[2.0, 1, 2, 1], [0, 0, 0, -1]]).double()
NAN = torch.tensor([[1.0, torch.nan, 0, 3], [2, 1, 5, 4]]).double()
CAUSAL = torch.ones(5, 5, dtype=torch.bool).tril()
S, BATCH, WEIGHT = spd(4), spd(2, 3), p(5)

#: Of each family: a name -> a function of tensors, and these; what it gives is differentiated.
CASES = {
    "attention": {
        "plain": (F.scaled_dot_product_attention, Q, r(2, 2, 6, 4), r(2, 2, 6, 4)),
        "causal": (lambda *a: F.scaled_dot_product_attention(*a, is_causal=True), Q, Q + 1, Q),
        "mask": (lambda *a: F.scaled_dot_product_attention(*a, attn_mask=CAUSAL), Q, Q + 1, Q),
        "added": (lambda m, *a: F.scaled_dot_product_attention(*a, m), r(5, 5), Q, Q + 1, Q),
        "scale": (lambda *a: F.scaled_dot_product_attention(*a, scale=0.3), Q, Q + 1, Q),
    },
    "order": {
        "sort": (lambda x: x.sort(-1)[0], X),
        "sort down": (lambda x: x.sort(0, descending=True)[0], X),
        "stable": (lambda x: x * torch.sort(x, stable=True, dim=1)[1], TIED),
        "stable down": (lambda x: x * torch.sort(x, stable=True, dim=1, descending=True)[1], TIED),
        "NaN last": (lambda x: x.detach().argsort(-1) + 0 * x.nan_to_num(), NAN),
        "NaN first": (lambda x: x.detach().sort(descending=True)[1] + 0 * x.nan_to_num(), NAN),
        "topk": (lambda x: x.topk(3, -1)[0], X),
        "topk smallest": (lambda x: x.topk(2, 0, largest=False)[0], X),
        "topk places": (lambda x: x[:, :3] * x.topk(3, -1)[1], X),
        "kthvalue": (lambda x: x.kthvalue(2, -1)[0], X),
        "median": (lambda x: x.median(-1)[0], X),
        "median of all": (torch.median, X),
        "median of NaN": (lambda x: x.detach().median(-1)[0] + 0 * x.nan_to_num().sum(1), NAN),
        "nanmedian": (lambda x: x.nanmedian(-1)[0], NAN),
        "quantile": (lambda x: x.quantile(0.3, -1), X),
        "cummax": (lambda x: x.cummax(-1)[0], TIED),
        "cummin": (lambda x: x.cummin(0)[0], X),
        "logcumsumexp": (lambda x: x.logcumsumexp(-1), X),
        "cumsum": (lambda x: x.cumsum(-1), X),
        "searchsorted": (lambda x: x * torch.searchsorted(of_lines(x), x), X),
        "from the right": (lambda x: x * torch.searchsorted(of_lines(x), x, right=True), X[0]),
        "one number": (lambda x: x * torch.searchsorted(of_lines(x), 0.1), X[0]),
        "bucketize": (lambda x: x * torch.bucketize(x, of_lines(X[0])), X),
    },
    "places": {
        **{
            f"scatter_reduce {how} {own}": (
                lambda x, s, how=how, own=own: x.scatter_reduce(1, TWICE, s, how, include_self=own),
                r(3, 4),
                r(2, 3),
            )
            for how in ("sum", "prod", "mean", "amax", "amin")
            for own in (True, False)
        },
        "gather of fewer": (lambda x: x.gather(1, TWICE), r(3, 4)),
        "put": (lambda x, s: x.put(FIRST[0], s), r(3, 4), r(3)),
        "take": (lambda x: x.take(TWICE), r(3, 4)),
        "masked_scatter": (lambda x, s: x.masked_scatter(x.detach() > 0, s), r(3, 4), r(3, 4)),
        "put by TRUE": (lambda x: x.index_put((x.detach() > 0,), TENTH), r(3, 4)),
        "rows by TRUE": (lambda x: x.index_put((x[:, 0].detach() > 0,), WEIGHT), r(3, 5)),
        "index_put": (lambda x, s: x.index_put((FIRST[0],), s), r(3, 4), r(3, 4)),
        "add at": (lambda x, s: x.index_put((TWICE[0],), s, True), r(3, 4), r(3, 4)),
        "unfold": (lambda x: x.unfold(0, 3, 2), r(7, 2)),
        "index_add": (lambda x, s: x.index_add(0, TWICE[0], s), r(3, 4), r(3, 4)),
        "diagonal_scatter": (lambda x, s: x.diagonal_scatter(s, 1), r(3, 4), r(3)),
        "triangle": (lambda x: x[tuple(torch.tril_indices(4, 4))], S),
        "diag": (torch.diag, r(4)),
        "one_hot": (lambda x: x * F.one_hot(FIRST[0], 5), r(3, 5)),
    },
    "special": {
        "lgamma": (torch.lgamma, p(6)),
        "lgamma below 0": (torch.lgamma, -p(6) - 0.05),
        "digamma": (torch.digamma, p(6)),
        "digamma below 0": (torch.digamma, -p(6) - 0.05),
        "polygamma 1": (lambda x: torch.polygamma(1, x), p(6)),
        "polygamma 2": (lambda x: torch.polygamma(2, x), p(6)),
        "mvlgamma": (lambda x: torch.mvlgamma(x, 2), p(6) + 2),
        "erfc": (torch.erfc, r(6) * 3),
        "erfinv": (torch.erfinv, u(6)),
        "ndtri": (special.ndtri, u(6)),
        "log_ndtr": (special.log_ndtr, r(6) * 4),
        "erfcx": (special.erfcx, torch.tensor([-3.0, -0.1, 0.5, 4, 7.9, 8.1, 30]).double()),
        "gammainc": (lambda x: special.gammainc(2.5 + 0 * x.detach(), x), p(6)),
        "gammaincc": (lambda x: special.gammaincc(2.5 + 0 * x.detach(), x), p(6)),
        "i0": (torch.i0, r(6) * 3),
        "i0e": (special.i0e, r(6) * 3),
        "i1": (special.i1, r(6) * 3),
        "i1e": (special.i1e, r(6) * 3),
        "fmax": (torch.fmax, r(6), r(6)),
        "fmin": (torch.fmin, r(6), r(6)),
        "copysign": (torch.copysign, r(6), r(6)),
        "ldexp": (lambda x: torch.ldexp(x, torch.tensor(3)), r(6)),
        "dist": (torch.dist, r(5), r(5)),
    },
    "solving": {
        "cholesky": (lambda a: linalg.cholesky(a), S),
        "cholesky of many": (linalg.cholesky, BATCH),
        "cholesky above": (lambda a: linalg.cholesky(a, upper=True), S),
        "inverse": (linalg.inv, BATCH),
        "solve": (linalg.solve, BATCH, r(2, 3, 2)),
        "solve a vector": (linalg.solve, S, r(4)),
        "solve from the right": (lambda a, b: linalg.solve(a, b, left=False), S, r(2, 4)),
        "below": (lambda a, b: linalg.solve_triangular(a, b, upper=False), S, r(4, 2)),
        "above, unit": (
            lambda a, b: linalg.solve_triangular(a, b, upper=True, unitriangular=True), S, r(4, 2)
        ),
        "triangular, right": (
            lambda a, b: linalg.solve_triangular(a, b, upper=True, left=False), S, r(2, 4)
        ),
        "triangular_solve": (
            lambda a, b: torch.triangular_solve(b, a, upper=False, transpose=True)[0], S, r(4, 2)
        ),
        "cholesky_solve": (lambda a, b: torch.cholesky_solve(b, linalg.cholesky(a)), S, r(4, 2)),
        "cholesky_inverse": (lambda a: torch.cholesky_inverse(linalg.cholesky(a)), S),
        "det": (linalg.det, r(2, 4, 4)),
        "logdet": (torch.logdet, BATCH),
        "slogdet": (lambda a: linalg.slogdet(a)[1], r(4, 4)),
        "lu": (lambda a: linalg.lu(a)[1], r(4, 4)),
        "lu_solve": (lambda a, b: linalg.lu_solve(*linalg.lu_factor(a), b), S, r(4, 2)),
        "pinv": (linalg.pinv, r(5, 3)),
    },
    "matrices": {
        "eigh": (lambda a: linalg.eigh(a)[1].abs(), S),
        "eigvalsh": (linalg.eigvalsh, BATCH),
        "qr": (lambda a: linalg.qr(a)[0].abs(), r(5, 3)),
        "svd": (lambda a: linalg.svd(a, full_matrices=False)[0].abs(), r(5, 3)),
        "svdvals": (linalg.svdvals, r(5, 3)),
        "matrix_exp": (torch.matrix_exp, r(3, 3) * 0.3),
        "householder": (lambda a: linalg.householder_product(a, a[0] * 0.1), r(5, 3)),
        "cdist": (torch.cdist, r(4, 3), r(5, 3)),
        "cdist of many": (lambda a, b: torch.cdist(a, b, p=1), r(2, 4, 3), r(2, 5, 3)),
        "cdist 3": (lambda a, b: torch.cdist(a, b, p=3), r(4, 3), r(5, 3)),
        "pdist": (F.pdist, r(4, 3)),
        "bilinear": (F.bilinear, r(4, 3), r(4, 2), r(5, 3, 2)),
        "addmv": (torch.addmv, r(3), r(3, 4), r(4)),
    },
    "waves": {
        "rfft": (lambda x: torch.fft.rfft(x).abs(), r(8)),
        "fft": (lambda x: torch.fft.fft(x).real, r(7)),
        "irfft": (lambda x: torch.fft.irfft(torch.fft.rfft(x) * torch.fft.rfft(x), 7), r(7)),
        "ortho": (lambda x: torch.fft.rfft(x, norm="ortho").abs(), r(7)),
        "fft2": (lambda x: torch.fft.ifft2(torch.fft.fft2(x) ** 2).real, r(4, 4)),
        "complex": (lambda a, b: torch.complex(a, b).abs(), r(4), r(4)),
        "polar": (lambda a, b: torch.polar(a, b).real, p(4), r(4)),
    },
    "images": {
        **{
            f"{mode} of {len(size) - 2} dims": (
                lambda x, mode=mode: F.interpolate(x, scale_factor=1.7, mode=mode), r(*size)
            )
            for mode, size in (
                ("nearest", (2, 3, 4)), ("nearest", (2, 3, 4, 5)), ("nearest", (2, 2, 3, 3, 3)),
                ("nearest-exact", (2, 3, 4, 4)), ("linear", (2, 3, 4)), ("bilinear", (2, 3, 4, 5)),
                ("bicubic", (2, 3, 4, 5)), ("trilinear", (2, 2, 3, 3, 3)),
            )
        },
        "corners": (
            lambda x: F.interpolate(x, (7, 5), mode="bilinear", align_corners=True), r(2, 3, 4, 4)
        ),
        **{
            f"{how} padding of {n} dims": (
                lambda x, how=how, n=n: F.pad(x, [1, 2] * n, how), image(n)
            )
            for how in ("replicate", "reflect", "circular")
            for n in (1, 2, 3)
        },
        **{
            f"{kind} pool of {n} dims": (
                lambda x, kind=kind, n=n: getattr(F, f"adaptive_{kind}_pool{n}d")(x, 2),
                image(n),
            )
            for kind in ("max", "avg")
            for n in (1, 2, 3)
        },
        "avg_pool3d": (lambda x: F.avg_pool3d(x, 2, padding=1), r(2, 2, 5, 4, 3)),
        "local_response_norm": (lambda x: F.local_response_norm(x, 2), r(2, 4, 5, 5)),
    },
    "losses": {
        "multi_margin": (lambda x: F.multi_margin_loss(x, CLASSES), X),
        "multi_margin squared": (
            lambda x: F.multi_margin_loss(x, CLASSES, p=2, weight=WEIGHT, reduction="none"), X
        ),
        "multilabel": (
            lambda x: F.multilabel_margin_loss(x, torch.tensor([[0, 2, -1, 1, 1]] * 4)), X
        ),
        "multilabel sums": (
            lambda x: F.multilabel_margin_loss(x, LABELS, reduction="none"), X
        ),
        "hardshrink": (F.hardshrink, X),
        "softshrink": (F.softshrink, X),
        "weight_norm": (
            lambda v, g: torch._weight_norm(v, g, 0), r(4, 3), p(4, 1)
        ),
    },
}  # fmt: skip


def both(function, *inputs):
    """What it gives, and the gradients of a weighted sum of that."""
    inputs = [x.detach().requires_grad_() for x in inputs]
    with torch.enable_grad():
        out = function(*inputs)
        weights = torch.linspace(0.5, 1.5, out.numel(), dtype=torch.float64).reshape(out.shape)
        found = torch.autograd.grad((out * weights).sum(), inputs, allow_unused=True)
    return [out.detach(), *(g for g in found if g is not None)]


def by_xla(function, inputs):
    """The same function as a graph, run by XLA."""
    import jax

    from torchbridge.autodiff.xla_operators import run, unknown

    graph = functional_graph(function, inputs)
    assert unknown(graph.module) == []
    drawn = [torch.empty(d.shape, dtype=d.dtype) for d in graph.draws]
    for draw, values in zip(graph.draws, drawn, strict=True):
        draw.fill(values)
    with xla.as_torch():
        found = jax.jit(lambda xs: run(graph.module, xs))([t.numpy() for t in [*inputs, *drawn]])
        return [torch.from_numpy(np.array(value)) for value in found[: graph.n_outputs]]


@pytest.mark.parametrize("family", CASES)
def test_values_and_gradients_are_pytorchs(family):
    names, inputs, parts = [], [], []
    for name, (function, *given) in CASES[family].items():
        parts.append((function, len(inputs), len(inputs) + len(given)))
        names.append(name)
        inputs += given

    def whole(*xs):
        return [t for function, i, j in parts for t in both(function, *xs[i:j])]

    expected = [(name, t) for name, (f, i, j) in zip(names, parts, strict=True)
                for t in both(f, *inputs[i:j])]  # fmt: skip
    for (name, one), other in zip(expected, by_xla(whole, inputs), strict=True):
        assert one.dtype == other.dtype, name
        torch.testing.assert_close(
            other,
            one,
            rtol=2e-9,
            atol=2e-9,
            equal_nan=True,
            msg=lambda m, name=name: f"{name}: {m}",
        )


class Attends(nn.Module):
    """Attention without a mask, and rows and columns the other way round."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, add_bias_kv=True)

    def forward(self, x):
        return self.attention(x, x, x)[0]


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, batch_first=True),
        lambda: nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", norm_first=True),
        lambda: nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
        Attends,
    ],
)
def test_layers_of_attention_draw_what_eager_ones_draw(layer):
    torch.manual_seed(1)
    module = layer().double()
    names, parameters = zip(*module.named_parameters(), strict=True)
    n = 2 if isinstance(module, nn.TransformerDecoderLayer) else 1
    inputs = [r(2, 5, 8) for _ in range(n)]

    def called(*xs):
        return torch.func.functional_call(module, dict(zip(names, xs[n:], strict=True)), xs[:n])

    given = [*inputs, *(q.detach() for q in parameters)]
    torch.manual_seed(2)
    expected = both(called, *given)
    torch.manual_seed(2)
    for one, other in zip(expected, by_xla(lambda *xs: both(called, *xs), given), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-9)


def test_what_has_no_row_is_named():
    from torchbridge.autodiff.xla_operators import unknown

    graph = functional_graph(lambda x: [x.mode(-1)[0]], [X])
    assert unknown(graph.module) == ["aten.mode.default"]


def test_a_matrix_without_a_cholesky_factor_gives_nan():
    (found,) = by_xla(lambda a: [linalg.cholesky(a).sum()], [-S])
    assert found.isnan()
