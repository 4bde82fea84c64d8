"""A neuron for regression, from Python."""

# %% [markdown]
# The class as the book has it, in Python.

# %%
import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

diabetes = load_diabetes()
x, y = diabetes.data[:, 2], diabetes.target


class Neuron:
    """One weight and one bias."""

    def __init__(self):
        self.w = 1.0
        self.b = 1.0

    def forward(self, x):
        """What the neuron says of x."""
        return x * self.w + self.b

    def fit(self, x, y, epochs=100):
        """Learn row by row."""
        for _ in range(epochs):
            for x_i, y_i in zip(x, y, strict=True):
                error = y_i - self.forward(x_i)
                self.w += error * x_i
                self.b += error
        return self


neuron = Neuron().fit(x, y)
print(neuron.w, neuron.b)

# %%
plt.scatter(x, y, s=8, color="grey")
plt.axline((0, neuron.b), slope=neuron.w)
plt.title("The neuron's line")
