"""The help pages of PyTorch's functions: their examples run, their sentences are whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from torchbridge.process.rhome import find_r_home

ROOT = Path(__file__).resolve().parents[2]
MAN = ROOT / "r_scripts" / "torchbridge" / "man"
RSCRIPT = Path(find_r_home()) / "bin" / "Rscript"

#: What pages link to in R's own packages.
OF_R = {".libPaths", "numeric_version", "print.default"}

RUN = """
library(torchbridge)
all <- readLines(commandArgs(TRUE)[1])
for (lines in split(all, cumsum(all == ""))) {
  lines <- lines[lines != ""]
  tryCatch(
    capture.output(withAutoprint(parse(text = lines[-1]), local = new.env(), evaluated = TRUE)),
    error = function(condition) cat("FAILED", lines[1], conditionMessage(condition), "\\n")
  )
}
cat("all\\n")
"""


@pytest.fixture(scope="module")
def texts(document):
    return document.operators.TEXTS


@pytest.mark.usefixtures("as_new_as_the_files")
def test_examples_run(texts, tmp_path):
    examples = {name: text.example for name, text in texts.items() if text.example not in ("", "-")}
    assert len(examples) > 750
    file = tmp_path / "examples.txt"
    blocks = ["\n".join([name, *code.split(" ;; ")]) for name, code in examples.items()]
    # All of them run where the documentation is built, and in R CMD check.
    file.write_text("\n\n".join(blocks[::4]) + "\n")
    done = subprocess.run(
        [RSCRIPT, "-e", RUN, file],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"TORCHBRIDGE_PYTHON": sys.executable},
    )
    assert done.stdout == "all\n", done.stdout + done.stderr


def test_an_example_calls_its_function(texts):
    for name, text in texts.items():
        if text.example not in ("", "-"):
            assert re.search(rf"\b{name}\(", text.example), name


def test_only_what_an_example_cannot_show_has_none(texts):
    without = {n for n, t in texts.items() if t.example in ("", "-")}
    internal = {n for n, t in texts.items() if t.family.name in ("internals", "removed")}
    assert len(without - internal) <= 6


def test_titles_are_short_sentences(texts):
    for name, text in texts.items():
        if text.family.name != "internals":
            assert 2 < len(text.title) < 105, name


def aliases():
    text = "".join(path.read_text(encoding="utf-8") for path in MAN.glob("*.Rd"))
    return {a.replace("\\%", "%") for a in re.findall(r"^\\alias\{(.*)\}$", text, re.M)}


@pytest.mark.parametrize("kind", ["raw markdown", "a comment", "a dead link"])
def test_no_page_has(kind):
    there = aliases()
    found = []
    for path in sorted(MAN.glob("*.Rd")):
        text = path.read_text(encoding="utf-8")
        body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        if kind == "raw markdown":
            found += [path.name] * (body.count("`") > body.count("\\verb{`") and "`" in prose(body))
        elif kind == "a comment":
            found += [f"{path.name}: {m}" for m in re.findall(r".*(?<!\\)%.*", body)]
        else:
            links = re.findall(r"\\link(?:\[=(.*?)\])?\{(.*?)\}", body)
            targets = {(first or second).replace("\\%", "%") for first, second in links}
            found += [f"{path.name}: {name}" for name in sorted(targets - there - OF_R)]
    assert found == []


def prose(body):
    """A page without its code, where a backtick is R's."""
    body = re.sub(r"\\(?:usage|examples)\{.*?\n\}", "", body, flags=re.S)
    return re.sub(r"\\(?:code|verb|alias|name|preformatted)\{[^{}]*\}", "", body)
