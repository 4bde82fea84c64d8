"""``torchbridge.autograd``: derivatives of R functions, and R functions in PyTorch's graphs.

Tests: tests/autodiff/test_verbs.py.
"""

from torchbridge.autodiff.verbs import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    r_function,
    value_and_grad,
    vjp,
)

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "r_function", "value_and_grad", "vjp"]
