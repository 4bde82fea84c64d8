"""Heads and losses, from Python."""

# %% [markdown]
# A network gives scores; the loss knows the head. With integer classes it is cross entropy, which
# takes the softmax into itself; with numbers, mean squared error.

# %%
import torch
from sklearn.datasets import load_iris
from torch.nn import functional as F

from torchbridge.models import fit, mlp

soft = torch.softmax(torch.tensor([1.0, 2, 3], dtype=torch.float64), 0)
print(soft, soft.argmax().item())

# %%
iris = load_iris()
x = torch.tensor(iris.data, dtype=torch.float32)
species = torch.tensor(iris.target)
options = {"epochs": 60, "lr": 0.02, "seed": 1}
classes = fit(mlp(4, [8], 3, seed=1), x, species, loss="cross_entropy", **options)
numbers = fit(mlp(3, [8], 1, seed=1), x[:, :3], x[:, 3], loss="mse_loss", **options)
probability = torch.softmax(classes.predict(x), 1)
accuracy = (probability.argmax(1) == species).float().mean().item()
print(accuracy, F.mse_loss(numbers.predict(x[:, :3])[:, 0], x[:, 3]).item())
