"""Tensors in archives of C++'s torch::save(): read without TorchScript, or refused."""

from __future__ import annotations

import base64
import io
import random
import warnings
import zipfile

import pytest
import torch
from torch import nn

from torchbridge.saving import tensor_archives
from torchbridge.saving.tensor_content import DamagedContent

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32]
DTYPES += [torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64]


class Holder(nn.Module):
    """C++ saves a tensor as what a module holds."""

    def __init__(self, x: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("x", x)

    def forward(self) -> torch.Tensor:
        return self.x


def archive(x: torch.Tensor) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out
        torch.jit.save(torch.jit.script(Holder(x)), file)
    return file.getvalue()


def with_pickle(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("archive/data/0", bytes(64))
        made.writestr("archive/data.pkl", text)
    return file.getvalue()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_of_every_dtype_comes_back(dtype):
    x = torch.tensor([[1, 0, 1], [0, 1, 1]]).to(dtype)
    for data in (archive(x), base64.b64encode(archive(x)).decode()):
        found = tensor_archives.tensor(data, None)
        assert found.dtype == dtype
        assert torch.equal(found, x)


def test_a_transposed_and_an_empty_tensor_come_back():
    for x in (torch.arange(6.0).view(2, 3).t(), torch.ones(0, 3), torch.ones(())):
        assert torch.equal(tensor_archives.tensor(archive(x), "cpu"), x)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"cos\nsystem\n(S'exit 3'\ntR.", "names os.system"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "names builtins.eval"),
        (b"ctorch\nload\n.", "names torch.load"),
        (b"c__torch__\nModule\n)\x81}S'x'\nI1\nsb.", "something else"),
        (b"c__torch__\nModule\n)\x81I1\nb.", "damaged"),
        (b"I1\n.", "damaged"),
        (b"", "damaged"),
    ],
)
def test_what_makes_no_tensor_is_refused(text, why):
    with pytest.raises(DamagedContent, match=why):
        tensor_archives.tensor(with_pickle(text), "cpu")


def test_a_tensor_beyond_its_storage_is_refused():
    storage = b"(S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI16\ntQ"
    for sizes in (b"I17\n", b"I-1\n", b"I9999999999\n"):
        made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"I0\n(" + sizes
        made += b"t(I1\ntI00\nc__torch__\nModule\n)\x81tR"
        text = b"c__torch__\nModule\n)\x81}S'x'\n" + made + b"sb."
        with pytest.raises(DamagedContent):
            tensor_archives.tensor(with_pickle(text), "cpu")


def test_damaged_archives_are_refused_or_tensors():
    right, rng = archive(torch.ones(3)), random.Random(1)
    for _ in range(300):
        data = bytearray(right)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        try:
            assert isinstance(tensor_archives.tensor(bytes(data), "cpu"), torch.Tensor)
        except DamagedContent:
            continue
    for wrong in (b"", b"PK", right[:100], "no base64!"):
        with pytest.raises(DamagedContent):
            tensor_archives.tensor(wrong, "cpu")


def test_a_device_that_is_not_there_is_the_cpu():
    assert tensor_archives._there("cpu") == "cpu"
    if not torch.cuda.is_available():
        assert tensor_archives._there("cuda:0") == "cpu"
