"""install-r: the R package arrives, knows its Python, and failures say why."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from torchbridge.__main__ import main
from torchbridge.process import install
from torchbridge.process.install import InstallError, install_r, r_package_source
from torchbridge.process.rhome import RNotFound, find_r_home


@pytest.fixture
def fake_r(tmp_path, monkeypatch):
    """Stand in for R: a function that sets what Rscript prints and what R does."""
    home = tmp_path / "fake R"
    (home / "bin").mkdir(parents=True)
    monkeypatch.setattr(install, "find_r_home", lambda: str(home))

    def behave(rscript: str, r: str = "exit 0") -> None:
        for name, body in (("Rscript", rscript), ("R", r)):
            executable = home / "bin" / name
            executable.write_text(f"#!/bin/sh\n{body}\n")
            executable.chmod(0o755)

    return behave


@pytest.fixture(scope="module")
def arrived(tmp_path_factory):
    """The R package, installed once by the command into a library that is to be made.

    Gives the library, what the command printed, and the files of the source before and after.
    """
    library = tmp_path_factory.mktemp("home") / "a library" / "to be made"
    files = [sorted(r_package_source().rglob("*"))]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["install-r", "--library", str(library)]) == 0
    files.append(sorted(r_package_source().rglob("*")))
    return library, printed.getvalue(), files


def test_the_installed_package_loads_and_knows_this_python(arrived):
    library, _, _ = arrived
    installed = library / "torchbridge"
    assert (installed / "python.txt").read_text() == f"{sys.executable}\n"
    rscript = str(Path(find_r_home()) / "bin" / "Rscript")
    code = f'library(torchbridge, lib.loc = "{library}"); cat("loaded")'
    loaded = subprocess.run([rscript, "-e", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.endswith("loaded")


def test_its_vignettes_are_there(arrived):
    library, _, _ = arrived
    rscript = str(Path(find_r_home()) / "bin" / "Rscript")
    code = f"v <- vignette('torch_fit', lib.loc = '{library}'); cat(v$Title, file.exists(file.path("
    code += "v$Dir, 'doc', v$PDF)))"
    found = subprocess.run([rscript, "-e", code], capture_output=True, text=True)
    assert found.stdout == "Fit a model in one line TRUE", found.stderr


def test_the_command_ends_with_what_to_type_next(arrived):
    library, printed, _ = arrived
    last = printed.splitlines()[-1]
    assert last.endswith(f'In R, type: library(torchbridge, lib.loc = "{library}")')


def test_the_source_is_not_touched(arrived):
    _, _, (before, after) = arrived
    assert after == before


def test_without_r_the_command_says_so_and_fails(monkeypatch, capsys):
    def missing():
        raise RNotFound("R was not found")

    monkeypatch.setattr(install, "find_r_home", missing)
    assert main(["install-r"]) == 1
    assert capsys.readouterr().err == "torchbridge: R was not found\n"


def test_missing_r_packages_are_named_with_both_remedies(fake_r, tmp_path):
    fake_r(
        f"echo torchbridge:library={tmp_path}\n"
        "echo torchbridge:missing=reticulate\necho torchbridge:missing=Matrix"
    )
    with pytest.raises(InstallError) as caught:
        install_r()
    assert 'install.packages(c("reticulate", "Matrix"))' in str(caught.value)
    assert "apt-get install r-cran-reticulate r-cran-matrix" in str(caught.value)


def test_what_an_r_profile_prints_is_ignored(fake_r, tmp_path):
    library = tmp_path / "library"
    install_ours = f'mkdir -p "{library}/torchbridge"'
    fake_r(f"echo Welcome back; echo torchbridge:library={library}", install_ours)
    assert install_r() == library / "torchbridge"


def test_no_user_library_asks_for_one(fake_r):
    fake_r("echo torchbridge:library=NA")
    with pytest.raises(InstallError, match="--library"):
        install_r()


def test_a_library_that_cannot_be_written_is_named(tmp_path):
    occupied = tmp_path / "file"
    occupied.touch()
    with pytest.raises(InstallError, match=r"file/library cannot be written"):
        install_r(occupied / "library")


def test_when_r_refuses_its_own_words_are_shown(fake_r, tmp_path):
    fake_r(f"echo torchbridge:library={tmp_path}", "echo ERROR: unable to collate >&2; exit 1")
    with pytest.raises(InstallError, match="R says:\nERROR: unable to collate"):
        install_r()


def test_a_misspelt_option_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["install-r", "--libary", "x"])
    assert caught.value.code == 2
