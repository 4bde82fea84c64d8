"""Dense networks: iris and XOR, from Python."""

# %% [markdown]
# R's `iris` comes as a pandas data frame with a categorical column, whose codes are the classes.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

import torchbridge as tb
from torchbridge import models

tb.start()
from rpy2 import robjects  # noqa: E402

iris = tb.to_frame(robjects.r["iris"])
x = iris.iloc[:, :4].to_numpy()
species = iris["Species"].cat
rows = np.random.default_rng(1).permutation(150)
train, test = rows[:100], rows[100:]
fit = models.fit_table(
    "mlp",
    x[train],
    species.codes.to_numpy()[train],
    n_classes=3,
    model_options={"hidden": [16], "activation": "sigmoid"},
    fit_options={"epochs": 100, "batch_size": 2, "lr": 0.005, "seed": 1},
)
parameters = sum(p.numel() for p in fit.model.module.parameters())
predicted = fit.predict(x[test]).argmax(1).numpy()
accuracy = np.mean(predicted == species.codes.to_numpy()[test])
print(parameters, accuracy, list(species.categories))

# %% [markdown]
# Saved as text and safetensors bytes, and the same when it is read again: no pickle.

# %%
again = models.load_table(fit.spec_json, fit.weights)
same = torch.equal(again.predict(x[test]), fit.predict(x[test]))
print(same)

# %% [markdown]
# XOR: no line tells the signs apart, three hidden layers of four units do.

# %%
points = np.random.RandomState(1).uniform(low=-1, high=1, size=(200, 2))
alike = (points[:, 0] * points[:, 1] >= 0).astype(float)
p, q = torch.tensor(points, dtype=torch.float32), torch.tensor(alike[:, None]).float()
net = models.mlp(2, [4, 4, 4], 1, seed=5)
models.fit(
    net,
    p[:100],
    q[:100],
    loss="binary_cross_entropy_with_logits",
    epochs=200,
    batch_size=2,
    lr=0.01,
    seed=5,
)
learned = ((models.predict(net, p[100:]) > 0) == (q[100:] > 0.5)).float().mean().item()
line = models.fit_table("logistic", points[:100], alike[:100])
guessed = np.mean((line.predict(points[100:]).numpy() > 0.5) == (alike[100:] > 0.5))
print(f"network {learned:.2f}, line {guessed:.2f}")

# %%
side = torch.linspace(-1, 1, 101)
grid = torch.cartesian_prod(side, side)
shade = torch.sigmoid(models.predict(net, grid)).reshape(101, 101).T
plt.pcolormesh(side.numpy(), side.numpy(), shade.numpy(), cmap="RdBu", shading="auto")
plt.scatter(*points.T, s=10, c=alike, cmap="gray_r", edgecolors="black", linewidths=0.5)
plt.gca().set_aspect("equal")
plt.grid(False)
plt.title("XOR, learned")
