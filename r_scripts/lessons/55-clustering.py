"""Clustering, from Python."""

# %% [markdown]
# The clouds and the moons, with matplotlib.

# %%
import matplotlib.pyplot as plt
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score

x, _ = make_blobs(n_samples=150, centers=3, cluster_std=0.5, random_state=0)
means = KMeans(3, n_init=10, random_state=0).fit(x)
print(round(means.inertia_, 2))

# %%
moons, truth = make_moons(n_samples=200, noise=0.05, random_state=0)
labels = DBSCAN(eps=0.2, min_samples=5).fit_predict(moons)
agreement = adjusted_rand_score(truth, labels)
print(agreement)

# %%
figure, axes = plt.subplots(1, 2)
axes[0].scatter(*x.T, c=means.labels_, s=10)
axes[1].scatter(*moons.T, c=labels, s=10)
figure.suptitle("k-means on clouds, DBSCAN on moons")
