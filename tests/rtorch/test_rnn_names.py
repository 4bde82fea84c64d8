"""R counts the layers of a recurrent network from 1, Python from 0."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from torchbridge.rtorch import rnn_names


@pytest.fixture
def net():
    return nn.ModuleDict({"rnn": nn.LSTM(2, 3, num_layers=2, bidirectional=True, proj_size=2)})


def test_states_go_there_and_back(net):
    state = dict(net.state_dict())
    there = rnn_names.r_names(net, state)
    assert "rnn.weight_ih_l1" in there and "rnn.weight_hr_l2_reverse" in there
    assert "rnn.weight_ih_l0" not in there
    assert there["rnn.weight_ih_l1"] is state["rnn.weight_ih_l0"]
    assert rnn_names.python_names(net, there) == state


def test_pythons_own_names_stay(net):
    state = dict(net.state_dict())
    assert rnn_names.python_names(net, state) == state


def test_a_prefix_is_no_part_of_the_path(net):
    state = dict(net.state_dict(prefix="a."))
    assert "a.rnn.weight_ih_l1" in rnn_names.r_names(net, state, "a.")


def test_one_name():
    rnn = nn.GRU(1, 1)
    assert rnn_names.r_name(rnn, "bias_hh_l0") == "bias_hh_l1"
    assert rnn_names.python_name(rnn, "bias_hh_l1") == "bias_hh_l0"
    assert rnn_names.python_name(rnn, "bias_hh_l0") == "bias_hh_l0"
    other = nn.Linear(1, 1)
    other.register_buffer("weight_ih_l1", torch.zeros(1))
    assert rnn_names.r_names(other, dict(other.state_dict())) == dict(other.state_dict())
