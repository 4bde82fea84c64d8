"""scikit-learn's estimators: a multilayer perceptron as classifier and as regressor."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_array, check_random_state, check_X_y
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        _check_sample_weight,
        check_is_fitted,
        validate_data,
    )
except ImportError as error:
    raise ImportError(
        "TorchClassifier and TorchRegressor need scikit-learn 1.6 or later"
    ) from error

from ..arguments import defaults_of
from ..training.fit import fit as train
from .fit import fit_table
from .frame_columns import FrameColumns, has_text, named
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
        compile: bool | str = _TRAINING["compile"],
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

    def _checked(self, X: Any, y: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
        """Numbers and targets, as scikit-learn checks them."""
        self.__dict__.pop("columns_", None)
        if not has_text(X):
            return validate_data(self, X, y, dtype=_DTYPES, **options)
        validate_data(self, named(X), skip_check_array=True)
        self.columns_ = FrameColumns(X)
        x = self.columns_.matrix(X)
        return check_X_y(x, y, dtype=_DTYPES, estimator=self, **options)

    def _fit(
        self, x: np.ndarray, y: np.ndarray, n_classes: int | None, weights: np.ndarray | None
    ) -> None:
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
            weights=weights,
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
        if hasattr(self, "columns_"):
            if not hasattr(x, "columns"):
                raise TypeError("X must be a data frame like that of fit, which had text columns")
            validate_data(self, named(x), reset=False, skip_check_array=True)
            x = check_array(self.columns_.matrix(x), dtype=_DTYPES, estimator=self, input_name="X")
        else:
            x = validate_data(self, x, reset=False, dtype=_DTYPES)
        return self.model_.predict(x, type=type).numpy()


def _weights(given: Any, x: np.ndarray) -> np.ndarray | None:
    return None if given is None else _check_sample_weight(given, x, dtype=np.float64)


def _with_keyword(function: Any, name: str) -> inspect.Signature:
    """A function's signature, and an argument more that is None by default."""
    found = inspect.signature(function)
    more = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Any)
    return found.replace(parameters=[*found.parameters.values(), more])


class TorchRegressor(RegressorMixin, _TorchEstimator):
    """A multilayer perceptron as scikit-learn's regressor, of one output or several.

    After `fit`, `model_` is the `TableModel`, `history_` the history, `status_` how the fit
    ended and `n_iter_` its epochs.
    """

    __doc__ += _TorchEstimator.__doc__[_TorchEstimator.__doc__.index("\n\n") :]  # type: ignore

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "TorchRegressor":
        """Fit to X of shape (n, p) and y of shape (n,) or (n, outputs).

        Args:
            X: numbers, or a data frame, whose columns of text and categories become a column a
                level.
            y: numbers.
            sample_weight: what each row counts, shape (n,), not negative; None for all alike.
        """
        x, y = self._checked(X, y, multi_output=True, y_numeric=True, ensure_min_samples=2)
        self._fit(x, np.asarray(y, float), None, _weights(sample_weight, x))
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
    __doc__ += """    class_weight: what the rows of each class count: a dict by class, "balanced"
            for the inverse of the classes' numbers of rows, or None for all alike.
    """

    def __init__(self, *shared: Any, class_weight: Any = None, **named: Any) -> None:
        super().__init__(*shared, **named)
        self.class_weight = class_weight

    # scikit-learn reads the parameters here.
    __init__.__signature__ = _with_keyword(_TorchEstimator.__init__, "class_weight")  # type: ignore

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "TorchClassifier":
        """Fit to X of shape (n, p) and classes y of shape (n,).

        Args:
            X: numbers, or a data frame, whose columns of text and categories become a column a
                level.
            y: classes.
            sample_weight: what each row counts, shape (n,), not negative; None for all alike.
                It is multiplied by `class_weight`.
        """
        x, y = self._checked(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has just one class, {self.classes_[0]!r}; it takes at least two")
        weights = _weights(sample_weight, x)
        if self.class_weight is not None:
            of_classes = compute_sample_weight(self.class_weight, y)
            weights = of_classes if weights is None else weights * of_classes
        self._fit(x, codes, len(self.classes_), weights)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, in the order of `classes_`."""
        return self._predict(X, "prob")

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class."""
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]
