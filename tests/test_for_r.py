"""Whatever the R package asks for by name is there, and nothing stands in the table in vain."""

import re
from pathlib import Path

import pytest

from torchbridge import for_r

SOURCES = Path(__file__).parent.parent / "r_scripts" / "torchbridge" / "R"
CODE = "\n".join(file.read_text(encoding="utf-8") for file in sorted(SOURCES.glob("*.R")))
#: How R's code names them: "data.stack", api("to_r", ...), rule("take", ...), and
#: python_handle("make", "layers").
CALLED = sorted(
    {
        *(f"{module}.{name}" for module, name in re.findall(r'"([a-z_]+)\.(\w+)"', CODE)),
        *re.findall(r'\bapi\(\s*"(\w+)"', CODE),
        *(f"rules.{name}" for name in re.findall(r'\brule\(\s*"(\w+)"', CODE)),
        *(f"{b}.{a}" for a, b in re.findall(r'\bpython_handle\("(\w+)", "(\w+)"\)', CODE)),
    }
)
CALLED = [
    name
    for name in CALLED
    if name.rpartition(".")[0] in ["", *for_r.MODULES] and name != "data.frame"
]


@pytest.mark.parametrize("name", CALLED)
def test_what_r_calls_is_there(name):
    assert callable(getattr(for_r, name))


def test_nothing_stands_there_in_vain():
    assert len(CALLED) > 100
    modules = {name.split(".")[0] for name in CALLED if "." in name}
    assert sorted(set(for_r.MODULES) - modules) == []
    words = set(re.findall(r"\w+", CODE))
    assert sorted(set(for_r.VERBS) - words) == []


def test_another_name_is_an_error_that_says_so():
    with pytest.raises(AttributeError, match="no function of Python called 'to_rr'"):
        for_r.to_rr  # noqa: B018
