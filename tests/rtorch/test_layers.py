"""The layers of torch.nn as R calls them: names, arguments, positions."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys

import pytest
import torch
from torch import nn

from torchbridge.rtorch import layers

# ---- names --------------------------------------------------------------------------


def test_each_class_has_one_name_and_each_name_one_class():
    names = layers.names()
    assert len(set(names.values())) == len(names) > 130
    for r, python in names.items():
        assert layers.r_name(getattr(nn, python)) == r


@pytest.mark.parametrize(
    ("python", "r"),
    [
        ("Linear", "nn_linear"),
        ("Conv2d", "nn_conv2d"),
        ("BatchNorm1d", "nn_batch_norm1d"),
        ("LSTM", "nn_lstm"),
        ("GRUCell", "nn_gru_cell"),
        ("ReLU", "nn_relu"),
        ("ReLU6", "nn_relu6"),
        ("LeakyReLU", "nn_leaky_relu"),
        ("PReLU", "nn_prelu"),
        ("SiLU", "nn_silu"),
        ("GELU", "nn_gelu"),
        ("LogSigmoid", "nn_log_sigmoid"),
        ("BCELoss", "nn_bce_loss"),
        ("BCEWithLogitsLoss", "nn_bce_with_logits_loss"),
        ("KLDivLoss", "nn_kl_div_loss"),
        ("PoissonNLLLoss", "nn_poisson_nll_loss"),
        ("L1Loss", "nn_l1_loss"),
        ("MultiLabelMarginLoss", "nn_multilabel_margin_loss"),
        ("MultiheadAttention", "nn_multihead_attention"),
        ("LPPool2d", "nn_lp_pool2d"),
        ("RMSNorm", "nn_rms_norm"),
        ("TransformerEncoderLayer", "nn_transformer_encoder_layer"),
    ],
)
def test_names_are_spelt_as_r_users_of_torch_know_them(python, r):
    assert layers.r_spelling(python) == r


def test_classes_of_python_have_no_r_name():
    class Own(nn.Linear):
        pass

    assert layers.r_name(Own) is None
    assert layers.r_classes(Own(1, 1))[:2] == ["nn_linear", "nn_module"]


@pytest.mark.parametrize(
    ("made", "classes"),
    [
        (nn.Conv2d(1, 1, 1), "nn_conv2d nn_conv_nd"),
        (nn.ConvTranspose1d(1, 1, 1), "nn_conv_transpose1d nn_conv_transpose_nd nn_conv_nd"),
        (nn.BatchNorm1d(1), "nn_batch_norm1d nn_batch_norm_ nn_norm_base_"),
        (nn.LSTM(1, 1), "nn_lstm nn_rnn_base"),
        (nn.Dropout2d(), "nn_dropout2d nn_dropout_nd"),
        (nn.MaxPool3d(2), "nn_max_pool3d nn_max_pool_nd"),
        (nn.LPPool1d(2, 2), "nn_lp_pool1d lp_pool_nd"),
        (nn.ReLU6(), "nn_relu6 nn_hardtanh"),
        (nn.NLLLoss(), "nn_nll_loss nn_weighted_loss nn_loss"),
        (nn.MSELoss(), "nn_mse_loss nn_loss"),
        (nn.GroupNorm(1, 1), "nn_group_norm"),
    ],
)
def test_layers_have_the_classes_that_they_have_in_rs_torch(made, classes):
    assert layers.r_classes(made) == [*classes.split(), "nn_module"]


# ---- constructors --------------------------------------------------------------------


def test_whole_doubles_become_ints():
    layer = layers.make("Conv2d", in_channels=1.0, out_channels=8.0, kernel_size=[3.0, 5.0])
    assert (layer.in_channels, layer.kernel_size) == (1, (3, 5))
    assert all(type(k) is int for k in layer.kernel_size)


def test_floats_stay_floats():
    assert type(layers.make("LeakyReLU", negative_slope=1.0).negative_slope) is float
    assert type(layers.make("LPPool1d", norm_type=2.0, kernel_size=3.0).norm_type) is float
    assert layers.make("Upsample", scale_factor=2.5).scale_factor == 2.5
    assert (
        layers.make("MultiheadAttention", embed_dim=4.0, num_heads=2.0, dropout=0.5).dropout == 0.5
    )


def test_overloaded_constructors_are_known():
    names = [p.name for p in layers.signature(nn.LSTM)]
    assert names[:3] == ["input_size", "hidden_size", "num_layers"]
    assert type(layers.make("LSTM", input_size=2.0, hidden_size=3.0).hidden_size) is int


def test_dims_and_classes_count_from_one():
    assert layers.make("Flatten", start_dim=1.0).start_dim == 0
    assert layers.make("Softmax", dim=-1.0).dim == -1
    assert (
        layers.make("Embedding", num_embeddings=5.0, embedding_dim=2.0, padding_idx=5.0).padding_idx
        == 4
    )
    assert layers.make("CrossEntropyLoss", ignore_index=-100.0).ignore_index == -100
    assert layers.make("CrossEntropyLoss", ignore_index=3.0).ignore_index == 2


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "Linear",
            {"in_features": 2.5, "out_features": 1.0},
            "`in_features` must be a whole number",
        ),
        ("Flatten", {"start_dim": 0.0}, "`start_dim` counts dims from 1"),
        ("Softmax", {"dim": math.nan}, "`dim` must be a whole number, not NA"),
        ("NLLLoss", {"ignore_index": math.nan}, "`ignore_index` must be a whole number, not NA"),
        ("Linear", {"in_features": 1.0, "out_features": 1.0, "device": "moon"}, "`device`"),
        ("TransformerEncoder", {"encoder_layer": 1.0, "num_layers": 2.0}, "must be an nn_module"),
    ],
)
def test_bad_arguments_are_named(name, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        layers.make(name, **arguments)


@pytest.mark.parametrize("bias", [True, False])
def test_an_encoder_without_bias_has_norms_that_learn_nothing(bias):
    layer = layers.make("TransformerEncoderLayer", 4.0, 2.0, bias=bias, layer_norm_eps=1e-3)
    norms = [name for name, _ in layer.named_parameters() if name.startswith("norm")]
    assert len(norms) == (4 if bias else 0)
    assert layer.norm1.eps == layer.norm2.eps == 1e-3
    # PyTorch's own, whose weight is 1, computes the same.
    torch.manual_seed(1)
    own = nn.TransformerEncoderLayer(4, 2, bias=bias, layer_norm_eps=1e-3).eval()
    layer.load_state_dict(own.state_dict(), strict=bias)
    x = torch.randn(3, 2, 4)
    assert torch.equal(layer.eval()(x), own(x))


def test_a_class_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError, match="has no torch.nn.Nothing"):
        layers.make("Nothing")


# ---- calls ---------------------------------------------------------------------------


def test_r_counts_from_one_and_python_from_zero():
    layer = layers.make("Embedding", num_embeddings=3.0, embedding_dim=2.0)
    assert torch.equal(layers.call(layer, torch.tensor([1, 3])), layer(torch.tensor([0, 2])))
    sequence = nn.Sequential(nn.Sequential(layer), nn.Flatten(0))
    assert torch.equal(layers.call(sequence, torch.tensor([2])), layer(torch.tensor([1])).flatten())


def test_the_input_is_not_changed():
    target = torch.tensor([1, 2])
    layers.call(nn.CrossEntropyLoss(), torch.randn(2, 3), target)
    assert target.tolist() == [1, 2]


@pytest.mark.parametrize("ignored", [-100, 1])
def test_what_is_ignored_stays_ignored(ignored):
    scores = torch.randn(3, 4, dtype=torch.float64)
    loss = layers.make("CrossEntropyLoss", ignore_index=float(ignored))
    target = torch.tensor([2, ignored, 4])
    expected = nn.functional.cross_entropy(scores[[0, 2]], torch.tensor([1, 3]))
    torch.testing.assert_close(layers.call(loss, scores, target), expected)


def test_errors_speak_of_the_user_s_numbers():
    with pytest.raises(IndexError, match="Target 5 is out of bounds"):
        layers.call(nn.CrossEntropyLoss(), torch.randn(1, 4), torch.tensor([5]))


def test_every_class_in_the_table_takes_what_the_table_says():
    for cls, (inputs, _) in layers.POSITIONS.items():
        names = list(inspect.signature(cls.forward).parameters)[1:]
        for place in inputs:
            if isinstance(place, int):
                assert names[place] in inputs, cls


def test_torch_is_needed_only_for_layers():
    code = "import sys, torchbridge, torchbridge.values; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
