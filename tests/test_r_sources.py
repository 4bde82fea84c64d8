"""What the R package's files must be, before R reads them."""

import re
import subprocess
from collections import Counter
from pathlib import Path

from torchbridge.process.rhome import find_r_home

PACKAGE = Path(__file__).parent.parent / "r_scripts" / "torchbridge"
SOURCES = PACKAGE / "R"

#: They come with every R.
WITH_R = {"base", "compiler", "datasets", "grDevices", "parallel", "splines", "tools"}

CHECK = """
package <- commandArgs(TRUE)
pages <- list.files(file.path(package, "man"), pattern = "[.]Rd$", full.names = TRUE)
stopifnot(length(pages) > 900)
for (page in pages) print(tools::checkRd(page), minlevel = -1)
wrong <- format(tools::checkDocFiles(dir = package))
if (length(wrong) > 0L) writeLines(wrong)
"""


def test_each_name_is_defined_once():
    """One namespace: of two definitions the later would silently win."""
    names = Counter(
        name
        for file in SOURCES.glob("*.R")
        for name in re.findall(r"^([\w.]+|`[^`]+`) <- ", file.read_text(), re.M)
    )
    assert len(names) > 500
    assert [name for name, count in names.items() if count > 1] == []


def test_packages_that_code_names_are_declared():
    declared = set(re.findall(r"[\w.]+", (PACKAGE / "DESCRIPTION").read_text()))
    named = {
        package
        for file in [*SOURCES.glob("*.R"), *(PACKAGE / "tests").rglob("*.R")]
        for package in re.findall(
            r"(?<![\w.])([A-Za-z][\w.]+):::?[\w.`]",
            re.sub(r"#.*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", "", file.read_text()),
        )
    }
    assert "reticulate" in named
    assert named - declared - WITH_R == set()


def test_help_pages_are_well_formed_and_name_all_arguments():
    rscript = Path(find_r_home()) / "bin" / "Rscript"
    done = subprocess.run(
        [rscript, "-e", CHECK, PACKAGE], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
