"""Which registers of the bridges Intel's images read, and under which choice of bridge their POST comes to its end.

Needs the images under $FWSIM_ROMS; the expectations are the table of docs/bridges.md.
"""

import os

import pytest
from real_files import by_hash

from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.model import Budget, Guest, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import Actor, Space

IGD = 0x10
WAYS = (
    ("pc", "one"), ("pc", "two"), ("pc", "stub-1f.0"), ("pc", "subsystem-id"), ("q35", "one"), ("q35", "subsystem-id"),
    ("q35", "real-chipset"),
)  # fmt: skip
WITH_THE_PCH = {("pc", "two"), ("pc", "stub-1f.0"), ("q35", "real-chipset")}
OLD = {(0xF8, 0x40), (0x00, 0x52)}
SNM, SOC = {(0xF8, 0x40), (0x00, 0x50)}, {(0xF8, 0x40)}
GEN9 = {(0xF8, 0x02), (0xF8, 0x08), (0xFA, 0x40), (0x00, 0x50)}
# sha256 prefix: cpu, what is read beside 00:02.0 (devfn, offset), whether it stops at a PCH that it does not know
IMAGES = {
    "82b4f9ba": ("945", OLD, False),
    "6c3ee20a": ("965", OLD, False),
    "69164d2b": ("965", OLD, False),
    "b5f1aaa2": ("sandybridge", SNM, False),
    "9d7e3b3c": ("ivybridge", SNM | {(0xF8, 0x02)}, False),
    "356fe5c4": ("haswell", SNM | {(0xF8, 0x02), (0xF8, 0x08)}, False),
    "0f9ce584": ("baytrail", SOC, False),
    "4c53abf3": ("cherryview", SOC, False),
    "e200c217": ("skylake", GEN9, True),
    "7181b60e": ("skylake", GEN9, True),
    "88d64792": ("coffeelake", GEN9, True),
    "255933b2": ("apollolake", {(0x00, 0x50)}, False),
}


def posted(path, cpu, machine, choice):
    """(how POST ended, which registers of other functions than the IGD it read)."""
    scenario = Scenario(
        host=Host(cpu=cpu, vga="igd"), hypervisor=Hypervisor(kind="qemu", vga="on"),
        guest=Guest(machine=machine, isa_bridge=choice), budget=Budget(code=1 << 30),
        rom=Rom(file=str(path), any_device=True, checksum="ignore"),
    )  # fmt: skip
    run = Run(assemble(scenario, load(scenario.rom.file)))
    reason = run.post().reason
    events = run.built.machine.recorder.tail(1 << 24)
    events = events[(events["space"] == Space.PCI) & (events["actor"] == Actor.ROM)]
    read = {(int(each) >> 12, int(each) & 0xFFF) for each in events["address"]}
    run.close()
    return reason, {(devfn, offset) for devfn, offset in read if devfn != IGD}


@pytest.mark.parametrize("prefix", IMAGES)
def test_what_an_image_asks_of_the_bridges(prefix):
    cpu, wanted, stops = IMAGES[prefix]
    files = by_hash(os.environ.get("FWSIM_ROMS", ""))
    path = next((file for digest, file in files.items() if digest.startswith(prefix)), None)
    if path is None:
        pytest.skip(f"no image with sha256 {prefix}... under $FWSIM_ROMS")
    seen = {way: posted(path, cpu, *way) for way in WAYS}
    ended = {way for way, (reason, _) in seen.items() if reason == "completed"}
    assert ended == (WITH_THE_PCH if stops else set(WAYS))
    assert {reason for reason, _ in seen.values()} <= {"completed", "hung"}
    assert set.union(*(read for _, read in seen.values())) == wanted
