"""A fitted model of a table's columns: a spec of plain values, and weights.

Tests: tests/models/table/test_fit.py.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from torchbridge.saving.tensor_content import Content, parsed

from ..arguments import lookup
from ..exact.links import find_link
from ..exact.ordinal import OrdinalPredictor
from ..networks.scaled import Scaled
from ..networks.scaling import Standardize, Unstandardize
from ..sparse import is_sparse_matrix
from ..training.predict import predict
from ..training.weights import to_bytes, weights_content
from .columns import as_inputs_of, numbers
from .registry import MODELS, Model, Shape, build_network, find_model, prediction_types
from .spec import check_spec, load_module


class TableModel:
    """A model of a table's columns, ready to predict: it is its `spec` and its weights.

    Attributes:
        spec: a dict of plain values (JSON has them all) that says what the model is.
        module: its module; on the device where it was fitted, in eval mode.
    """

    def __init__(self, spec: Mapping[str, Any], module: nn.Module) -> None:
        self.spec, self.module = dict(spec), module.eval()

    @property
    def row(self) -> Model | None:
        """What the registry says about it; None for a caller's own module."""
        return None if self.spec["model"] is None else find_model(self.spec["model"])

    @property
    def spec_json(self) -> str:
        """The spec as text: what a language without lists of one element can keep."""
        return json.dumps(self.spec)

    @property
    def weights(self) -> bytes:
        """Parameters and buffers, as the content of a safetensors file."""
        return to_bytes(self.module.state_dict())

    def __reduce__(self) -> Any:
        # Who pickles it (joblib, multiprocessing) gets plain values and safetensors.
        if self.spec["model"] is None:
            return TableModel, (self.spec, self.module)
        return load_table, (self.spec, self.weights)

    def predict(
        self, numeric: Any, codes: Any = None, *, offset: Any = None, type: str = "response"
    ) -> Tensor:
        """Predictions for the rows of a table like that of the fit.

        Args:
            numeric, codes, offset: as of `fit_table`.
            type: "response": the mean (of an autoencoder, the rows again), shape (n,) or
                (n, outputs); of classes, their probabilities. "link": before the inverse
                link, with the offset. "prob": probabilities, (n, classes), and "class":
                the code of the most probable, (n,), where the response has classes. Of a
                mixture "response" is "prob", of k-means "class", of PCA the scores. "code": of
                an autoencoder, its narrowest layer.
        """
        spec, row = self.spec, self.row
        if row is None or type not in row.types:
            lookup("type", type, dict.fromkeys(prediction_types()))
        if row is not None and not row.takes_sparse and is_sparse_matrix(numeric):
            raise TypeError(f'numeric must be dense for model "{spec["model"]}"')
        inputs = as_inputs_of(numeric, codes, spec["dtype"], spec["inputs"], spec["n_levels"])
        if type == "code":
            if row is None or "code" not in row.types:
                having = [f'"{name}"' for name, each in MODELS.items() if "code" in each.types]
                raise ValueError(f'type "code" is for model {", ".join(having)}')
            encoder: Any = self.module
            return predict(nn.Sequential(encoder.input, encoder.network.encoder), inputs)
        if offset is not None:
            offset = numbers("offset", offset, spec["dtype"])
        if spec.get("baseline"):
            scores = predict(self.module, inputs)
            scores = torch.cat([scores.new_zeros(len(scores), 1), scores], 1)
            scores = scores if offset is None else scores + offset
        elif isinstance(self.module, OrdinalPredictor) and offset is not None:
            scores = predict(self.module, (*inputs, offset))
        else:
            scores = predict(self.module, inputs, offset=offset)
        return self._as_type(scores, type)

    def _as_type(self, scores: Tensor, type: str) -> Tensor:
        spec = self.spec
        if self.row is not None and self.row.exact and not self.row.takes_response:
            return self._without_response(scores, type, self.row)
        if spec["n_classes"] and not spec["link"]:
            found = {"link": scores, "class": scores.argmax(1)}
            return found[type] if type in found else scores.softmax(1)
        if spec["squeeze"]:
            scores = scores.reshape(len(scores))
        mean = scores if spec["link"] is None else find_link(spec["link"]).inverse(scores)
        if type in ("prob", "class"):
            if not spec["n_classes"]:
                raise ValueError(f'type "{type}" is for responses with classes')
            return torch.stack([1 - mean, mean], 1) if type == "prob" else (mean > 0.5).long()
        return scores if type == "link" else mean

    def _without_response(self, output: Tensor, type: str, row: Model) -> Tensor:
        if type not in row.types:
            known = ", ".join(f'"{name}"' for name in row.types)
            raise ValueError(
                f'type "{type}" is not for model "{self.spec["model"]}"; it can be {known}'
            )
        return output.argmax(1) if type == "class" and output.ndim == 2 else output


def load_table(
    spec: Mapping[str, Any] | str, weights: bytes, module: nn.Module | None = None
) -> TableModel:
    """The model of a fit, from its spec and weights.

    Args:
        spec: `TableFit.spec`, or `TableFit.spec_json`.
        weights: `TableFit.weights`.
        module: a module of the same layout, where the fit was of a caller's own module.
    """
    content = weights_content(weights)
    return load_content(_as_spec(spec), content, module)


def load_content(
    spec: Mapping[str, Any], weights: Content, module: nn.Module | None = None
) -> TableModel:
    """The same, of weights whose header has been read.

    Raises:
        ValueError: the spec is of no model, or the weights are of another one.
    """
    check_spec(spec)
    if module is not None:
        module.load_state_dict(weights.tensors())
        return TableModel(spec, module)
    if spec["model"] is None:
        raise ValueError("module: the fit was of a module of yours, give one like it")
    row = find_model(spec["model"])
    make = partial(assemble if row.module is None else row.module, spec)
    return TableModel(spec, load_module(make, spec, weights))


def _as_spec(spec: Mapping[str, Any] | str) -> Mapping[str, Any]:
    found = parsed(spec) if isinstance(spec, str) else spec
    if not isinstance(found, Mapping):
        raise ValueError("spec: it is no dict")
    return dict(found)


def assemble(spec: Mapping[str, Any], seed: int | None = None) -> nn.Module:
    """The module that a spec describes, without its weights."""
    shape = Shape(tuple(spec["inputs"]), tuple(spec["n_levels"] or ()), spec["n_outputs"])
    network = build_network(spec["model"], shape, spec["model_options"], seed)
    n_columns = spec["inputs"][0]
    rebuilds = find_model(spec["model"]).response == "inputs"
    n_outputs = n_columns if rebuilds else spec["n_outputs"]
    return Scaled(
        Standardize(n_columns) if spec["scale_input"] else nn.Identity(),
        network,
        Unstandardize(n_outputs) if spec["scale_output"] else nn.Identity(),
    ).to(getattr(torch, spec["dtype"]))
