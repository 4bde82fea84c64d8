"""Gradient descent, from Python."""

# %% [markdown]
# By hand, and by `torch.optim.SGD` on the mean of squares: the same ten weights.

# %%
import matplotlib.pyplot as plt
import torch

x = y = torch.tensor([1.0, 2, 3], dtype=torch.float64)
w, by_hand = 0.0, []
for _ in range(10):
    by_hand.append((w, ((x * w - y) ** 2).mean().item()))
    w -= 0.1 * ((x * w - y) * x).sum().item()

# %%
weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.15)
by_optimizer = []
for _ in range(10):
    cost = ((x * weight - y) ** 2).mean()
    by_optimizer.append((weight.item(), cost.item()))
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
for one, other in zip(by_hand, by_optimizer, strict=True):
    print(f"{one[0]:.3f} {one[1]:.6f}   {other[0]:.3f} {other[1]:.6f}")

# %%
grid = torch.linspace(-5, 7, 121)
plt.plot(grid, [((x * v - y) ** 2).mean() for v in grid], color="black")
plt.plot(*zip(*by_hand, strict=True), "o-")
plt.title("Steps down a parabola")
