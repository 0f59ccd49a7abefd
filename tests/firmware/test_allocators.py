"""Which allocators are there, which version is meant, and a strategy of one's own from an installed package."""

import re
from pathlib import Path

import pytest
from lab import Lab

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import allocator, around, check_version, names
from fwsim.firmware.request import Bar, Function, Request
from fwsim.firmware.seabios import SEABIOS
from fwsim.scenario.load import loads

DOCS = Path(__file__).parents[2] / "docs" / "allocators.md"
MIB = 1 << 20
BARS = (Bar(0, 4 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io"))
IGD = Function(0x10, 0x8086, 0x0126, 0x030000, BARS, ggc=0x0209)
REQUEST = Request(functions=(IGD,), opregion_size=0x2000, bdsm_file=(32 * MIB).to_bytes(8, "little"))


def documented():
    """The class of docs/allocators.md."""
    source = re.search(r"^```python\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[1]
    assert len(source.strip().splitlines()) <= 40
    return source


def test_the_documented_strategy_installed_as_a_package(package):
    package(documented(), "below-bars", "BelowBars", "fwsim_docs_strategy")
    assert "below-bars" in names()
    out = allocator("below-bars").place(REQUEST)
    top = 2 << 30
    assert out.bdsm == {0x10: top - 32 * MIB}
    assert out.asls == {0x10: top - 32 * MIB - 0x2000}
    assert (top - 32 * MIB, top, "RESERVED") in out.e820
    assert out.bars == SEABIOS.place(REQUEST).bars


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(FwsimError) as caught:
        allocator("seabois")
    assert caught.value.hint == "did you mean seabios?"


@pytest.mark.parametrize(
    ("version", "below", "above", "hint"),
    [
        ("1.18", "1.17.0", "", "did you mean 1.17.0? it is the newest here"),
        ("1.16.9", "1.16.3", "1.17.0", "did you mean 1.16.3? 1.17.0 is the nearest above"),
        ("1.4.0", "", "1.12.0", "did you mean 1.12.0? It is the nearest"),
        ("4151", "", "", "did you mean 41514a7a? It is the nearest"),
    ],
)
def test_the_nearest_versions(version, below, above, hint):
    """A build of a tag has the tag's numbers, and is not named for it."""
    assert around(version, SEABIOS.versions) == (below, above)
    with pytest.raises(FwsimError) as caught:
        check_version(SEABIOS, version)
    assert caught.value.hint == hint


@pytest.mark.parametrize("version", ["", "1.16.2", "rel-1.16.2", "1.16", "HEAD"])
def test_seabios_versions_as_people_write_them(version):
    check_version(SEABIOS, version)


def test_none_has_no_versions_and_places_bars_only():
    none = allocator("none")
    with pytest.raises(FwsimError, match="has no versions"):
        check_version(none, "2")
    out = none.place(REQUEST)
    assert not out.bdsm
    assert not out.asls
    assert out.bars == SEABIOS.place(REQUEST).bars


def scenario_of(kind):
    rom = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
    return loads(f'[firmware]\nkind = "{kind}"\n[rom]\nfile = "{rom}"\nany_device = true\n')


def test_the_documented_strategy_runs_a_rom(package):
    package(documented(), "below-bars", "BelowBars", "fwsim_docs_strategy")
    lab = Lab(scenario_of("below-bars"))
    built = lab.run.built
    assert lab.int10(0x4F02, bx=0xC114).ok
    assert built.placed.bdsm == (2 << 30) - 32 * MIB
    assert built.placed.log == [
        "below-bars itself calls no legacy vBIOS: fwsim does, with its own BIOS services",
        f"below-bars: stolen memory at {built.placed.bdsm:#x}, OpRegion at {built.placed.asls:#x}",
    ]
    lab.run.pictures()
    assert [screen.unreadable_pages for screen in lab.caller.screens] == [0]
    lab.close()


def test_a_run_names_the_package_that_breaks_the_contract(package):
    source = documented().replace("out.log.append", "out.bdsm[IGD_BDF] += 1 << 32; out.log.append")
    package(source, "below-bars", "BelowBars", "fwsim_docs_strategy")
    with pytest.raises(FwsimError, match="BDSM holds no such address") as caught:
        Lab(scenario_of("below-bars"))
    assert caught.value.where.startswith("package fwsim_docs_strategy 1.0, entry point below-bars = ")
