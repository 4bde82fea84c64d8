"""A density is one row: what R calls is written from it."""

from __future__ import annotations

import math
import os
import runpy
import subprocess
from pathlib import Path

import pytest

import torchbridge as tb
from torchbridge.autodiff import density_table
from torchbridge.process.rhome import find_r_home

#: All that a new distribution function takes. R has pcauchy() for numbers.
NEW = """
import math
import torch
from torchbridge.autodiff.density_table import in_r

@in_r("q, location = 0, scale = 1")
def pcauchy(q, location, scale, lower, log):
    z = (q - location) / scale
    p = 0.5 + torch.atan(z if lower else -z) / math.pi
    return p.log() if log else p
"""

#: What both hosts do with it: at numbers, at a tensor, and its derivative, which is dcauchy().
USE = """
use <- function(x) {
  tensor <- torchbridge::as_torch_tensor(x)
  c(
    pcauchy(x, 1, 2),
    torchbridge::to_r(pcauchy(tensor, 1, 2)),
    torchbridge::to_r(pcauchy(tensor, 1, 2, lower.tail = FALSE, log.p = TRUE)),
    torchbridge::grad(function(q) pcauchy(q, 1, 2), x)
  )
}
"""

RUN = """
files <- commandArgs(TRUE)
invisible(torchbridge::py_import("runpy")$run_path(files[[1]]))
source(files[[2]])
cat(format(use(0.5), digits = 17))
"""

EXPECTED = [
    0.5 + math.atan(-0.25) / math.pi,
    0.5 + math.atan(-0.25) / math.pi,
    math.log(0.5 - math.atan(-0.25) / math.pi),
    1 / (2 * math.pi * (1 + 0.25**2)),
]


@pytest.fixture
def new(document, monkeypatch, tmp_path):
    """A file with the new row, and one with its R function and what to do with it."""
    monkeypatch.setattr(density_table, "TABLE", dict(density_table.TABLE))
    row, script = tmp_path / "row.py", tmp_path / "use.R"
    row.write_text(NEW, encoding="utf-8")
    runpy.run_path(str(row))
    function = document.densities.function("pcauchy", density_table.TABLE["pcauchy"])
    # The package makes its masks when it is installed, and places them when it is loaded.
    inside = (
        "pcauchy <- evalq({\nmask <- function(..., dots = FALSE, tensor = NULL) "
        f"made_mask(..., dots = dots, tensor = tensor)\n{function}}}, "
        'new.env(parent = asNamespace("torchbridge")))\n'
    )
    script.write_text(inside + USE, encoding="utf-8")
    return row, script


def test_a_new_one_is_a_row_where_python_is_the_host(r, new):
    assert tb.source(new[1]).use(0.5) == pytest.approx(EXPECTED, rel=1e-15)


def test_a_new_one_is_a_row_where_r_is_the_host(new, tmp_path):
    program = tmp_path / "run.R"
    program.write_text(RUN, encoding="utf-8")
    rscript = Path(find_r_home()) / "bin" / "Rscript"
    done = subprocess.run(
        [rscript, program, *new], capture_output=True, text=True, timeout=300, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    assert [float(x) for x in done.stdout.split()] == pytest.approx(EXPECTED, rel=1e-15)


def test_a_formula_takes_the_arguments_of_its_row():
    assert density_table.TABLE["dgamma"].of_tensors == ["x", "shape", "scale"]
    assert density_table.TABLE["dbeta"].of_tensors == ["x", "shape1", "shape2"]
    with pytest.raises(TypeError, match=r"dnothing: the formula must take \['x', 'rate'\]"):

        @density_table.in_r("x, rate = 1")
        def dnothing(x, log):
            return x

    assert "dnothing" not in density_table.TABLE
