"""Fewer dimensions, from Python."""

# %% [markdown]
# `fit_pca()` is R's `prcomp()` in torch, on whatever device.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_wine, make_moons
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from torchbridge import models

wine = load_wine()
x, x_test, y, y_test = train_test_split(
    wine.data, wine.target, test_size=0.3, stratify=wine.target, random_state=0
)
center, spread = x.mean(axis=0), x.std(axis=0)
x, x_test = (x - center) / spread, (x_test - center) / spread
pca = models.fit_pca(torch.tensor(x))
eigenvalues = (pca.sdev**2).numpy()
ratios = eigenvalues / eigenvalues.sum()
print(eigenvalues[:4], ratios[:3])

# %% [markdown]
# Logistic regression on two components, and on two discriminants.


# %%
def accuracy(train, test):
    """On training and test rows."""
    model = LogisticRegression(random_state=1).fit(train, y)
    return model.score(train, y), model.score(test, y_test)


on_pca = accuracy(pca.scores[:, :2], pca.transform(torch.tensor(x_test))[:, :2])
lda = LinearDiscriminantAnalysis(n_components=2).fit(x, y)
on_lda = accuracy(lda.transform(x), lda.transform(x_test))
print(on_pca, on_lda)

# %% [markdown]
# Kernel components of two moons: eigenvectors of the centred nearness of all points.

# %%
moons, moon = make_moons(n_samples=100, random_state=123)
points = torch.tensor(moons)
kernel = torch.exp(-15 * torch.cdist(points, points) ** 2)
ones = torch.ones(100, 100, dtype=torch.float64) / 100
centred = kernel - ones @ kernel - kernel @ ones + ones @ kernel @ ones
values, vectors = torch.linalg.eigh(centred)
alphas, value = vectors[:, [-1, -2]], values[-1]
nearness = torch.exp(-15 * ((points - points[25]) ** 2).sum(1))
projected = (nearness @ alphas[:, 0] / value).item()
print(alphas[25, 0].item(), projected)

# %%
figure, axes = plt.subplots(1, 2)
for kind, colour in enumerate(("#0072B2", "#D55E00")):
    axes[0].scatter(*moons[moon == kind].T, s=10, color=colour)
    axes[1].scatter(*alphas[np.flatnonzero(moon == kind)].T, s=10, color=colour)
figure.suptitle("Moons, unrolled")
