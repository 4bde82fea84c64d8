"""Images in memory or streamed, from Python."""

# %% [markdown]
# Two hundred colour pictures of 64 x 64, made here: bright discs and squares on noise.

# %%
import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

folder = Path(tempfile.mkdtemp())
random = np.random.default_rng(1)
rows, columns = np.mgrid[:64, :64]
for i in range(100):
    for kind in ("cat", "dog"):
        a, b = random.integers(20, 44, 2)
        away = np.hypot(rows - a, columns - b)
        square = np.maximum(abs(rows - a), abs(columns - b))
        inside = away < 14 if kind == "cat" else square < 12
        picture = 150 * inside[..., None] + random.integers(0, 100, (64, 64, 3))
        picture.astype(np.uint8).tofile(folder / f"{kind}.{i:02d}.rgb")
files = sorted(folder.iterdir())
labels = torch.tensor([float(file.name.startswith("dog")) for file in files])

# %% [markdown]
# One data set reads every file when it is made, the other when a picture is asked for.


# %%
def read(file):
    """A picture as channels x height x width, from 0 to 1."""
    pixels = np.fromfile(file, np.uint8).reshape(64, 64, 3).transpose(2, 0, 1)
    return pixels.astype(np.float32) / 255


class InMemory(Dataset):
    """All pictures at once."""

    def __init__(self, files):
        self.x = np.stack([read(file) for file in files])

    def __getitem__(self, i):
        return self.x[i], labels[i]

    def __len__(self):
        return len(self.x)


class Streamed(Dataset):
    """A picture when it is asked for."""

    def __init__(self, files):
        self.files = files

    def __getitem__(self, i):
        return read(self.files[i]), labels[i]

    def __len__(self):
        return len(self.files)


def collate(items):
    """A batch of NumPy's memory, so that tracemalloc sees it."""
    pictures, truth = zip(*items, strict=True)
    return torch.from_numpy(np.stack(pictures)), torch.stack(truth)


def peak_of(kind):
    """The most memory, in bytes, that one pass over the pictures takes; and their sums."""
    tracemalloc.start()
    loader = DataLoader(kind(files), batch_size=16, collate_fn=collate)
    sums = [batch.sum().item() for batch, _ in loader]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, sums


streamed_peak, streamed_sums = peak_of(Streamed)
memory_peak, memory_sums = peak_of(InMemory)
all_bytes = len(files) * 3 * 64 * 64 * 4
print(f"all pictures {all_bytes / 1e6:.1f} MB, one batch {16 * 3 * 64 * 64 * 4 / 1e6:.2f} MB")
print(f"in memory {memory_peak / 1e6:.1f} MB, streamed {streamed_peak / 1e6:.2f} MB")
print(memory_sums == streamed_sums)

# %%
figure, axes = plt.subplots(2, 4)
for axis, file in zip(axes.flat, files[:4] + files[100:104], strict=True):
    axis.imshow(read(file).transpose(1, 2, 0))
    axis.set_title(file.name, fontsize=8)
    axis.axis("off")
figure.suptitle("Cats are round, dogs are square")
