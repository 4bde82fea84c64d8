"""Batch, shuffle, repeat, from Python."""

# %% [markdown]
# PyTorch's own loaders: an epoch's last batch is short, unless rows are repeated before.

# %%
import matplotlib.pyplot as plt
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset

numbers = TensorDataset(torch.tensor([1.2, 3.4, 7.5, 4.1, 5.0, 1.0]))
batches = [batch.tolist() for (batch,) in DataLoader(numbers, batch_size=3)]
four = TensorDataset(torch.zeros(4))
loader = DataLoader(four, batch_size=3)
batch_then_repeat = [len(batch) for epoch in range(2) for (batch,) in loader]
repeated = DataLoader(ConcatDataset([four, four]), batch_size=3)
repeat_then_batch = [len(batch) for (batch,) in repeated]
print(batches, batch_then_repeat, repeat_then_batch)

# %% [markdown]
# The first ten of an order that is shuffled anew each epoch are, sooner or later, all of them.

# %%
generator = torch.Generator().manual_seed(1)
leaky = set()
for _ in range(20):
    leaky.update(torch.randperm(15, generator=generator)[:10].tolist())
everything = TensorDataset(torch.arange(15))
rows = torch.randperm(15, generator=generator).tolist()
train = DataLoader(Subset(everything, rows[:10]), 4, shuffle=True, generator=generator)
orders = [[row for (batch,) in train for row in batch.tolist()] for epoch in range(20)]
seen = {row for order in orders for row in order}
overlap = seen & set(rows[10:])
print(len(leaky), len(seen), overlap)

# %%
plt.imshow(orders[:5])
plt.xlabel("Place")
plt.ylabel("Epoch")
plt.title("Shuffled anew each epoch")
