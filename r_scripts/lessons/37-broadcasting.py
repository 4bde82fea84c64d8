"""Broadcasting, in NumPy itself."""

# %% [markdown]
# NumPy broadcasts as torch does.

# %%
import numpy as np

total = np.array([1, 2, 3]) + np.array([3, 4, 5])
product = np.array([1, 2, 3]) * np.array([3, 4, 5])
broadcast = np.zeros((2, 3)) + np.array([1, 2, 3])
print(total, product, product.sum())
print(broadcast)
print(np.column_stack(([1, 2, 3], [3, 4, 5])))
