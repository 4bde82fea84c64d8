"""``torchbridge.data``: R's datasets for ``torch.utils.data.DataLoader``."""

from torchbridge.rtorch.data import RDataset

__all__ = ["RDataset"]
