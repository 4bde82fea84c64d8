"""What ``import torchbridge`` shows (``bridge/__init__.py``)."""

import subprocess
import sys

import torchbridge as tb


def public(names):
    """Without what Python itself keeps in a module."""
    return [name for name in names if not (name.startswith("__") and name.endswith("__"))]


def test_dir_shows_public_names_only():
    """Also after submodules were imported, which Python binds to their package."""
    for name in tb.__all__:
        assert getattr(tb, name) is not None
    assert public(dir(tb)) == sorted(tb.__all__)
    assert {"__version__", "__doc__", "__name__"} <= set(dir(tb))
    assert [name for name in tb.__all__ if name.startswith("_")] == []


def test_dir_of_a_fresh_import_is_the_same():
    fresh = subprocess.run(
        [sys.executable, "-c", "import torchbridge; print(*dir(torchbridge))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert public(fresh.stdout.split()) == sorted(tb.__all__)


def test_another_name_is_an_attribute_error():
    assert not hasattr(tb, "to_tensor")
