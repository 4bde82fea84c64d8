"""Odds, logit and cross entropy, from Python."""

# %% [markdown]
# Odds and logits by PyTorch's names; a logistic log-likelihood is minus n mean cross entropies.

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional

from torchbridge.models import fit_table

p = torch.tensor([0.1, 0.5, 0.8, 0.99], dtype=torch.float64)
odds, logit = p / (1 - p), torch.logit(p)
back = torch.sigmoid(logit)
print(odds, logit, back)

# %%
one = torch.ones(1, dtype=torch.float64)
coin = functional.binary_cross_entropy(one / 2, one).item()
torch.manual_seed(1)
x = torch.randn(100, 1, dtype=torch.float64)
passed = torch.bernoulli(torch.sigmoid(1 + 2 * x[:, 0]))
fit = fit_table("logistic", x, passed)
probability = torch.as_tensor(fit.predict(x)).flatten()
entropy = functional.binary_cross_entropy(probability, passed).item()
print(coin, fit.exact.log_likelihood, -100 * entropy)

# %%
order = x[:, 0].argsort()
plt.plot(x[order, 0], probability[order])
plt.plot(x[:, 0], passed, ".")
plt.title("The probability of passing")
