"""The models that have names: one row each, which `fit_table`, tuning, the shell and R read.

A new model is a new row of `MODELS`. What anybody asks about a model is asked of its row.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import nn

from ..arguments import check_options, defaults_of, lookup, parameters_of
from ..exact.aft import fit_aft
from ..exact.cox import fit_cox
from ..exact.glm import fit_glm
from ..exact.kmeans import fit_kmeans
from ..exact.mixture import fit_mixture
from ..exact.multinomial import fit_multinomial
from ..exact.ordinal import fit_ordinal
from ..exact.pca import fit_pca
from ..exact.quantile import fit_quantile
from ..exact.unsupervised import KMeansModule, MixtureModule, PCAModule
from ..networks.autoencoder import Autoencoder
from ..networks.cnn import cnn
from ..networks.mlp import mlp
from ..networks.rnn import RNN
from ..networks.tabular import Tabular
from .exact import (
    ExactData,
    ExactResult,
    aft,
    buffers_of,
    cox,
    generalized,
    linear_predictor,
    multinomial,
    ordinal,
    ordinal_predictor,
    quantile,
    without_response,
)


class Shape(NamedTuple):
    """What a network must fit: the columns of a table, and its outputs."""

    inputs: tuple[int, ...]
    n_levels: tuple[int, ...]
    n_outputs: int


@dataclass(frozen=True)
class Model:
    """A model with a name: a network, which has `build`; or one fitted exactly, which has `fit`.

    Attributes:
        options: the function whose arguments its options are.
        derived: those of them that follow from the table.
        build: makes the network, of a `Shape`, options and a `seed`.
        fit: fits exactly, in float64.
        module: makes the module of such a fit of its spec, without its numbers.
        response: what it takes as response: "any" (the loss decides), "numbers", "classes",
            "binomial" (shares or two classes), "survival" (times and events), "inputs" (what
            comes in is to come out), or None for a model without.
        family: of an exact fit; None where an option says it, or there is none.
        n_dims: dims of a row of its numeric input: 1 for columns, 2 for sequences, 3 for images.
        takes_codes: whether factors come to it as codes.
        takes_sparse: whether its numeric input may be a sparse matrix.
        takes_strata: whether rows may have strata.
        streams: whether an exact fit takes rows that are read batch by batch.
        standardizes: whether `standardize` None is True.
        seeded: whether a seed decides anything.
        types: what `predict` can be asked for (classes and probabilities of responses that
            have classes).
        hosts: where the name is offered beside Python: "shell", "r".
        defaults: options that it has unless given, beside the defaults of `options`.
        training: defaults of `fit`'s arguments that are other than `fit`'s own.
        r_names: R's names of options -> Python's, where they differ.
    """

    options: Callable[..., Any]
    derived: tuple[str, ...]
    build: Callable[..., nn.Module] | None = None
    fit: Callable[[ExactData], ExactResult] | None = None
    module: Callable[[Mapping[str, Any]], nn.Module] | None = None
    response: str | None = "any"
    family: str | None = None
    n_dims: int = 1
    takes_codes: bool = False
    takes_sparse: bool = False
    takes_strata: bool = False
    streams: bool = False
    standardizes: bool = False
    seeded: bool = True
    types: tuple[str, ...] = ("response", "link", "prob", "class")
    hosts: tuple[str, ...] = ("r",)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    r_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Is it fitted exactly, in float64, rather than trained?"""
        return self.fit is not None

    @property
    def takes_response(self) -> bool:
        """Is there a response beside its input?"""
        return self.response not in (None, "inputs")

    @property
    def option_names(self) -> list[str]:
        """The options that a caller can give."""
        return [n for n in parameters_of(self.options) if n not in (*self.derived, "seed")]

    @property
    def option_defaults(self) -> dict[str, Any]:
        """Those of them that have a default -> the default."""
        found = defaults_of(self.options) | dict(self.defaults)
        return {name: found[name] for name in self.option_names if name in found}

    @property
    def required(self) -> list[str]:
        """Those of them that a caller must give."""
        defaults = self.option_defaults
        return [name for name in self.option_names if name not in defaults]


def _without(function: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """A function with the options of another but these."""

    def options(**given: Any) -> None:
        raise NotImplementedError

    signature = inspect.signature(function)
    kept = [p for name, p in signature.parameters.items() if name not in names]
    options.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return options


_DATA = ("x", "y", "weights", "offset")
_TIMES = ("x", "weights", "offset", "strata")


def _of_family(
    family: str, response: str = "numbers", hosts: tuple[str, ...] = ("shell",)
) -> Model:
    """A generalized linear model whose name says its family."""
    return Model(
        _without(fit_glm, *_DATA, "family"),
        (),
        fit=generalized,
        module=linear_predictor,
        response=response,
        family=family,
        takes_sparse=True,
        streams=True,
        seeded=False,
        hosts=hosts,
    )


#: name -> model, in the order in which errors list them.
MODELS: dict[str, Model] = {
    "mlp": Model(
        mlp,
        ("in_features", "out_features"),
        lambda s, **o: mlp(s.inputs[0], out_features=s.n_outputs, **o),
        takes_sparse=True,
        standardizes=True,
        hosts=("shell", "r"),
        defaults={"hidden": (64, 32)},
    ),
    "tabular": Model(
        Tabular,
        ("n_numeric", "n_levels", "out_features"),
        lambda s, **o: Tabular(s.inputs[0], s.n_levels, out_features=s.n_outputs, **o),
        takes_codes=True,
        standardizes=True,
        hosts=("shell", "r"),
        defaults={"hidden": (64, 32)},
    ),
    "cnn": Model(
        cnn,
        ("in_shape", "out_features"),
        lambda s, **o: cnn(s.inputs, out_features=s.n_outputs, **o),
        n_dims=3,
        defaults={"channels": (16, 32)},
    ),
    "rnn": Model(
        RNN,
        ("in_features", "out_features"),
        lambda s, **o: RNN(s.inputs[-1], out_features=s.n_outputs, **o),
        n_dims=2,
        defaults={"hidden": 32},
    ),
    "autoencoder": Model(
        Autoencoder,
        ("in_features",),
        lambda s, **o: Autoencoder(s.inputs[0], **o),
        response="inputs",
        standardizes=True,
        types=("response", "link", "code"),
        defaults={"hidden": 32, "code": 2},
    ),
    "linear": _of_family("gaussian", hosts=("shell", "r")),
    "logistic": _of_family("binomial", "binomial", hosts=("shell", "r")),
    "poisson": _of_family("poisson"),
    "gamma": _of_family("gamma"),
    "glm": Model(
        fit_glm,
        _DATA,
        fit=generalized,
        module=linear_predictor,
        response="numbers",
        takes_sparse=True,
        streams=True,
        seeded=False,
        hosts=("shell",),
    ),
    "multinomial": Model(
        fit_multinomial,
        (*_DATA, "n_classes"),
        fit=multinomial,
        module=linear_predictor,
        response="classes",
        family="multinomial",
        seeded=False,
        hosts=("shell", "r"),
    ),
    "ordinal": Model(
        fit_ordinal,
        (*_DATA, "n_classes"),
        fit=ordinal,
        module=ordinal_predictor,
        response="classes",
        family="ordinal",
        seeded=False,
    ),
    "cox": Model(
        fit_cox,
        (*_TIMES, "time", "event", "start"),
        fit=cox,
        module=linear_predictor,
        response="survival",
        family="cox",
        takes_strata=True,
        seeded=False,
        types=("response", "link"),
    ),
    "aft": Model(
        fit_aft,
        (*_TIMES, "lower", "upper"),
        fit=aft,
        module=linear_predictor,
        response="survival",
        family="aft",
        takes_strata=True,
        seeded=False,
        types=("response", "link"),
    ),
    "quantile_regression": Model(
        fit_quantile,
        _DATA,
        fit=quantile,
        module=linear_predictor,
        response="numbers",
        family="quantile",
        seeded=False,
    ),
    "gaussian_mixture": Model(
        fit_mixture,
        ("x", "start"),
        fit=without_response(fit_mixture, MixtureModule),
        module=buffers_of(MixtureModule),
        response=None,
        types=("response", "prob", "class"),
    ),
    "k_means": Model(
        fit_kmeans,
        ("x",),
        fit=without_response(fit_kmeans, KMeansModule),
        module=buffers_of(KMeansModule),
        response=None,
        types=("response", "class"),
    ),
    "pca": Model(
        fit_pca,
        ("x",),
        fit=without_response(fit_pca, PCAModule),
        module=buffers_of(PCAModule),
        response=None,
        seeded=False,
        types=("response",),
        r_names={"k": "n_components"},
    ),
}


def find_model(model: str) -> Model:
    """The model called so."""
    return lookup("model", model, MODELS)


def prediction_types() -> list[str]:
    """What `predict` can give, of whatever model."""
    return list(dict.fromkeys(name for row in MODELS.values() for name in row.types))


def check_model_options(model: str, given: Mapping[str, Any]) -> None:
    """An error that names the first option that the model cannot have, or lacks."""
    row = MODELS[model]
    wrong = [name for name in given if name in (*row.derived, "seed")]
    if wrong and not row.exact:
        raise ValueError(f'model_options: "{wrong[0]}" follows from the data and the fit')
    check_options("model_options", model, row.options, given)
    if wrong:
        raise ValueError(f'model_options: "{wrong[0]}" is no option of a table\'s model')
    missing = [name for name in row.required if name not in given]
    if missing:
        raise ValueError(f'model_options: "{missing[0]}" is missing for model "{model}"')


def build_network(
    model: str, shape: Shape, given: Mapping[str, Any], seed: int | None
) -> nn.Module:
    """The network called so, with its options and, for the rest, its defaults."""
    row = find_model(model)
    assert row.build is not None
    check_model_options(model, given)
    return row.build(shape, seed=seed, **{**row.defaults, **given})
