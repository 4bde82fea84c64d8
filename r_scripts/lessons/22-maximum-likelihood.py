"""Maximum likelihood, from Python."""

# %% [markdown]
# The thumbtack's likelihood: Newton's method with exact derivatives, and the curvature at the peak.

# %%
import matplotlib.pyplot as plt
import torch

import torchbridge as tb

N, K = 100, 27


def minus_log_lik(theta):
    """Minus the log-likelihood of K heads in N throws."""
    return -(K * torch.log(theta) + (N - K) * torch.log(1 - theta)).sum()


theta = torch.tensor([0.5], dtype=torch.float64)
for _ in range(8):
    theta -= tb.autograd.grad(minus_log_lik, theta) / tb.autograd.hessian(minus_log_lik, theta)[0]
curvature = tb.autograd.hessian(minus_log_lik, theta).item()
print(theta.item(), -minus_log_lik(theta).item(), curvature, N / (0.27 * 0.73))

# %%
grid = torch.linspace(0.05, 0.7, 131)
plt.plot(grid, [-minus_log_lik(t).item() for t in grid])
plt.axvline(theta.item(), linestyle="--", color="#D55E00")
plt.title("Log-likelihood of theta")
