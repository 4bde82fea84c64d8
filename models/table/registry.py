"""The models that have names: what `fit_table`, the command line and tuning build."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from ..arguments import check_options, lookup
from ..exact.unsupervised import UNSUPERVISED
from ..networks.autoencoder import Autoencoder
from ..networks.cnn import cnn
from ..networks.mlp import mlp
from ..networks.rnn import RNN
from ..networks.tabular import Tabular


class Shape(NamedTuple):
    """What a network must fit: the columns of a table, and its outputs."""

    inputs: tuple[int, ...]
    n_levels: tuple[int, ...]
    n_outputs: int


class Network(NamedTuple):
    """A network with a name.

    Attributes:
        build: makes it, of a `Shape` and its own options.
        options: the function whose arguments its options are.
        derived: arguments that follow from the table.
        n_dims: dims of a row of its numeric input; 0 where it takes any.
        takes_codes: whether factors come to it as codes.
    """

    build: Callable[..., nn.Module]
    options: Callable[..., Any]
    derived: tuple[str, ...]
    n_dims: int = 1
    takes_codes: bool = False


_COLUMNS = ("in_features", "out_features")

NETWORKS = {
    "mlp": Network(lambda s, **o: mlp(s.inputs[0], out_features=s.n_outputs, **o), mlp, _COLUMNS),
    "tabular": Network(
        lambda s, **o: Tabular(s.inputs[0], s.n_levels, out_features=s.n_outputs, **o),
        Tabular,
        ("n_numeric", "n_levels", "out_features"),
        takes_codes=True,
    ),
    "cnn": Network(
        lambda s, **o: cnn(s.inputs, out_features=s.n_outputs, **o),
        cnn,
        ("in_shape", "out_features"),
        n_dims=3,
    ),
    "rnn": Network(
        lambda s, **o: RNN(s.inputs[-1], out_features=s.n_outputs, **o), RNN, _COLUMNS, 2
    ),
    "autoencoder": Network(
        lambda s, **o: Autoencoder(s.inputs[0], **o), Autoencoder, ("in_features",)
    ),
}

#: Models fitted exactly -> their family; "glm" has it as an option.
EXACT: dict[str, str | None] = {
    "linear": "gaussian",
    "logistic": "binomial",
    "poisson": "poisson",
    "gamma": "gamma",
    "glm": None,
    "multinomial": "multinomial",
}

_DEFAULTS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": (64, 32)},
    "tabular": {"hidden": (64, 32)},
    "cnn": {"channels": (16, 32)},
    "rnn": {"hidden": 32},
    "autoencoder": {"hidden": 32, "code": 2},
}


def find_model(model: str) -> Network | None:
    """The network called so, or None for a model fitted exactly."""
    return lookup("model", model, {**NETWORKS, **dict.fromkeys((*EXACT, *UNSUPERVISED))})


def is_exact(model: Any) -> bool:
    """Is it the name of a model fitted exactly, in float64?"""
    return isinstance(model, str) and (model in EXACT or model in UNSUPERVISED)


def build_network(
    model: str, shape: Shape, given: Mapping[str, Any], seed: int | None
) -> nn.Module:
    """The network called so, with its options and, for the rest, its defaults."""
    network = NETWORKS[model]
    wrong = [name for name in given if name in (*network.derived, "seed")]
    if wrong:
        raise ValueError(f'model_options: "{wrong[0]}" follows from the data and the fit')
    check_options("model_options", model, network.options, given)
    return network.build(shape, seed=seed, **(_DEFAULTS[model] | dict(given)))
