"""A ROM's needs equal what is known of its family, and what our own ROM's source says."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from handmade import rom

from fwsim.analysis.needs import needs_of
from fwsim.errors import FwsimError
from fwsim.report.mirror_toml import mirror_toml
from fwsim.results.folder import RunDir
from fwsim.rom.catalog import catalog
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Host, Hypervisor, Payload, Rom, Scenario
from fwsim.trace.event import EVENT

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
FAMILIES = tomllib.loads((Path(__file__).parents[1] / "data" / "needs.toml").read_text())["family"]
CALLS = ((3, 0, 0), (0x12, 0, 0), (0x13, 0, 0), (0x4F00, 0, 0), (0x4F01, 0, 0x118), (0x4F02, 0x4118, 0))


def on_host(folder, image, cpu) -> RunDir:
    scenario = Scenario(
        name="host", host=Host(cpu=cpu), hypervisor=Hypervisor(kind="none"), payload=Payload(draw="none"),
        rom=Rom(file=str(image), checksum="ignore"), call=tuple(Call(ax=ax, bx=bx, cx=cx) for ax, bx, cx in CALLS),
    )  # fmt: skip
    out = RunDir.create(folder)
    out.write_scenario(scenario)
    run(scenario, out)
    return out


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return on_host(tmp_path_factory.mktemp("own") / "run", OWN, "sandybridge")


def pci_of(found) -> set[str]:
    return {f"{each.bdf} {each.text}" for each in found.config}


def test_our_roms_needs_are_those_of_its_source(own):
    """roms/src: ids, I/O BAR, BDSM's word and the aperture of 00:02.0, GGC of the bridge, LPC id and PM base."""
    found = needs_of(own)
    assert pci_of(found) == {
        "00:00.0 R 0x50/2", "00:02.0 R 0x02/2", "00:02.0 R 0x1a/2", "00:02.0 R 0x20/2", "00:02.0 R 0x5e/2",
        "00:1f.0 R 0x02/2", "00:1f.0 R 0x40/2",
    }  # fmt: skip
    assert [(each.first, each.end, each.access) for each in found.gtt] == [(0, 4 * 8191, "w")]
    assert found.opregion.startswith("none")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family["name"])
def test_a_familys_needs_are_its_list(real_rom, tmp_path, family):
    known = {each.name: each for each in catalog()}
    roms = [real_rom(name, known[name].sha256) for name in family["images"]]
    found = [
        needs_of(on_host(tmp_path / name, image, family["cpu"]))
        for name, image in zip(family["images"], roms, strict=True)
    ]
    listed = {f"{bdf} {access}" for bdf, accesses in family["pci"].items() for access in accesses.split(", ")}
    assert set().union(*map(pci_of, found)) == listed - set(family["not_read"])
    ports = {each.text for needs in found for each in needs.ports}
    assert ports == set(family["ports"].split(", "))
    leaves = {each.text for needs in found for each in needs.interrupts}
    assert leaves == set(family["interrupts"]) | set(family.get("more_interrupts", ()))


def test_what_needs_write_access(own, tmp_path):
    """A made trace: 00:02.0 F4h read as a word, written as a byte; the BIOS's own INT 1Ch is not the ROM's."""
    rows = [
        event(1, 2, 0, 2, 0x100F4, 0xFF), event(2, 2, 1, 1, 0x100F4, 0x80), event(3, 0, 1, 1, 0xE0, 1),
        event(4, 0, 0, 1, 0x3DA, 1), event(5, 6, 2, 2, 0x15, 0x5F35), event(6, 6, 3, 2, 0x15, 0x86, actor=1, flags=16),
        event(7, 6, 2, 2, 0x1C, 0, cs=0xF000), event(8, 6, 3, 2, 0x1C, 0, actor=1),
        event(9, 6, 2, 2, 0x10, 3), event(10, 0, 0, 1, 0x61, 0), event(11, 6, 3, 2, 0x08, 0, actor=1),
        event(12, 2, 0, 4, 0x100FC, 0x7FFFE000),
    ]  # fmt: skip
    out = RunDir(tmp_path)
    out.write_scenario(own.scenario())
    np.save(out.events_path, np.array(rows, EVENT))
    found = needs_of(out)
    assert pci_of(found) == {"00:02.0 R 0xf4/2", "00:02.0 W 0xf4/1", "00:02.0 R 0xfc/4"}
    assert [each.text for each in found.ports] == ["in 61/1", "out e0/1"]
    assert [(each.text, each.known) for each in found.interrupts if each.vector == 0x15] == [("15 ax=5f35", False)]
    assert 0x1C not in {each.vector for each in found.interrupts}
    assert "nothing of it used" in found.opregion  # by our ROM, which is what the made-up run's scenario names
    assert "no summary" in found.notes[0]


ASLS_ROM = (
    "66b8fc100080 baf80c 66ef bafc0c 66ed"  # eax = config 00:02.0 @FCh
    "31c9 8ed9 67668b4810 67668b8800040000 67c6800003000001 cb"  # read +10h, +400h, 4 bytes each; write +300h, a byte
)


@pytest.mark.parametrize("kind", ["qemu", "none"])
def test_parts_of_the_opregion(tmp_path, kind):
    """A ROM that reads ASLS, the size in the header and VBT's signature, and writes DRDY of mailbox 3."""
    (tmp_path / "asls.rom").write_bytes(rom(bytes.fromhex(ASLS_ROM)))
    scenario = Scenario(hypervisor=Hypervisor(kind=kind), rom=Rom(file=str(tmp_path / "asls.rom"), any_device=True))
    out = RunDir.create(tmp_path / "run")
    run(scenario, out)
    found = needs_of(out)
    assert [(part.first, part.end, part.access, part.part) for part in found.opregion_parts] == [
        (0x10, 0x14, "r", "header"), (0x300, 0x301, "w", "mailbox 3, ASLE"), (0x400, 0x404, "r", "mailbox 4, VBT"),
    ]  # fmt: skip
    assert tomllib.loads(mirror_toml(found))["rest"]["opregion"][0] == {
        "first": 0x10, "end": 0x14, "access": "r", "part": "header",
    }  # fmt: skip
    (tmp_path / "asls.rom").unlink()
    assert "not known" in needs_of(out).notes[-1]


def event(seq, space, op, width, address, value, actor=0, flags=0, cs=0xC000):
    return (seq, seq * 1000, 0x100, address, value, value, cs, flags, actor, space, op, width)


def test_the_mirror_file_is_toml_and_says_the_same(own):
    found = needs_of(own)
    read = tomllib.loads(mirror_toml(found))
    assert (read["format"], read["cpu"], read["generation"]) == (2, "sandybridge", 6)
    said = {f"{bdf} R 0x{row['offset']:02x}/{row['width']}" for bdf, rows in read["pci"].items() for row in rows}
    assert said == pci_of(found)
    assert read["rest"]["gtt"] == [{"first": 0, "end": 4 * 8191, "access": "w"}]


def test_a_register_read_and_written_is_one_row_of_the_file(own):
    from fwsim.analysis.needs import Config

    found = needs_of(own)
    found.config = [Config("00:02.0", 0xF4, 1, how, 'L"PC', 1, 0) for how in "rw"]
    assert tomllib.loads(mirror_toml(found))["pci"] == {
        "00:02.0": [{"offset": 0xF4, "width": 1, "access": "rw", "name": 'L"PC'}]
    }


def test_a_run_of_another_device_is_refused(own, tmp_path):
    out = RunDir(tmp_path)
    out.write_scenario(own.scenario())
    np.save(out.events_path, np.zeros(0, EVENT))
    summary = own.summary()
    summary.rom.vendor = 0x1234
    out.write_summary(summary)
    with pytest.raises(FwsimError, match="no Intel graphics device"):
        needs_of(out)
    summary.rom.vendor = 0x8086
    out.write_summary(summary)
    assert "no access at all" in needs_of(out).notes[-1]
