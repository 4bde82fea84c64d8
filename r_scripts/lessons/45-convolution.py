"""Convolution, pooling and slopes, from Python."""

# %% [markdown]
# A convolutional layer correlates; NumPy has both by name.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional

from torchbridge.autodiff.verbs import grad

w = torch.tensor([2.0, 1, 5, 3])
x = torch.tensor([2.0, 8, 3, 7, 1, 2, 0, 4, 5])
correlation = functional.conv1d(x.view(1, 1, -1), w.view(1, 1, -1)).flatten()
convolution = functional.conv1d(x.view(1, 1, -1), w.flip(0).view(1, 1, -1)).flatten()
print(correlation, np.correlate(x.numpy(), w.numpy()))
print(convolution, np.convolve(x.numpy(), w.numpy(), mode="valid"))

# %%
image = torch.arange(1.0, 17).view(1, 1, 4, 4)
pooled = functional.max_pool2d(image, 2).flatten()
slopes = grad(lambda x: x**3 + 2 * x + 5, [1.0, 2, 3])
print(pooled, slopes)

# %%
picture = torch.zeros(1, 1, 24, 24)
picture[..., 6:18, 6:18] = 1
kernel = torch.full((1, 1, 3, 3), -1.0)
kernel[..., 1, 1] = 8
edges = functional.conv2d(picture, kernel, padding=1)
plt.imshow(torch.cat([picture, edges / 8], dim=3)[0, 0].numpy(), cmap="RdBu", vmin=-1, vmax=1)
plt.title("A picture, and a kernel that sees its edges")
