"""The registry of models as R reads it, once a session.

Tests: tests/models/table/test_registry.py, test-fit-registry.R.
"""

from typing import Any

from torch import nn

from ..arguments import defaults_of
from ..exact.families import FAMILIES, WITH_PARAMETER
from ..table.registry import MODELS, Model
from ..training.fit import fit


def registry() -> dict[str, Any]:
    """Models and families by name, each a dict of plain values."""
    rows = {name: _plain(row) for name, row in MODELS.items()}
    return {
        # What R calls a module of the caller's.
        "models": {**rows, "module": _plain(Model(_no_options, (), hosts=()))},
        "families": {
            **{name: {"shares": family.takes_shares} for name, family in FAMILIES.items()},
            **{name: {"shares": False} for name in WITH_PARAMETER},
        },
    }


def _no_options() -> None:
    pass


def _plain(row: Model) -> dict[str, Any]:
    names = (
        "exact",
        "response",
        "takes_response",
        "family",
        "seeded",
        "types",
        "takes_sparse",
        "takes_strata",
        "streams",
    )
    return {
        **{name: getattr(row, name) for name in names},
        "offered": "r" in row.hosts,
        "options": row.option_names,
        "required": row.required,
        "defaults": row.option_defaults,
        "training": {**defaults_of(fit), **row.training},
    }


def is_module(x: Any) -> bool:
    """Is it something that can be trained?"""
    return isinstance(x, nn.Module)
