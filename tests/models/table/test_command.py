"""The command line."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from torchbridge import shell
from torchbridge.__main__ import main
from torchbridge.models import ACTIVATIONS, OPTIMIZERS
from torchbridge.models.table.registry import MODELS, prediction_types
from torchbridge.models.training.metrics import METRICS

GENERATOR = np.random.default_rng(0)
DATA = pd.DataFrame({"a": GENERATOR.normal(size=60), "g": np.tile(["u", "v", "w"], 20)})
DATA["y"] = 100 + 10 * DATA["a"] + 5.0 * (DATA["g"] == "v") + GENERATOR.normal(size=60)
DATA["pass"] = np.where(DATA["y"] > 100, "yes", "no")
DATA["w"] = np.tile([1.0, 2.0], 30)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    DATA.to_csv(path, index=False)
    return path


def run(*arguments):
    assert main([str(a) for a in arguments]) == 0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_linear_model_equals_lm(r, tmp_path, capsys, suffix):
    data, model, out = (tmp_path / n for n in (f"data{suffix}", "m.safetensors", f"p{suffix}"))
    DATA.to_csv(data, index=False) if suffix == ".csv" else DATA.to_parquet(data)
    formula = ("--formula", "y ~ a * g")
    run("fit", *formula, "--data", data, "--model", "linear", "--weights", "w", "--output", model)
    shown = capsys.readouterr().out
    csv = tmp_path / "r.csv"
    DATA.to_csv(csv, index=False)
    code = "lm(y ~ a * g, data = read.csv(path), weights = w)"
    for estimate in r(f"coef({code})", path=str(csv)):
        assert f"{estimate:.6f}" in shown
    run("predict", "--model", model, "--data", data, "--output", out)
    found = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    np.testing.assert_allclose(found["pred"], np.asarray(r(f"fitted({code})", path=str(csv))))


@pytest.mark.parametrize("model", ["mlp", "tabular", "logistic"])
def test_classes_and_missing_values(tmp_path, data, model, capsys):
    holes = DATA.copy()
    holes.loc[3, "g"] = None
    holes.to_csv(data, index=False)
    network = [] if model == "logistic" else ["--hidden", "8,4", "--epochs", 30, "--seed", 1]
    file = tmp_path / "m.safetensors"
    run(
        "fit",
        "--formula",
        "pass ~ a + g",
        "--data",
        data,
        "--model",
        model,
        *network,
        "--output",
        file,
    )
    assert "left out 1 rows with missing values" in capsys.readouterr().err
    run("predict", "--model", file, "--data", data, "--type", "prob")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pred_no,pred_yes"
    assert lines[4] == ","
    assert sum(map(float, lines[1].split(","))) == pytest.approx(1, abs=1e-6)
    run("predict", "--model", file, "--data", data, "--type", "class")
    assert set(capsys.readouterr().out.split()[1:]) <= {"yes", "no", '""'}


def test_training_options(tmp_path, data, capsys):
    log, checkpoint = tmp_path / "log.csv", tmp_path / "c"
    common = ("fit", "--formula", "y ~ a + g", "--data", data, "--model", "mlp", "--seed", 1)
    run(
        *common,
        *("--epochs", 4, "--validation", 0.2, "--log", log, "--checkpoint", checkpoint),
        *("--lr", 0.01, "--batch-size", 16, "--patience", 3, "--dropout", 0.1),
    )
    history = pd.read_csv(log)
    assert list(history.columns) == ["epoch", "train_loss", "valid_loss"]
    assert len(history) == 4
    capsys.readouterr()
    run(
        *common,
        *("--epochs", 6, "--validation", 0.2, "--log", log, "--resume", checkpoint),
        *("--lr", 0.01, "--batch-size", 16, "--patience", 3, "--dropout", 0.1),
    )
    assert pd.read_csv(log).head(4).equals(history)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--formula", "z ~ a", "--model", "linear"], 'data has no column "z"'),
        (["--formula", "y ~ a", "--model", "linear", "--epochs", "3"], 'has no "epochs"'),
        (["--formula", "y ~ a", "--model", "mlp", "--lr", "-1"], "lr must be finite and not"),
        (["--formula", "g ~ a", "--model", "logistic"], "takes two classes"),
    ],
)
def test_bad_argument_is_named(data, capsys, arguments, message):
    assert main(["fit", "--data", str(data), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_files_that_are_not_there_or_not_ours(tmp_path, data, capsys):
    assert main(["fit", "--data", "no.csv", "--formula", "y ~ a", "--model", "linear"]) == 1
    assert "--data: there is no file no.csv" in capsys.readouterr().err
    assert main(["predict", "--data", str(data), "--model", str(data)]) == 1
    assert "is no file that torchbridge fit wrote" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["fit", "--data", str(data), "--formula", "y ~ a", "--model", "mpl"])


def test_what_may_be_named_is_what_there_is():
    """`bridge/shell.py` has the names without what they stand for."""
    offered = [name for name, row in MODELS.items() if "shell" in row.hosts]
    assert sorted(shell.MODELS) == sorted(offered)
    assert tuple(ACTIVATIONS) == shell.ACTIVATIONS
    assert tuple(OPTIMIZERS) == shell.OPTIMIZERS
    assert tuple(METRICS) == shell.METRICS
    assert tuple(prediction_types()) == shell.TYPES


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--help"], 0, "doctor"),
        (["fit", "--help"], 0, "--formula"),
        (["predict", "--help"], 0, "--type"),
        (["fit", "--model", "liner"], 2, "invalid choice: 'liner'"),
        (["fitt"], 2, "invalid choice: 'fitt'"),
        (["fit", "--metrics", "accuracy,acuracy"], 2, "'acuracy' is not known"),
    ],
)
def test_help_and_misspelt_names_load_nothing(arguments, status, told):
    code = (
        "import sys, torchbridge.__main__ as program\n"
        "try: program.main(sys.argv[1:])\n"
        "except SystemExit as end: status = end.code\n"
        "loaded = {'torch', 'numpy', 'pandas', 'rpy2'} & set(sys.modules)\n"
        "print('status', status, sorted(loaded))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == f"status {status} []"
    assert told in done.stdout + done.stderr


def test_metrics(data, capsys):
    network = ("--model", "mlp", "--epochs", 2, "--seed", 1, "--metrics", "accuracy,roc_auc")
    run("fit", "--formula", "pass ~ a", "--data", data, *network)
    assert "train_roc_auc" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["empty.csv", "other.csv", "bytes.csv", "x.parquet"])
def test_data_that_cannot_be_read_is_one_line_that_names_the_file(tmp_path, capsys, name):
    content = {"empty.csv": b"", "other.csv": b"a,b\n1,2\n1,2,3\n", "bytes.csv": b"a\n\xff\xfe\n"}
    path = tmp_path / name
    path.write_bytes(content.get(name, b"PAR1 is not enough"))
    fit = ["fit", "--formula", "y ~ a", "--data", str(path), "--model", "linear"]
    assert main(fit) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"torchbridge: --data: {path} cannot be read: ")
    assert error.count("\n") == 1
