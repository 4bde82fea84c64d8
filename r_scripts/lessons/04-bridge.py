"""The bridge, from Python."""

# %% [markdown]
# An in-place `add_()` shows through a NumPy array that shares the tensor's memory; `add()` makes a
# new tensor and leaves both alone.

# %%
import torch

import torchbridge as tb

a = torch.ones(5)
b = a.numpy()
a.add_(1)
c = a.add(1)
print(a, b, c, sep="\n")

# %% [markdown]
# The same round trip with R: `to_r()` gives R's object, `to_torch()` brings it back, element for
# element.

# %%
m = torch.arange(6, dtype=torch.float64).view(2, 3)
r_matrix = tb.to_r(m)
print(r_matrix)
round_trip = tb.to_torch(r_matrix)
print(torch.equal(m, round_trip), round_trip.dtype)
