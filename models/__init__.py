"""What is trained, and how: networks as plain modules, and one training loop."""

from .callbacks import CALLBACKS, Callback
from .glm import GLMFit, fit_glm
from .losses import LOSSES
from .mlp import mlp
from .multinomial import MultinomialFit, fit_multinomial
from .optimizers import OPTIMIZERS
from .training import Fit, fit, predict

__all__ = ["CALLBACKS", "LOSSES", "OPTIMIZERS", "Callback", "Fit", "GLMFit", "MultinomialFit", "fit", "fit_glm", "fit_multinomial", "mlp", "predict"]
