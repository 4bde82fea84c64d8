"""Linear regression, from Python."""

# %% [markdown]
# A layer that begins with zeros, a thousand steps, and the question of the fourth hour.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from torchbridge.models import fit

x = torch.tensor([[1.0], [2], [3]])


def train(y, epochs=1001):
    """A line through three points, by descent."""
    line = nn.Linear(1, 1)
    nn.init.zeros_(line.weight)
    nn.init.zeros_(line.bias)
    return fit(line, x, y, epochs=epochs, batch_size=3, shuffle=False, optimizer="sgd", lr=0.01)


same = train(torch.tensor([1.0, 2, 3]))
hours = train(torch.tensor([2.0, 4, 6]))
costs = same.history["train_loss"]
print([round(costs[epoch], 6) for epoch in (0, 100, 1000)])
at_four = hours.predict(torch.tensor([[4.0]])).item()
print(hours.module.weight.item(), hours.module.bias.item(), at_four)

# %%
torch.manual_seed(1)
start = nn.Linear(1, 1)
print(start.weight.item(), start.bias.item(), nn.functional.mse_loss(start(x), x).item())

# %%
plt.scatter(x, [2, 4, 6], color="black", zorder=3)
for epochs in (1, 10, 100, 1000):
    line = train(torch.tensor([2.0, 4, 6]), epochs).predict(torch.tensor([[0.0], [4.0]]))
    plt.plot([0, 4], line[:, 0], label=epochs)
plt.legend(title="Steps")
plt.title("Descent finds the line")
