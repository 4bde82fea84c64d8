"""Fully connected networks, from Python."""

# %% [markdown]
# `mlp` makes them: inputs, hidden layers, outputs.

# %%
from torchbridge.models import mlp

shapes = [(4, [16], 3), (4, [16], 32), (784, [100], 10), (784, [50, 50], 10), (2, [4, 4, 4], 1)]
counts = [sum(p.numel() for p in mlp(*shape).parameters()) for shape in shapes]
for shape, count in zip(shapes, counts, strict=True):
    print(shape, count)

# %%
mlp(4, [16], 3, activation="tanh")
