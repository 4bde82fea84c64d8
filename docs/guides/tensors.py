# %% [markdown]
# `tb.to_torch` takes what R or NumPy has, `tb.to_r` gives an R object.

# %%
import numpy as np
import torch

import torchbridge as tb

x = tb.to_torch(np.arange(6.0).reshape(2, 3))
print(x)

# %%
matrix = tb.to_r(x)
print(matrix)
print(torch.equal(tb.to_torch(matrix), x))

# %% [markdown]
# R functions take tensors and arrays as they are.

# %%
base = tb.package("base")
print(base.colSums(x))
