"""PyTorch computes with its own BLAS, whatever R has brought into the process.

Another library sums in another order, so the bits of a product tell which one it was.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from torchbridge.process import own_blas, rhome

PRODUCTS = """
import torch
torch.set_num_threads(1)
for dtype in ("float32", "float64"):
    a = torch.linspace(-1, 1, 257 * 263, dtype=getattr(torch, dtype)).sin().reshape(257, 263)
    print(dtype, (a @ a.T).numpy().tobytes().hex()[:20000])
"""


def bits(command):
    """The products' bytes by dtype, as a process prints them."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("float")]
    return dict(lines)


def test_a_product_has_the_same_bits_with_r_in_the_process(tmp_path):
    alone = bits([sys.executable, "-c", PRODUCTS])
    assert list(alone) == ["float32", "float64"]
    with_r = "import torchbridge\ntorchbridge.start()\n" + PRODUCTS
    assert bits([sys.executable, "-c", with_r]) == alone
    script = tmp_path / "product.py"
    script.write_text(PRODUCTS)
    in_r = f"library(torchbridge); py_import('sys'); reticulate::py_run_file('{script}')"
    rscript = str(Path(rhome.find_r_home()) / "bin" / "Rscript")
    assert bits(["env", f"TORCHBRIDGE_PYTHON={sys.executable}", rscript, "-e", in_r]) == alone


def test_torch_that_is_there_already_is_left_alone():
    import torch

    assert torch is sys.modules["torch"]
    before = list(sys.meta_path)
    own_blas.watch(r_hosts=False)
    assert sys.meta_path == before
    assert own_blas.plain_blas() is None


def test_which_libraries_are_plain(tmp_path):
    fast = tmp_path / "openblas-pthread" / "libblas.so.3"
    fast.parent.mkdir()
    fast.touch()
    link = tmp_path / "libblas.so.3"
    link.symlink_to(fast)
    assert not own_blas.is_plain(str(link))
    assert own_blas.is_plain(str(tmp_path / "lib" / "libRblas.so"))


@pytest.mark.parametrize("first", ["", "torch <- reticulate::import('torch');"])
def test_r_is_told_where_torch_came_first_and_has_a_plain_blas(first):
    code = (
        f"reticulate::use_python('{sys.executable}', required = TRUE); {first}"
        "told <- tryCatch({torchbridge::start_python(); 'nothing'}, warning = conditionMessage);"
        "cat('told:', told, '\\n'); cat('blas:', extSoftVersion()[['BLAS']], '\\n')"
    )
    rscript = str(Path(rhome.find_r_home()) / "bin" / "Rscript")
    done = subprocess.run([rscript, "-e", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = done.stdout.split("told: ")[1]
    blas = said.split("blas: ")[1].strip()
    expected = bool(first) and sys.platform == "linux" and own_blas.is_plain(blas)
    assert said.startswith("PyTorch was imported before torchbridge started") == expected
    assert said.startswith("nothing") != expected
