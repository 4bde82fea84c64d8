"""A fit of a table's columns, and what it says about itself.

Tests: tests/models/table/test_fit.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .exact import Exact
from .model import TableModel


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
        fitted: predictions of type "response" for the rows of the fit, offset included; None
            where they were read batch by batch.
        callbacks, engine: as of `Fit`.
    """

    model: TableModel
    history: dict[str, list]
    status: str
    best_epoch: int | None
    device: str
    exact: Exact | None
    fitted: Tensor | None
    callbacks: Sequence[Any] = ()
    engine: str = "eager"

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
