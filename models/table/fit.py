"""Columns in, a fitted model out: the one call that R, the command line and tuning make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import (
    check_options,
    dtype_name,
    flag,
    kind_of,
    lookup,
    options,
    whole_number,
    whole_numbers,
)
from ..exact.families import find_family
from ..exact.glm import GLMFit, check_values, fit_glm
from ..exact.kmeans import KMeans
from ..exact.linear_predictor import LinearPredictor
from ..exact.mixture import GaussianMixture
from ..exact.multinomial import MultinomialFit, fit_multinomial
from ..exact.pca import PCA
from ..exact.unsupervised import UNSUPERVISED, fit_unsupervised
from ..randomness import seeded
from ..training.data import dtype_of
from ..training.device import training_device
from ..training.fit import fit
from .columns import as_inputs_of, as_values, codes_within, numbers, optional_numbers
from .model import TableModel, assemble
from .registry import EXACT, NETWORKS, find_model

#: How the output of a network becomes the mean of the response, by its loss.
_LOSS_LINKS = {
    "poisson_nll_loss": "log",
    "gamma_nll_loss": "log",
    "binary_cross_entropy_with_logits": "logit",
}
#: Losses whose responses have no scale of their own.
_SCALED_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


@dataclass(frozen=True, eq=False, repr=False)
class TableFit:
    """What `fit_table` gives.

    Attributes:
        model: the `TableModel`: `fit.model.spec` and `fit.model.weights` are all that
            `load_table` needs.
        history, status, best_epoch: as of `Fit`; empty, "completed" and None for an
            exact fit.
        device: "cpu", "cuda:0", ...
        exact: the `GLMFit` or `MultinomialFit` of an exact fit (coefficients, covariance,
            log-likelihood, ...), or its `GaussianMixture`, `KMeans` or `PCA`, else None.
        fitted: predictions of type "response" for the rows of the fit, offset included.
        callbacks: as of `Fit`.
    """

    model: TableModel
    history: dict[str, list]
    status: str
    best_epoch: int | None
    device: str
    exact: GLMFit | MultinomialFit | GaussianMixture | KMeans | PCA | None
    fitted: Tensor
    callbacks: Sequence[Any] = ()

    @property
    def spec(self) -> dict[str, Any]:
        """That of the model."""
        return self.model.spec

    @property
    def spec_json(self) -> str:
        """That of the model, as text."""
        return self.model.spec_json

    @property
    def weights(self) -> bytes:
        """Those of the model."""
        return self.model.weights

    def predict(
        self, numeric: Any, codes: Any = None, *, offset: Any = None, type: str = "response"
    ) -> Tensor:
        """See `TableModel.predict`."""
        return self.model.predict(numeric, codes, offset=offset, type=type)

    def __repr__(self) -> str:
        detail = repr(self.exact) if self.exact else f"{len(self.history['epoch'])} epochs"
        return f"<TableFit of {self.spec['model']}: {detail}, {self.status}, on {self.device}>"


def fit_table(
    model: str | nn.Module,
    numeric: Any,
    response: Any = None,
    *,
    codes: Any = None,
    n_levels: Sequence[int] = (),
    n_classes: int | None = None,
    weights: Any = None,
    offset: Any = None,
    validation: float | Mapping[str, Any] | None = None,
    model_options: Mapping[str, Any] | None = None,
    fit_options: Mapping[str, Any] | None = None,
    standardize: bool | None = None,
    dtype: str = "float32",
) -> TableFit:
    """Fit a model to the columns of a table.

    Args:
        model: "linear", "logistic", "poisson", "gamma", "glm" or "multinomial", which are
            fitted exactly, as `fit_glm` and `fit_multinomial` do, in float64;
            "gaussian_mixture", "k_means" or "pca", likewise, without a response; "mlp",
            "tabular", "cnn", "rnn" or "autoencoder", which are trained by `fit`; or a
            module, which is trained too, in place.
        numeric: numeric columns, a tensor or NumPy array of shape (n, p), all finite; p may
            be 0 for "tabular". For "cnn" (n, channels, height, width), for "rnn"
            (n, time, features).
        response: shape (n,) or (n, outputs), or with `n_classes` integer class codes
            from 0. None for "autoencoder", whose response is its input, and for
            "gaussian_mixture", "k_means" and "pca".
        codes: for "tabular", codes from 0 of factors, shape (n, factors).
        n_levels: the number of levels of each factor.
        n_classes: the number of classes, at least 2, where the response is a class.
            ("logistic" takes None as well: shares of successes, with `weights` trials.)
        weights: what each row counts, shape (n,).
        offset: added to the linear predictor (or the output), shape (n,); with classes
            (n, classes).
        validation: data in a dict with the names of these arguments (`numeric`,
            `response`, `codes`, `weights`, `offset`); or the share of the rows, between 0
            and 1, to draw for it by the seed. For trained models.
        model_options: for an exact model `link`, `intercept`, `tol`, `max_iter` (and for
            "glm" `family`), or the arguments of `fit_mixture` (`k`, ...), `fit_kmeans` (`k`,
            ...) and `fit_pca`; for a network the arguments of `mlp`, `Tabular`, `cnn`, `RNN`
            or `Autoencoder`, such as {"hidden": [64, 32], "dropout": 0.1}.
        fit_options: for a trained model the arguments of `fit`, such as {"epochs": 50,
            "seed": 1, "callbacks": {"early_stopping": {"patience": 5}}}; `loss` is
            "cross_entropy" for classes and else "mse_loss" unless given; `seed` decides
            the initial weights too. For an exact model only `device` (and `seed`, for
            "gaussian_mixture" and "k_means").
        standardize: let a network see numeric columns (and, with the losses of plain
            values, give the response) on the scale of mean 0 and standard deviation 1. The
            scaling is part of the module; losses stay in units of the response. None does
            for "mlp", "tabular" and "autoencoder".
        dtype: "float32" or "float64", what a network computes in; precision "64-true" means
            the latter. A module of your own keeps its dtype, and an exact fit is in float64.

    Raises:
        TypeError, ValueError, FloatingPointError: as of `fit`; the message names the
            argument.
    """
    given, train = options("model_options", model_options), options("fit_options", fit_options)
    n_classes = None if n_classes is None else whole_number("n_classes", n_classes, 2)
    network = find_model(model) if isinstance(model, str) else None
    if isinstance(model, str) and network is None:
        for name, value in (
            ("codes", codes),
            ("validation", validation),
            ("standardize", standardize),
        ):
            if value is not None:
                raise ValueError(
                    f'{name} must be None for model "{model}", which is fitted exactly'
                )
        if model in UNSUPERVISED:
            beside = {"response": response, "n_classes": n_classes, "weights": weights}
            for name, value in {**beside, "offset": offset}.items():
                if value is not None:
                    raise ValueError(f'{name} must be None for model "{model}"')
            return _fit_without_response(model, numeric, given, train)
        columns = _Columns(numeric, response, None, weights, offset)
        return _fit_exactly(model, columns, n_classes, given, train)
    if not isinstance(model, (str, nn.Module)):
        raise TypeError(f"model must be a name or a torch nn.Module, not {kind_of(model)}")
    check_options("fit_options", "fit", fit, train)
    for name in ("module", "x", "y", "weights", "offset", "validation"):
        if name in train:
            raise ValueError(f'fit_options: give "{name}" as an argument of its own')
    levels = whole_numbers("n_levels", n_levels, 1)
    if codes is None and levels:
        raise ValueError("codes is None, and n_levels says there are factors")
    if codes is not None and network is not None and not network.takes_codes:
        raise ValueError(f'codes: model "{model}" takes numeric columns; "tabular" takes codes')
    lookup("dtype", dtype, {"float32": None, "float64": None})
    task = _Task(model, n_classes, levels, standardize, given, train, dtype)
    return task.fit(_Columns(numeric, response, codes, weights, offset), validation)


@dataclass
class _Columns:
    numeric: Any
    response: Any
    codes: Any = None
    weights: Any = None
    offset: Any = None


@dataclass
class _Task:
    """The fit of a network: from columns to tensors, the module, and `fit`."""

    model: str | nn.Module
    n_classes: int | None
    levels: list[int]
    standardize: bool | None
    model_options: dict[str, Any]
    fit_options: dict[str, Any]
    dtype: str

    def fit(self, columns: _Columns, validation: Any) -> TableFit:
        loss = self.fit_options.setdefault(
            "loss", "cross_entropy" if self.n_classes else "mse_loss"
        )
        dtype = self.dtype
        if isinstance(self.model, str) and self.fit_options.get("precision") == "64-true":
            # The network is made so; Fabric would give the loss float32 outputs.
            dtype, self.fit_options["precision"] = "float64", "32-true"
        if isinstance(self.model, nn.Module):
            own = dtype_of(self.model, None)
            dtype = dtype if own is None else dtype_name(own)
        rebuilds = isinstance(columns.response, type(None))
        if rebuilds != (self.model == "autoencoder"):
            raise ValueError(
                'response must be None for "autoencoder"' if not rebuilds else "response is missing"
            )
        inputs = as_inputs_of(columns.numeric, columns.codes, dtype, None, self.levels)
        n_dims = NETWORKS[self.model].n_dims if isinstance(self.model, str) else 0
        if n_dims and inputs[0].ndim != n_dims + 1:
            raise ValueError(
                f'numeric must have {n_dims + 1} dims for model "{self.model}", '
                f"not {inputs[0].ndim}"
            )
        scales = self.standardize
        if scales is None:
            scales = self.model in ("mlp", "tabular", "autoencoder")
        flag("standardize", scales)
        if scales and inputs[0].ndim != 2:
            raise ValueError("standardize is for numeric of shape (n, p)")
        response = inputs[0] if rebuilds else self._response("response", columns.response, dtype)
        weights = optional_numbers("weights", columns.weights, dtype)
        offset = optional_numbers("offset", columns.offset, dtype)
        everything = inputs
        valid: tuple | None = None
        part = (inputs, response, weights, offset)
        if isinstance(validation, (int, float)) and not isinstance(validation, bool):
            part, valid = self._drawn(part, float(validation))
        elif isinstance(validation, Mapping):
            valid = self._given(validation, dtype, rebuilds)
        elif validation is not None:
            raise TypeError(f"validation must be a share or a dict, not {kind_of(validation)}")

        n_outputs = self.n_classes or (1 if response.ndim == 1 else response.shape[1])
        if self.n_classes == 2 and loss == "binary_cross_entropy_with_logits":
            n_outputs = 1
        named = isinstance(loss, str)
        spec: dict[str, Any] = {
            "model": self.model if isinstance(self.model, str) else None,
            "model_options": self.model_options,
            "inputs": list(inputs[0].shape[1:]),
            "n_levels": self.levels if columns.codes is not None else None,
            "n_outputs": n_outputs,
            "n_classes": self.n_classes,
            "dtype": dtype,
            "squeeze": not rebuilds and response.ndim == 1,
            "link": _LOSS_LINKS.get(loss) if named else None,
            "scale_input": scales,
            "scale_output": scales and (rebuilds or (named and loss in _SCALED_LOSSES)),
        }
        if self.n_classes == 2 and n_outputs == 1:
            part, valid = as_values(part, dtype), as_values(valid, dtype)
        module: Any
        if isinstance(self.model, nn.Module):
            if self.model_options:
                raise ValueError("model_options must be empty where model is a module")
            module = self.model
            if scales:
                raise ValueError("standardize must be None or False where model is a module")
        else:
            module = assemble(spec, self.fit_options.get("seed"))
        x, y, w, o = part
        output: nn.Module | None = None
        if scales:
            module.input.learn(x[0])
        if spec["scale_output"]:
            module.output.learn(y.reshape(len(y), -1))
        if rebuilds and scales:
            # Every column counts alike: the loss is that of the scaled ones.
            output, module.output = module.output, nn.Identity()
            y = module.input(y)
            valid = None if valid is None else (valid[0], module.input(valid[1]), *valid[2:])
        result = fit(module, x, y, weights=w, offset=o, validation=valid, **self.fit_options)
        # Precisions such as "bf16-true" have converted it.
        module.to(getattr(torch, dtype))
        if output is not None:
            module.output = output.to(result.device)
        model = TableModel(spec, module)
        numeric, codes = everything[0], everything[1] if len(everything) > 1 else None
        fitted = model.predict(numeric, codes, offset=offset)
        return TableFit(
            model,
            result.history,
            result.status,
            result.best_epoch,
            str(result.device),
            None,
            fitted,
            result.callbacks,
        )

    def _response(self, name: str, response: Any, dtype: str) -> Tensor:
        if self.n_classes is None:
            return numbers(name, response, dtype)
        return codes_within(name, response, [self.n_classes], 1)

    def _given(self, validation: Mapping[str, Any], dtype: str, rebuilds: bool) -> tuple:
        check_options("validation", "validation", _Columns, validation)
        found = _Columns(**{"numeric": None, "response": None, **validation})
        inputs = as_inputs_of(found.numeric, found.codes, dtype, None, self.levels, "validation ")
        y = inputs[0] if rebuilds else self._response("validation response", found.response, dtype)
        return (
            inputs,
            y,
            optional_numbers("validation weights", found.weights, dtype),
            optional_numbers("validation offset", found.offset, dtype),
        )

    def _drawn(self, part: tuple, share: float) -> tuple[tuple, tuple]:
        n = len(part[1])
        n_valid = round(share * n)
        if not 0 < share < 1 or not 0 < n_valid < n:
            raise ValueError(
                "validation must be a share between 0 and 1 that leaves rows on both sides, "
                f"not {share}"
            )
        with seeded(self.fit_options.get("seed")):
            order = torch.randperm(n)

        def taken(rows: Tensor) -> tuple:
            inputs, *others = part
            rows = rows.sort().values
            return (
                tuple(t.index_select(0, rows) for t in inputs),
                *(None if t is None else t.index_select(0, rows) for t in others),
            )

        return taken(order[n_valid:]), taken(order[:n_valid])


def _fit_without_response(
    model: str, numeric: Any, given: dict[str, Any], train: dict[str, Any]
) -> TableFit:
    wrong = [name for name in train if name not in ("device", "seed")]
    if wrong:
        raise ValueError(
            f'fit_options: model "{model}" is fitted exactly and has no "{wrong[0]}"; only '
            '"device" and "seed"'
        )
    device = training_device(train.get("device"))
    x = numbers("numeric", numeric, "float64").to(device)
    exact, module, about = fit_unsupervised(model, x, given, train.get("seed"))
    spec = {
        "model": model,
        "model_options": given,
        "inputs": [x.shape[1]],
        "n_levels": None,
        "n_classes": None,
        "dtype": "float64",
        **about,
    }
    table = TableModel(spec, module)
    return TableFit(
        table, {"epoch": []}, "completed", None, str(device), exact, table.predict(x.cpu())
    )


def _fit_exactly(
    model: str,
    columns: _Columns,
    n_classes: int | None,
    given: dict[str, Any],
    train: dict[str, Any],
) -> TableFit:
    wrong = [name for name in train if name != "device"]
    if wrong:
        raise ValueError(
            f'fit_options: model "{model}" is fitted exactly and has no "{wrong[0]}"; only "device"'
        )
    device = training_device(train.get("device"))
    x = numbers("numeric", columns.numeric, "float64").to(device)
    if columns.response is None:
        raise ValueError("response is missing")
    extra: dict[str, Any] = {
        "weights": optional_numbers("weights", columns.weights, "float64"),
        "offset": optional_numbers("offset", columns.offset, "float64"),
    }
    exact: GLMFit | MultinomialFit
    if model == "multinomial":
        check_options("model_options", model, fit_multinomial, given)
        if n_classes is None:
            raise ValueError('n_classes is missing: model "multinomial" takes class codes')
        y = codes_within("response", columns.response, [n_classes], 1)
        exact = fit_multinomial(x, y, n_classes, **extra, **given)
        coefficients, link = exact.coefficients, None
    else:
        family = EXACT[model]
        allowed = fit_glm if family is None else lambda link, intercept, tol, max_iter: None
        check_options("model_options", model, allowed, given)
        name = given.get("family", family)
        if name is None:
            raise ValueError('model_options: "family" is missing for model "glm"')
        if n_classes is not None and (n_classes != 2 or name not in ("binomial", "quasibinomial")):
            raise ValueError(
                f'n_classes is {n_classes}: model "{model}" takes '
                + ("two classes" if "binomial" in name else "numbers, n_classes must be None")
            )
        y = numbers("response", columns.response, "float64")
        check_values("response", y, find_family(name, given.get("link"))[0], name)
        exact = fit_glm(x, y, **{**given, "family": name}, **extra)
        coefficients, link = exact.coefficients[None], exact.link
        if "binomial" in name:
            n_classes = 2
    spec = {
        "model": model,
        "model_options": given,
        "inputs": [x.shape[1]],
        "n_levels": None,
        "n_outputs": len(coefficients),
        "n_classes": n_classes,
        "dtype": "float64",
        "squeeze": model != "multinomial",
        "link": link,
        "intercept": exact.intercept,
        "coefficients": list(coefficients.shape),
        "baseline": model == "multinomial",
    }
    module = LinearPredictor(len(coefficients), coefficients.shape[1], exact.intercept)
    module.coefficients.copy_(coefficients.nan_to_num(0.0))
    return TableFit(
        TableModel(spec, module), {"epoch": []}, "completed", None, str(device), exact, exact.fitted
    )
