"""Our imports, and those that libraries do for us, never look in the working directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from torchbridge.process import own_imports, rhome

#: Files of these names lie in the working directory: the standard library's, what we need, what
#: libraries would like to have, and ourselves.
SHADOWS = (
    *("__future__", "typing", "logging", "random", "json", "csv", "tempfile", "pickle", "queue"),
    *("multiprocessing", "concurrent", "rpytools", "traceback", "rpy2", "torch", "numpy", "pandas"),
    *("pyarrow", "safetensors", "tqdm", "optuna", "onnx", "polars", "sympy", "triton", "apex"),
    "torchbridge",
)

IN_PYTHON = """
import sys
here = sys.path.pop(0)
import torchbridge as tb
sys.path.insert(0, here)
from torchbridge import models
import torch
x = torch.rand(20, 2)
tb.to_numpy(tb.to_r(x))
def helped(at):
    import helpers  # the user's own, in a callback of ours
    print("callback", helpers.VALUE)
class Asks(models.Callback):
    on_epoch_end = lambda self, loop: helped(loop)
found = models.fit(models.mlp(2, [4], 1), x, x[:, :1], epochs=1, callbacks=[Asks()])
models.export_program(found, x, "m.pt2")
print(sys.path[0] == here)
from importlib.util import find_spec
print(find_spec("apex").origin.endswith("here/apex.py"))
import helpers
print(helpers.VALUE)
try:
    import apex
except ImportError as error:
    print(error)
"""

IN_R = """
library(torchbridge)
torch_save(torch_ones(2), "x.st")
asks <- function(...) cat("callback", reticulate::import("helpers")$VALUE, "\\n")
fit <- torch_fit(mpg ~ wt, mtcars, mlp(4), epochs = 1, callbacks = list(asks))
search <- torch_tune(function(at) at$x, list(x = tune_range(0, 1)), n_trials = 1)
cat(reticulate::import("sys")$path[1] == "", "\\n")
cat(reticulate::import("helpers")$VALUE, "\\n")
message <- tryCatch(reticulate::import("apex"), error = conditionMessage)
cat(grepl("run: apex", message), "\\n")
"""


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    for name in SHADOWS:
        text = f"open('ran', 'a').write('{name}\\n')\nraise ImportError('run: {name}')\n"
        (folder / f"{name}.py").write_text(text)
    (folder / "helpers.py").write_text("VALUE = 42\n")
    return folder


def ran(folder):
    """The names of the files that were run."""
    return (folder / "ran").read_text().split() if (folder / "ran").exists() else []


def test_python_with_the_working_directory_first(here):
    done = subprocess.run(
        [sys.executable, "-c", IN_PYTHON], cwd=here, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines() == ["callback 42", "True", "True", "42", "run: apex"], (
        done.stderr
    )
    assert ran(here) == ["apex"]


def test_r_where_reticulate_puts_it_first(here):
    rscript = str(Path(rhome.find_r_home()) / "bin" / "Rscript")
    environment = {**os.environ, "TORCHBRIDGE_PYTHON": sys.executable, "PYTHONPATH": ""}
    done = subprocess.run(
        [rscript, "-e", IN_R],
        cwd=here,
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines == ["callback 42", "TRUE", "42", "TRUE"], done.stderr
    assert ran(here) == ["apex"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no PYTHONSAFEPATH")
def test_processes_of_a_search_find_what_is_installed_first(here):
    code = """
import sys
here = sys.path.pop(0)
from torchbridge import models
import torch
from torchbridge.models import tune
from torchbridge.models.tuning import rounds
sys.path.insert(0, here)
"""
    work = """
if __name__ == "__main__":
    def draw(trial): return trial.suggest_float("lr", 0.01, 0.1)
    import optuna
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    from fitted import trainer
    rounds.run_rounds(study, trainer, {"lr": draw}, 2, 2)
    print(len(study.trials), sys.path[0] == here)
"""
    pytest.importorskip("optuna")
    (here / "fitted.py").write_text(
        "class Fit:\n    history = {'valid_loss': [1.0]}\n\n\n"
        "def trainer(options, callbacks):\n    return Fit()\n"
    )
    (here / "optuna.py").unlink()  # the search itself is the user's import here
    done = subprocess.run(
        [sys.executable, "-c", code + work], cwd=here, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines()[-1:] == ["2 True"], done.stderr
    assert ran(here) == []


@pytest.mark.parametrize("name", ["tqdm", "helpers"])
def test_who_puts_a_folder_first_by_its_path_gets_it(tmp_path, name):
    folder = tmp_path / "chosen"
    folder.mkdir()
    (folder / f"{name}.py").write_text("VALUE = 'chosen'\n")
    code = f"import sys; sys.path.insert(1, {str(folder)!r}); import torchbridge, {name}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print({name}.VALUE)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "chosen\n", done.stderr


def test_the_path_without_the_working_directory(monkeypatch, tmp_path):
    here, standard = os.getcwd(), own_imports._STANDARD
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "script.py"))
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    paths = [
        (["", "/a", standard], ["/a", standard]),
        ([here, ".", "folder", "/a", standard], ["/a", standard]),
        (["/a", standard, here], None),  # a .pth file's
        (["/a", standard, "/b"], None),
    ]
    for path, rest in paths:
        monkeypatch.setattr(sys, "path", path)
        assert own_imports._path() == rest
    monkeypatch.setattr(sys.modules["__main__"], "__file__", os.path.join(here, "script.py"))
    monkeypatch.setattr(sys, "path", [here, standard])  # the script's own folder
    assert own_imports._path() is None


def test_it_watches_once_and_just_before_pythons_own_search(monkeypatch):
    class Earlier:
        """Somebody else's finder, who has put himself before Python's own search."""

    earlier, search = Earlier(), own_imports._search()
    monkeypatch.setattr(sys, "meta_path", [earlier, search])
    own_imports.watch()
    own_imports.watch()
    first, ours, last = sys.meta_path
    assert (first, type(ours), last) == (earlier, own_imports._Finder, search)
