"""Columns in, a fitted model out: the one call that R, the command line and tuning make."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from ..arguments import check_options, kind_of, lookup, options, whole_number, whole_numbers
from ..exact.terms import Terms
from ..sparse import is_sparse_matrix
from ..training.device import training_device
from ..training.fit import fit
from .columns import TableData, columns_of
from .exact import ExactData
from .model import TableModel
from .network import NetworkTask
from .registry import MODELS, check_model_options, find_model
from .result import TableFit


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
    strata: Any = None,
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
            "ordinal", "cox", "aft" and "quantile_regression", likewise (`fit_ordinal`, `fit_cox`,
            `fit_aft`, `fit_quantile`);
            "gaussian_mixture", "k_means" or "pca", likewise, without a response; "mlp",
            "tabular", "cnn", "rnn" or "autoencoder", which are trained by `fit`; or a
            module, which is trained too, in place.
        numeric: numeric columns, a tensor or NumPy array of shape (n, p), all finite; p may
            be 0 for "tabular". Or a sparse matrix of SciPy's or torch's, which never becomes
            dense: generalized linear models, "mlp" and modules whose first layer is linear
            multiply its entries. For "cnn" (n, channels, height, width), for "rnn"
            (n, time, features).
        response: shape (n,) or (n, outputs), or with `n_classes` integer class codes
            from 0. For "cox" and networks with loss "cox_loss" columns of time and event (1, or
            0 for censored), or for "cox" of start, time and event; for "aft" the columns
            between which each time lies. None for "autoencoder", whose response is its input,
            and for "gaussian_mixture", "k_means" and "pca".
        codes: for "tabular", codes from 0 of factors, shape (n, factors).
        n_levels: the number of levels of each factor.
        n_classes: the number of classes, at least 2, where the response is a class.
            ("logistic" takes None as well: shares of successes, with `weights` trials.)
        weights: what each row counts, shape (n,).
        offset: added to the linear predictor (or the output), shape (n,); with classes
            (n, classes).
        strata: codes from 0 of strata, for "cox" and loss "cox_loss" (each has a baseline of its
            own) and "aft" (a scale), shape (n,).
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
            for "mlp", "tabular" and "autoencoder"; but a loss that is a function gets the
            network's own output then (which may be a logit, or a log mean), and only True
            scales it.
        dtype: "float32" or "float64", what a network computes in; precision "64-true" means
            the latter. A module of your own keeps its dtype, and an exact fit is in float64.

    Raises:
        TypeError, ValueError, FloatingPointError: as of `fit`; the message names the
            argument.
    """
    given, train = options("model_options", model_options), options("fit_options", fit_options)
    n_classes = None if n_classes is None else whole_number("n_classes", n_classes, 2)
    row = find_model(model) if isinstance(model, str) else None
    data = TableData(numeric, response, codes, weights, offset, strata)
    if strata is not None and row is not None and row.exact and not row.takes_strata:
        takers = ", ".join(f'"{name}"' for name, each in MODELS.items() if each.takes_strata)
        raise ValueError(f"strata must be None but for {takers} and networks")
    if row is not None and not row.takes_sparse and is_sparse_matrix(numeric):
        takers = ", ".join(f'"{name}"' for name, each in MODELS.items() if each.takes_sparse)
        raise TypeError(f'numeric is sparse: model "{model}" takes dense columns; {takers} do not')
    if isinstance(model, str) and row is not None and row.exact:
        _check_plain(model, data, n_classes, validation, standardize)
        return _fit_exactly(model, data, n_classes, given, train)
    if not isinstance(model, (str, nn.Module)):
        raise TypeError(f"model must be a name or a torch nn.Module, not {kind_of(model)}")
    check_options("fit_options", "fit", fit, train)
    for name in ("module", "x", "y", "weights", "offset", "validation"):
        if name in train:
            raise ValueError(f'fit_options: give "{name}" as an argument of its own')
    levels = whole_numbers("n_levels", n_levels, 1)
    if codes is None and levels:
        raise ValueError("codes is None, and n_levels says there are factors")
    if codes is not None and row is not None and not row.takes_codes:
        takers = ", ".join(f'"{name}"' for name, each in MODELS.items() if each.takes_codes)
        raise ValueError(f'codes: model "{model}" takes numeric columns; {takers} takes codes')
    lookup("dtype", dtype, {"float32": None, "float64": None})
    if row is not None:
        train = {**row.training, **train}
    return NetworkTask(model, n_classes, levels, standardize, given, train, dtype).fit(
        data, validation
    )


def _check_plain(
    model: str, data: TableData, n_classes: int | None, validation: Any, standardize: Any
) -> None:
    """An error where a model that is fitted exactly is given what it does not take."""
    for name, value in (
        ("codes", data.codes),
        ("validation", validation),
        ("standardize", standardize),
    ):
        if value is not None:
            raise ValueError(f'{name} must be None for model "{model}", which is fitted exactly')
    if MODELS[model].takes_response:
        return
    for name, value in (
        ("response", data.response),
        ("n_classes", n_classes),
        ("weights", data.weights),
        ("offset", data.offset),
    ):
        if value is not None:
            raise ValueError(f'{name} must be None for model "{model}"')


def _fit_exactly(
    model: str,
    data: TableData,
    n_classes: int | None,
    given: dict[str, Any],
    train: dict[str, Any],
) -> TableFit:
    row = MODELS[model]
    assert row.fit is not None
    allowed = ["device"] if row.takes_response else ["device", "seed"]
    wrong = [name for name in train if name not in allowed]
    if wrong:
        only = " and ".join(f'"{name}"' for name in allowed)
        raise ValueError(
            f'fit_options: model "{model}" is fitted exactly and has no "{wrong[0]}"; only {only}'
        )
    device = training_device(train.get("device"))
    x: Any = data.numeric
    x = (x if isinstance(x, Terms) else columns_of("numeric", x, "float64")).to(device)
    check_model_options(model, given)
    found = row.fit(ExactData(model, row.family, x, data, n_classes, given, train.get("seed")))
    spec = {
        "model": model,
        "model_options": given,
        "inputs": [x.shape[1]],
        "n_levels": None,
        **found.spec,
    }
    table = TableModel(spec, found.module)
    fitted = table.predict(x.cpu()) if found.fitted is None else found.fitted
    return TableFit(table, {"epoch": []}, "completed", None, str(device), found.result, fitted)
