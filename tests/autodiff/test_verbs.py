"""Derivatives of R functions from Python, and R functions in a PyTorch graph."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge import autograd

SCRIPT = """
rosenbrock <- function(x) 100 * (x[2] - x[1]^2)^2 + (1 - x[1])^2
nll <- function(p, y) -sum(dnorm(y, p$mu, exp(p$log_sd), log = TRUE))
table_nll <- function(p, data) sum((data$y - p[1] - p[-1] * data$x)^2)
two <- function(x) c(sum(x), prod(x))
columns <- function(m) m %*% c(1, 10)
soft_plus <- function(x, k) log1p(exp(k * x)) / k
square <- function(x) x^2
square_gradient <- function(x, g) 2 * x * g
product <- function(x, y) drop(crossprod(x, y))
product_gradient <- function(x, y, g) list(g * y, g * x)
wrong_gradient <- function(x, g) c(1, 2, 3)
sums <- function(x, n) sum(sapply(seq_len(n), function(i) x^i))
spectrum <- function(x) fft(x)
"""


@pytest.fixture(scope="module")
def script(r, tmp_path_factory):
    path = tmp_path_factory.mktemp("scripts") / "functions.R"
    path.write_text(SCRIPT, encoding="utf-8")
    return tb.source(path)


AT = [-1.2, 1.0]
HESSIAN = torch.tensor([[1330.0, 480], [480, 200]], dtype=torch.float64)


def test_derivatives_are_those_of_the_closed_form(script):
    value, gradient = autograd.value_and_grad(script.rosenbrock, AT)
    assert value == pytest.approx(24.2, rel=1e-15)
    torch.testing.assert_close(gradient, torch.tensor([-215.6, -88.0], dtype=torch.float64))
    torch.testing.assert_close(autograd.grad(script.rosenbrock, AT), gradient)
    torch.testing.assert_close(autograd.hessian(script.rosenbrock, np.array(AT)), HESSIAN)
    torch.testing.assert_close(autograd.hvp(script.rosenbrock, AT, [0, 1]), HESSIAN[1])
    jacobian = torch.tensor([[1.0, 1], [3, 2]], dtype=torch.float64)
    torch.testing.assert_close(autograd.jacobian(script.two, [2.0, 3.0]), jacobian)
    torch.testing.assert_close(autograd.jvp(script.two, [2.0, 3.0], [1, 0]), jacobian[:, 0])
    torch.testing.assert_close(autograd.vjp(script.two, [2.0, 3.0], [0, 1]), jacobian[1])


def test_parameters_and_data_of_every_kind(script):
    import pandas as pd

    y = np.array([1.0, 2, 4])
    gradient = autograd.grad(script.nll, {"mu": 0.0, "log_sd": [0.0]}, y=y)
    assert gradient["mu"].shape == () and gradient["mu"].item() == -7
    assert gradient["log_sd"].tolist() == [-18]
    both = autograd.grad(script.nll, {"mu": 0.0, "log_sd": 0.0}, torch.from_numpy(y))
    assert both["mu"].item() == -7
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": [2.0, 3, 5]})
    assert autograd.grad(script.table_nll, [0.5, 1.0], frame).tolist() == [-5, -12]
    m = torch.arange(6.0).reshape(3, 2)
    weights = autograd.vjp(script.columns, m, [1.0, 2, 3])
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights, torch.tensor([[1.0, 10], [2, 20], [3, 30]]))
    assert m.requires_grad is False


def test_the_module_is_an_attribute_of_the_package():
    assert tb.autograd is autograd


def test_python_functions_too():
    gradient = autograd.grad(lambda x: (x["a"] ** 3).sum() * x["b"], {"a": [1.0, 2], "b": 2.0})
    assert gradient["a"].tolist() == [6, 24] and gradient["b"].item() == 9


def test_an_r_body_is_differentiated_in_a_graph(script):
    f = autograd.r_function(script.soft_plus)
    x = torch.randn(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: f(x, 2.0), x)
    assert torch.autograd.gradgradcheck(lambda x: f(x, 2.0), x)
    torch.testing.assert_close(f(x, 2.0), torch.nn.functional.softplus(x, 2.0))
    total = autograd.r_function(script.sums)
    total(x.square(), 3).backward()
    z = x.detach()
    torch.testing.assert_close(x.grad, 2 * z * (1 + 2 * z**2 + 3 * z**4))


def test_a_gradient_written_in_r(script):
    f = autograd.r_function(script.square, script.square_gradient)
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(f, x)
    g = autograd.r_function(script.product, script.product_gradient)
    a, b = (torch.randn(4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(g, (a, b))
    wrong = autograd.r_function(script.square, script.wrong_gradient)
    with pytest.raises(ValueError, match="wrong_gradient: a gradient has 3 numbers"):
        wrong(x).sum().backward()


def test_other_threads_are_refused_where_r_would_run(script):
    f = autograd.r_function(script.square, script.square_gradient)
    body = autograd.r_function(script.square)
    x = torch.ones(2, requires_grad=True)
    y, z = f(x).sum(), body(x).sum()
    failures = []

    def run(work):
        def inside():
            try:
                work()
            except RuntimeError as error:
                failures.append(str(error))

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()

    run(lambda: f(x))
    run(y.backward)
    rosenbrock = script.rosenbrock
    run(lambda: autograd.grad(rosenbrock, AT))
    assert [message.split(" is an R function")[0] for message in failures] == [
        "square",
        "square_gradient",
        "rosenbrock",
    ]
    run(z.backward)  # no R in it
    assert len(failures) == 3
    torch.testing.assert_close(x.grad, 2 * torch.ones(2))


def test_wrong_input_is_named(script):
    with pytest.raises(TypeError, match="func: expected a function, not int"):
        autograd.grad(3, [1.0])
    with pytest.raises(TypeError, match="x: expected numbers, not str"):
        autograd.grad(script.square, "a")
    with pytest.raises(ValueError, match="x: expected numbers, not an empty dict"):
        autograd.grad(script.square, {})
    with pytest.raises(ValueError, match="must give one number"):
        autograd.value_and_grad(script.two, [1.0, 2])
    with pytest.raises(ValueError, match="`v` must have length 2, not 1"):
        autograd.hvp(script.rosenbrock, AT, [1.0])
    with pytest.raises(TypeError, match="forward: expected a function of tb.source"):
        autograd.r_function(abs)
    with pytest.raises(TypeError, match=r"must give real numbers: take Re\(\)"):
        autograd.grad(script.spectrum, AT)


def test_a_hessian_of_large_tensors_takes_fewer_rows_at_once(monkeypatch):
    from torchbridge.autodiff import derivatives

    y = torch.linspace(-1, 1, 1000, dtype=torch.float64)
    x = torch.tensor([0.3, 0.1, -0.4, 0.2], dtype=torch.float64)

    def f(p):
        return ((y * p[0] + p[1]).sin() * (p[2] * y).exp()).sum() + p[3] ** 3

    whole = derivatives.hessian(f, x)
    sizes = []
    batch = derivatives._batch
    monkeypatch.setattr(derivatives, "_MOST_BYTES", 20_000)
    monkeypatch.setattr(
        derivatives, "_batch", lambda y, x, rows: sizes.append(len(rows)) or batch(y, x, rows)
    )
    torch.testing.assert_close(derivatives.hessian(f, x), whole, rtol=1e-14, atol=0)
    assert sizes == [2, 2]
    derivatives.jacobian(lambda p: f(p).reshape(1) * torch.ones(3, dtype=p.dtype), x)
    assert sizes == [2, 2, 2, 1]


def test_rows_of_a_hessian_go_in_batches_whatever_the_size_of_its_data(monkeypatch):
    from torchbridge.autodiff import derivatives

    sizes = []
    real = derivatives._batch

    def noted(y, x, rows):
        sizes.append(len(rows))
        return real(y, x, rows)

    monkeypatch.setattr(derivatives, "_batch", noted)
    monkeypatch.setattr(derivatives, "_MOST_BYTES", 4 * 100 * 8)
    design = torch.linspace(-1, 1, 1000, dtype=torch.float64).reshape(100, 10)

    def f(b):
        return (b.reshape(1, -1) @ design.mT).exp().sum()

    _, _, found = derivatives.bare_hessian(f, torch.zeros(10, dtype=torch.float64).requires_grad_())
    assert sizes == [4, 4, 2]
    torch.testing.assert_close(found, design.mT @ design)
