"""What those who watch PyTorch's operators have in common."""

import torch

from torchbridge.autodiff import watching


class Names(watching.Watch):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_operators_are_seen_below_autograd():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    with Names() as names:
        (x * x).sum().backward()
    assert names.seen[:2] == ["mul.Tensor", "sum.default"]
    assert names.seen.count("mul.Tensor") == 3  # of the product's derivative two
    assert x.grad.tolist() == [2.0, 4.0]


def test_tensors_are_found_in_their_order():
    a, b, c, d = (torch.tensor(float(i)) for i in range(4))
    found = list(watching.tensors((a, [1, (b, "x")], {"k": c, "l": None}, slice(d, 2))))
    assert [t.item() for t in found] == [0, 1, 2, 3]
    assert list(watching.tensors(())) == []


def test_a_place_is_of_the_numbers():
    x = torch.arange(6.0).reshape(2, 3)
    assert watching.place(x) == watching.place(x.view(2, 3))
    for other in (x.T, x[1:], x.clone(), x.view(torch.int32)):
        assert watching.place(x) != watching.place(other)
