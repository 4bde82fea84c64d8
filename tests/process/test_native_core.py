"""What type checkers read of the native core is what it has: _native.pyi and NativeCore."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

import torchbridge
from torchbridge.process import host
from torchbridge.process.native_core import NativeCore

STUB = ast.parse((Path(torchbridge.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name for node in STUB.body if isinstance(node, ast.FunctionDef)}


def public(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def test_the_stub_names_what_the_module_has() -> None:
    assert public(dir(host.native())) == {*CLASSES, *FUNCTIONS}


@pytest.mark.parametrize("name", CLASSES)
def test_the_stub_names_what_a_class_has(name: str) -> None:
    named = {node.name for node in CLASSES[name].body if isinstance(node, ast.FunctionDef)}
    has = set(vars(getattr(host.native(), name)))
    assert public(has) == public(named)
    assert named - has == set()


def test_the_protocol_names_what_the_stub_has() -> None:
    assert public(vars(NativeCore)) == {*CLASSES, *FUNCTIONS}
