"""A fit in other runtimes gives the same numbers."""

import pytest
import torch

from torchbridge.models import export_onnx, export_program, fit, fit_table, mlp

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
