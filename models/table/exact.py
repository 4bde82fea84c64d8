"""Models of a table's columns that are fitted exactly: what the registry's rows call.

Tests: tests/models/table/test_fit.py.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..arguments import parameters_of
from ..exact.aft import AFTFit, fit_aft
from ..exact.cox import CoxFit, fit_cox
from ..exact.families import Family, check_values, find_family
from ..exact.glm import fit_glm
from ..exact.glm_fit import GLMFit
from ..exact.kmeans import KMeans
from ..exact.linear_predictor import LinearPredictor
from ..exact.links import Link
from ..exact.mixture import GaussianMixture
from ..exact.multinomial import MultinomialFit, fit_multinomial
from ..exact.ordinal import OrdinalFit, OrdinalPredictor, fit_ordinal
from ..exact.pca import PCA
from ..exact.quantile import QuantileFit, fit_quantile
from ..exact.responses import ResponsesFit, fit_responses
from ..exact.unsupervised import ResultModule
from ..sparse import is_sparse
from .columns import TableData, as_tensor, codes_within, numbers, optional_numbers

#: Fits of coefficients.
WithCoefficients = (
    GLMFit | ResponsesFit | MultinomialFit | OrdinalFit | CoxFit | AFTFit | QuantileFit
)
Exact = WithCoefficients | GaussianMixture | KMeans | PCA


class ExactData(NamedTuple):
    """What a model is fitted to.

    Attributes:
        model: its name.
        family: its family, where the name says it.
        x: the numeric columns, on the device, in float64; `Terms` of a generalized linear model.
        data: what stands beside them, as given.
        n_classes: as of `fit_table`.
        options: the model's own, checked by name.
        seed: what decides starts.
    """

    model: str
    family: str | None
    x: Any
    data: TableData
    n_classes: int | None
    options: dict[str, Any]
    seed: int | None


class ExactResult(NamedTuple):
    """What comes of it.

    Attributes:
        result: the fit.
        module: what predicts.
        spec: what the model's spec says beside its name, options and input.
        fitted: the means of the rows, or None for what `predict` gives.
    """

    result: Exact
    module: nn.Module
    spec: dict[str, Any]
    fitted: Tensor | None


def generalized(task: ExactData) -> ExactResult:
    """A generalized linear model."""
    beside, n_classes = _beside(task), task.n_classes
    name, family, _ = family_of(task.model, task.options, n_classes, task.family)
    y = numbers("response", task.data.response, "float64")
    if y.ndim == 2 and y.shape[1] > 1:
        return _several_responses(task, y, beside)
    check_values("response", y, family, name)
    found = fit_glm(task.x, y, **{**task.options, "family": name}, **beside)
    return coefficients_of(
        found,
        found.coefficients[None],
        n_classes=2 if family.takes_shares else n_classes,
        link=found.link,
        baseline=False,
    )


def family_of(
    model: str, options: Mapping[str, Any], n_classes: int | None, family: str | None
) -> tuple[str, Family, Link]:
    """What a model's family is called, the family and its link, checked beside the classes."""
    name = options.get("family", family)
    if name is None:
        raise ValueError(f'model_options: "family" is missing for model "{model}"')
    found, link = find_family(name, options.get("link"))
    if n_classes is not None and (n_classes != 2 or not found.takes_shares):
        raise ValueError(
            f'n_classes is {n_classes}: model "{model}" takes '
            + ("two classes" if found.takes_shares else "numbers, n_classes must be None")
        )
    return name, found, link


def _several_responses(task: ExactData, y: Tensor, beside: dict[str, Any]) -> ExactResult:
    """A linear model of each column of the response."""
    if task.model != "linear":
        raise ValueError(
            f'response has {y.shape[1]} columns: model "{task.model}" takes one, "linear" several'
        )
    if is_sparse(task.x):
        raise ValueError(
            f"response has {y.shape[1]} columns: beside a sparse matrix it must be one"
        )
    intercept = task.options.get("intercept", True)
    found = fit_responses(task.x, y, intercept=intercept, **beside)
    return coefficients_of(
        found, found.coefficients.T, n_classes=None, link="identity", baseline=False, squeeze=False
    )


def multinomial(task: ExactData) -> ExactResult:
    """A multinomial logistic regression."""
    beside = _beside(task)
    n_classes = task.n_classes
    if n_classes is None:
        raise ValueError(f'n_classes is missing: model "{task.model}" takes class codes')
    y = codes_within("response", task.data.response, [n_classes], 1)
    found = fit_multinomial(task.x, y, n_classes, **beside, **task.options)
    return coefficients_of(found, found.coefficients, n_classes=n_classes, link=None, baseline=True)


def quantile(task: ExactData) -> ExactResult:
    """A linear model of a quantile."""
    y = numbers("response", task.data.response, "float64")
    found = fit_quantile(task.x, y, **task.options, **_beside(task))
    return coefficients_of(
        found, found.coefficients[None], n_classes=None, link=found.link, baseline=False
    )


def cox(task: ExactData) -> ExactResult:
    """A proportional hazards model: its module gives log hazards relative to the mean row's."""
    times = _times(task, (2, 3), "time and event, or start, time and event")
    start = times[:, 0] if times.shape[1] == 3 else None
    found = fit_cox(
        task.x,
        times[:, -2],
        times[:, -1],
        start=start,
        **_strata(task),
        **task.options,
        **_beside(task),
    )
    b = found.coefficients.nan_to_num(0.0)
    coefficients = torch.cat([-(found.center @ b)[None], b])[None]
    return coefficients_of(
        found, coefficients, n_classes=None, link=found.link, baseline=False, intercept=True
    )


def aft(task: ExactData) -> ExactResult:
    """An accelerated failure time model."""
    times = _times(task, (2,), "the times between which each time lies")
    beside = {**_strata(task), **_beside(task)}
    found = fit_aft(task.x, times[:, 0], times[:, 1], **task.options, **beside)
    return coefficients_of(
        found, found.coefficients[None], n_classes=None, link=found.link, baseline=False
    )


def _times(task: ExactData, widths: tuple[int, ...], what: str) -> Tensor:
    found = numbers("response", task.data.response, "float64")
    if found.ndim != 2 or found.shape[1] not in widths:
        raise ValueError(
            f'response must have columns of {what} for model "{task.model}", not shape '
            f"{tuple(found.shape)}"
        )
    return found


def _strata(task: ExactData) -> dict[str, Any]:
    if task.data.strata is None:
        return {}
    return {"strata": as_tensor("strata", task.data.strata).long()}


def ordinal(task: ExactData) -> ExactResult:
    """A cumulative link model of ordered classes."""
    n_classes = task.n_classes
    if n_classes is None:
        raise ValueError(f'n_classes is missing: model "{task.model}" takes class codes')
    y = codes_within("response", task.data.response, [n_classes], 1)
    found = fit_ordinal(task.x, y, n_classes, **task.options, **_beside(task))
    spec = {
        "n_outputs": n_classes,
        "n_classes": n_classes,
        "dtype": "float64",
        "squeeze": False,
        "link": None,
        "intercept": False,
        "coefficients": [n_classes - 1, len(found.coefficients)],
        "baseline": False,
    }
    module = ordinal_predictor({**spec, "model_options": task.options})
    module.coefficients.copy_(found.coefficients.nan_to_num(0.0))
    module.thresholds.copy_(found.extra)
    return ExactResult(found, module, spec, found.fitted)


def ordinal_predictor(spec: Mapping[str, Any]) -> OrdinalPredictor:
    """The module of such a model's spec, without its numbers."""
    n_thresholds, n_coefficients = spec["coefficients"]
    return OrdinalPredictor(
        n_coefficients, n_thresholds, spec["model_options"].get("link", "logit")
    )


def _beside(task: ExactData) -> dict[str, Any]:
    """Weights and offset, of a task with a response."""
    if task.data.response is None:
        raise ValueError("response is missing")
    return {
        "weights": optional_numbers("weights", task.data.weights, "float64"),
        "offset": optional_numbers("offset", task.data.offset, "float64"),
    }


def coefficients_of(
    found: WithCoefficients,
    coefficients: Tensor,
    *,
    n_classes: int | None,
    link: str | None,
    baseline: bool,
    squeeze: bool = True,
    intercept: bool | None = None,
) -> ExactResult:
    """The module of a fit's coefficients, a row an output, and its spec.

    `intercept` says whether the first is one, where the fit does not.
    """
    spec = {
        "n_outputs": len(coefficients),
        "n_classes": n_classes,
        "dtype": "float64",
        "squeeze": squeeze and not baseline,
        "link": link,
        "intercept": found.intercept if intercept is None else intercept,
        "coefficients": list(coefficients.shape),
        "baseline": baseline,
    }
    module = linear_predictor(spec)
    module.coefficients.copy_(coefficients.nan_to_num(0.0))
    return ExactResult(found, module, spec, found.fitted)


def linear_predictor(spec: Mapping[str, Any]) -> LinearPredictor:
    """The module of a spec with coefficients, without its numbers."""
    n_outputs, n_coefficients = spec["coefficients"]
    return LinearPredictor(n_outputs, n_coefficients, spec["intercept"])


def without_response(
    fit: Callable[..., Any], module: type[ResultModule]
) -> Callable[[ExactData], ExactResult]:
    """A fit of the columns alone, whose result a module keeps."""

    def fitted(task: ExactData) -> ExactResult:
        seed = {"seed": task.seed} if "seed" in parameters_of(fit) else {}
        found = fit(task.x, **task.options, **seed)
        tensors = {name: getattr(found, name).cpu() for name in module.names}
        spec = {
            "n_classes": None,
            "dtype": "float64",
            "shapes": {name: list(t.shape) for name, t in tensors.items()},
        }
        return ExactResult(found, module(**tensors), spec, None)

    return fitted


def buffers_of(module: type[ResultModule]) -> Callable[[Mapping[str, Any]], nn.Module]:
    """Makes such a module of a spec, without its numbers."""

    def empty(spec: Mapping[str, Any]) -> nn.Module:
        shapes = spec["shapes"].items()
        return module(**{name: torch.zeros(shape, dtype=torch.float64) for name, shape in shapes})

    return empty
