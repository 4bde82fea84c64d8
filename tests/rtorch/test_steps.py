"""A bare step does what PyTorch's does, and gives way to whoever listens to steps."""

import pytest
import torch
from torch.optim import lr_scheduler
from torch.optim import optimizer as optimizers

from torchbridge.rtorch.optim import step
from torchbridge.rtorch.steps import bare_step

KINDS = ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam")


def made(kind, **options):
    torch.manual_seed(3)
    weights = [torch.randn(3, 2, requires_grad=True), torch.randn(2, requires_grad=True)]
    return weights, getattr(torch.optim, kind)(weights, lr=0.1, **options)


def with_gradients(weights, i):
    for weight in weights:
        weight.grad = torch.full_like(weight, 0.5 + i)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bare_step_gives_the_bits_of_the_step(kind):
    (ours, one), (theirs, other) = made(kind), made(kind)
    assert bare_step(one) is not None
    for i in range(3):
        with_gradients(ours, i)
        with_gradients(theirs, i)
        assert step(one, None) is None
        other.step()
    assert all(map(torch.equal, ours, theirs))
    assert all(weight.requires_grad and weight.is_leaf for weight in ours)


def test_hooks_of_a_step_are_called():
    weights, optimizer = made("SGD")
    seen = []
    before = optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    after = optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    of_all = optimizers.register_optimizer_step_post_hook(lambda *_: seen.append("all"))
    try:
        with_gradients(weights, 0)
        step(optimizer, None)
    finally:
        of_all.remove()
    assert seen == ["before", "after", "all"]
    before.remove()
    after.remove()
    assert bare_step(optimizer) is not None


def test_a_schedule_counts_the_steps(recwarn):
    weights, optimizer = made("SGD")
    schedule = lr_scheduler.StepLR(optimizer, 1)
    assert bare_step(optimizer) is None
    with_gradients(weights, 0)
    step(optimizer, None)
    schedule.step()  # which warns where it has seen no step
    assert not recwarn.list


def test_a_step_that_is_differentiated_and_one_of_anothers_class_are_their_own():
    assert bare_step(made("SGD", differentiable=True)[1]) is None

    class Own(torch.optim.SGD):
        calls = 0

        @torch.no_grad()
        def step(self, closure=None):
            Own.calls += 1
            return super().step(closure)

    weights = [torch.ones(2, requires_grad=True)]
    with_gradients(weights, 0)
    step(Own(weights, lr=1.0), None)
    assert Own.calls == 1 and weights[0].tolist() == [0.5, 0.5]


def test_a_closure_has_its_loss():
    weights, optimizer = made("SGD")
    assert step(optimizer, lambda: torch.tensor(2.0)) == 2
