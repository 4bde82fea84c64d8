"""What the tests of models share."""

import pytest
import torch


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    """The tests' numbers are the CPU's, also where there is a GPU; undo() asks for that."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def regression():
    """Rows of three columns, and a response that is their sum with noise."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, generator=generator)
    return x, x.sum(1, keepdim=True) + 2 + torch.randn(50, 1, generator=generator)


@pytest.fixture
def same_weights():
    """Are two modules' weights the same bits?"""

    def same(a, b):
        a, b = a.state_dict(), b.state_dict()
        return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)

    return same


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """These networks are small: threads that wait for each other only cost time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
