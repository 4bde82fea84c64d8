"""What is trained, and how: networks as plain modules, and one training loop."""

from .mlp import mlp
from .training import Fit, fit, predict

__all__ = ["Fit", "fit", "mlp", "predict"]
