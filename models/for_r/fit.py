"""Fits to a table of R's: columns of R vectors in, plain values out, one call a fit.

Tests: test-fit-fit.R, test-fit-train.R.
"""

import copy
import hashlib
import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..callbacks import Callback, EpochEnd, LRFinder, ProgressLines, as_callbacks
from ..exact.glm import is_large
from ..exact.glm_fit import GLMFit
from ..exact.terms import Terms
from ..randomness import seeded
from ..sparse import is_sparse
from ..table.exact import generalized
from ..table.fit import fit_table
from ..table.registry import MODELS
from ..table.result import TableFit
from ..training.device import training_device
from ..training.fit import Fit
from ..training.parts import mode
from ..training.ranks import find_rank, join
from ..training.weights import to_bytes
from .columns import Columns
from .events import EventFunctions


def fit(task: Mapping[str, Any]) -> dict[str, Any]:
    """Fit a model to columns.

    Args:
        task: `model` (a name or a module), `columns` and `levels` (see `Columns`), or `terms` (the
            arguments of `Terms`), `response`, `n_classes`, `weights`, `offset`, `strata`,
            `validation` (a share, or a dict with `columns`, `response`, `weights` and `offset`),
            `model_options`, `standardize`, `callbacks` (options by name), `functions` (called
            with each epoch's line), `sources` (the text
            of each that is the user's; none of those that only show), `events` (dicts of
            `functions` and `sources` by event), `say` (a function that says how far a long fit
            is), `origin` (what more a
            checkpoint is to know the fit by), and `fit_options`: what `fit_table` takes.

    Returns:
        Plain values and NumPy arrays, with the model's `spec` as JSON and its `weights` as
        safetensors bytes; `handle` is the `TableModel` itself. `notes` is what R is to warn
        of: of an exact fit, its warnings.
    """
    data = arranged(task)
    model, options = data["model"], dict(data["fit_options"])
    if isinstance(model, str) and MODELS[model].exact:
        return with_notes(lambda: described(fit_table(**data)))
    options["callbacks"] = callbacks(task)
    options["origin"] = origin(task)
    before = None
    if isinstance(model, nn.Module):
        make_lazy_weights(model, data["numeric"], options.get("seed"))
        before = copy.deepcopy(model.state_dict())
    found = described(fit_table(**{**data, "fit_options": options}))
    if before is not None:
        # The fit is a value: the caller's module stays what it was.
        model.load_state_dict(before)
    return found


def of_the_first(value: Any) -> Any:
    """What the first process of the job gives here, where this is one of several."""
    place = find_rank()
    return value if place is None else join(place).from_first(value)


def make_lazy_weights(module: nn.Module, x: Tensor, seed: int | None) -> None:
    """Let the first row decide the shapes that lazy layers wait for; the seed draws the weights."""
    if any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers())):
        with seeded(seed), mode(module, training=False), torch.no_grad():
            module(x[:1])


def with_notes(fit: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A fit, described, and as `notes` what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        found = fit()
    found["notes"] = [str(w.message) for w in caught if w.category is UserWarning]
    for w in caught:
        if w.category is not UserWarning:
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    return found


def arranged(task: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `fit_table` that a task means."""
    model = task["model"]
    double = task["fit_options"].get("precision") == "64-true"
    columns = Columns(model, task["levels"], torch.float64 if double else torch.float32)
    codes: Tensor | None = None
    numeric: Tensor | Terms
    if "terms" in task:
        numeric = Terms(**task["terms"])
    elif _stay_columns(task):
        numeric = columns.as_terms(task["columns"])
    else:
        numeric, codes = columns.arrange(task["columns"])
    validation = task.get("validation")
    if isinstance(validation, Mapping):
        own = dict(validation)
        own["numeric"], own["codes"] = columns.arrange(own.pop("columns"))
        validation = {name: value for name, value in own.items() if value is not None}
    names = ("response", "n_classes", "weights", "offset", "strata", "standardize")
    return {
        "model": model,
        "numeric": numeric,
        "codes": codes,
        "n_levels": () if codes is None else columns.factors,
        "validation": validation,
        "model_options": model_options(model, task.get("model_options")),
        "fit_options": task["fit_options"],
        **{name: task.get(name) for name in names},
    }


def _stay_columns(task: Mapping[str, Any]) -> bool:
    """Is it so large a table for a generalized linear model that a matrix of it costs a part?"""
    model, columns, y = task["model"], task["columns"], task.get("response")
    if not isinstance(model, str) or MODELS[model].fit is not generalized or not columns:
        return False
    if y is None or y.ndim != 1 or any(is_sparse(x) or x.ndim > 2 for x in columns):
        return False
    width = columns[0].shape[1] if columns[0].ndim == 2 else len(columns)
    device = training_device(task["fit_options"].get("device"))
    return is_large((len(columns[0]), width), device)


def model_options(model: Any, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Under Python's names."""
    if given is None or not isinstance(model, str):
        return None
    return {MODELS[model].r_names.get(name, name): value for name, value in given.items()}


def callbacks(task: Mapping[str, Any]) -> list[Callback]:
    """The callbacks that an R call asks for."""
    functions: Iterable[Callable[..., Any]] = task.get("functions") or []
    sources = task.get("sources") or []
    found = [EpochEnd(function) for function in functions]
    for callback, source in zip_longest(found, sources):
        callback.source = source
    events = [EventFunctions.of(**each) for each in task.get("events") or []]
    say = task.get("say")
    lines = [] if say is None else [ProgressLines(say)]
    return [*as_callbacks(named_callbacks(task)), *events, *found, *lines]


def origin(task: Mapping[str, Any]) -> dict[str, Any]:
    """What more a checkpoint is to know the fit by."""
    return dict(task.get("origin") or {})


def named_callbacks(task: Mapping[str, Any]) -> dict[str, Any]:
    """Those of them that have names, as options."""
    # An empty list of R's has no names, and so comes as a list.
    return {name: given or {} for name, given in (task.get("callbacks") or {}).items()}


def described(result: TableFit) -> dict[str, Any]:
    """A fit as plain values: what `fit` returns."""
    module = result.model.module
    state = module.state_dict()
    weights = to_bytes(state)
    found = {
        "spec": result.spec_json,
        "weights": weights,
        "handle": result.model,
        "fitted": None if result.fitted is None else result.fitted.numpy(),
        **trained(result, module, state),
        "exact": None,
    }
    found["id"] = digest(found["spec"].encode() + weights)
    if result.exact is not None:
        known = {"fitted", "clusters", "scores", *_known(result.exact)}
        found["exact"] = {
            name: value.numpy() if isinstance(value, Tensor) else value
            for name, value in vars(result.exact).items()
            if name not in known
        }
        found["exact"] |= _distribution(result)
    return found


def _known(exact: Any) -> tuple[str, ...]:
    """What R knows, beside what is given as `fitted`: of so many rows each takes a pass."""
    if not isinstance(exact, GLMFit) or exact.linear_predictor is not exact.fitted:
        return ()
    least_squares = (exact.family, exact.link) == ("gaussian", "identity")
    return ("linear_predictor", "working_weights") if least_squares else ("linear_predictor",)


def _distribution(result: TableFit) -> dict[str, Any]:
    """The family of an exact fit with a response, its link, dispersion and intercept."""
    row = result.model.row
    if row is None or not row.takes_response:
        return {}
    names = {"family": row.family, "link": None, "dispersion": None, "intercept": False}
    found = {name: getattr(result.exact, name, value) for name, value in names.items()}
    return {name: x.numpy() if isinstance(x, Tensor) else x for name, x in found.items()}


def trained(
    result: Fit | TableFit, module: nn.Module, names: Iterable[str] | None = None
) -> dict[str, Any]:
    """How a fit went, as plain values; with the names in its module's state, if they are known."""
    return {
        "history": result.history,
        "status": result.status,
        "best_epoch": result.best_epoch,
        "device": str(result.device),
        "engine": result.engine,
        "lr_finder": _tried_rates(result.callbacks),
        "n_parameters": sum(p.numel() for p in module.parameters()),
        "parameter_names": list(module.state_dict() if names is None else names),
    }


def _tried_rates(callbacks: Iterable[Any]) -> dict[str, list[float]] | None:
    """Rates that a learning-rate finder tried, and their losses."""
    finder = next((c for c in callbacks if isinstance(c, LRFinder) and c.lrs), None)
    return None if finder is None else {"lr": finder.lrs, "loss": finder.losses}


def digest(content: bytes) -> str:
    """By which R knows a model again."""
    return hashlib.sha256(content).hexdigest()
