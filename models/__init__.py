"""What is trained, and how: networks as plain modules, and one training loop."""

from .callbacks import CALLBACKS, Callback
from .losses import LOSSES
from .mlp import mlp
from .optimizers import OPTIMIZERS
from .training import Fit, fit, predict

__all__ = ["CALLBACKS", "LOSSES", "OPTIMIZERS", "Callback", "Fit", "fit", "mlp", "predict"]
