"""One version and one address: what says them says the same (docs/RELEASE.md)."""

import re
import subprocess
import sys
from pathlib import Path

import torchbridge as tb

ROOT = Path(__file__).parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text()
DESCRIPTION = (ROOT / "r_scripts" / "torchbridge" / "DESCRIPTION").read_text()
CITATION = (ROOT / "CITATION.cff").read_text()
NEWS = (ROOT / "NEWS.md").read_text()


def field(name: str, text: str) -> str:
    """The value of a line ``name: value`` or ``name = "value"``."""
    (value,) = re.findall(rf'^{name}(?:: | = ")([^"\n]+)"?$', text, re.M)
    return value


def test_the_version_stands_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.\d+)?", tb.__version__)
    assert field("Version", DESCRIPTION) == tb.__version__
    assert field("version", CITATION) == tb.__version__
    assert f"\n## {tb.__version__}\n" in NEWS


def test_the_build_reads_the_version_without_importing():
    """A build has setuptools, and neither torch nor R."""
    build = (
        "import sys\n"
        "from setuptools.config.pyprojecttoml import apply_configuration\n"
        "from setuptools.dist import Distribution\n"
        "distribution = apply_configuration(Distribution(), 'pyproject.toml')\n"
        "assert not {'torchbridge', 'torch', 'rpy2'} & set(sys.modules)\n"
        "print(distribution.metadata.version)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == tb.__version__


def test_the_address_stands_in_one_place():
    address = field("Homepage", PYPROJECT)
    assert field("Issues", PYPROJECT) == f"{address}/issues"
    assert field("URL", DESCRIPTION) == address
    assert field("BugReports", DESCRIPTION) == f"{address}/issues"
    assert field("url", CITATION) == address
