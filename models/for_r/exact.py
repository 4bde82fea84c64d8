"""What R asks of models fitted exactly, beside the fit: submodels, profiles and paths.

Tests: test-fit-classical.R, test-fit-intervals.R, test-fit-path.R.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ..arguments import whole_numbers
from ..exact.glm import fit_glm
from ..exact.penalty_path import fit_path
from ..exact.profile import profile_limits


def profile(
    design: Tensor,
    response: Tensor,
    family: str,
    link: str,
    weights: Tensor | None,
    offset: Tensor | None,
    level: float,
    which: Sequence[int] | int,
) -> Any:
    """`profile_limits` for a design with its intercept, as a NumPy array."""
    return profile_limits(
        design,
        response,
        family,
        link,
        weights=weights,
        offset=offset,
        intercept=False,
        level=level,
        which=whole_numbers("which", which, 0),
    ).numpy()


def submodels(
    design: Tensor,
    response: Tensor,
    family: str,
    link: str,
    weights: Tensor | None,
    offset: Tensor | None,
    subsets: Sequence[Sequence[int] | int],
) -> dict[str, Any]:
    """Deviances and residual degrees of freedom of models of some columns of a design.

    Args:
        design, response, family, link, weights, offset: as of `fit_glm`, without an intercept of
            its own.
        subsets: for each model the numbers of its columns, from 0; none for the offset alone.
    """
    found = [
        fit_glm(
            design[:, whole_numbers("subsets", subset, 0)],
            response,
            family,
            link,
            weights=weights,
            offset=offset,
            intercept=False,
        )
        for subset in subsets
    ]
    return {
        "deviance": [fit.deviance for fit in found],
        "df_residual": [fit.df_residual for fit in found],
    }


def path(
    columns: Tensor,
    response: Tensor,
    family: str,
    link: str,
    options: Mapping[str, Any],
    weights: Tensor | None,
    offset: Tensor | None,
) -> dict[str, Any]:
    """`fit_path`, its result as NumPy arrays by name."""
    given = {name: value for name, value in options.items() if value is not None}
    found = fit_path(columns, response, family, link, weights=weights, offset=offset, **given)
    return {
        name: value.numpy() if isinstance(value, Tensor) else value
        for name, value in vars(found).items()
    }
