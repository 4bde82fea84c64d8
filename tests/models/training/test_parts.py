"""A module's parts, and its modes."""

import torch
from torch import nn

from torchbridge.models.training.parts import Parts, mode


class OwnMode(nn.Module):
    """Stays in eval mode where it is told to train, as a frozen backbone does."""

    def train(self, training: bool = True) -> "OwnMode":
        """Eval mode, always."""
        return super().train(False)


class Property(nn.Module):
    """Keeps its mode elsewhere."""

    kept = True

    @property
    def training(self) -> bool:
        """Where it is kept."""
        return self.kept

    @training.setter
    def training(self, value: bool) -> None:
        self.kept = value


def test_parts_are_those_that_torch_names() -> None:
    shared = nn.Linear(2, 2)
    module = nn.Sequential(shared, nn.BatchNorm1d(2), shared)
    parts = Parts(module)
    assert parts.modules == list(module.modules())
    assert [id(p) for p in parts.parameters] == [id(p) for p in module.parameters()]
    assert [id(b) for b in parts.buffers] == [id(b) for b in module.buffers()]


def test_a_module_decides_which_parameters_it_has() -> None:
    class Frozen(nn.Sequential):
        def parameters(self, recurse: bool = True):
            return self[1].parameters()

    module = Frozen(nn.Linear(1, 1), nn.Linear(1, 1, bias=False))
    assert len(Parts(module).parameters) == 1
    assert Parts(module).parameters[0] is module[1].weight
    module[0].register_parameter("absent", None)
    assert len(Parts(module[0]).parameters) == 2


def test_the_device_is_that_of_any_tensor() -> None:
    meta, here = torch.device("meta"), torch.zeros(1)
    assert Parts(nn.Linear(1, 1, device=meta)).device(here) == meta
    assert Parts(nn.BatchNorm1d(1, affine=False, device=meta)).device(here) == meta
    assert Parts(nn.ReLU()).device(here) == here.device
    mixed = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1, affine=False, device=meta))
    assert not Parts(mixed).are_on(here.device)
    assert Parts(mixed[0]).are_on(here.device)


def test_modes_are_put_back_one_by_one() -> None:
    module = nn.Sequential(nn.Linear(1, 1), nn.Dropout(), Property())
    module[1].eval()
    for given in (None, Parts(module).modules):
        with mode(module, training=False, modules=given):
            assert [m.training for m in module.modules()] == [False] * 4
        assert [m.training for m in module.modules()] == [True, True, False, True]
        with mode(module, training=True, modules=given):
            assert all(m.training for m in module.modules())
        assert [m.training for m in module.modules()] == [True, True, False, True]
    assert "training" not in vars(module[2])


def test_a_module_decides_about_its_own_mode() -> None:
    module = nn.Sequential(OwnMode(), nn.Linear(1, 1))
    module.eval()
    with mode(module, training=True):
        assert [m.training for m in module.modules()] == [True, False, True]
    assert not any(m.training for m in module.modules())
