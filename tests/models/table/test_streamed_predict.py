"""Predictions of what is read from disk: those of the table in memory, in its order."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torchbridge.__main__ import main
from torchbridge.frames import sources
from torchbridge.models import fit_formula
from torchbridge.models.table import streamed_predict

RANDOM = np.random.default_rng(3)
N = 230
DATA = pd.DataFrame(
    {"x": RANDOM.normal(size=N), "g": RANDOM.choice(["u", "v"], N), "o": RANDOM.normal(size=N)}
)
DATA["y"] = DATA["x"] + (DATA["g"] == "u")
DATA["k"] = np.where(DATA["y"] > 0, "high", "low")
HOLES = DATA.assign(x=DATA["x"].where(DATA.index % 9 > 0))
HOLES.loc[50:109, "g"] = None
FIT = {"fit_options": {"epochs": 1, "seed": 1, "progress": False}}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sources, "ROWS", 20)
    monkeypatch.setattr(streamed_predict, "FILE_ROWS", 90)


@pytest.fixture
def folder(tmp_path):
    at = tmp_path / "data"
    at.mkdir()
    for i in range(3):
        rows = pa.Table.from_pandas(HOLES.iloc[80 * i : 80 * i + 80], preserve_index=False)
        pq.write_table(rows, at / f"{i}.parquet", row_group_size=30)
    return at


@pytest.mark.parametrize(
    ("formula", "type"), [("y ~ x + g", "response"), ("k ~ x + g", "prob"), ("k ~ g + x", "class")]
)
def test_predictions_are_those_in_memory_in_order(folder, tmp_path, formula, type):
    fit = fit_formula(formula, DATA, offset="o" if type == "response" else None, **FIT)
    expected = fit.predict(HOLES, type)
    assert 70 < expected.iloc[:, 0].isna().sum() < N
    pd.testing.assert_frame_equal(fit.predict(folder, type), expected, rtol=1e-6, check_dtype=False)
    to = tmp_path / "out"
    assert fit.predict(folder, type, to) == N
    parts = sorted(to.iterdir())
    assert [part.name for part in parts] == [f"part-0000{i}.parquet" for i in range(3)]
    found = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6, check_dtype=False)
    assert fit.predict(HOLES, type, tmp_path / "one.parquet") == N
    one = pd.read_parquet(tmp_path / "one.parquet")
    pd.testing.assert_frame_equal(one, expected, check_dtype=False)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_text_that_is_missing_at_first_stays_text(tmp_path):
    fit = fit_formula("k ~ x", DATA, **FIT)
    at = tmp_path / "d.parquet"
    pq.write_table(pa.Table.from_pandas(HOLES.assign(x=HOLES["x"].where(HOLES.index > 99))), at)
    fit.predict(str(at), "class", tmp_path / "out")
    found = pd.read_parquet(tmp_path / "out")["pred_class"]
    assert found[:100].isna().all() and set(found[101:].dropna()) <= {"high", "low"}


def test_nothing_is_left_where_it_fails(folder, tmp_path):
    fit = fit_formula("y ~ g", DATA, **FIT)
    to = tmp_path / "out"
    pq.write_table(pa.Table.from_pandas(DATA.assign(g="zz")), folder / "9.parquet")
    with pytest.raises(ValueError, match='column "g" has the new level "zz"'):
        fit.predict(folder, to=to)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    with pytest.raises(ValueError, match="to: .*data must be a folder that is empty or not there"):
        fit.predict(folder, to=folder)
    with pytest.raises(FileNotFoundError, match="to: there is no folder"):
        fit.predict(folder, to=tmp_path / "no" / "out")
    with pytest.raises(ValueError, match='data has no column "g"'):
        pq.write_table(pa.table({"x": [1.0]}), tmp_path / "x.parquet")
        fit.predict(tmp_path / "x.parquet")


def test_the_shell_reads_folders(folder, tmp_path, capsys):
    model, out = str(tmp_path / "m.safetensors"), str(tmp_path / "out")
    fit = ["fit", "--formula", "y ~ x + g", "--model", "mlp", "--epochs", "1", "--seed", "1"]
    assert main([*fit, "--data", str(folder), "--output", model, "--shuffle-buffer", "50"]) == 0
    assert "left out" in capsys.readouterr().err
    predict = ["predict", "--model", model, "--data", f"{folder}/*.parquet"]
    assert main([*predict, "--output", out]) == 0
    written = pd.read_parquet(out)["pred"].to_numpy()
    assert main(predict) == 0
    printed = [float(x.strip('"') or "nan") for x in capsys.readouterr().out.split("\n")[1:-1]]
    np.testing.assert_allclose(printed, written, rtol=1e-5)
    assert main(["fit", *fit[1:], "--data", str(tmp_path / "none" / "*.csv")]) == 1
    assert "--data: no file matches" in capsys.readouterr().err
