"""Compiled code is kept where the user alone can write, or nowhere."""

import os
import stat

import pytest

from torchbridge.process import cache_folder as module
from torchbridge.process.cache_folder import cache_folder, processor

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no owners here")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the user's."""
    monkeypatch.delenv("TORCHBRIDGE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_it_is_in_the_users_cache_and_the_users_alone(cache):
    folder = cache_folder("xla", "one")
    assert folder == cache / "torchbridge" / "xla" / "one"
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    assert cache_folder("xla", "one") == folder


def test_the_working_directory_is_no_cache(cache, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(cache))
    assert cache_folder("xla").is_relative_to(cache)


@pytest.mark.parametrize("which", ["torchbridge/xla", "torchbridge", ""])
def test_where_others_may_write_there_is_none(cache, which):
    assert cache_folder("xla") is not None
    (cache / which).chmod(0o777)
    assert cache_folder("xla") is None
    (cache / which).chmod(0o755)
    assert cache_folder("xla") is not None


def test_a_folder_of_somebody_else_is_none(cache, monkeypatch):
    assert cache_folder("xla") is not None
    monkeypatch.setattr(module.os, "geteuid", lambda: 12345)
    assert cache_folder("xla") is None


def test_a_link_counts_as_what_it_leads_to(cache):
    (cache / "open").mkdir()
    (cache / "open").chmod(0o777)
    (cache / "torchbridge").symlink_to(cache / "open")
    assert cache_folder("xla") is None


def test_the_environment_says_where_or_nowhere(cache, monkeypatch):
    monkeypatch.setenv("TORCHBRIDGE_CACHE", str(cache / "here"))
    assert cache_folder("xla") == cache / "here" / "xla"
    monkeypatch.setenv("TORCHBRIDGE_CACHE", "off")
    assert cache_folder("xla") is None


def test_what_cannot_be_made_is_none(cache, monkeypatch):
    (cache / "file").write_text("")
    monkeypatch.setenv("TORCHBRIDGE_CACHE", str(cache / "file"))
    assert cache_folder("xla") is None


def test_a_processor_has_one_name():
    assert processor() == processor()
    assert len(processor()) == 16
