"""What a checkpoint says of itself, checked by itself and against its tensors and the fit's module.

Tests: tests/models/training/test_checkpoint.py.
"""

from collections.abc import Callable
from typing import Any

import torch

from torchbridge.saving.tensor_content import Content, DamagedContent

from .loop import Loop
from .provenance import check_parts, check_same, is_provenance
from .weights import check_weights


def _is_count(x: object) -> bool:
    return type(x) is int and 0 <= x < 2**53


def _is_dict(x: object) -> bool:
    return isinstance(x, dict)


def _is_number(x: object) -> bool:
    return x is None or (isinstance(x, (int, float)) and not isinstance(x, bool))


def _is_history(x: object) -> bool:
    return isinstance(x, dict) and all(
        isinstance(column, list) and all(map(_is_number, column)) for column in x.values()
    )


def _is_optimizer(x: object) -> bool:
    return (
        isinstance(x, dict)
        and isinstance(x.get("state"), dict)
        and isinstance(x.get("param_groups"), list)
        and all(isinstance(group, dict) and "params" in group for group in x["param_groups"])
    )


#: What every description has -> what it must be.
_KEYS: dict[str, Callable[[Any], bool]] = {
    "version": _is_count,
    "epoch": _is_count,
    "history": _is_history,
    "optimizer": _is_optimizer,
    "settings": _is_dict,
    "stop_reason": lambda x: x is None or isinstance(x, str),
    "best": lambda x: x is None or (_is_dict(x) and all(map(_is_number, x.values()))),
    "callbacks": lambda x: _is_dict(x) and all(map(_is_dict, x.values())),
}


def _is_where(x: object) -> bool:
    """Where in an epoch; None, or not there, between two."""
    return x is None or (
        isinstance(x, dict)
        and set(x) == {"batch", "seed", "loss"}
        and _is_count(x["batch"])
        and (x["seed"] is None or (type(x["seed"]) is int and 0 <= x["seed"] < 2**62))
        and isinstance(x["loss"], float)
    )


def check_description(about: Any, content: Content, loop: Loop) -> None:
    """An error that names what is damaged, or what is not of this fit; nothing is read for it."""
    for key, check in _KEYS.items():
        if not isinstance(about, dict) or key not in about or not check(about[key]):
            raise DamagedContent(f"its description is damaged: {key} is not what it must be")
    if not _is_where(about.get("where")):
        raise DamagedContent("its description is damaged: where is not what it must be")
    n = len(list(loop.module.parameters()))
    for place in (*about["optimizer"]["state"], *_optimizer_places(content)):
        parts = place.split(".")
        indexed = 3 <= len(parts) <= 4 and parts[0] == "optimizer" and _is_index(parts[1], n)
        if not indexed or (len(parts) == 4 and not _is_index(parts[3], 10**6)):
            raise DamagedContent(f"its description is damaged: {place} is of no parameter")
    random = content.entries.get("random.cpu")
    state = torch.get_rng_state()
    if random is None or random.dtype != state.dtype or random.shape != tuple(state.shape):
        raise DamagedContent("it has no random state")
    try:
        _check_fit(about, loop)
    except ValueError:
        content.tensors()  # a file that is damaged is that, and not one of another fit
        raise
    try:
        check_weights(loop.module, content, "module.")
    except ValueError as error:
        raise ValueError(f"resume: {error}") from error


def _check_fit(about: dict[str, Any], loop: Loop) -> None:
    """An error that names what differs where the loop is another fit than that of the file."""
    then, now = about.get("provenance"), loop.provenance
    if then is None or now is None:  # a file of version 0.1.0
        check_parts(about["settings"], loop.settings)
    elif not is_provenance(then):
        raise DamagedContent("its description is damaged: provenance is not what it must be")
    else:
        check_same(then, now.found, about["history"])
    where = about.get("where")
    if where is not None and not (
        hasattr(loop.batches, "go_on") and where["batch"] <= len(loop.batches)
    ):
        raise DamagedContent("its description is damaged: where is not of these data")
    if loop.epochs < about["epoch"]:
        raise ValueError(
            f"epochs is {loop.epochs}, and the fit to resume has done {about['epoch']}"
        )
    names = [type(c).__name__ for c in loop.callbacks if c.state()]
    missing = [n for n, state in about["callbacks"].items() if state and n not in names]
    if missing:
        raise ValueError(
            f"resume: the checkpoint was written with {missing[0]}; callbacks lacks it"
        )


def _optimizer_places(content: Content) -> list[str]:
    return [name for name in content.entries if name.startswith("optimizer.")]


def _is_index(text: str, n: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) < n
