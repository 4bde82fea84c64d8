"""The whole state of a fit in one safetensors file, from which the same fit goes on."""

import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor

from torchbridge.process.whole_files import replacing
from torchbridge.saving import tensor_content
from torchbridge.saving.tensor_content import DamagedContent, LaterFormat

from .checkpoint_description import check_description
from .loop import Loop
from .weights import copied

_ENTRY = "torchbridge_fit"
_VERSION = 2


def save_state(path: str | os.PathLike[str], loop: Loop) -> None:
    """Write all that `restore_state` needs to go on with the next epoch."""
    tensors = {f"module.{name}": t for name, t in loop.weights().items()}
    optimizer = loop.optimizer.state_dict()
    plain: dict[str, Any] = {"param_groups": optimizer["param_groups"], "state": {}}
    for key, entries in optimizer["state"].items():
        for name, value in entries.items():
            place = f"optimizer.{key}.{name}"
            if isinstance(value, Tensor):
                tensors[place] = loop.accelerator.whole(value)
            elif isinstance(value, list) and any(isinstance(t, Tensor) for t in value):
                # (L-BFGS's "al" holds None beside tensors: scratch of one step.)
                if all(isinstance(t, Tensor) for t in value):
                    tensors |= {f"{place}.{i}": t for i, t in enumerate(value)}
            else:
                plain["state"][place] = value
    tensors |= {f"random.{name}": t for name, t in loop.accelerator.random_state().items()}
    if loop.best is not None:
        whole = loop.accelerator.whole
        tensors |= {f"best.{name}": whole(t) for name, t in loop.best.weights.items()}
    where = loop.where()
    about = {
        "version": _VERSION,
        "epoch": loop.epoch - (where is not None),
        "where": where,
        "history": loop.history,
        "optimizer": plain,
        "settings": loop.settings,
        "provenance": None if loop.provenance is None else loop.provenance.found,
        "stop_reason": loop.stop_reason,
        "best": None if loop.best is None else loop.best.state(),
        "callbacks": {type(c).__name__: c.state() for c in loop.callbacks},
    }
    metadata = {_ENTRY: json.dumps(about, allow_nan=False)}
    if loop.accelerator.rank == 0:
        with replacing(path) as file:
            tensor_content.write(file, copied(tensors), metadata)


def restore_state(path: str | os.PathLike[str], loop: Loop) -> None:
    """Bring a loop to where `save_state` left it, random state included.

    Raises:
        ValueError: the loop is another fit than that of the file; the message names what differs.
    """
    # Of several processes the first one reads.
    tensors, about = loop.accelerator.from_first(lambda: _read(path, loop))
    loop.module.load_state_dict(_weights(tensors, "module.", loop))
    loop.optimizer.load_state_dict(_optimizer_state(tensors, about["optimizer"], loop))
    loop.epoch, loop.history = about["epoch"], about["history"]
    loop.stop_reason, loop.begun = about["stop_reason"], about.get("where")
    if loop.best is not None and about["best"] is not None:
        device = loop.accelerator.device
        best = {name: t.to(device) for name, t in _weights(tensors, "best.", loop).items()}
        loop.best.load_state(about["best"], best)
    for callback in loop.callbacks:
        kept = about["callbacks"].get(type(callback).__name__)
        if kept:
            callback.load_state(kept)
    loop.accelerator.set_random_state(_part(tensors, "random."))


def is_of_this_fit(path: str | os.PathLike[str], loop: Loop) -> str | None:
    """Why a loop could not go on from this file; None where it can."""
    try:
        _read(path, loop)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def _weights(tensors: dict[str, Tensor], prefix: str, loop: Loop) -> dict[str, Tensor]:
    """A state of the module; where each process has a part of it, in parts."""
    like = loop.module.state_dict()
    part = loop.accelerator.part
    return {name: part(t, like[name]) for name, t in _part(tensors, prefix).items()}


def _optimizer_state(
    tensors: dict[str, Tensor], plain: dict[str, Any], loop: Loop
) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {}
    lists: dict[tuple[int, str], dict[int, Tensor]] = {}
    found = {n: t for n, t in tensors.items() if n.startswith("optimizer.")}
    for place, value in (plain["state"] | found).items():
        _, key, name, *position = place.split(".")
        if position:
            lists.setdefault((int(key), name), {})[int(position[0])] = value
        else:
            if isinstance(value, Tensor):
                value = loop.accelerator.part(value, loop.parameters[int(key)])
            state.setdefault(int(key), {})[name] = value
    for (key_, name), items in lists.items():
        state.setdefault(key_, {})[name] = [items[i] for i in sorted(items)]
    return {"state": state, "param_groups": plain["param_groups"]}


def _read(path: str | os.PathLike[str], loop: Loop) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and description, of a file that is whole and of a fit of such a module."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"resume: there is no file {os.fspath(path)}")
    try:
        with tensor_content.opened(path) as content:
            if _ENTRY not in content.metadata:
                raise ValueError(f"resume: {os.fspath(path)} is not a checkpoint of a fit")
            about = content.description(_ENTRY, _VERSION)
            tensors = content.tensors()  # whole, or what differs below may be the damage
            check_description(about, content, loop)
            return tensors, about
    except DamagedContent as error:
        raise ValueError(f"resume: {os.fspath(path)} is no safetensors file: {error}") from error
    except LaterFormat as error:
        raise ValueError(f"resume: {os.fspath(path)} was {error}") from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}
