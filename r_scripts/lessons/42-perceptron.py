"""Perceptron and Adaline, from Python."""

# %% [markdown]
# The same first weights as in R, so the same mistakes, epoch by epoch.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_iris

from torchbridge import models

iris = load_iris()
x = iris.data[:100, [0, 2]]
y = np.where(iris.target[:100] == 0, -1.0, 1.0)
start = np.random.RandomState(1).normal(loc=0, scale=0.01, size=3)


class Perceptron:
    """A step function of a weighted sum."""

    def __init__(self, lr=0.1):
        self.lr, self.b, self.w = lr, start[0], start[1:].copy()

    def predict(self, x):
        """1 or -1."""
        return np.where(x @ self.w + self.b >= 0, 1, -1)

    def fit(self, x, y, epochs=10):
        """Learn row by row; `errors` counts the wrong answers of each epoch."""
        self.errors = []
        for _ in range(epochs):
            wrong = 0
            for row, truth in zip(x, y, strict=True):
                step = self.lr * (truth - self.predict(row))
                self.w += step * row
                self.b += step
                wrong += step != 0
            self.errors.append(int(wrong))
        return self


perceptron = Perceptron().fit(x, y)
print(perceptron.errors)

# %% [markdown]
# Adaline is one linear unit; half a sum of squares is 50 times the mean over 100 rows.

# %%
unit = torch.nn.Linear(2, 1, dtype=torch.float64)
unit.load_state_dict({"weight": torch.tensor(start[None, 1:]), "bias": torch.tensor(start[:1])})
adaline = models.fit(
    unit,
    torch.tensor((x - x.mean(axis=0)) / x.std(axis=0)),
    torch.tensor(y[:, None]),
    optimizer="sgd",
    lr=0.01 * 50,
    epochs=15,
    batch_size=100,
)
costs = [50 * loss for loss in adaline.history["train_loss"]]
print(np.round(costs, 3))

# %%
figure, axes = plt.subplots(1, 2)
axes[0].plot(range(1, 11), perceptron.errors, marker="o")
axes[0].set(title="Perceptron: wrong answers", xlabel="Epoch")
axes[1].plot(range(1, 16), costs, marker="o")
axes[1].set(title="Adaline: half the sum of squares", xlabel="Epoch")
