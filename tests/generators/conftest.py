"""The generators, as `make document` runs them."""

from pathlib import Path

import pytest

GENERATORS = Path(__file__).resolve().parents[2] / "r_scripts" / "generators"


@pytest.fixture(scope="session")
def document():
    """The program that writes every generated file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(GENERATORS)
        import document

        yield document
