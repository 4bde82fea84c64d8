"""The fit of a network to a table: from columns to tensors, the module, and `training.fit`.

Tests: tests/models/table/test_fit.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..arguments import check_options, dtype_name, flag, kind_of, options
from ..randomness import seeded
from ..sparse import taken
from ..training.data import dtype_of
from ..training.fit import Fit, fit
from .columns import TableData, as_inputs_of, codes_within, numbers, optional_numbers
from .model import TableModel, assemble
from .registry import MODELS, Model
from .result import TableFit

#: How the output of a network becomes the mean of the response, by its loss.
_LOSS_LINKS = {
    "poisson_nll_loss": "log",
    "gamma_nll_loss": "log",
    "cox_loss": "log",
    "binary_cross_entropy_with_logits": "logit",
}
#: Losses whose responses have no scale of their own.
_SCALED_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")


class _Rows(NamedTuple):
    """Rows as tensors; `inputs` is what the module takes."""

    inputs: tuple[Tensor, ...]
    response: Tensor
    weights: Tensor | None
    offset: Tensor | None

    def taken(self, index: Tensor) -> "_Rows":
        """These of them."""
        weights, offset = self.weights, self.offset
        return _Rows(
            tuple(taken(t, index) for t in self.inputs),
            self.response.index_select(0, index),
            None if weights is None else weights.index_select(0, index),
            None if offset is None else offset.index_select(0, index),
        )


@dataclass
class NetworkTask:
    """One fit: the arguments of `fit_table`, checked by name; `fit` turns columns into it.

    Attributes:
        levels: the number of levels of each factor.
    """

    model: str | nn.Module
    n_classes: int | None
    levels: list[int]
    standardize: bool | None
    model_options: dict[str, Any]
    fit_options: dict[str, Any]
    dtype: str

    def fit(self, data: TableData, validation: Any) -> TableFit:
        """Fit to these columns."""
        self._know(validation)
        self._complete()
        self._check_response(data.response)
        inputs = self._inputs(data)
        scales = self._scales(inputs[0])
        rows = self._rows("", data, inputs)
        train, valid = self._split(rows, validation)
        spec = self._spec(rows, data.codes is not None, scales)
        if self.n_classes == 2 and spec["n_outputs"] == 1:
            train, valid = self._as_values(train), valid and self._as_values(valid)
        module = self._module(spec)
        result = self._train(module, spec, train, valid)
        model = TableModel(spec, module)
        fitted = model.predict(*inputs, offset=rows.offset)
        return TableFit(
            model,
            result.history,
            result.status,
            result.best_epoch,
            str(result.device),
            None,
            fitted,
            result.callbacks,
            result.engine,
        )

    def _know(self, validation: Any) -> None:
        """What a checkpoint is to know the fit by: these arguments by their own names."""
        given = options("origin", self.fit_options.get("origin"))
        share = validation if isinstance(validation, (int, float)) else None
        self.fit_options["origin"] = {
            "model": self.model if isinstance(self.model, str) else None,
            "model_options": self.model_options,
            "n_classes": self.n_classes,
            "n_levels": self.levels,
            "standardize": self.standardize,
            "dtype": self.dtype,
            "precision": self.fit_options.get("precision", "32-true"),
            "validation": share,
            **given,
        }

    @property
    def row(self) -> Model | None:
        """The model's row of the registry; None for a module."""
        return MODELS[self.model] if isinstance(self.model, str) else None

    @property
    def rebuilds(self) -> bool:
        """Is what comes in to come out?"""
        return self.row is not None and self.row.response == "inputs"

    def _complete(self) -> None:
        """The loss and the dtype, where they follow from the rest."""
        self.fit_options.setdefault("loss", "cross_entropy" if self.n_classes else "mse_loss")
        if isinstance(self.model, nn.Module):
            own = dtype_of(self.model, None)
            self.dtype = self.dtype if own is None else dtype_name(own)
        elif self.fit_options.get("precision") == "64-true":
            # The network is made so; Fabric would give the loss float32 outputs.
            self.dtype, self.fit_options["precision"] = "float64", "32-true"

    def _check_response(self, response: Any) -> None:
        if self.rebuilds and response is not None:
            raise ValueError(f'response must be None for "{self.model}"')
        if not self.rebuilds and response is None:
            raise ValueError("response is missing")

    def _inputs(self, data: TableData) -> tuple[Tensor, ...]:
        inputs = as_inputs_of(data.numeric, data.codes, self.dtype, None, self.levels)
        if self.row is not None and inputs[0].ndim != self.row.n_dims + 1:
            raise ValueError(
                f'numeric must have {self.row.n_dims + 1} dims for model "{self.model}", '
                f"not {inputs[0].ndim}"
            )
        return inputs

    def _scales(self, numeric: Tensor) -> bool:
        """Does the network see columns of mean 0 and standard deviation 1?"""
        scales = self.standardize
        if scales is None:
            scales = self.row is not None and self.row.standardizes
        flag("standardize", scales)
        if scales and numeric.ndim != 2:
            raise ValueError("standardize is for numeric of shape (n, p)")
        return scales

    def _rows(self, prefix: str, data: TableData, inputs: tuple[Tensor, ...]) -> _Rows:
        """The tensors beside the inputs; `prefix` names them in errors."""
        if self.rebuilds:
            response = inputs[0]
        elif self.n_classes is None:
            response = numbers(f"{prefix}response", data.response, self.dtype)
        else:
            response = codes_within(f"{prefix}response", data.response, [self.n_classes], 1)
        if data.strata is not None:
            if self.fit_options["loss"] != "cox_loss":
                raise ValueError('strata must be None but for loss "cox_loss"')
            strata = numbers(f"{prefix}strata", data.strata, self.dtype)
            response = torch.cat([response, strata.reshape(-1, 1)], 1)
        return _Rows(
            inputs,
            response,
            optional_numbers(f"{prefix}weights", data.weights, self.dtype),
            optional_numbers(f"{prefix}offset", data.offset, self.dtype),
        )

    # --- validation ---

    def _split(self, rows: _Rows, validation: Any) -> tuple[_Rows, _Rows | None]:
        """Rows to train with, and rows for validation."""
        if validation is None:
            return rows, None
        if isinstance(validation, (int, float)) and not isinstance(validation, bool):
            return self._drawn(rows, float(validation))
        if isinstance(validation, Mapping):
            return rows, self._given(validation)
        raise TypeError(f"validation must be a share or a dict, not {kind_of(validation)}")

    def _drawn(self, rows: _Rows, share: float) -> tuple[_Rows, _Rows]:
        n = len(rows.response)
        n_valid = round(share * n)
        if not 0 < share < 1 or not 0 < n_valid < n:
            raise ValueError(
                "validation must be a share between 0 and 1 that leaves rows on both sides, "
                f"not {share}"
            )
        with seeded(self.fit_options.get("seed")):
            order = torch.randperm(n)
        return rows.taken(order[n_valid:].sort().values), rows.taken(order[:n_valid].sort().values)

    def _given(self, validation: Mapping[str, Any]) -> _Rows:
        check_options("validation", "validation", TableData, validation)
        found = TableData(**{"numeric": None, "response": None, **validation})
        inputs = as_inputs_of(
            found.numeric, found.codes, self.dtype, None, self.levels, "validation "
        )
        return self._rows("validation ", found, inputs)

    # --- the module ---

    def _spec(self, rows: _Rows, has_codes: bool, scales: bool) -> dict[str, Any]:
        """What the model is, as plain values."""
        loss, y = self.fit_options["loss"], rows.response
        named = isinstance(loss, str)
        one = y.ndim == 1 or loss == "cox_loss"
        n_outputs = self.n_classes or (1 if one else y.shape[1])
        if self.n_classes == 2 and loss == "binary_cross_entropy_with_logits":
            n_outputs = 1
        return {
            "model": self.model if isinstance(self.model, str) else None,
            "model_options": self.model_options,
            "inputs": list(rows.inputs[0].shape[1:]),
            "n_levels": self.levels if has_codes else None,
            "n_outputs": n_outputs,
            "n_classes": self.n_classes,
            "dtype": self.dtype,
            "squeeze": not self.rebuilds and one,
            "link": _LOSS_LINKS.get(loss) if named else None,
            "scale_input": scales,
            "scale_output": scales and self._scales_output(loss),
        }

    def _scales_output(self, loss: Any) -> bool:
        """Does it give responses on such a scale, too?"""
        if self.rebuilds:
            return True
        if isinstance(loss, str):
            return loss in _SCALED_LOSSES
        # What the outputs of a caller's loss mean is the caller's to say.
        return bool(self.standardize) and self.n_classes is None

    def _as_values(self, rows: _Rows) -> _Rows:
        """Two classes as the numbers 0 and 1."""
        return rows._replace(response=rows.response.to(getattr(torch, self.dtype)))

    def _module(self, spec: dict[str, Any]) -> nn.Module:
        if isinstance(self.model, str):
            return assemble(spec, self.fit_options.get("seed"))
        if self.model_options:
            raise ValueError("model_options must be empty where model is a module")
        if spec["scale_input"]:
            raise ValueError("standardize must be None or False where model is a module")
        return self.model

    def _train(self, module: Any, spec: dict[str, Any], train: _Rows, valid: _Rows | None) -> Fit:
        """Learn the scaling from the rows to train with, then train."""
        if spec["scale_input"]:
            module.input.learn(train.inputs[0])
        if spec["scale_output"]:
            y = train.response
            module.output.learn(y.reshape(len(y), -1))
        output: nn.Module | None = None
        if self.rebuilds and spec["scale_input"]:
            # Every column counts alike: the loss is that of the scaled ones.
            output, module.output = module.output, nn.Identity()
            train = train._replace(response=module.input(train.response))
            valid = valid and valid._replace(response=module.input(valid.response))
        result = fit(
            module,
            train.inputs,
            train.response,
            weights=train.weights,
            offset=train.offset,
            validation=valid,
            **self.fit_options,
        )
        # Precisions such as "bf16-true" have converted it.
        module.to(getattr(torch, self.dtype))
        if output is not None:
            module.output = output.to(result.device)
        return result
