"""Operations on tensors, from Python."""

# %% [markdown]
# The first draws of the lesson, in the language the seed belongs to.

# %%
import matplotlib.pyplot as plt
import torch

torch.manual_seed(1234)
a = torch.arange(1.0, 13).view(4, 3)
b = torch.rand(4, 3)
c = torch.rand(3, 4)
print(b[:2])
print(a @ c)

# %% [markdown]
# R torch of early 2021 drew one number before yours; skip it to see the tutorials' numbers.

# %%
torch.manual_seed(2021)
torch.rand(1)
d = torch.rand(2, 3)
counts = torch.arange(1.0, 7).view(2, 3)
print(counts + d)
print(counts // 3, counts % 3)
products = torch.outer(torch.arange(1, 7), torch.arange(1, 7))
try:
    torch.arange(6) + counts
except RuntimeError as error:
    print(error)

# %%
plt.imshow(products, cmap="Blues")
plt.title("The outer product of 1, ..., 6 with itself")
plt.grid(False)
