"""What R's own torch wrote is read: tensors, lists, states, datasets, layers, modules in R."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import torch

from torchbridge.process.rhome import find_r_home
from torchbridge.saving import files, rtorch_format, tensor_content
from torchbridge.saving.tensor_content import DamagedContent

HERE = Path(__file__).parent
#: ``written.R`` there made them, with R's torch.
THEIRS = HERE / "r-torch-0.17"


def test_files_of_r_torch_are_read():
    code = f"source('{HERE / 'r_torch_files.R'}'); files_of_r_torch_are_read('{THEIRS}')"
    rscript = str(Path(find_r_home()) / "bin" / "Rscript")
    done = subprocess.run([rscript, "-e", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def content(about: object, tensors: dict[str, torch.Tensor]) -> bytes:
    text = about if isinstance(about, str) else json.dumps(about)
    return tensor_content.to_bytes(tensors, {rtorch_format.ENTRY: text})


def test_complex_numbers_and_gradients_come_back():
    x = torch.tensor([1 + 2j, 3], dtype=torch.complex64)
    about = {
        "type": "tensor",
        "version": 3,
        "requires_grad": {"a": True},
        "special_dtype": {"a": {"shape": 2, "dtype": "cfloat"}},
    }
    found = files.loads(content(about, {"a": x.view(torch.uint8)}), "cpu")
    assert found["r"] == {"type": "tensor", "object": None}
    assert torch.equal(found["tensors"]["a"].detach(), x)
    assert found["tensors"]["a"].requires_grad


def test_an_r_object_is_bytes_apart_from_the_tensors():
    data = torch.tensor([1, 2], dtype=torch.uint8)
    about = {"type": "list", "version": 3, "requires_grad": [], "special_dtype": []}
    tensors = {"a": torch.ones(2), "__robj__": data}
    found = files.loads(content(about, tensors), None)
    assert found["r"] == {"type": "list", "object": b"\x01\x02"}
    assert list(found["tensors"]) == ["a"]


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ("[]", "damaged"),
        ("{", "JSON"),
        ({"type": "tensor", "version": 4}, "later torch"),
        ({"type": "exec", "version": 3}, "type"),
        ({"type": "list", "version": 3}, "lost a part"),
        ({"type": "tensor", "version": 3, "requires_grad": [1]}, "requires_grad"),
        ({"type": "tensor", "version": 3, "requires_grad": {"b": True}}, "names"),
        ({"type": "tensor", "version": 3, "special_dtype": {"a": {"dtype": "cfloat"}}}, "complex"),
        ({"type": "tensor", "version": 3, "special_dtype": {"a": 1}}, "complex"),
    ],
)
def test_a_description_that_is_damaged_is_an_error(about, why):
    with pytest.raises((DamagedContent, ValueError), match=why):
        files.loads(content(about, {"a": torch.ones(3)}), "cpu")


def test_whole_numbers_have_no_gradients():
    about = {"type": "tensor", "version": 3, "requires_grad": {"a": True}}
    with pytest.raises(ValueError, match="whole numbers"):
        files.loads(content(about, {"a": torch.ones(3, dtype=torch.int64)}), "cpu")


def test_what_is_written_for_r_torch_is_what_it_writes():
    leaf = torch.ones(2, requires_grad=True)
    given = {"a": leaf, "z": torch.tensor([1j]), "b": torch.ones(2), "same": leaf}
    assert files.same_tensors(given) == {"a": "a", "z": "z", "b": "b", "same": "a"}
    data = files.dumps({"kind": "null"}, given, {"type": "list", "object": b"\x01\x02"})
    content = tensor_content.of_bytes(data)
    about = rtorch_format.read(content)
    assert about == {
        "type": "list",
        "version": 3,
        "requires_grad": {"a": True},
        "special_dtype": {"z": {"shape": [1], "dtype": "cfloat"}},
    }
    # R's torch takes complex tensors by their places in the header.
    assert next(iter(content.entries)) == "z"
    tensors, found = rtorch_format.restored(content.tensors(), about)
    assert found == {"type": "list", "object": b"\x01\x02"}
    assert torch.equal(tensors["z"], given["z"])
    assert tensors["a"].requires_grad
    again = files.loads(data, "cpu")["tensors"]
    assert list(again) == ["a", "z", "b", "same"]
    assert again["same"] is again["a"]


def test_sparse_tensors_are_ours_alone():
    sparse = {"x": torch.eye(2).to_sparse()}
    data = files.dumps({"kind": "tensor", "name": "x"}, sparse, {"type": "tensor"})
    assert rtorch_format.ENTRY not in tensor_content.of_bytes(data).metadata
