"""Making tensors, from Python."""

# %% [markdown]
# The same tensors in Python, where subscripts count from 0.

# %%
import torch

import torchbridge as tb

torch.manual_seed(1)
print(torch.rand(5, 3))
x = tb.to_torch(tb.to_r(torch.tensor([[1, 4], [2, 5], [3, 6]])))
print(x)

# %%
z = torch.linspace(0, 1, 10).view(2, 5).T
print(z[:, 0])
print(z[:3])
