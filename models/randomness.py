"""Torch's random state: set by a seed, and put back.

Tests: tests/models/training/test_fit.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .arguments import whole_number


@contextmanager
def seeded(seed: int | None, device: torch.device | None = None) -> Iterator[None]:
    """Torch's random state set by `seed`, and afterwards what it was.

    Covers the CPU and, where given, the GPU `device`. With `seed` None it does nothing.
    """
    if seed is None:
        yield
        return
    seed = whole_number("seed", seed)
    gpu = [device] if device is not None and device.type == "cuda" else []
    if not gpu:
        before = torch.get_rng_state()
        try:
            torch.default_generator.manual_seed(seed)
            yield
        finally:
            torch.set_rng_state(before)
        return
    with torch.random.fork_rng(gpu, device_type="cuda"):
        # torch.manual_seed would reseed every GPU, and only these are put back.
        torch.default_generator.manual_seed(seed)
        for device in gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
