"""What can be added to a fit: one file a callback."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..arguments import check_options, kind_of, lookup, options
from .callback import Callback
from .csv_log import CSVLog
from .early_stopping import EarlyStopping
from .epoch_end import EpochEnd
from .gradient_clipping import GradientClipping
from .lr_finder import LRFinder
from .lr_schedule import SCHEDULES, LRSchedule
from .model_checkpoint import ModelCheckpoint
from .progress_bar import ProgressBar, is_interactive
from .progress_lines import Lines, ProgressLines
from .tensorboard import TensorBoard

__all__ = [
    "CALLBACKS",
    "SCHEDULES",
    "CSVLog",
    "Callback",
    "EarlyStopping",
    "EpochEnd",
    "GradientClipping",
    "LRFinder",
    "LRSchedule",
    "Lines",
    "ModelCheckpoint",
    "ProgressBar",
    "ProgressLines",
    "TensorBoard",
    "as_callbacks",
    "is_interactive",
]

#: The names that stand for callbacks where they are given as plain options.
CALLBACKS: dict[str, type[Callback]] = {
    "early_stopping": EarlyStopping,
    "lr_finder": LRFinder,
    "lr_schedule": LRSchedule,
    "gradient_clipping": GradientClipping,
    "epoch_end": EpochEnd,
    "model_checkpoint": ModelCheckpoint,
    "csv_log": CSVLog,
    "tensorboard": TensorBoard,
    "progress_bar": ProgressBar,
}


def as_callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks of a list of them, or of options by the names in `CALLBACKS`."""
    if isinstance(callbacks, Mapping):
        return [
            _named(name, options(f'callbacks["{name}"]', given))
            for name, given in options("callbacks", callbacks).items()
        ]
    if isinstance(callbacks, (str, Callback)) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks must be a list or a dict by name, not {kind_of(callbacks)}")
    found = list(callbacks)
    for callback in found:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must hold Callbacks, not {kind_of(callback)}")
    return found


def _named(name: str, given: dict[str, Any]) -> Callback:
    callback_class: Any = lookup("callbacks", name, CALLBACKS)
    if callback_class is not LRSchedule:  # which checks its options by its schedule
        check_options("callbacks", name, callback_class, given)
    return callback_class(**given)
