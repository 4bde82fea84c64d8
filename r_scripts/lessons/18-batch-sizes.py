"""Batches, from Python."""

# %% [markdown]
# PyTorch's own loader: steps of an epoch, rows of its last batch, and steps with `drop_last`.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader

from torchbridge.models import fit

table = []
for rows, size in [(350, 8), (364, 32), (364, 128), (5, 2)]:
    batches = [len(batch) for batch in DataLoader(range(rows), batch_size=size)]
    dropped = len(DataLoader(range(rows), batch_size=size, drop_last=True))
    table.append((rows, size, len(batches), batches[-1], dropped))
print(*table, sep="\n")

# %%
torch.manual_seed(1)
x = torch.randn(64, 2)
y = x @ torch.tensor([1.0, -2]) + 0.1 * torch.randn(64)
histories = {}
for size in (64, 8, 1):
    line = nn.Linear(2, 1)
    nn.init.zeros_(line.weight)
    nn.init.zeros_(line.bias)
    done = fit(line, x, y, epochs=10, batch_size=size, optimizer="sgd", lr=0.02, seed=1)
    histories[size] = done.history["train_loss"]
    plt.semilogy(range(1, 11), histories[size], label=f"{size} rows")
plt.legend()
plt.title("Loss by epoch, for three batch sizes")
