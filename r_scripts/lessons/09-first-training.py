"""A first training, from Python."""

# %% [markdown]
# R draws the hundred points, PyTorch the initial weights: the first loss is the lesson's again.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

import torchbridge as tb
from torchbridge import models

tb.start()
import rpy2.robjects as ro  # noqa: E402  (once R has been found)

drawn = ro.r("""{
  set.seed(2021)
  x <- sort(sample(1:100))
  cbind(x, scale(x), x + 30 * sin(0.1 * x) + rnorm(100, sd = 5))
}""")
x, scaled, y = tb.to_torch(drawn, dtype=torch.float32).T
torch.manual_seed(659487)
net = nn.Sequential(
    nn.Linear(1, 10), nn.Tanh(), nn.Linear(10, 10), nn.Tanh(), nn.Linear(10, 10), nn.Linear(10, 1)
)

# %% [markdown]
# 4,000 of the 50,000 epochs: enough to leave the line behind.

# %%
fit = models.fit(
    net,
    scaled[:, None],
    y,
    epochs=4000,
    batch_size=100,
    shuffle=False,
    optimizer="sgd",
    lr=1e-5,
)
losses = fit.history["train_loss"]
print(fit)
print(losses[0], losses[-1])

# %%
plt.scatter(x, y, s=8, color="grey")
plt.plot(x, fit.predict(scaled[:, None]))
plt.title("The network after 4,000 epochs")
