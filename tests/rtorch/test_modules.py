"""Modules written in R, in Python's hands."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from torch import nn

import torchbridge as tb
from torchbridge.rtorch import modules

NET = """
library(torchbridge)
net <- nn_module(
  "net",
  initialize = function(n) {
    self$layer <- nn_linear(n, 1)
    self$scale <- 2
    self$shift <- as_torch_tensor(1, dtype = "float32")
    self$state <- nn_buffer(as_torch_tensor(0, dtype = "float32"))
  },
  forward = function(x) self$layer(x) * self$scale + self$shift,
  describe = function(what = "nothing") paste("for", what),
  fail = function() stop("no such luck"),
  private = list(secret = 1),
  active = list(twice = function(value) {
    if (missing(value)) 2 * self$scale else self$scale <- value / 2
  })
)
make <- function(n = 2) net(n)
collect <- function() for (i in 1:3) {
  gc()
  torchbridge:::settle_modules()
}
inside <- function(module) nn_sequential(module, nn_relu())
same <- function(a, b) identical(a, b)
reread <- function(module) unserialize(serialize(module, NULL))
embedder <- nn_module(
  initialize = function() self$words <- nn_embedding(3, 2),
  forward = function(x) self$words(x)
)
first_word <- function() embedder()(as_torch_tensor(1L))
"""


@pytest.fixture(scope="module")
def script(r, tmp_path_factory):
    """R functions that make modules."""
    path = tmp_path_factory.mktemp("modules") / "net.R"
    path.write_text(NET)
    return tb.source(path)


def test_an_r_module_is_an_nn_module(script):
    net = script.make()
    assert isinstance(net, nn.Module) and isinstance(net, modules.RModule)
    assert type(net).__name__ == "net"
    assert list(net.state_dict()) == ["state", "layer.weight", "layer.bias"]
    assert isinstance(net.layer, nn.Linear)
    x = torch.randn(3, 2)
    torch.testing.assert_close(net(x), net.layer(x) * 2 + 1)


def test_it_trains_in_python(script):
    torch.manual_seed(0)
    net = script.make()
    x = torch.randn(64, 2)
    y = x @ torch.tensor([[1.0], [-2.0]]) + 0.5
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-6


def test_fields_and_methods_are_attributes(script):
    net = script.make()
    assert net.scale == 2
    net.scale = 5.0
    assert net.twice == 10
    net.twice = 2.0
    assert net.scale == 1
    assert net.describe("tests") == "for tests"
    assert net.describe(what="names") == "for names"
    net.own = "Python's"
    assert net.own == "Python's"
    assert not hasattr(net, "secret")
    with pytest.raises(AttributeError, match="nothing_like_it"):
        net.nothing_like_it  # noqa: B018


def test_an_r_error_is_an_rerror(script):
    net = script.make()
    with pytest.raises(tb.RError, match="no such luck"):
        net.fail()


def test_python_modules_hold_it(script):
    class Outer(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return self.inner(x).relu()

    outer = Outer(script.make())
    script.collect()
    gc.collect()
    assert len(list(outer.parameters())) == 2
    assert outer(torch.ones(1, 2)).shape == (1, 1)
    assert outer.inner.scale == 2


def test_it_keeps_its_r_state_while_only_python_has_it(script):
    net = script.make()
    for step in range(3):
        script.collect()
        gc.collect()
        assert net.scale == 2.0 + step
        net.scale = 3.0 + step
        assert net.shift.item() == 1
        net(torch.ones(1, 2))
    held = script.inside(net)
    del net
    script.collect()
    gc.collect()
    assert held[0].scale == 5
    assert held(torch.ones(1, 2)).shape == (1, 1)


def test_it_is_the_same_object_there_and_back(script):
    net = script.make()
    assert script.inside(net)[0] is net
    assert script.same(net, net)
    assert not script.same(net, script.make())


def test_copies_are_independent(script):
    net = script.make()
    net.scale = 4.0
    twin = copy.deepcopy(net)
    assert type(twin) is type(net) and twin.scale == 4
    twin.scale = 7.0
    twin.shift.add_(1)
    with torch.no_grad():
        twin.layer.weight.zero_()
    assert net.scale == 4 and net.shift.item() == 1
    assert net.layer.weight.abs().sum() > 0
    torch.testing.assert_close(twin(torch.zeros(1, 2)), twin.layer.bias.reshape(1, 1) * 7 + 2)


def test_r_saves_and_reads_it(script):
    net = script.make()
    net.scale = 4.0
    for module in (script.reread(net), script.reread(script.inside(net))[0]):
        assert type(module).__name__ == "net" and module is not net and module.scale == 4
        assert list(module.state_dict()) == list(net.state_dict())
        x = torch.randn(3, 2)
        torch.testing.assert_close(module(x), net(x), rtol=0, atol=0)
        script.collect()
        gc.collect()
        assert module.describe("tests") == "for tests"


def test_functional_call_reaches_r_code(script):
    net = script.make()
    values = {"layer.weight": torch.zeros(1, 2), "layer.bias": torch.ones(1)}
    result = torch.func.functional_call(net, values, (torch.randn(4, 2),))
    assert result.flatten().tolist() == [3.0] * 4


def test_jacobians_go_through_r_code(script):
    net = script.make()
    x = torch.randn(2)
    torch.testing.assert_close(torch.func.jacrev(net)(x), net.layer.weight * 2)


def test_hooks_run(script):
    net = script.make()
    seen = []
    net.register_forward_hook(lambda module, inputs, output: seen.append(output.item()))
    net.layer.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 0,))
    net(torch.ones(1, 2))
    assert seen == [pytest.approx(net.layer.bias.item() * 2 + 1)]


def test_pickling_says_what_to_do_instead(script):
    import pickle

    with pytest.raises(TypeError, match="state_dict"):
        pickle.dumps(script.make())


def test_r_modules_take_r_s_positions(script):
    assert script.first_word().shape == (1, 2)


def test_nothing_is_left_behind(script, live):
    script.make()(torch.ones(1, 2))
    before = live()
    for _ in range(5):
        net = script.make()
        net(torch.ones(1, 2))
        script.inside(net)
        copy.deepcopy(net)
        del net
    for _ in range(3):
        live()
    after = live()
    assert {name: n for name, n in after.items() if n > before[name]} == {}  # what grew


def test_another_thread_gets_an_error_not_a_crash(script):
    import threading

    net = script.make()
    errors = []

    def run():
        try:
            net(torch.ones(1, 2))
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(errors) == 1 and "thread" in errors[0]


def test_python_hears_when_r_collects_a_half(script):
    plain = nn.Linear(2, 1)
    assert script.same(plain, plain)
    known = modules._faces[id(plain)]
    assert modules._owners[known.environment] == id(plain)
    script.collect()
    assert id(plain) not in modules._faces
    assert id(plain) not in modules._owners.values()
    assert script.same(plain, plain)
