"""rtorch/modes.py: PyTorch's modes are read and put back."""

from __future__ import annotations

import torch

from torchbridge.rtorch.modes import modes, restore


def test_every_mode_is_put_back() -> None:
    before = modes()
    threads = torch.get_num_threads()
    assert before == (True, torch.float32, threads, False, True)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(threads + 1)
    torch.set_anomaly_enabled(True, False)
    assert modes() == (False, torch.float64, threads + 1, True, False)
    restore(before)
    assert modes() == before
