"""Logistic regression, from Python."""

# %% [markdown]
# The same six points and the same thousand steps.

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

x = torch.tensor([[1.0, 2], [2, 3], [3, 1], [4, 3], [5, 3], [6, 2]])
y = torch.tensor([[0.0], [0], [0], [1], [1], [1]])
w = torch.zeros(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=1)
costs = []
for _ in range(1001):
    cost = F.binary_cross_entropy(torch.sigmoid(x @ w + b), y)
    costs.append(cost.item())
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
print([round(costs[epoch], 6) for epoch in (0, 100, 1000)])

# %%
plt.semilogy(costs)
plt.xlabel("Epoch")
plt.title("Cost of logistic regression")
