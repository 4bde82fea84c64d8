"""Regression on several columns, from Python."""

# %% [markdown]
# Three quizzes and a final exam: `Linear(3, 1)` by descent, and the exact fit beside it.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from torchbridge.models import fit, fit_table

quizzes = [[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]]
x = torch.tensor(quizzes, dtype=torch.float32)
y = torch.tensor([152.0, 185, 180, 196, 142])
layer = nn.Linear(3, 1)
nn.init.zeros_(layer.weight)
nn.init.zeros_(layer.bias)
descent = fit(layer, x, y, epochs=1001, batch_size=5, shuffle=False, optimizer="sgd", lr=1e-5)
costs = descent.history["train_loss"]
print([round(costs[epoch], 6) for epoch in (0, 1, 2, 3, 100, 1000)])

# %%
exact = fit_table("linear", x, y).exact
print(layer.bias.item(), layer.weight.tolist())
print(exact.coefficients.tolist())

# %%
plt.loglog(range(1, 1002), costs)
plt.title("Cost by epoch")
