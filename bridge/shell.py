"""The arguments of `torchbridge fit` and `torchbridge predict`.

They need no library: help and a misspelt name are told before PyTorch is loaded, which takes
seconds. What may be named is therefore written here too, and held to the tables that have it.

Tests: tests/models/table/test_command.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: The models of `models/table/registry.py` that the shell offers, exact ones first.
MODELS = ("linear", "logistic", "poisson", "gamma", "glm", "multinomial", "mlp", "tabular")
#: As in `models/networks/activations.py`.
ACTIVATIONS = (
    *("relu", "leaky_relu", "elu", "selu", "celu", "gelu", "silu"),
    *("mish", "softplus", "softsign", "hardtanh", "tanh", "sigmoid", "identity"),
)
#: As in `models/training/optimizers.py`.
OPTIMIZERS = (
    *("adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam"),
    *("rprop", "lbfgs"),
)
#: As in `models/training/metrics.py`.
METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "mse", "rmse", "mae", "r_squared")
#: The types of prediction of all models of the registry.
TYPES = ("response", "link", "prob", "class", "code")

_DATA = (
    "a .csv or .parquet file; or, to be read batch by batch, a folder of such files (or of .arrow "
    "or .feather), a pattern with *, or a query of SQL for DuckDB"
)


def add_commands(commands: Any) -> None:
    """Add `fit` and `predict` to a parser's commands."""
    fit = commands.add_parser(
        "fit", help="fit a model to a CSV or Parquet file", argument_default=argparse.SUPPRESS
    )
    fit.add_argument("--formula", required=True, help="such as 'medv ~ . - zn'")
    fit.add_argument("--data", required=True, help=_DATA)
    fit.add_argument("--model", required=True, choices=_models())
    fit.add_argument("--output", type=Path, default=None, help="where to write the model")
    fit.add_argument("--weights", default=None, help="a column of row weights")
    fit.add_argument("--offset", default=None, help="a column added to the linear predictor")
    network = fit.add_argument_group("models")
    network.add_argument("--hidden", type=_sizes, help="units of the layers: 64,32")
    network.add_argument("--activation", choices=ACTIVATIONS)
    network.add_argument("--dropout", type=float)
    network.add_argument("--normalization", choices=["batch", "layer"])
    network.add_argument("--residual", action="store_true")
    network.add_argument("--family", help="of --model glm")
    network.add_argument("--link", help="of a model fitted exactly")
    _add_training(fit.add_argument_group("training of networks"))

    predict = commands.add_parser("predict", help="predict with a model that fit wrote")
    predict.add_argument("--model", required=True, type=Path, help="the file fit wrote")
    predict.add_argument("--data", required=True, help=_DATA)
    predict.add_argument("--type", default="response", choices=TYPES)
    predict.add_argument(
        "--output",
        type=Path,
        default=None,
        help="a .csv or .parquet file, or for data from disk a folder (default: CSV on stdout)",
    )


def _add_training(training: Any) -> None:
    training.add_argument("--epochs", type=int)
    training.add_argument("--batch-size", type=int)
    training.add_argument(
        "--shuffle-buffer", type=int, help="rows that are shuffled at a time, of data from disk"
    )
    training.add_argument("--lr", type=float)
    training.add_argument("--optimizer", choices=OPTIMIZERS)
    training.add_argument("--weight-decay", type=float)
    training.add_argument("--loss")
    training.add_argument("--metrics", type=_names, help=f"of {', '.join(METRICS)}")
    training.add_argument("--seed", type=int)
    training.add_argument("--device")
    training.add_argument("--compile", action="store_true")
    training.add_argument("--validation", type=float, default=None, help="a share of the rows")
    training.add_argument("--patience", type=int, default=None, help="of early stopping")
    training.add_argument("--schedule", default=None, help="of the learning rate: cosine_annealing")
    training.add_argument("--checkpoint", default=None, help="a file to --resume from")
    training.add_argument(
        "--resume",
        help="a checkpoint: the same fit goes on, to as many --epochs or more; other data, columns "
        "or options are an error (--device, --log and --checkpoint may be others)",
    )
    training.add_argument("--log", default=None, help="a CSV file for the history")


def _models() -> Sequence[str]:
    """Where the registry is loaded anyway it may have rows that a caller has added."""
    registry: Any = sys.modules.get("torchbridge.models.table.registry")
    if registry is None:
        return MODELS
    rows = registry.MODELS.items()
    offered = [name for name, row in rows if "shell" in row.hosts]
    return sorted(offered, key=lambda name: not registry.MODELS[name].exact)


def _sizes(text: str) -> Sequence[int]:
    return [int(part) for part in text.split(",") if part]


def _names(text: str) -> Sequence[str]:
    found = [part for part in text.split(",") if part]
    wrong = [name for name in found if name not in METRICS]
    if wrong:
        raise argparse.ArgumentTypeError(
            f"'{wrong[0]}' is not known; it can be {', '.join(METRICS)}"
        )
    return found
