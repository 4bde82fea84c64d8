# %% [markdown]
# R starts at the first call that needs it. Values cross as NumPy arrays, PyTorch tensors and data
# frames.

# %%
import torchbridge as tb

stats = tb.package("stats")
print(stats.median([3.0, 1.0, 2.0]))

# %% [markdown]
# ## An R model
#
# An R package's functions are attributes; what they give stays an R object until it is asked for.

# %%
cars = tb.package("datasets").mtcars
fit = stats.lm("mpg ~ wt", cars)
print(stats.coef(fit))

# %% [markdown]
# ## A network
#
# `torchbridge.models` trains PyTorch modules and fits what R fits, from columns to predictions.

# %%
from torchbridge import models

linear = models.fit_formula("mpg ~ wt + hp", cars, "linear")
print(linear.coefficients)
network = models.fit_formula(
    "mpg ~ wt + hp", cars, "mlp", fit_options={"epochs": 60, "seed": 1, "lr": 0.02}
)
print(list(network.history), network.status)
