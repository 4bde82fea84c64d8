"""From a neuron to a layer that generalises, from Python."""

# %% [markdown]
# The neuron and the layer are one class: rows in order or shuffled, with or without penalties.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

cancer = load_breast_cancer()
x_all, x_test, y_all, y_test = train_test_split(
    cancer.data, cancer.target, stratify=cancer.target, test_size=0.2, random_state=42
)
x_train, x_val, y_train, y_val = train_test_split(
    x_all, y_all, stratify=y_all, test_size=0.2, random_state=42
)


class SingleLayer:
    """A weight a column, a bias, and a sigmoid."""

    def __init__(self, lr=1.0, l1=0.0, l2=0.0, shuffle=True):
        self.lr, self.l1, self.l2, self.shuffle = lr, l1, l2, shuffle
        self.losses = []

    def forward(self, x):
        """What is before the sigmoid."""
        return x @ self.w + self.b

    def loss(self, x, y):
        """Mean cross entropy."""
        return np.logaddexp(0, (1 - 2 * y) * self.forward(x)).mean()

    def fit(self, x, y, epochs=100, x_val=None, y_val=None):
        """Learn row by row."""
        self.w, self.b = np.ones(x.shape[1]), 0.0
        random = np.random.RandomState(42)
        for _ in range(epochs):
            order = random.permutation(len(x)) if self.shuffle else range(len(x))
            for i in order:
                error = 1 / (1 + np.exp(-max(self.forward(x[i]), -100))) - y[i]
                penalty = self.l1 * np.sign(self.w) + self.l2 * self.w
                self.w = self.w - self.lr * (error * x[i] + penalty)
                self.b -= self.lr * error
            if x_val is not None:
                self.losses.append((self.loss(x, y), self.loss(x_val, y_val)))
        return self

    def score(self, x, y):
        """The share of rows it gets right."""
        return np.mean((self.forward(x) > 0) == y)


neuron = SingleLayer(shuffle=False).fit(x_all, y_all).score(x_test, y_test)
layer = SingleLayer().fit(x_all, y_all).score(x_test, y_test)
print(f"in order {neuron:.6f}, shuffled {layer:.6f}")

# %% [markdown]
# Scaled by the training rows; what is not scaled alike is strange to the model.

# %%
center, spread = x_train.mean(axis=0), x_train.std(axis=0)
x, x_valid = (x_train - center) / spread, (x_val - center) / spread
unscaled = SingleLayer(lr=0.1).fit(x_train, y_train).score(x_val, y_val)
scaled = SingleLayer(lr=0.1).fit(x, y_train, 100, x_valid, y_val)
on_raw, on_scaled = scaled.score(x_val, y_val), scaled.score(x_valid, y_val)
print(f"unscaled {unscaled:.6f}, raw rows {on_raw:.6f}, scaled rows {on_scaled:.6f}")

# %%
early = SingleLayer(lr=0.1).fit(x, y_train, 20).score(x_valid, y_val)
l1 = SingleLayer(lr=0.1, l1=0.001).fit(x, y_train, 20).score(x_valid, y_val)
l2 = SingleLayer(lr=0.1, l2=0.01).fit(x, y_train, 50).score(x_valid, y_val)
print(early, l1, l2)

# %%
plt.plot(scaled.losses, label=["training", "validation"])
plt.axvline(19, color="grey", linestyle="dashed")
plt.ylim(0.02, 0.3)
plt.xlabel("Epoch")
plt.legend()
plt.title("Fitting too well")
