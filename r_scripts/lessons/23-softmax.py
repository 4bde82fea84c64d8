"""Softmax classification, from Python."""

# %% [markdown]
# Four routes to one cross entropy. In Python classes count from 0.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from torchbridge.models import fit

torch.manual_seed(1)
z, y = torch.rand(3, 5), torch.tensor([0, 2, 1])
p, one_hot = F.softmax(z, 1), F.one_hot(y, 5)
routes = [
    -(one_hot * p.log()).sum(1).mean(),
    -(one_hot * F.log_softmax(z, 1)).sum(1).mean(),
    F.nll_loss(F.log_softmax(z, 1), y),
    F.cross_entropy(z, y),
]
print(routes)

# %% [markdown]
# Eight rows, three classes, softmax once and by mistake twice.

# %%
rows = [[1, 2, 1, 1], [2, 1, 3, 2], [3, 1, 3, 4], [4, 1, 5, 5]]
rows += [[1, 7, 5, 5], [1, 2, 5, 6], [1, 6, 6, 6], [1, 7, 7, 7]]
x = torch.tensor(rows, dtype=torch.float32)
classes = torch.tensor([2, 2, 2, 1, 1, 1, 0, 0])
costs = {}
for name, head in (("once", nn.Identity()), ("twice", nn.Softmax(1))):
    layer = nn.Linear(4, 3, bias=False)
    nn.init.zeros_(layer.weight)
    done = fit(
        nn.Sequential(layer, head),
        x,
        classes,
        loss="cross_entropy",
        epochs=1001,
        batch_size=8,
        shuffle=False,
        optimizer="sgd",
        lr=0.1,
    )
    costs[name] = done.history["train_loss"]
    print(name, [round(costs[name][epoch], 6) for epoch in (0, 100, 1000)])

# %%
for name, values in costs.items():
    plt.plot(values, label=name)
plt.legend()
plt.title("Softmax once, and by mistake twice")
