"""What ``make test FILE=...`` and ``make test-fast`` choose (``tests/run.py``)."""

import importlib
from pathlib import Path

import pytest


@pytest.fixture
def run(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("run")


def test_a_file_is_chosen_by_its_path_or_its_bare_name(run):
    one = run.Chosen(pytest=["tests/arrays/test_from_r.py"])
    assert run.choose(["tests/arrays/test_from_r.py"]) == run.choose(["test_from_r.py"]) == one
    assert run.choose(["test_from_r.py::test_a"]).pytest == ["tests/arrays/test_from_r.py::test_a"]
    r = "r_scripts/torchbridge/tests/testthat"
    one = run.Chosen(testthat=["^nn-module$"])
    assert run.choose([f"{r}/test-nn-module.R"]) == run.choose(["test-nn-module.R"]) == one
    lesson = run.Chosen(pytest=["tests/lessons/test_lessons.py::test_lesson[06-classes]"])
    assert run.choose(["06-classes.R"]) == run.choose(["r_scripts/lessons/06-classes.R"]) == lesson


def test_a_folder_is_all_that_is_in_it(run):
    assert run.choose(["tests/models"]) == run.Chosen(pytest=["tests/models"])
    assert run.choose(["r_scripts/torchbridge"]) == run.Chosen(testthat=[".*"])


def test_nothing_named_is_everything_and_the_checks(run):
    chosen = run.choose([])
    assert chosen.pytest[0] == "tests"
    assert (chosen.lessons, chosen.testthat, chosen.checks) == (["tests/lessons"], [".*"], True)


def test_the_fast_ones_are_there_in_both_languages(run):
    chosen = run.choose(["--fast"])
    assert len(chosen.pytest) + len(chosen.testthat) >= len(run.FAST)
    assert chosen.pytest and chosen.testthat and not chosen.checks


def test_another_name_is_an_error_that_says_so(run, capsys):
    assert run.main(["test_nothing.py"]) == 2
    assert capsys.readouterr().err == "no test is called test_nothing.py\n"


def test_what_failed_in_pytest_is_named_with_what_it_said(run, tmp_path):
    (tmp_path / "test_two.py").write_text(
        "def test_right():\n    pass\n\ndef test_wrong():\n    assert 1 + 1 == 3, 'a sum'\n"
    )
    arguments = [str(tmp_path), "-p", "no:cacheprovider", "--noconftest"]
    counts = run.run_pytest(arguments, tmp_path / "report.xml", (tmp_path / "log").open("w"))
    assert (counts.passed, counts.failed) == (1, 1)
    (failure,) = counts.failures
    assert "test_two::test_wrong: AssertionError: a sum" in failure


def test_what_failed_in_r_is_named_with_what_it_said(run, tmp_path, monkeypatch):
    (tmp_path / "test-two.R").write_text(
        "test_that('right', expect_equal(1 + 1, 2))\ntest_that('wrong', expect_true(1 + 1 == 3))\n"
    )
    monkeypatch.setattr(run, "TESTTHAT", tmp_path)
    counts = run.run_testthat([".*"], tmp_path / "r.log")
    assert (counts.passed, counts.failed) == (1, 1)
    (failure,) = counts.failures
    assert failure.startswith("test-two.R: wrong: ") and "1 + 1 == 3" in failure


def test_where_r_itself_ended_is_said(run, tmp_path, monkeypatch):
    (tmp_path / "test-one.R").write_text("test_that('right', expect_equal(1 + 1, 2))\n")
    (tmp_path / "test-two.R").write_text("cat('so far\\n')\nquit('no', 3)\n")
    monkeypatch.setattr(run, "TESTTHAT", tmp_path)
    counts = run.run_testthat([".*"], tmp_path / "r.log")
    assert (counts.passed, counts.failed) == (0, 1)
    (failure,) = counts.failures
    assert failure.startswith("R did not come to its end: ")
    assert "two: so far" in failure and failure.endswith("testthat ended with exit code 3")
