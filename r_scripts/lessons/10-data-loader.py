"""Batches of data, from Python."""

# %% [markdown]
# R's data frame as PyTorch's own `TensorDataset` and `DataLoader`, in R's order.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import torchbridge as tb

tb.start()
import rpy2.robjects as ro  # noqa: E402  (once R has been found)

study = ro.r("""{
  set.seed(2021)
  study <- data.frame(
    study_time = c(rnorm(300, 5, 2), rnorm(200, 10, 2)),
    n_question = as.integer(pmax(c(rnorm(300, 10, 2), rnorm(200, 13, 2)), 0)),
    pass = rep(0:1, c(300, 200))
  )
  study <- study[sample(500), ]
  set.seed(2021)
  study[-sample(500, 150), ]
}""")
train = tb.to_frame(study)
print(train.head(3))

# %%
columns = torch.tensor(train.to_numpy(), dtype=torch.float32)
loader = DataLoader(TensorDataset(columns[:, :2], columns[:, 2:]), batch_size=8)
batch_rows = [len(x) for x, _ in loader]
print(len(batch_rows), batch_rows[-1])

# %%
model = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
with torch.no_grad():
    model[0].weight.copy_(torch.tensor([[0.099717, -0.239173]]))
    model[0].bias.fill_(0.048379)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
history = []
for _ in range(100):
    losses = []
    for x, y in loader:
        loss = nn.functional.binary_cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    history.append(sum(losses) / len(losses))
print(history[-1])

# %%
plt.plot(range(1, 101), history)
plt.title("Mean loss of the batches, by epoch")
