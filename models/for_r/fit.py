"""What R's `torch_fit` calls: columns of R vectors in, plain values out, once a fit.

R's columns come as tensors over R's own memory, one a column (or one for a matrix); here they
become the matrix that the fit needs, in one pass.
"""

import copy
import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..arguments import whole_numbers
from ..callbacks import Callback, EpochEnd, LRFinder, as_callbacks
from ..exact.penalty_path import fit_path
from ..exact.profile import profile_limits
from ..randomness import seeded
from ..table.export import export_onnx, export_program
from ..table.fit import TableFit, fit_table
from ..table.model import TableModel, load_table
from ..table.registry import NETWORKS, is_exact
from ..training.data import dtype_of, mode
from ..training.device import training_device
from ..training.fit import Fit
from ..training.fit import fit as fit_module
from ..training.predict import predict
from ..training.weights import from_bytes

#: Rows that are brought from columns to rows at once: they stay in the cache on the way.
_BLOCK_ROWS = 2048


def fit(task: Mapping[str, Any]) -> dict[str, Any]:
    """Fit a model to columns.

    Args:
        task: `model` (a name or a module), `columns` and `levels` (see `Columns`), `response`,
            `n_classes`, `weights`, `offset`, `validation` (a share, or a dict with `columns`,
            `response`, `weights` and `offset`), `model_options`, `standardize`, `callbacks`
            (options by name), `functions` (called with each epoch's line), and `fit_options`:
            what `fit_table` takes.

    Returns:
        Plain values and NumPy arrays, with the model's `spec` as JSON and its `weights` as
        safetensors bytes; `handle` is the `TableModel` itself. `notes` is what R is to warn
        of: of an exact fit, its warnings.
    """
    data = arranged(task)
    model, options = data["model"], dict(data["fit_options"])
    if is_exact(model):
        return _with_notes(lambda: described(fit_table(**data)))
    options["callbacks"] = callbacks(task)
    before = None
    if isinstance(model, nn.Module):
        make_lazy_weights(model, data["numeric"], options.get("seed"))
        before = copy.deepcopy(model.state_dict())
    found = described(fit_table(**{**data, "fit_options": options}))
    if before is not None:
        # The fit is a value: the caller's module stays what it was.
        model.load_state_dict(before)
    return found


def make_lazy_weights(module: nn.Module, x: Tensor, seed: int | None) -> None:
    """Let the first row decide the shapes that lazy layers wait for; the seed draws the weights."""
    if any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers())):
        with seeded(seed), mode(module, training=False), torch.no_grad():
            module(x[:1])


def _with_notes(fit: Callable[[], dict[str, Any]]) -> dict[str, Any]:
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
    numeric, codes = columns.arrange(task["columns"])
    validation = task.get("validation")
    if isinstance(validation, Mapping):
        own = dict(validation)
        own["numeric"], own["codes"] = columns.arrange(own.pop("columns"))
        validation = {name: value for name, value in own.items() if value is not None}
    names = ("response", "n_classes", "weights", "offset", "model_options", "standardize")
    return {
        "model": model,
        "numeric": numeric,
        "codes": codes,
        "n_levels": () if codes is None else columns.factors,
        "validation": validation,
        "fit_options": task["fit_options"],
        **{name: task.get(name) for name in names},
    }


def fit_loader(
    module: nn.Module, batches: Callable[[], Any], validation: Any, task: Mapping[str, Any]
) -> dict[str, Any]:
    """Fit a module to the batches of an R dataloader.

    Args:
        module: the module.
        batches: an R function that gives an iterator of an epoch's batches.
        validation: another one, or None.
        task: `fit_options`, `callbacks` and `functions`, as of `fit`.
    """
    options = {**task["fit_options"], "callbacks": callbacks(task)}
    valid = None if validation is None else RLoader(validation)
    before = copy.deepcopy(module.state_dict())
    result = fit_module(module, RLoader(batches), validation=valid, **options)
    weights = result.weights
    module.load_state_dict(before)
    return {**_trained(result, result.module), "weights": weights, "id": _digest(weights)}


class RLoader:
    """An R dataloader as something to iterate over.

    Args:
        start: an R function; each call begins an epoch and gives a function that returns the
            next batch, or None after the last.
    """

    def __init__(self, start: Callable[[], Callable[[], Any]]) -> None:
        self.start = start

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        following = self.start()
        while (batch := following()) is not None:
            # A named list of R's comes as a dict, an unnamed one as a list.
            yield tuple(batch.values() if isinstance(batch, Mapping) else batch)


class Columns:
    """How a table's columns become what a model takes.

    Args:
        model: a name or a module.
        levels: for each column the number of levels of a factor, or 0 for numbers.
        dtype: what a network computes in; a module has its own.
    """

    def __init__(
        self, model: Any, levels: Sequence[int] | int, dtype: torch.dtype = torch.float32
    ) -> None:
        self.levels = whole_numbers("levels", levels, 0)
        self.factors = [n for n in self.levels if n]
        self.embeds = isinstance(model, str) and model in NETWORKS and NETWORKS[model].takes_codes
        self.dtype = dtype
        if is_exact(model):
            self.dtype = torch.float64
        elif isinstance(model, nn.Module):
            self.dtype = dtype_of(model, dtype)

    def arrange(self, columns: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Numbers (n, p), and codes from 0 (n, factors) where the model embeds factors.

        Args:
            columns: one tensor a column, of n numbers or of codes from 1; or an only tensor of
                the numbers as they are, (n, ...).
        """
        if len(columns) == 1 and columns[0].ndim > 1:
            return columns[0].to(self.dtype).contiguous(), None
        if self.embeds:
            numbers = [c for c, n in zip(columns, self.levels, strict=True) if not n]
            factors = [c.long() - 1 for c, n in zip(columns, self.levels, strict=True) if n]
            n_rows = len(columns[0])
            codes = torch.stack(factors, 1) if factors else torch.zeros(n_rows, 0).long()
            return as_rows(numbers, n_rows, self.dtype), codes
        spread: list[Tensor] = []
        for column, n in zip(columns, self.levels, strict=True):
            # One column a level but the first, as R's contr.treatment has it.
            spread += [column == level for level in range(2, n + 1)] if n else [column]
        return as_rows(spread, len(columns[0]), self.dtype), None


def as_rows(columns: Sequence[Tensor], n_rows: int, dtype: torch.dtype) -> Tensor:
    """Columns as the matrix (n, p) with rows in one piece."""
    rows = torch.empty(n_rows, len(columns), dtype=dtype)
    if not columns:
        return rows
    for start in range(0, n_rows, _BLOCK_ROWS):
        block = [column[start : start + _BLOCK_ROWS].to(dtype) for column in columns]
        rows[start : start + _BLOCK_ROWS] = torch.stack(block).T
    return rows


def load(spec: str, weights: bytes) -> TableModel:
    """The model of an earlier fit, where a fit would put it by default."""
    model = load_table(spec, weights)
    model.module.to(training_device(None))
    return model


def predict_columns(
    model: TableModel | nn.Module,
    columns: Sequence[Tensor],
    levels: Sequence[int] | int,
    offset: Any = None,
    type: str = "response",
    spec: str | None = None,
    weights: bytes | None = None,
) -> Any:
    """Predictions for columns like those of the fit, as a NumPy array.

    Args:
        model: of `load`, or a caller's module, with the `spec` and `weights` of its fit.
        columns, levels: as of `Columns`.
        offset, type: as of `TableModel.predict`.
    """
    if isinstance(model, TableModel):
        dtype = getattr(torch, model.spec["dtype"])
        numeric, codes = Columns(model.spec["model"], levels, dtype).arrange(columns)
        return model.predict(numeric, codes, offset=offset, type=type).numpy()
    if spec is None or weights is None:
        raise ValueError("spec and weights must be given with a module")
    with holding(model, weights):
        numeric, codes = Columns(model, levels).arrange(columns)
        table = TableModel(json.loads(spec), model)
        return table.predict(numeric, codes, offset=offset, type=type).numpy()


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


def predict_module(module: nn.Module, weights: bytes, x: Any) -> Any:
    """The output of a caller's module with these weights, as a NumPy array."""
    dtype = dtype_of(module, None)
    inputs = x if isinstance(x, list) else [x]
    if dtype is not None:
        inputs = [t.to(dtype) if t.is_floating_point() else t for t in inputs]
    with holding(module, weights):
        return predict(module, tuple(inputs)).numpy()


def fitted_module(model: TableModel | nn.Module, weights: bytes) -> nn.Module:
    """The module of a fit with its weights: one that is the caller's to change."""
    if isinstance(model, TableModel):
        return copy.deepcopy(model.module)
    module = copy.deepcopy(model)
    module.load_state_dict(from_bytes(weights))
    return module


def is_module(x: Any) -> bool:
    """Is it something that can be trained?"""
    return isinstance(x, nn.Module)


def callbacks(task: Mapping[str, Any]) -> list[Callback]:
    """The callbacks that an R call asks for."""
    functions: Iterable[Callable[..., Any]] = task.get("functions") or []
    return as_callbacks(named_callbacks(task)) + [EpochEnd(function) for function in functions]


def named_callbacks(task: Mapping[str, Any]) -> dict[str, Any]:
    """Those of them that have names, as options."""
    # An empty list of R's has no names, and so comes as a list.
    return {name: given or {} for name, given in (task.get("callbacks") or {}).items()}


def export(
    module: nn.Module,
    model: str,
    columns: Sequence[Tensor],
    levels: Sequence[int] | int,
    path: str,
    format: str,
) -> None:
    """Write a fit's module as "onnx" or "torch" has it; `columns` are rows to trace it with."""
    of = model if is_exact(model) or model in NETWORKS else module
    numeric, codes = Columns(of, levels, dtype_of(module, torch.float32)).arrange(columns)
    x = numeric if codes is None else (numeric, codes)
    (export_onnx if format == "onnx" else export_program)(module, x, path)


def parameters(weights: bytes) -> dict[str, Any]:
    """Parameters and buffers by name, of the bytes that keep them."""
    return {name: t.numpy() for name, t in from_bytes(weights).items()}


@contextmanager
def holding(module: nn.Module, weights: bytes) -> Iterator[None]:
    """A caller's module with these weights for a while, and then with its own again."""
    before = copy.deepcopy(module.state_dict())
    module.load_state_dict(from_bytes(weights))
    try:
        yield
    finally:
        module.load_state_dict(before)


def described(result: TableFit) -> dict[str, Any]:
    """A fit as plain values: what `fit` returns."""
    weights = result.weights
    found = {
        "spec": result.spec_json,
        "weights": weights,
        "handle": result.model,
        "fitted": result.fitted.numpy(),
        **_trained(result, result.model.module),
        "exact": None,
    }
    found["id"] = _digest(found["spec"].encode() + weights)
    if result.exact is not None:
        found["exact"] = {
            name: value.numpy() if isinstance(value, Tensor) else value
            for name, value in vars(result.exact).items()
            if name not in ("fitted", "clusters", "scores")  # given as `fitted`
        }
    return found


def _trained(result: Fit | TableFit, module: nn.Module) -> dict[str, Any]:
    return {
        "history": result.history,
        "status": result.status,
        "best_epoch": result.best_epoch,
        "device": str(result.device),
        "lr_finder": _tried_rates(result.callbacks),
        "n_parameters": sum(p.numel() for p in module.parameters()),
        "parameter_names": list(module.state_dict()),
    }


def _tried_rates(callbacks: Iterable[Any]) -> dict[str, list[float]] | None:
    """Rates that a learning-rate finder tried, and their losses."""
    finder = next((c for c in callbacks if isinstance(c, LRFinder) and c.lrs), None)
    return None if finder is None else {"lr": finder.lrs, "loss": finder.losses}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
