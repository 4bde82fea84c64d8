# %% [markdown]
# An R script's functions are the attributes of one object. They take and return arrays, tensors,
# data frames and scalars.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import torchbridge as tb

script = """
r_squared <- function(x) summary(lm(x[, 1] ~ x[, 2]))$r.squared
by_group <- function(data) aggregate(len ~ supp, data, mean)
nll <- function(p, y) -sum(dnorm(y, p[1], p[2], log = TRUE))
"""
with TemporaryDirectory() as folder:
    file = Path(folder) / "stats.R"
    file.write_text(script)
    stats = tb.source(str(file))

torch.manual_seed(1)
print(stats.r_squared(torch.randn(100, 2)))

# %% [markdown]
# ## Packages
#
# `tb.package` gives an R package's functions and data in the same way.

# %%
datasets = tb.package("datasets")
print(stats.by_group(datasets.ToothGrowth))

# %% [markdown]
# ## Errors
#
# An R error is a Python exception with R's message; an R warning is a Python warning.

# %%
try:
    stats.r_squared("text")
except tb.RError as error:
    print(type(error).__name__, "-", error)

# %% [markdown]
# ## Derivatives
#
# A plain R function has a gradient: it runs on tensors.

# %%
value, gradient = tb.autograd.value_and_grad(stats.nll, [0.0, 1.0], y=[0.5, 1.5, 2.5])
print(float(value), gradient)

# %% [markdown]
# `tb.autograd.r_function(stats.nll)` is a node of a PyTorch graph: R code inside a network.
