"""Activation functions, from Python."""

# %% [markdown]
# Value and slope of each, the slope by autograd.

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

activations = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "silu": F.silu,
    "gelu": F.gelu,
}


def value_and_slope(f, z):
    """f and its derivative at each point."""
    z = z.clone().requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), slope


at = torch.tensor([-2, -0.5, 0, 0.5, 2], dtype=torch.float64)
table = {name: value_and_slope(f, at) for name, f in activations.items()}
for name, (value, slope) in table.items():
    print(f"{name:10}", value.numpy().round(4), slope.numpy().round(4))

# %% [markdown]
# A neuron, three sigmoids, and softmax.

# %%
x, w = torch.tensor([1, 1.4, 2.5]), torch.tensor([0.4, 0.3, 0.5])
neuron = torch.sigmoid(x @ w).item()
scores = torch.tensor([1.78, 0.76, 1.65], dtype=torch.float64)
each, together = torch.sigmoid(scores), torch.softmax(scores, 0)
print(neuron, each, together, each.sum().item(), together.sum().item())

# %%
z = torch.linspace(-4, 4, 161, dtype=torch.float64)
figure, axes = plt.subplots(2, 4, figsize=(9, 4.2), sharex=True)
for axis, (name, f) in zip(axes.flat, activations.items(), strict=False):
    value, slope = value_and_slope(f, z)
    axis.plot(z, value)
    axis.plot(z, slope)
    axis.set_title(name)
axes.flat[-1].axis("off")
figure.suptitle("Activations (blue) and their slopes (orange)")
figure.tight_layout()
