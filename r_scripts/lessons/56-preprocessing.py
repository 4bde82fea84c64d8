"""Getting data ready, from Python."""

# %% [markdown]
# A table with holes, sizes and colours in pandas, filled and encoded by scikit-learn.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import torchbridge as tb

holes = pd.DataFrame({"C": [3, np.nan, 12], "D": [4, 8, np.nan]})
filled = SimpleImputer().fit_transform(holes)
print(filled)
clothes = pd.DataFrame({"colour": ["green", "red", "blue"], "size": ["M", "L", "XL"]})
clothes["size"] = clothes["size"].map({"M": 1, "L": 2, "XL": 3})
one_hot = pd.get_dummies(clothes, columns=["colour"])
without_first = pd.get_dummies(clothes, columns=["colour"], drop_first=True)
print(one_hot)

# %% [markdown]
# R sees the same table: NaN of floats is NaN there, a category is a factor.

# %%
clothes["colour"] = clothes["colour"].astype("category")
print(tb.to_r(clothes))

# %%
v = np.arange(6.0).reshape(-1, 1)
standard = StandardScaler().fit_transform(v).ravel()
print(np.column_stack([v, MinMaxScaler().fit_transform(v), standard]))

# %% [markdown]
# The five nearest neighbours, on all columns of wine and on three.

# %%
wine = load_wine()
x, x_test, y, y_test = train_test_split(
    wine.data, wine.target, test_size=0.3, stratify=wine.target, random_state=0
)
scaler = StandardScaler().fit(x)
x, x_test = scaler.transform(x), scaler.transform(x_test)
scores = []
for columns in (range(13), [0, 1, 11]):
    model = KNeighborsClassifier(5).fit(x[:, columns], y)
    scores += [model.score(x[:, columns], y), model.score(x_test[:, columns], y_test)]
print(np.round(scores, 4))

# %%
for kind in range(3):
    plt.scatter(*x[y == kind][:, [0, 11]].T, s=14, label=f"class {kind}")
plt.xlabel("alcohol")
plt.ylabel("OD280/OD315")
plt.legend()
plt.title("Two of the three columns")
