"""Sigmoid and cross entropy, from Python."""

# %% [markdown]
# Far out the sigmoid's slope dies. Through cross entropy the slope is sigmoid(z) - y, and stays.

# %%
import torch
from torch.nn import functional as F

z = torch.tensor([0.0, 2, 5, 10], dtype=torch.float64, requires_grad=True)
(of_sigmoid,) = torch.autograd.grad(torch.sigmoid(z).sum(), z)
slopes = {}
for y in (0.0, 1.0):
    loss = F.binary_cross_entropy_with_logits(z, torch.full_like(z, y), reduction="sum")
    (slopes[y],) = torch.autograd.grad(loss, z)
print(of_sigmoid, slopes[0.0], sep="\n")
difference = max((slopes[y] - (torch.sigmoid(z) - y)).abs().max().item() for y in slopes)
print(difference)

# %% [markdown]
# On logits the loss is right even where the sigmoid is 0 or 1 to the last digit.

# %%
extreme = torch.tensor([-1000.0, 1000], dtype=torch.float64)
stable = F.binary_cross_entropy_with_logits(extreme, torch.zeros(2).double(), reduction="none")
print(stable)
