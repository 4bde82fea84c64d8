"""What is trained, and how: networks as plain modules, and one training loop.

- `fit(module, x, y, ...)` trains any `nn.Module`; `predict` uses it. Callbacks are in
  `torchbridge.models.callbacks`, and as options by name in `CALLBACKS`.
- Networks: `mlp`, `Tabular`, `cnn`, `RNN`, `Autoencoder`.
- Exact fits: `fit_glm` (with `profile_limits` and, penalized, `fit_path`), `fit_multinomial`,
  `fit_mixture`, `fit_kmeans`, `fit_pca`.
- `fit_table` takes the columns of a table and the name of any of the above models;
  `load_table` makes a model from the `spec` and `weights` of such a fit.
- `tune` searches options with Optuna; `export_program` and `export_onnx` write a fit for
  other runtimes; `TorchClassifier` and `TorchRegressor` are scikit-learn's estimators.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .activations import ACTIVATIONS
from .autoencoder import Autoencoder
from .callbacks import CALLBACKS, SCHEDULES, Callback
from .cnn import cnn
from .families import FAMILIES
from .glm import GLMFit, fit_glm
from .kmeans import KMeans, fit_kmeans
from .losses import LOSSES
from .mixture import GaussianMixture, fit_mixture
from .mlp import mlp
from .multinomial import MultinomialFit, fit_multinomial
from .optimizers import OPTIMIZERS
from .pca import PCA, fit_pca
from .penalty_path import PenaltyPath, fit_path
from .profile import profile_limits
from .rnn import RNN
from .table import TableFit, fit_table
from .table_model import TableModel, load_table
from .tabular import Tabular
from .training import Fit, fit, predict

if TYPE_CHECKING:
    from .estimators import TorchClassifier, TorchRegressor
    from .export import export_onnx, export_program
    from .tuning import Tuned, tune

# What needs packages that not everyone has, or that take long to load.
_LAZY = {
    "TorchClassifier": "estimators",
    "TorchRegressor": "estimators",
    "export_onnx": "export",
    "export_program": "export",
    "Tuned": "tuning",
    "tune": "tuning",
}

__all__ = [
    "ACTIVATIONS",
    "CALLBACKS",
    "FAMILIES",
    "LOSSES",
    "OPTIMIZERS",
    "PCA",
    "RNN",
    "SCHEDULES",
    "Autoencoder",
    "Callback",
    "Fit",
    "GLMFit",
    "GaussianMixture",
    "KMeans",
    "MultinomialFit",
    "PenaltyPath",
    "TableFit",
    "TableModel",
    "Tabular",
    "TorchClassifier",
    "TorchRegressor",
    "Tuned",
    "cnn",
    "export_onnx",
    "export_program",
    "fit",
    "fit_glm",
    "fit_kmeans",
    "fit_mixture",
    "fit_multinomial",
    "fit_path",
    "fit_pca",
    "fit_table",
    "load_table",
    "mlp",
    "predict",
    "profile_limits",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'torchbridge.models' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
