"""Clustering, from Python."""

# %% [markdown]
# The clouds and the moons, with matplotlib. `fit_kmeans()` is torchbridge's own.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score, silhouette_score

from torchbridge import models

x, _ = make_blobs(n_samples=150, centers=3, cluster_std=0.5, random_state=0)
means = models.fit_kmeans(torch.tensor(x), 3, seed=0)
labels = means.clusters.numpy()
silhouette = silhouette_score(x, labels)
print(round(means.inertia, 2), means.sizes, round(silhouette, 5))

# %% [markdown]
# A tree of five points, cut into three.

# %%
five = np.random.RandomState(123).random_sample((5, 3)) * 10
tree = linkage(five, "complete")
groups = fcluster(tree, 3, "maxclust")
print(tree[:, 2], groups)

# %%
moons, truth = make_moons(n_samples=200, noise=0.05, random_state=0)
by_density = DBSCAN(eps=0.2, min_samples=5).fit_predict(moons)
agreement = adjusted_rand_score(truth, by_density)
print(agreement)

# %%
figure, axes = plt.subplots(1, 2)
axes[0].scatter(*x.T, c=labels, s=10)
axes[1].scatter(*moons.T, c=by_density, s=10)
figure.suptitle("k-means on clouds, DBSCAN on moons")
