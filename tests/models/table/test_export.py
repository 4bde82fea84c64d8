"""A fit in other runtimes gives the same numbers."""

import os
import re
import subprocess
import sys

import pytest
import torch

from torchbridge.models import export_onnx, export_program, fit, fit_table, mlp
from torchbridge.models.table import export

X = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))


def test_exported_program_of_any_number_of_rows(tmp_path):
    found = fit(mlp(3, [8], 1, dropout=0.5, normalization="batch"), X, X[:, :1], epochs=1)
    export_program(found, X[:4], tmp_path / "m.pt2")
    program = torch.export.load(tmp_path / "m.pt2").module()
    torch.testing.assert_close(program(X), found.predict(X))
    torch.testing.assert_close(program(X[:1]), found.predict(X[:1]))


def test_table_model_with_codes_as_onnx(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    codes = (torch.arange(30) % 4)[:, None]
    found = fit_table(
        "tabular", X, X[:, 0], codes=codes, n_levels=[4], fit_options={"epochs": 1, "seed": 0}
    )
    path = tmp_path / "m.onnx"
    export_onnx(found, (X[:4], codes[:4]), path)
    model = onnx.load(path)
    evaluator = reference.ReferenceEvaluator(model)
    names = [i.name for i in model.graph.input]
    (y,) = evaluator.run(None, dict(zip(names, (X.numpy(), codes.numpy()), strict=True)))
    torch.testing.assert_close(torch.from_numpy(y)[:, 0], found.predict(X, codes))


def test_bad_argument_is_named():
    with pytest.raises(TypeError, match="fit must be a fit or a module, not str"):
        export_program("fit", X)
    with pytest.raises(ValueError, match="x must have at least 2 rows"):
        export_program(mlp(3, [8], 1), X[:1])


def test_a_disk_that_is_full_leaves_the_old_file_and_the_process(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    code = """
import resource, signal, sys
import torch
from torchbridge.models import export_onnx, export_program
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # past the limit is then an error of writing
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for write in (export_program, export_onnx):
    path = f"{sys.argv[1]}/{write.__name__}"
    write(torch.nn.Linear(5, 3), torch.ones(4, 5), path)
    old = open(path, "rb").read()
    try:
        write(torch.nn.Linear(5, 30_000), torch.ones(4, 5), path)
    except OSError as error:
        print(error.filename == path, open(path, "rb").read() == old)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True)
    assert done.stdout.decode().splitlines()[-2:] == ["True True"] * 2, done.stderr.decode()
    assert sorted(os.listdir(tmp_path)) == ["export_onnx", "export_program"]


def test_weights_beyond_what_an_onnx_file_holds_are_beside_it(tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    monkeypatch.setattr(export, "_ONE_FILE", 0)
    path = tmp_path / "m.onnx"
    for seed in (0, 1):
        torch.manual_seed(seed)
        module = torch.nn.Linear(3, 2)
        export_onnx(module, X, path)
        evaluator = reference.ReferenceEvaluator(onnx.load(path))
        (y,) = evaluator.run(None, {"x": X.numpy()})
        torch.testing.assert_close(torch.from_numpy(y), module(X))
        names = sorted(os.listdir(tmp_path))
        assert len(names) == 2
        assert re.fullmatch(r"m\.onnx\.[0-9a-f]{8}\.data", names[1])
