"""Files of tensors: what is damaged is refused before anything is allocated, the rest is copied."""

from __future__ import annotations

import json
import os
import threading

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from torchbridge.models.training import weights
from torchbridge.saving import files, frozen, tensor_content
from torchbridge.saving.tensor_content import DamagedContent

DTYPES = list(tensor_content._DTYPES.values())


def content(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_comes_back_and_others_can_read_it(dtype):
    x = torch.arange(24).reshape(2, 3, 4).to(dtype)
    tensors = {"x": x, "none": x[:0].clone(), "one": x[1, 2, 3].clone()}
    data = tensor_content.to_bytes(tensors, {"about": "text"})
    read = tensor_content.of_bytes(data)
    assert read.metadata == {"about": "text"}
    for found in (read.tensors(), safetensors.torch.load(data)):
        for name, wanted in tensors.items():
            assert found[name].dtype == dtype and found[name].shape == wanted.shape
            same = found[name].contiguous().view(-1).view(torch.uint8)
            assert torch.equal(same, wanted.contiguous().view(-1).view(torch.uint8))


def test_what_is_read_lies_in_memory_of_its_own(tmp_path):
    path = tmp_path / "x.safetensors"
    odd = {f"x{i}": torch.full((3 + i,), i, dtype=torch.float64) for i in range(20)}
    odd["byte"] = torch.ones(1, dtype=torch.uint8)
    path.write_bytes(tensor_content.to_bytes(odd))
    with tensor_content.opened(path) as file:
        found = file.tensors()
    path.write_bytes(b"cut")
    for name, x in found.items():
        assert torch.equal(x, odd[name])
        assert x.data_ptr() % 64 == 0 and x.is_leaf and x._base is None
        x.resize_(2 * len(x))  # nobody else's memory


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\xff" * 8,
        content({})[:9],
        content(b"[]"),
        content(b"[" * 200_000),
        content(b'{"x": ' * 100_000),
        content(b'{"x":' + b"9" * 5000 + b"}"),
        content(b"\xff\xfe"),
        content({"__metadata__": {"a": 1}}),
        content({"x": 1}),
        content({"x": {}}),
        content({"x": entry("F33")}, bytes(4)),
        content({"x": entry(["F32"])}, bytes(4)),
        content({"x": entry(shape=[True])}, bytes(4)),
        content({"x": entry(shape=[-1])}, bytes(4)),
        content({"x": entry(shape=[1.0])}, bytes(4)),
        content({"x": entry(shape=[2**40])}, bytes(4)),
        content({"x": entry(shape=[2**64])}, bytes(4)),
        content({"x": entry(shape=[0, 2**62, 2**62], offsets=(0, 0))}),
        content({"x": entry(shape=[1] * 1000)}, bytes(4)),
        content({"x": entry(offsets=(0, 8))}, bytes(8)),
        content({"x": entry(offsets=(4, 8))}, bytes(8)),
        content({"x": entry(offsets=(4, 0))}, bytes(4)),
        content({"x": entry(offsets=(0, 4, 4))}, bytes(4)),
        content({"x": entry()}, bytes(3)),
        content({"x": entry()}, bytes(5)),
        content({"x": entry(), "y": entry()}, bytes(4)),
        content({"x": entry(), "__metadata__": {tensor_content.CHECKSUM: "md5:0"}}, bytes(4)),
    ],
    ids=range(29),
)
def test_what_is_not_whole_is_one_error(data):
    with pytest.raises(DamagedContent):
        tensor_content.of_bytes(data).tensors()
    with pytest.raises(ValueError, match="`path`: these bytes are no safetensors content"):
        files.loads(data, "cpu")


def described_content():
    tree = {"kind": "list", "items": [{"kind": "tensor", "name": "a"}, {"kind": "null"}]}
    tensors = {"a": torch.arange(5.0), "b": torch.tensor([True, False]), "c": torch.eye(2)}
    return files.dumps(tree, tensors | {"d": tensors["c"].to_sparse()})


def frozen_module():
    torch.manual_seed(1)
    return frozen.freeze(nn.LSTM(1, 1))[0]


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (described_content, lambda data: files.loads(data, None)),
        (frozen_module, lambda data: frozen.thaw(data, {"half": None}, frozen.new_shared())),
        (lambda: weights.to_bytes({"w": torch.arange(5.0)}), weights.from_bytes),
    ],
    ids=["files", "frozen", "weights"],
)
def test_every_bit_that_changes_is_seen(make, read):
    data = make()
    read(data)
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises(ValueError, match=r"damaged|no safetensors|later torchbridge"):
                read(bytes(changed))


def test_large_tensors_are_checked_while_they_are_read(tmp_path):
    n = tensor_content._LARGE + 3  # bytes: the last piece is not full
    large = torch.arange(n, dtype=torch.int64).to(torch.uint8)
    data = tensor_content.to_bytes({"large": large, "small": large[:9].clone()})
    path, threads = tmp_path / "x.safetensors", set(threading.enumerate())
    path.write_bytes(data)
    with tensor_content.opened(path) as file:
        assert torch.equal(file.tensors()["large"], large)
    start = data.index(bytes(large[:64].tolist()))
    for place in (0, tensor_content._PIECE - 1, tensor_content._PIECE, n - 1):
        changed = bytearray(data)
        changed[start + place] ^= 1
        with pytest.raises(DamagedContent, match="its checksum is another"):
            tensor_content.of_bytes(bytes(changed)).tensors()
    with tensor_content.opened(path) as file:
        os.truncate(path, start + n // 2)  # by another process, since its header was read
        with pytest.raises(DamagedContent, match="it ends too early"):
            file.tensors()
    assert set(threading.enumerate()) <= threads


@pytest.mark.parametrize("key", ["torchbridge_checksul", None])
def test_content_of_today_has_its_checksum(key):
    data = files.dumps({"kind": "null"}, {"x": torch.ones(2)})
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    kept = header["__metadata__"].pop(tensor_content.CHECKSUM)
    if key:
        header["__metadata__"][key] = kept
    without = content(header, data[8 + size :])
    with pytest.raises(ValueError, match="its checksum is missing"):
        files.loads(without, "cpu")
    # Version 0.1.0 wrote none.
    old = json.loads(header["__metadata__"]["torchbridge"]) | {"version": 1}
    header["__metadata__"]["torchbridge"] = json.dumps(old)
    found = files.loads(content(header, data[8 + size :]), "cpu")
    assert found["tensors"]["x"].tolist() == [1.0, 1.0]


def test_names_of_tensors_that_could_be_taken_for_others():
    x = torch.arange(6.0).reshape(2, 3)
    given = {"s": x.to_sparse(), "s.indices": x + 1, "s#.values": x + 2, "s.values": x.to_sparse()}
    found = files.loads(files.dumps({}, given), "cpu")["tensors"]
    assert {n: t.to_dense().tolist() for n, t in found.items()} == {
        n: t.to_dense().tolist() for n, t in given.items()
    }
    with pytest.raises(ValueError, match="`__metadata__` is no name of a tensor"):
        files.dumps({}, {"__metadata__": x})


def test_what_the_format_does_not_have_is_refused():
    with pytest.raises(TypeError, match="`x` is of torch.complex128"):
        tensor_content.to_bytes({"x": torch.ones(2, dtype=torch.complex128)})
    with pytest.raises(ValueError, match="`x` is no name of a tensor, or its memory is not row-m"):
        tensor_content.to_bytes({"x": torch.ones(2, 3).t()})


def test_files_of_others_have_no_checksum(tmp_path):
    path = tmp_path / "others.safetensors"
    safetensors.torch.save_file({"x": torch.ones(2)}, path, {"from": "elsewhere"})
    with tensor_content.opened(path) as file:
        assert file.metadata == {"from": "elsewhere"}
        assert file.tensors()["x"].tolist() == [1.0, 1.0]


def described(tensors, value=None):
    return {"version": 1, "value": value, "tensors": tensors}


@pytest.mark.parametrize(
    "about",
    [
        {"value": 1},
        {"value": {"same_as": "value"}},
        {"value": {"same_as": "other"}},
        {"other": {}},
        {"value": {"layout": "sparse_coo"}},
        {"value": {"layout": "no layout"}},
        {"value": {"layout": 3}},
        {"value": {"device": "meta"}},
        {"value": {"device": "os"}},
        {"value": {"order": [0, 0]}},
        {"value": {"order": [5]}},
        {"value": {"order": "text"}},
        {"value": {"r_type": {"classes": [], "attributes": {}, "first": 0}}},
        {"value": {"r_type": {"classes": ["x"], "attributes": {"dim": [3]}, "first": 0}}},
        {"value": {"r_type": {"classes": ["factor"], "attributes": {}, "first": 0}}},
        {"value": {"r_type": {"classes": "factor"}}},
        {"whole": {"requires_grad": True}},
        {"whole": {"parameter": True, "requires_grad": True}},
        [],
        None,
    ],
    ids=range(20),
)
def test_descriptions_that_do_not_fit_the_tensors(about):
    tensors = {"value": torch.ones(2), "whole": torch.ones(2).long()}
    data = tensor_content.to_bytes(tensors, {"torchbridge": json.dumps(described(about))})
    with pytest.raises(ValueError, match="these bytes are no safetensors content"):
        files.loads(data, "cpu")


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '{"version": "1"}', "{"])
def test_descriptions_that_are_none(text):
    data = tensor_content.to_bytes({"value": torch.ones(2)}, {"torchbridge": text})
    with pytest.raises(ValueError, match="these bytes are no safetensors content"):
        files.loads(data, "cpu")


def test_a_tensor_keeps_the_order_of_its_dims():
    column_major = torch.from_numpy(np.asfortranarray(np.arange(12.0).reshape(3, 4)))
    images = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    for x in (column_major, images, column_major.to(torch.complex128), torch.rand(3, 4)[:, ::2]):
        found = files.loads(files.dumps({}, {"x": x}), "cpu")["tensors"]["x"]
        assert torch.equal(found, x)
        if x is not images and x.shape[1] == 2:
            assert found.is_contiguous()  # its memory had gaps
        else:
            assert found.stride() == x.stride()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_a_loaded_net_computes_the_same_bits(tmp_path, dtype):
    torch.manual_seed(1)
    for n in (1, 2, 3, 5, 7, 9, 13, 17, 31, 33, 65, 127, 257):
        layers = [nn.Linear(n, n + 3), nn.Tanh(), nn.Linear(n + 3, 2), nn.Linear(2, 1, bias=False)]
        net = nn.Sequential(*layers).to(dtype)
        net[0].weight.data = net[0].weight.data.t().contiguous().t()  # column-major, as R's are
        x = torch.randn(11, n).to(dtype)
        state = net.state_dict()
        files.save(str(tmp_path / "net"), {}, state)
        others = (
            files.load(str(tmp_path / "net"), None)["tensors"],
            files.loads(files.dumps({}, state), "cpu")["tensors"],
            weights.from_bytes(weights.to_bytes({k: v.contiguous() for k, v in state.items()})),
        )
        with torch.no_grad():
            for other in others[:2]:
                found = torch.func.functional_call(net, other, (x,))
                assert torch.equal(found, net(x)), (n, dtype)
            row_major = {k: v.contiguous() for k, v in state.items()}
            wanted = torch.func.functional_call(net, row_major, (x,))
            assert torch.equal(torch.func.functional_call(net, others[2], (x,)), wanted)
            frozen_net = frozen.thaw(*frozen.freeze(layers[0]), frozen.new_shared())
            assert torch.equal(frozen_net(x), layers[0](x))
