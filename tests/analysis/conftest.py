"""Runs to compare and to replay, each made once: our ROM as its file and as its posted shadow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from analysis_runs import made

from fwsim.rom.catalog import roms_folder

OWN = """
[host]
bdsm = 0xdba00000
ggc = 0x0209
[hypervisor]
kind = "qemu"
profile = "{profile}"
[rom]
file = "{rom}"
source = "{source}"
[[call]]
ax = 0x4f02
bx = 0xc114
"""


@pytest.fixture(scope="session")
def own(tmp_path_factory) -> Callable[..., Path]:
    """``own(source, profile)``: the folder of a run of our ROM; do not change what is in it."""
    known: dict[tuple[str, str], Path] = {}

    def find(source: str = "file", profile: str = "10.0") -> Path:
        if (source, profile) not in known:
            text = OWN.format(source=source, profile=profile, rom=roms_folder() / "igd-vbios.rom")
            known[source, profile] = made(tmp_path_factory.mktemp("own") / "run", text)
        return known[source, profile]

    return find
