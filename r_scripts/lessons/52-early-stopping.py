"""Checkpoints and stopping early, from Python."""

# %% [markdown]
# The rule, on a script: `EpochEnd` adds it to the history, `EarlyStopping` watches it.

# %%
import tempfile

import matplotlib.pyplot as plt
import torch
from safetensors.torch import load_file

from torchbridge import models
from torchbridge.models.callbacks import EarlyStopping, EpochEnd, ModelCheckpoint

script = [5, 4, 3, 3.1, 3.2, 3.3, 1]
scripted = models.fit(
    torch.nn.Linear(1, 1),
    torch.zeros(4, 1),
    torch.zeros(4, 1),
    epochs=7,
    callbacks=[
        EarlyStopping(patience=3, monitor="scripted"),
        EpochEnd(lambda row: {"scripted": script[row["epoch"] - 1]}),
    ],
)
print(scripted.history["scripted"])
print(scripted.status)

# %% [markdown]
# In training: thirty noisy points, and more freedom than they need.

# %%
torch.manual_seed(1)
x = 6 * torch.rand(90, 1) - 3
y = torch.sin(x) + 0.4 * torch.randn(90, 1)
checkpoint = tempfile.mkdtemp() + "/best"
net = models.mlp(1, [64, 64], 1, activation="tanh", seed=1)
fit = models.fit(
    net,
    x[:30],
    y[:30],
    validation=(x[30:], y[30:]),
    epochs=500,
    batch_size=30,
    lr=0.01,
    seed=1,
    callbacks=[EarlyStopping(patience=60), ModelCheckpoint(checkpoint, best_only=True)],
)
least = min(fit.history["valid_loss"])
restored = torch.nn.functional.mse_loss(fit.predict(x[30:]), y[30:]).item()
print(fit.best_epoch, least, restored)
print(list(load_file(checkpoint))[:4])

# %%
plt.plot(fit.history["epoch"], fit.history["train_loss"], label="training")
plt.plot(fit.history["epoch"], fit.history["valid_loss"], label="validation")
plt.axvline(fit.best_epoch, color="grey", linestyle="dashed")
plt.ylim(0, 0.8)
plt.xlabel("Epoch")
plt.legend()
plt.title("The best epoch is not the last")
