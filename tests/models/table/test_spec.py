"""Model files: what is damaged, or lies, is one error in words, before anything is allocated."""

from __future__ import annotations

import copy
import json
import random

import numpy as np
import pandas as pd
import pytest
import torch

from torchbridge.__main__ import main
from torchbridge.models.table.command import read_model
from torchbridge.models.table.model import load_table
from torchbridge.models.table.spec import check_spec
from torchbridge.saving import tensor_content

ENTRY = "torchbridge_model"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file, and the data."""
    folder = tmp_path_factory.mktemp("model")
    data = pd.DataFrame({"y": np.arange(20.0), "a": np.linspace(0, 1, 20), "g": list("uvwx") * 5})
    data.to_csv(folder / "d.csv", index=False)
    options = ["--model", "mlp", "--hidden", "4", "--epochs", "1", "--seed", "1"]
    fit = ["fit", "--formula", "y ~ a + g", "--data", str(folder / "d.csv"), *options]
    assert main([*fit, "--output", str(folder / "m.model")]) == 0
    return folder / "m.model", folder / "d.csv"


def changed(path, change):
    content = tensor_content.of_bytes(path.read_bytes())
    about = json.loads(content.metadata[ENTRY])
    change(about)
    tensors = content.tensors()
    wrong = path.with_name("x.model")
    wrong.write_bytes(tensor_content.to_bytes(tensors, {ENTRY: json.dumps(about)}))
    return wrong


CHANGES = {
    "too wide": lambda a: a["spec"]["model_options"].update(hidden=[20000, 20000]),
    "huge": lambda a: a["spec"]["model_options"].update(hidden=[1e300]),
    "more layers than tensors": lambda a: a["spec"]["model_options"].update(hidden=[1] * 10**6),
    "more levels than tensors": lambda a: a["spec"].update(model="tabular", n_levels=[3] * 10**6),
    "overflow": lambda a: a["spec"]["model_options"].update(hidden=[2**40, 2**40]),
    "no classes": lambda a: a.pop("classes"),
    "more": lambda a: a.update(more=1),
    "dtype": lambda a: a["spec"].update(dtype="os"),
    "dtype list": lambda a: a["spec"].update(dtype=["float32"]),
    "a list": lambda a: a.update(spec=[1]),
    "null": lambda a: a.update(spec=None),
    "layout": lambda a: a.update(layout=None),
    "layout entry": lambda a: a["layout"].update(more=1),
    "terms": lambda a: a["layout"].update(terms="a"),
    "no term": lambda a: a["layout"].update(terms=[[1]]),
    "coded": lambda a: a["layout"].update(coded=["z"]),
    "levels": lambda a: a["layout"].update(levels={"g": [1, 2]}),
    "system": lambda a: a["layout"].update(terms=[["system('id')"]]),
    "import": lambda a: a["layout"].update(terms=[["__import__('os')"]]),
    "lambda": lambda a: a["layout"].update(terms=[["(lambda: 1)()"]]),
    "long": lambda a: a["layout"].update(terms=[["-" * 50000 + "a"]]),
    "deep": lambda a: a["layout"].update(terms=[["-" * 9000 + "a"]]),
    "nested": lambda a: a["layout"].update(terms=[["(" * 4000 + "a" + ")" * 4000]]),
    "huge number": lambda a: a["layout"].update(terms=[["1" + "0" * 4000 + "*a"]]),
    "null byte": lambda a: a["layout"].update(terms=[["a\0"]]),
    "offset": lambda a: a.update(offset=[1]),
    "outputs": lambda a: a["spec"].update(n_outputs=-1),
    "flag": lambda a: a["spec"].update(squeeze=1),
    "link": lambda a: a["spec"].update(link="system"),
    "unknown option": lambda a: a["spec"]["model_options"].update(seed=1),
    "no model": lambda a: a["spec"].update(model=None),
    "another": lambda a: a["spec"].update(model="linear"),
    "rnn": lambda a: a["spec"].update(model="rnn", inputs=[1, 1], model_options={"layers": 10**12}),
    "inputs": lambda a: a["spec"].update(inputs=[2**62]),
    "no inputs": lambda a: a["spec"].update(inputs=[]),
    "options": lambda a: a["spec"].update(model_options=[1]),
    "classes": lambda a: a.update(classes=["a", 1]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_predict_says_in_one_line_which_file_is_wrong(model, change, capfd):
    path, data = model
    wrong = changed(path, change)
    assert main(["predict", "--model", str(wrong), "--data", str(data)]) == 1
    said = capfd.readouterr().err.strip()
    assert "\n" not in said and str(wrong) in said and len(said) < 1000


def test_a_bit_that_changes_is_one_line_that_names_the_file(model, capfd):
    path, data = model
    whole = path.read_bytes()
    choice = random.Random(1)
    for at in choice.sample(range(len(whole)), 150):
        wrong = bytearray(whole)
        wrong[at] ^= 1 << choice.randrange(8)
        file = path.with_name("x.model")
        file.write_bytes(bytes(wrong))
        assert main(["predict", "--model", str(file), "--data", str(data)]) == 1
        found = capfd.readouterr().err
        assert str(file) in found and "\n" not in found.strip()


def test_a_file_that_is_cut(model):
    path, _ = model
    whole = path.read_bytes()
    for n in range(0, len(whole), 101):
        file = path.with_name("x.model")
        file.write_bytes(whole[:n])
        with pytest.raises(ValueError, match="is no file that torchbridge fit wrote"):
            read_model(file)


def test_weights_are_compared_before_the_model_is_made(model):
    path, _ = model
    fitted = read_model(path).model
    spec, weights = fitted.spec, fitted.weights
    assert torch.equal(
        load_table(spec, weights).module.network[0].weight, fitted.module.network[0].weight
    )
    for entry, value in (("dtype", "float64"), ("n_outputs", 2), ("scale_output", False)):
        with pytest.raises(ValueError, match="the weights are of another model"):
            load_table({**spec, entry: value}, weights)
    for name in spec:
        lacking = copy.deepcopy(spec)
        del lacking[name]
        with pytest.raises(ValueError, match=f"spec: {name} is missing"):
            check_spec(lacking)


def test_loading_takes_no_random_numbers(model):
    path, _ = model
    before = torch.get_rng_state()
    read_model(path)
    assert torch.equal(torch.get_rng_state(), before)
