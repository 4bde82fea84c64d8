"""Learning rates, from Python."""

# %% [markdown]
# A good rate, one that jumps about, one that stands still; and one that `fit` stops.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from torchbridge.models import fit

x = torch.tensor(
    [[1.0, 2, 1], [1, 3, 2], [1, 3, 4], [1, 5, 5], [1, 7, 5], [1, 2, 5], [1, 6, 6], [1, 7, 7]]
)
y = torch.tensor([2, 2, 2, 1, 1, 1, 0, 0])
torch.manual_seed(1)
costs = {}
for rate in (0.1, 1e5, 1e-10):
    options = {"epochs": 20, "batch_size": 8, "shuffle": False, "optimizer": "sgd", "lr": rate}
    costs[rate] = fit(nn.Linear(3, 3), x, y, loss="cross_entropy", **options).history["train_loss"]
    print(rate, costs[rate][0], costs[rate][1], costs[rate][-1])
try:
    fit(nn.Linear(3, 1), 100 * x, y.float(), optimizer="sgd", lr=0.1)
except FloatingPointError as error:
    diverged = str(error)
    print(diverged)

# %%
for rate, values in costs.items():
    plt.semilogy(values, label=f"lr {rate:g}")
plt.legend()
plt.title("Three learning rates")
