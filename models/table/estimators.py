"""scikit-learn's estimators: a multilayer perceptron as classifier and as regressor."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "TorchClassifier and TorchRegressor need scikit-learn 1.6 or later"
    ) from error

from ..arguments import defaults_of
from ..training.fit import fit as train
from .fit import fit_table
from .registry import MODELS
from .result import TableFit

# The defaults of what is fitted, and the one that is other here.
_NETWORK: dict[str, Any] = MODELS["mlp"].option_defaults
_TRAINING: dict[str, Any] = {**defaults_of(train), "lr": 0.003}

# What a network may compute in: it does in that of X, and in the first of other numbers.
_DTYPES = (np.float64, np.float32)


class _TorchEstimator(BaseEstimator):
    """What both share: the parameters, and the fit of a network to X and y.

    Args:
        hidden, activation, dropout, normalization, residual: as of `mlp`.
        epochs, batch_size, lr, optimizer, weight_decay, loss, callbacks, device, compile:
            as of `fit`; `callbacks` by name, and None means none; `loss` None means the
            usual one.
        validation_fraction: the share of the rows to hold out for `valid_loss`; None for
            none.
        patience: stop early after so many epochs without a better one, and keep the best
            weights; None never does.
        random_state: decides everything random: an int, a RandomState, or None.
    """

    def __init__(
        self,
        hidden: Sequence[int] | int = _NETWORK["hidden"],
        activation: str = _NETWORK["activation"],
        dropout: float = _NETWORK["dropout"],
        normalization: str | None = _NETWORK["normalization"],
        residual: bool = _NETWORK["residual"],
        epochs: int = _TRAINING["epochs"],
        batch_size: int | None = _TRAINING["batch_size"],
        lr: float = _TRAINING["lr"],
        optimizer: str = _TRAINING["optimizer"],
        weight_decay: float = _TRAINING["weight_decay"],
        loss: str | None = None,
        validation_fraction: float | None = None,
        patience: int | None = None,
        callbacks: Mapping[str, Any] | None = None,
        random_state: Any = None,
        device: str | None = _TRAINING["device"],
        compile: bool = _TRAINING["compile"],
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.normalization = normalization
        self.residual = residual
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.loss = loss
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.random_state = random_state
        self.device = device
        self.compile = compile

    def _fit(self, x: np.ndarray, y: np.ndarray, n_classes: int | None) -> None:
        callbacks = dict(self.callbacks or {})
        if self.patience is not None:
            callbacks["early_stopping"] = {"patience": self.patience}
        columns = getattr(self, "feature_names_in_", None)
        names = ("epochs", "batch_size", "lr", "optimizer", "weight_decay", "device", "compile")
        options = {name: getattr(self, name) for name in names}
        if self.loss is not None:
            options["loss"] = self.loss
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        network = ("hidden", "activation", "dropout", "normalization", "residual")
        found: TableFit = fit_table(
            "mlp",
            x,
            y,
            n_classes=n_classes,
            validation=self.validation_fraction,
            model_options={name: getattr(self, name) for name in network},
            fit_options={
                **options,
                "callbacks": callbacks,
                "seed": seed,
                "progress": False,
                "origin": {"columns": None if columns is None else list(columns)},
            },
            dtype=str(x.dtype),
        )
        self.model_ = found.model
        self.history_ = found.history
        self.status_ = found.status
        self.n_iter_ = len(found.history["epoch"])

    def _predict(self, x: Any, type: str) -> np.ndarray:
        check_is_fitted(self)
        x = validate_data(self, x, reset=False, dtype=_DTYPES)
        return self.model_.predict(x, type=type).numpy()


class TorchRegressor(RegressorMixin, _TorchEstimator):
    """A multilayer perceptron as scikit-learn's regressor, of one output or several.

    After `fit`, `model_` is the `TableModel`, `history_` the history, `status_` how the fit
    ended and `n_iter_` its epochs.
    """

    __doc__ += _TorchEstimator.__doc__[_TorchEstimator.__doc__.index("\n\n") :]  # type: ignore

    def fit(self, X: Any, y: Any) -> "TorchRegressor":
        """Fit to X of shape (n, p) and y of shape (n,) or (n, outputs)."""
        X, y = validate_data(
            self, X, y, dtype=_DTYPES, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        self._fit(X, np.asarray(y, float), None)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> np.ndarray:
        """The response, in the shape of y."""
        return self._predict(X, "response")


class TorchClassifier(ClassifierMixin, _TorchEstimator):
    """A multilayer perceptron as scikit-learn's classifier.

    After `fit`, `classes_` are the classes, `model_` is the `TableModel`, `history_` the
    history, `status_` how the fit ended and `n_iter_` its epochs.
    """

    __doc__ += _TorchEstimator.__doc__[_TorchEstimator.__doc__.index("\n\n") :]  # type: ignore

    def fit(self, X: Any, y: Any) -> "TorchClassifier":
        """Fit to X of shape (n, p) and classes y of shape (n,)."""
        X, y = validate_data(self, X, y, dtype=_DTYPES)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has just one class, {self.classes_[0]!r}; it takes at least two")
        self._fit(X, codes, len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, in the order of `classes_`."""
        return self._predict(X, "prob")

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class."""
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]
