"""Watching a training, from Python."""

# %% [markdown]
# The callback writes what the history holds; TensorBoard's own reader gives it back.

# %%
import tempfile

import matplotlib.pyplot as plt
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from torchbridge.models import fit_table

torch.manual_seed(1)
x = torch.randn(200, 3)
y = x[:, 0] ** 2 + x[:, 1]
folder = tempfile.mkdtemp()
fit = fit_table(
    "mlp",
    x,
    y,
    validation=0.25,
    fit_options={"epochs": 30, "seed": 1, "callbacks": {"tensorboard": {"log_dir": folder}}},
)
events = EventAccumulator(folder)
events.Reload()
tags = events.Tags()["scalars"]
(tag,) = [tag for tag in tags if "train_loss" in tag]
logged = [event.value for event in events.Scalars(tag)]
print(tags)

# %%
plt.semilogy(range(1, 31), logged)
plt.xlabel("Epoch")
plt.title("As TensorBoard has it")
