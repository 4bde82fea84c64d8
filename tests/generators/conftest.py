"""The generators, as `make document` runs them."""

import re
from pathlib import Path

import pytest

GENERATORS = Path(__file__).resolve().parents[2] / "r_scripts" / "generators"


GEN = GENERATORS.parent / "torchbridge" / "R" / "gen-operators.R"


@pytest.fixture
def as_new_as_the_files(document):
    """Skips where PyTorch is older than the one that the files are written from."""
    (made_for,) = re.findall(r"^# From PyTorch (.*)\.$", GEN.read_text(), re.M)
    if _numbers(document.header.torch_version()) < _numbers(made_for):
        pytest.skip(f"written from PyTorch {made_for}")


def _numbers(version):
    return [int(n) for n in re.findall(r"\d+", version)[:2]]


@pytest.fixture(scope="session")
def document():
    """The program that writes every generated file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(GENERATORS)
        import document

        yield document
