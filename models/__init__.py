"""What is trained, and how: networks as plain modules, and one training loop.

- `fit(module, x, y, ...)` trains any `nn.Module`; `predict` uses it. Callbacks are in
  `torchbridge.models.callbacks`, and as options by name in `CALLBACKS`.
- Networks: `mlp`, `Tabular`, `cnn`, `RNN`, `Autoencoder`.
- Exact fits: `fit_glm` (with `profile_limits` and, penalized, `fit_path`), `fit_multinomial`,
  `fit_ordinal`, `fit_quantile`, of times that may be censored `fit_cox` and `fit_aft`, and
  `fit_mixture`, `fit_kmeans`, `fit_pca`.
- `fit_table` takes the columns of a table and the name of any of the above models;
  `load_table` makes a model from the `spec` and `weights` of such a fit. `fit_formula` takes a
  formula and a data frame; `load_formula` reads what such a fit saved.
- `tune` searches options with Optuna; `export_program` and `export_onnx` write a fit for
  other runtimes; `TorchClassifier` and `TorchRegressor` are scikit-learn's estimators.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .callbacks import CALLBACKS, SCHEDULES, Callback
from .exact.aft import AFTFit, fit_aft
from .exact.cox import CoxFit, fit_cox
from .exact.families import FAMILIES
from .exact.glm import fit_glm
from .exact.glm_fit import GLMFit
from .exact.kmeans import KMeans, fit_kmeans
from .exact.mixture import GaussianMixture, fit_mixture
from .exact.multinomial import MultinomialFit, fit_multinomial
from .exact.ordinal import OrdinalFit, fit_ordinal
from .exact.pca import PCA, fit_pca
from .exact.penalty_path import PenaltyPath, fit_path
from .exact.profile import profile_limits
from .exact.quantile import QuantileFit, fit_quantile
from .networks.activations import ACTIVATIONS
from .networks.autoencoder import Autoencoder
from .networks.cnn import cnn
from .networks.mlp import mlp
from .networks.rnn import RNN
from .networks.tabular import Tabular
from .table.fit import fit_table
from .table.model import TableModel, load_table
from .table.result import TableFit
from .training.fit import Fit, fit, predict
from .training.losses import LOSSES
from .training.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from .table.estimators import TorchClassifier, TorchRegressor
    from .table.export import export_onnx, export_program
    from .table.formula_fit import FormulaFit, FormulaModel, fit_formula, load_formula
    from .tuning.tune import Tuned, tune

# What needs packages that not everyone has, or that take long to load.
_LAZY = {
    "TorchClassifier": "table.estimators",
    "TorchRegressor": "table.estimators",
    "export_onnx": "table.export",
    "export_program": "table.export",
    "FormulaFit": "table.formula_fit",
    "FormulaModel": "table.formula_fit",
    "fit_formula": "table.formula_fit",
    "load_formula": "table.formula_fit",
    "Tuned": "tuning.tune",
    "tune": "tuning.tune",
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
    "AFTFit",
    "Autoencoder",
    "Callback",
    "CoxFit",
    "Fit",
    "FormulaFit",
    "FormulaModel",
    "GLMFit",
    "GaussianMixture",
    "KMeans",
    "MultinomialFit",
    "OrdinalFit",
    "PenaltyPath",
    "QuantileFit",
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
    "fit_aft",
    "fit_cox",
    "fit_formula",
    "fit_glm",
    "fit_kmeans",
    "fit_mixture",
    "fit_multinomial",
    "fit_ordinal",
    "fit_path",
    "fit_pca",
    "fit_quantile",
    "fit_table",
    "load_formula",
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


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
