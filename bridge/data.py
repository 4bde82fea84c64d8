"""``torchbridge.data``: R's datasets for ``torch.utils.data.DataLoader``.

Tests: tests/rtorch/test_data.py.
"""

from torchbridge.rtorch.data import RDataset

__all__ = ["RDataset"]
