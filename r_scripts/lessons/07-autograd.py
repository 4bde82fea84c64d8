"""Gradients, from Python."""

# %% [markdown]
# The same loss. The seed is PyTorch's own, so the seven numbers are the same too.

# %%
import matplotlib.pyplot as plt
import torch

torch.manual_seed(2021)
torch.rand(1)
x = 10 * torch.rand(7)


def f(mu):
    """Mean squared distance of x from mu."""
    return torch.mean((x - mu) ** 2)


mu = torch.tensor(2.5, requires_grad=True)
f(mu).backward()
slope = mu.grad.item()
print(slope)

# %%
mu = torch.tensor(0.5, requires_grad=True)
path = []
for _ in range(100):
    path.append((mu.item(), f(mu).item()))
    (gradient,) = torch.autograd.grad(f(mu), mu)
    with torch.no_grad():
        mu -= 0.1 * gradient
print(mu.item(), x.mean().item())

# %%
grid = torch.linspace(0, 10, 101)
plt.plot(grid, [f(m).item() for m in grid], color="black")
plt.plot(*zip(*path, strict=True), "o")
plt.title("Descent from 0.5 to the mean")
