"""A network in matrix algebra, from Python."""

# %% [markdown]
# The same two layers in NumPy: a class whose `step()` is the whole of backpropagation.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from torchbridge import models

cancer = load_breast_cancer()
x, y = cancer.data, cancer.target
for _ in range(2):  # a fifth for the test, a fifth of the rest for validation
    x, x_val, y, y_val = train_test_split(x, y, stratify=y, test_size=0.2, random_state=42)
center, spread = x.mean(axis=0), x.std(axis=0)
x, x_val = (x - center) / spread, (x_val - center) / spread


class TwoLayers:
    """Thirty columns, ten hidden units, one probability."""

    def __init__(self, l2=0.01, lr=0.1):
        random = np.random.RandomState(42)
        self.w1, self.b1 = random.normal(0, 1, (30, 10)), np.zeros(10)
        self.w2, self.b2 = random.normal(0, 1, (10, 1)), np.zeros(1)
        self.l2, self.lr = l2, lr

    def forward(self, x):
        """Logits, and the hidden units before them."""
        hidden = 1 / (1 + np.exp(-(x @ self.w1 + self.b1)))
        return hidden @ self.w2 + self.b2, hidden

    def step(self, x, y):
        """One step down the gradient; the sum of the losses before it."""
        logits, hidden = self.forward(x)
        error = 1 / (1 + np.exp(-logits)) - y
        hidden_error = error @ self.w2.T * hidden * (1 - hidden)
        rate = self.lr / len(x)
        self.w2 = self.w2 - rate * (hidden.T @ error + self.l2 * self.w2)
        self.b2 = self.b2 - rate * error.sum(axis=0)
        self.w1 = self.w1 - rate * (x.T @ hidden_error + self.l2 * self.w1)
        self.b1 = self.b1 - rate * hidden_error.sum(axis=0)
        return np.log1p(np.exp((1 - 2 * y) * logits)).sum()

    def fit(self, x, y, epochs=500, batch_size=None):
        """All rows a step, or shuffled batches."""
        random = np.random.RandomState(42)
        y, self.losses = y.reshape(-1, 1), []
        for _ in range(epochs):
            rows = random.permutation(len(x)) if batch_size else np.arange(len(x))
            starts = range(0, len(x), batch_size or len(x))
            batches = [rows[i : i + (batch_size or len(x))] for i in starts]
            self.losses.append(sum(self.step(x[rows], y[rows]) for rows in batches) / len(x))
        return self

    def score(self, x, y):
        """The share of rows it gets right."""
        return np.mean((self.forward(x)[0].ravel() > 0) == y)


fits = {size: TwoLayers().fit(x, y, batch_size=size) for size in (None, 32, 128)}
accuracy = {size: fit.score(x_val, y_val) for size, fit in fits.items()}
print(accuracy)

# %% [markdown]
# PyTorch, from the same weights: autograd goes back through the layers, `fit()` takes the steps.

# %%
start = TwoLayers()
net = torch.nn.Sequential(torch.nn.Linear(30, 10), torch.nn.Sigmoid(), torch.nn.Linear(10, 1))
weights = [start.w1.T, start.b1, start.w2.T, start.b2]
names = net.state_dict().keys()
net.double().load_state_dict({n: torch.tensor(w) for n, w in zip(names, weights, strict=True)})
fit = models.fit(
    net,
    torch.tensor(x),
    torch.tensor(y.reshape(-1, 1), dtype=torch.float64),
    loss="binary_cross_entropy_with_logits",
    optimizer="sgd",
    lr=0.1,
    epochs=500,
    batch_size=len(x),
    shuffle=False,
)
by_hand = TwoLayers(l2=0).fit(x, y)
difference = np.abs(np.array(by_hand.losses) - fit.history["train_loss"]).max()
print(difference)

# %%
for size, found in fits.items():
    plt.semilogy(found.losses, label=f"{size or len(x)} rows a step")
plt.legend()
plt.xlabel("Epoch")
plt.title("Two layers, from the same weights")
