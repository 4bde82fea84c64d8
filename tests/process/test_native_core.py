"""The protocol that stands for the native core names what the core has."""

from __future__ import annotations

from torchbridge.process import host
from torchbridge.process.native_core import NativeCore


def test_the_protocol_names_what_the_core_has() -> None:
    named = {name for name in vars(NativeCore) if not name.startswith("_")}
    assert named == {name for name in dir(host.native()) if not name.startswith("_")}
