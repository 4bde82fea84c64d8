"""Densities' gradients: gradcheck on every one, and finite gradients at the edges."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from torchbridge.autodiff import (
    densities,
    density_table,
    distribution_functions,
    quantiles,
    rules,
)

SIZE = 5
COUNTS = torch.tensor([0.0, 1, 2, 5, 9], dtype=torch.float64)


def between(low: float, high: float, needs: bool = True):
    x = low + (high - low) * torch.rand(SIZE, dtype=torch.float64)
    return x.requires_grad_(needs)


def constants(*values: float):
    return [torch.full_like(COUNTS, value) for value in values]


#: name -> random arguments; of counts constants.
ARGUMENTS = {
    "dnorm": lambda: (between(-3, 3), between(-1, 1), between(0.5, 2)),
    "dlnorm": lambda: (between(0.1, 3), between(-1, 1), between(0.5, 2)),
    "dexp": lambda: (between(0.1, 3), between(0.3, 4)),
    "dgamma": lambda: (between(0.1, 3), between(0.3, 20), between(0.3, 2)),
    "dchisq": lambda: (between(0.1, 3), between(1, 8)),
    "dbeta": lambda: (between(0.1, 0.9), between(0.4, 9), between(0.4, 20)),
    "dt": lambda: (between(-3, 3), between(1, 40)),
    "df": lambda: (between(0.1, 3), between(1, 8), between(1, 20)),
    "dcauchy": lambda: (between(-1, 1), between(-1, 1), between(0.3, 2)),
    "dlogis": lambda: (between(-3, 3), between(-1, 1), between(0.5, 2)),
    "dunif": lambda: (between(0.2, 0.8), between(-1, 0), between(1, 2)),
    "dweibull": lambda: (between(0.2, 2), between(0.4, 3), between(0.5, 2)),
    "dbinom": lambda: (COUNTS, torch.full_like(COUNTS, 9.0), between(0.1, 0.9)),
    "dpois": lambda: (COUNTS, between(0.1, 9)),
    "dgeom": lambda: (COUNTS, between(0.1, 0.9)),
    "dhyper": lambda: (COUNTS, *constants(9, 5, 6)),
    "dnbinom": lambda: (COUNTS, between(0.3, 30), between(0.1, 0.9)),
    "dnbinom_mu": lambda: (COUNTS, between(0.3, 30), between(0.2, 20)),
    "pnorm": lambda: (between(-3, 3), between(-1, 1), between(0.5, 2)),
    "plnorm": lambda: (between(0.1, 3), between(-1, 1), between(0.5, 2)),
    "pexp": lambda: (between(0.1, 3), between(0.3, 4)),
    "pweibull": lambda: (between(0.2, 2), between(0.4, 3), between(0.5, 2)),
    "plogis": lambda: (between(-3, 3), between(-1, 1), between(0.5, 2)),
    "qlogis": lambda: (between(0.1, 0.9), between(-1, 1), between(0.5, 2)),
    "punif": lambda: (between(0.2, 0.8), between(-1, 0), between(1, 2)),
    "pgamma": lambda: (between(0.1, 3), between(0.5, 3), between(0.3, 2)),
    "pchisq": lambda: (between(0.1, 3), between(1, 5)),
    "pbeta": lambda: (between(0.1, 0.9), between(0.4, 9), between(0.4, 20)),
    "pt": lambda: (between(-3, 3), between(1, 40)),
    "pf": lambda: (between(0.1, 3), between(1, 8), between(1, 20)),
    "pcauchy": lambda: (between(-3, 3), between(-1, 1), between(0.3, 2)),
    "pbinom": lambda: (COUNTS, torch.full_like(COUNTS, 10.0), between(0.1, 0.9)),
    "pgeom": lambda: (COUNTS, between(0.1, 0.9)),
    "pnbinom": lambda: (COUNTS, between(0.3, 30), between(0.1, 0.9)),
    "pnbinom_mu": lambda: (COUNTS, between(0.3, 30), between(0.2, 20)),
    "phyper": lambda: (COUNTS, *constants(9, 5, 6)),
    "qnorm": lambda: (between(0.1, 0.9), between(-1, 1), between(0.5, 2)),
    "qlnorm": lambda: (between(0.1, 0.9), between(-1, 1), between(0.5, 2)),
    "qexp": lambda: (between(0.1, 0.9), between(0.3, 4)),
    "qweibull": lambda: (between(0.1, 0.9), between(0.4, 3), between(0.5, 2)),
    "qcauchy": lambda: (between(0.1, 0.9), between(-1, 1), between(0.3, 2)),
    "qunif": lambda: (between(0.1, 0.9), between(-1, 0), between(1, 2)),
    "qgamma": lambda: (between(0.1, 0.9), between(0.5, 3), between(0.3, 2)),
    "qchisq": lambda: (between(0.1, 0.9), between(1, 5)),
    "qbeta": lambda: (between(0.1, 0.9), between(0.8, 9), between(0.8, 9)),
    "qt": lambda: (between(0.1, 0.9), between(2, 40)),
    "qf": lambda: (between(0.1, 0.9), between(2, 8), between(3, 20)),
    "qbinom": lambda: (between(0.1, 0.9, False), *constants(9, 0.3)),
    "qpois": lambda: (between(0.1, 0.9, False), *constants(3)),
    "qgeom": lambda: (between(0.1, 0.9, False), *constants(0.3)),
    "qhyper": lambda: (between(0.1, 0.9, False), *constants(9, 5, 6)),
    "qnbinom": lambda: (between(0.1, 0.9, False), *constants(3, 0.3)),
    "qnbinom_mu": lambda: (between(0.1, 0.9, False), *constants(3, 2.5)),
    "ppois": lambda: (COUNTS, between(0.1, 9)),
}


def test_every_function_is_here():
    modules = (densities, distribution_functions, quantiles)
    there = {name for module in modules for name in vars(module) if name in density_table.TABLE}
    assert set(ARGUMENTS) == there == set(density_table.TABLE)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_gradients_are_those_of_finite_differences(name):
    torch.manual_seed(3)
    function, arguments = density_table.TABLE[name].formula, ARGUMENTS[name]()
    flags = [(False,), (True,)]
    if name[0] != "d":
        flags = list(itertools.product((True, False), (False, True)))
    for flag in flags:
        given = arguments
        if name.startswith("q") and flag[1]:  # of log probabilities
            needs = arguments[0].requires_grad
            given = (arguments[0].detach().log().requires_grad_(needs), *arguments[1:])
        if not any(a.requires_grad for a in given):
            assert not function(*given, *flag).requires_grad
            continue
        # fast_mode: one random direction, not one difference an element.
        check = {"inputs": given, "fast_mode": True}
        assert torch.autograd.gradcheck(lambda *a, f=flag: function(*a, *f), **check)
        assert torch.autograd.gradgradcheck(lambda *a, f=flag: function(*a, *f), **check)


def test_matrix_densities():
    torch.manual_seed(3)
    prob = between(0.1, 1)
    assert torch.autograd.gradcheck(lambda p: densities.dmultinom(COUNTS, p, True), prob)
    root = torch.randn(SIZE, SIZE, dtype=torch.float64).requires_grad_()
    x = torch.randn(3, SIZE, dtype=torch.float64).requires_grad_()

    def density(x, mean, root):
        sigma = root @ root.T + torch.eye(SIZE, dtype=torch.float64)
        return densities.dmvnorm(x, mean, sigma, True)

    assert torch.autograd.gradcheck(density, (x, between(-1, 1), root))


@pytest.mark.parametrize(
    ("name", "arguments", "gradients"),
    [
        # -lambda at 0 counts; n log(1 - p) and n log(p) at the ends of the binomial's.
        ("dpois", (0.0, 2.0), (None, -1.0)),
        ("dbinom", (0.0, 5.0, 0.25), (None, None, -5 / 0.75)),
        ("dbinom", (5.0, 5.0, 0.25), (None, None, 5 / 0.25)),
        ("dbinom", (0.0, 5.0, 0.0), (None, None, -5.0)),
        ("dnbinom", (0.0, 3.0, 0.5), (None, -0.6931471805599453, 6.0)),
        ("dexp", (0.0, 2.0), (-2.0, 0.5)),
        ("dweibull", (0.0, 1.0, 2.0), (0.0, 0.0, -0.5)),
        ("dgamma", (0.0, 1.0, 2.0), (0.0, 0.0, -0.5)),
        ("dunif", (0.0, 0.0, 2.0), (None, 0.5, -0.5)),
        # Off the support nothing changes.
        ("dexp", (-1.0, 2.0), (0.0, 0.0)),
        ("dgamma", (-1.0, 1.0, 2.0), (0.0, 0.0, 0.0)),
        ("dbeta", (2.0, 1.0, 2.0), (0.0, 0.0, 0.0)),
        ("dpois", (-1.0, 2.0), (None, 0.0)),
        ("dlnorm", (-1.0, 0.0, 1.0), (0.0, 0.0, 0.0)),
    ],
)
def test_gradients_at_the_edges(name, arguments, gradients):
    tensors = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arguments]
    density_table.TABLE[name].formula(*tensors, True).backward()
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if gradient is not None:
            assert tensor.grad.item() == pytest.approx(gradient, abs=1e-13)


def _of(*columns: list[float]) -> list[torch.Tensor]:
    grid = torch.cartesian_prod(*(torch.tensor(c, dtype=torch.float64) for c in columns))
    return [x.clone().requires_grad_() for x in grid.unbind(1)]


#: Ordinary arguments, and those at an edge, one set a row of the table that has both formulas.
ORDINARY = {
    "dnorm": (
        ([-3.0, 0.5, 30.0], [0.2], [0.1, 2.0]),
        ([1.0, math.inf, math.nan], [1.0], [0.0, -1]),
    ),
    "dlnorm": (([0.1, 2.0], [-1.0, 0.5], [0.3, 2.0]), ([0.0, -1.0, math.inf], [0.0], [1.0, -1.0])),
    "dexp": (([0.0, 0.1, 40.0], [0.3, 2.0]), ([-1.0, math.nan], [0.0, -1.0, 2.0])),
    "dgamma": (
        ([0.05, 0.7, 90.0], [0.5, 1.0, 30.0], [0.2, 3.0]),
        ([0.0, -1.0], [1.0], [0.5, -1.0]),
    ),
    "dcauchy": (([-9.0, 0.0, 2.0], [0.5], [0.2, 3.0]), ([math.inf, 1.0], [0.0], [0.0, -1.0, 1.0])),
    "dlogis": (([-9.0, 0.0, 700.0], [0.5], [0.2, 3.0]), ([math.inf, 1.0], [0.0], [0.0, -1.0])),
    "dweibull": (([1e-5, 0.7, 9.0], [0.5, 1.0, 3.0], [0.2, 3.0]), ([0.0, -1.0], [1.0], [0.5, 0.0])),
    "dpois": (
        ([0.0, 1.0, 7.0, 900.0], [1e-3, 0.5, 7.0, 800.0]),
        ([-1.0, 0.5, 2.0], [0.0, -1.0, 1.0]),
    ),
    "dbinom": (
        ([0.0, 3.0, 5.0], [5.0, 40.0], [0.01, 0.5]),
        ([0.0, 6.0, 0.5], [5.0], [0.0, 1.0, 2.0]),
    ),
    "pnorm": (([-3.0, 0.5, 5.0], [0.2], [0.1, 2.0]), ([1.0, math.nan], [1.0], [0.0, -1.0])),
    "plogis": (([-3.0, 0.5, 30.0], [0.2], [0.1, 2.0]), ([1.0, math.nan], [1.0], [0.0, -1.0])),
}


def test_each_formula_for_ordinary_values_is_looked_at_here():
    assert {name for name, row in density_table.TABLE.items() if row.ordinary is not None} == set(
        ORDINARY
    )


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("log", [False, True])
def test_on_ordinary_values_a_formula_without_edges_gives_the_same(name, log):
    row = density_table.TABLE[name]
    arguments = _of(*ORDINARY[name][0])
    flags = (log,) if name.startswith("d") else (True, log)
    if name == "dbinom":  # a size with a derivative is left to the full formula
        arguments[1] = arguments[1].detach()
    found, wanted = row.ordinary(*arguments, *flags), row.formula(*arguments, *flags)
    assert torch.equal(found, wanted)
    for x in filter(lambda x: x.requires_grad, arguments):
        slopes = [
            torch.autograd.grad(y.sum(), x, retain_graph=True, allow_unused=True)[0]
            for y in (found, wanted)
        ]
        if slopes[1] is not None:
            torch.testing.assert_close(*slopes, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("log", [False, True])
def test_numbers_beside_a_tensor_give_the_bits_of_tensors(name, log):
    flags = (log,) if name.startswith("d") else (True, log)
    first, *others = ORDINARY[name][0]
    x = torch.tensor(first, dtype=torch.float64)
    if name == "dnorm":
        others = [[0.0, 0.2], [1.0, 2.0]]
    for numbers in itertools.product(*others):
        tensors = [x, *(torch.full_like(x, number) for number in numbers)]
        wanted = density_table.TABLE[name].formula(*tensors, *flags)
        assert torch.equal(rules.density(name, True, [x, *numbers], *flags), wanted)
    parameter = torch.full_like(x, others[0][0])
    wanted = density_table.TABLE[name].formula(
        x[:1], parameter[:1], *(torch.full_like(x[:1], more[0]) for more in others[1:]), *flags
    )
    found = rules.density(
        name, True, [first[0], parameter[:1], *(more[0] for more in others[1:])], *flags
    )
    assert torch.equal(found, wanted)


@pytest.mark.parametrize("name", ORDINARY)
def test_at_an_edge_the_formula_with_edges_is_taken(name):
    flags = (True,) if name.startswith("d") else (True, True)
    row = density_table.TABLE[name]
    for values in zip(*_of(*ORDINARY[name][1]), strict=True):
        arguments = [x.detach().reshape(1) for x in values]
        known = row.ordinary(*arguments, *flags)
        wanted = row.formula(*arguments, *flags)
        found = rules.density(name, True, arguments, *flags)
        torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)
        assert known is None or torch.equal(known, wanted)
    assert row.ordinary(*(x[:1].detach() for x in _of(*ORDINARY[name][1])), *flags) is None


def test_formulas_for_any_values_look_at_none():
    x, prob = torch.tensor([0.0, 1, 1], dtype=torch.float64), torch.tensor([0.2, 0.5, 1.0])
    prob = prob.double()
    size = torch.ones(3, dtype=torch.float64)
    usual = density_table.ordinary_value("dbinom", [x[:2], size[:2], prob[:2]], [True])
    assert usual is not None
    with density_table.for_any_values():
        assert density_table.ordinary_value("dbinom", [x[:2], size[:2], prob[:2]], [True]) is None
    assert density_table.ordinary_value("dbinom", [x, size, prob], [True]) is None
