"""Finding R: what decides, and what is said when it is not there."""

import sys
from pathlib import Path

import pytest

from torchbridge.process.rhome import RNotFound, find_r_home, libr_path, r_version


@pytest.fixture(autouse=True)
def forget():
    find_r_home.cache_clear()
    yield
    find_r_home.cache_clear()


def make_r(home: Path, version: str = "4.4.1") -> Path:
    """Lay out as much of an R installation as the functions look at."""
    (home / "bin").mkdir(parents=True)
    executable = home / "bin" / "R"
    executable.write_text(f"#!/bin/sh\necho {home}\n")
    executable.chmod(0o755)
    (home / "library" / "base").mkdir(parents=True)
    (home / "library" / "base" / "DESCRIPTION").write_text(f"Package: base\nVersion: {version}\n")
    (home / "lib").mkdir()
    (home / "lib" / ("libR.dylib" if sys.platform == "darwin" else "libR.so")).touch()
    return home


def test_r_home_from_the_environment_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("R_HOME", str(make_r(tmp_path / "declared")))
    monkeypatch.setenv("PATH", str(make_r(tmp_path / "on_path") / "bin"))
    assert find_r_home() == str(tmp_path / "declared")


def test_r_on_the_path_is_asked_when_r_home_names_no_r(tmp_path, monkeypatch):
    monkeypatch.setenv("R_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(make_r(tmp_path / "on_path") / "bin"))
    assert find_r_home() == str(tmp_path / "on_path")


def test_no_r_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.delenv("R_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RNotFound, match="apt-get install r-base-dev"):
        find_r_home()


def test_an_r_that_fails_is_named(tmp_path, monkeypatch):
    broken = tmp_path / "R"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.delenv("R_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RNotFound, match="exit status 3"):
        find_r_home()


def test_version_and_library(tmp_path):
    home = make_r(tmp_path / "R", "4.10.2")
    assert r_version(str(home)) == (4, 10, 2)
    assert Path(libr_path(str(home))).parent == home / "lib"


def test_an_r_without_shared_library_or_base_is_refused(tmp_path):
    with pytest.raises(RNotFound, match="--enable-R-shlib"):
        libr_path(str(tmp_path))
    with pytest.raises(RNotFound, match="No complete R"):
        r_version(str(tmp_path))


def test_this_machine_has_an_r():
    home = find_r_home()
    assert r_version(home) >= (3, 6, 0)
    assert Path(libr_path(home)).exists()
