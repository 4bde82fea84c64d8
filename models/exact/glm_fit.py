"""A generalized linear model and its estimates.

Tests: tests/models/exact/test_glm.py.
"""

from dataclasses import dataclass

from torch import Tensor

from .design import predictors_of
from .families import find_family


@dataclass(frozen=True, eq=False, repr=False)
class GLMFit:
    """A generalized linear model and its estimates, all in float64 on the CPU.

    Attributes:
        family, link: R's names of them ("inverse_gaussian" with an underscore).
        intercept: whether the first coefficient is the intercept.
        coefficients: shape (p,), NaN for a column that depends on earlier ones.
        covariance: of the coefficients, shape (p, p), NaN likewise.
        standard_errors: of the coefficients, also where their squares leave the range of float64.
        dispersion: 1 for binomial and poisson, else Pearson's estimate; NaN without
            residual degrees of freedom.
        deviance, null_deviance: the latter of the intercept (and offset) alone.
        log_likelihood: as R's logLik; NaN for the quasi families.
        df: parameters that logLik counts (the rank, and the dispersion where estimated).
        rank: columns that count.
        df_residual, df_null: residual degrees of freedom.
        n_obs: rows with a weight above 0.
        iterations, converged: how the fit went; 1 iteration for least squares.
        linear_predictor, fitted: one a row, offset included; on the link's scale and the
            response's. Of rows that were streamed, none: shape (0,).
        working_weights: those of the last iteration, likewise.
    """

    family: str
    link: str
    intercept: bool
    coefficients: Tensor
    covariance: Tensor
    standard_errors: Tensor
    dispersion: float
    deviance: float
    null_deviance: float
    log_likelihood: float
    df: int
    rank: int
    df_residual: int
    df_null: int
    n_obs: int
    iterations: int
    converged: bool
    linear_predictor: Tensor
    fitted: Tensor
    working_weights: Tensor

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return 2 * self.df - 2 * self.log_likelihood

    def predict(self, x: Tensor, offset: Tensor | None = None, type: str = "response") -> Tensor:
        """Means ("response") or linear predictors ("link") for rows of x, shape (n,)."""
        eta = predictors_of(x, self.coefficients, self.intercept, offset, type)
        return (
            eta if type == "link" else find_family(self.family, self.link)[1].inverse(eta)
        ).cpu()

    def __repr__(self) -> str:
        return (
            f"<GLMFit: {self.family}({self.link}), {self.n_obs} rows, rank {self.rank}, "
            f"deviance {self.deviance:.6g} on {self.df_residual} degrees of freedom>"
        )
