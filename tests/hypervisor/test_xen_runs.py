"""Our own ROM, posted on the host, under Xen: what it shows, what the IOMMU says, what the log of it becomes again."""

import re
from pathlib import Path

import pytest
from guest_rig import GuestRig

from fwsim.analysis.faults import dmesg
from fwsim.devices.vtd import Vtd
from fwsim.devices.vtd_lines import Fault
from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import LPC_BRIDGE
from fwsim.results.folder import RunDir
from fwsim.rom.opregion import build_opregion
from fwsim.running.pipeline import run
from fwsim.scenario.load import load
from fwsim.scenario.model import Call, Firmware, Guest, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import Actor, Op, Space
from fwsim.trace.importer import import_logs

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
H, STOLEN = 0xDBA00000, 32 << 20
RMRR = "0xdb800000-0xdf9fffff"
MS = 1_000_000
NONE = 0xFFFFFFFF
WHY = "DMAR: reason 06 - PTE Read access is not set"


def scenario(profile="", host=None, mode=0x105, **options):
    """Sandy Bridge, 2 MiB of GTT, stolen memory at H; one linear mode."""
    return Scenario(
        host=Host(**{"cpu": "sandybridge", "bdsm": H, **(host or {})}),
        hypervisor=Hypervisor(kind="xen", profile=profile, options=options), guest=Guest(ram=2 << 30),
        firmware=Firmware(kind="hvmloader"), rom=Rom(file=str(OWN), source="shadow", fix_ids=True),
        call=(Call(ax=0x4F02, bx=mode | 0x4000),),
    )  # fmt: skip


def ran(tmp_path, *arguments, **options):
    out = RunDir.create(tmp_path / "out")
    return run(scenario(*arguments, **options), out), out


def held(summary):
    return {each.id: each.ok for each in summary.checks}


def test_a_guest_gets_the_hosts_addresses_and_faults(tmp_path):
    """1024 x 768 at 8 bits is 192 pages, each cleared and read once: 192 faults of reason 5, as many of reason 6.

    Two lines a fault: ten pass, the other 758 are suppressed (no five seconds go by). Xen turns bus mastering off.
    """
    summary, out = ran(tmp_path)
    assert (summary.stop.reason, summary.gtt.first.value, summary.gtt.rewritten) == ("completed", H | 1, 0)
    assert summary.iommu.by_reason == {"5": 192, "6": 192}
    lines = summary.iommu.lines
    assert lines[:2] == [
        f"(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:02.0] fault addr {H:x}",
        "(XEN) [VT-D]DMAR: reason 05 - PTE Write access is not set",
    ]
    assert (len(lines), lines[-1]) == (11, "(XEN) printk: 758 messages suppressed.")
    events = out.events()
    mine = events[(events["space"] == Space.PCI) & (events["actor"] == Actor.HYPERVISOR) & (events["op"] == Op.WRITE)]
    assert [(int(each["address"]), int(each["value"]) & 4) for each in mine] == [(0x10004, 0)]
    assert not held(summary)["no-dma-faults"]


def test_an_rmrr_over_stolen_memory_makes_the_hosts_addresses_right(tmp_path):
    summary, _ = ran(tmp_path, rmrr=RMRR)
    assert (summary.iommu.faults, summary.gtt.targets.host_stolen) == (0, summary.gtt.writes)
    assert all(held(summary).values())


def test_dom0_has_the_igd_at_the_hosts_addresses(tmp_path):
    for domain in ("dom0", "pvh"):
        summary, _ = ran(tmp_path / domain, domain=domain)
        assert (summary.iommu.faults, summary.gtt.first.value) == (0, H | 1)
        assert all(held(summary).values())
        assert summary.firmware.bdsm == H


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, 384),  # stolen memory is in no RMRR and not reserved: dom0's map lacks it
        ({"rmrr": RMRR}, 0), ({"inclusive": True}, 0), ({"iommu": "no-igfx"}, 0),
        ({"rmrr": "0x7b800000-0x7f9fffff"}, 384),
    ],
)  # fmt: skip
def test_dom0_where_e820_does_not_reserve_stolen_memory(tmp_path, options, faults):
    summary, _ = ran(tmp_path, domain="dom0", reserved=False, **options)
    assert summary.iommu.faults == faults
    assert held(summary).get("no-dma-faults", True) == (faults == 0)


def test_no_igfx_is_said(tmp_path):
    summary, _ = ran(tmp_path, "4.12", domain="dom0", iommu="no-igfx")
    words = "Xen: warning: (XEN) [VT-D]Passed iommu=no-igfx option.  Disabling IGD VT-d engine."
    assert words in summary.firmware.log


def test_an_extended_vbt_is_not_the_guests(tmp_path):
    """ASLS DA9F5018h: three pages end at DA9F7FFFh. The table, 8 KiB long, lies 2000h behind ASLS: DA9F7018h."""
    vbt = bytearray(OWN.read_bytes())
    start = vbt.index(b"$VBT")
    table = bytes(vbt[start : start + int.from_bytes(vbt[start + 0x18 : start + 0x1A], "little")])
    table += bytes(0x2000 - len(table))
    path = tmp_path / "opregion.bin"
    path.write_bytes(build_opregion(table))
    summary, _ = ran(tmp_path, host={"opregion": str(path)})
    told = next(each for each in summary.checks if each.id == "opregion-whole")
    assert (told.ok, "0xda9f7018" in told.detail, "0xda9f7fff" in told.detail) == (False, True, True)
    path.write_bytes(build_opregion(table[:0x1000]))
    summary, _ = ran(tmp_path / "small", host={"opregion": str(path)})
    assert "opregion-whole" not in held(summary)


def test_the_vbios_copy_has_the_devices_id_and_its_sum_in_the_last_byte():
    """xen_pt_setup_vga: PCIR's device id, then the sum of all of the image, by its last byte."""
    from fwsim.rom.chain import load as load_rom
    from fwsim.running.option_rom import offer

    made = scenario(host={"device_id": 0x0116})
    rom = load_rom(OWN)
    length = rom.data[2] * 512
    posted = bytearray(rom.data)
    posted[0x300] ^= 0x5A
    image = offer(made, rom, 0x0116, bytes(posted)).image
    pcir = int.from_bytes(image[0x18:0x1A], "little")
    assert int.from_bytes(image[pcir + 6 : pcir + 8], "little") == 0x0116
    assert sum(image[:length]) & 0xFF == 0
    changed = {at for at in range(len(image)) if image[at] != posted[at]}
    assert changed <= {pcir + 6, pcir + 7, length - 1}
    assert length - 1 in changed


@pytest.mark.parametrize(
    ("profile", "first", "second"),
    [
        ("4.12", r"fault addr dba00000, iommu reg = ffff82c[0-9a-f]{9}", WHY),
        ("4.13", "fault addr dba00000", WHY),
        ("4.22", "fault addr dba00000", WHY),
        ("unstable", "fault addr dba00000", f"{WHY} on iommu:0"),
    ],
)
def test_the_words_of_each_release_and_back(tmp_path, profile, first, second):
    style = Hypervisor(kind="xen", profile=profile).design.dma.style
    lines = Fault(0x10, H, 6, read=True).lines(style)
    assert re.fullmatch(r"\(XEN\) \[VT-D\]DMAR:\[DMA Read\] Request device \[0000:00:02\.0\] " + first, lines[0])
    assert lines[1] == f"(XEN) [VT-D]{second}"
    log = tmp_path / "xl.txt"
    log.write_text("\n".join([*lines, "(XEN) printk: 7 messages suppressed."]) + "\n", encoding="ascii")
    made = import_logs([log], tmp_path / "events.npy")
    assert (made["kinds"]["fault"], made["suppressed"]) == (1, 7)


def test_xen_says_ten_lines_at_once_then_one_each_five_seconds():
    """A token a millisecond, up to 50,000; a line costs 5,000. One fault a second: its two lines want 2 a second.

    The faults at 0 to 4 s take nearly all: ten lines cost 50,000, and 4,000 came in. At 4.5 s no line passes, at 5 s
    one, behind the number of those that did not.
    """
    unit = Vtd("xen-4.13", latency_ns=0)
    for at in (0, 1000, 2000, 3000, 4000, 4500, 5000):
        unit.fault(at * MS, 0x10, H + (at << 12), read=True)
    assert unit.lines[9] == f"(XEN) [VT-D]{WHY}"
    last = f"(XEN) [VT-D]DMAR:[DMA Read] Request device [0000:00:02.0] fault addr {H + (5000 << 12):x}"
    assert unit.lines[10:] == ["(XEN) printk: 2 messages suppressed.", last]
    unit.finish()
    assert unit.lines[12:] == ["(XEN) printk: 1 messages suppressed."]


@pytest.mark.parametrize(("apart_ms", "stops"), [(10, True), (11, False)])
def test_ten_faults_within_ten_milliseconds_of_each_other_stop_the_device(apart_ms, stops):
    """pci_check_disable_device halves the count after a longer pause: it then never goes past 2."""
    unit = Vtd("xen-4.13", latency_ns=0)
    for number in range(10):
        assert not unit.stops_device
        unit.fault(number * apart_ms * MS, 0x10, H, read=True)
    assert unit.stops_device == stops


def test_linux_stops_no_device():
    unit = Vtd("D", latency_ns=0)
    for number in range(20):
        unit.fault(number, 0x10, H, read=True)
    unit.finish()
    assert not unit.stops_device


def test_a_runs_faults_are_exported_in_the_hypervisors_words(tmp_path, capsys):
    from fwsim.cli import main

    summary, out = ran(tmp_path)
    assert main(["trace", "export", str(out.path), "--format", "dmesg"]) == 0
    assert capsys.readouterr().out.splitlines()[:10] == summary.iommu.lines[:10]
    assert next(iter(dmesg(out.events(), "xen"))).endswith(", iommu reg = ffff82c00021d000")


def test_another_kind_by_an_override_leaves_the_files_profile(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(f'[hypervisor]\nprofile = "9.1"\n[rom]\nfile = "{OWN}"\n', encoding="utf-8")
    assert load(path, ["hypervisor.kind=xen"]).hypervisor.profile == "4.22"
    assert load(path).hypervisor.profile == "9.1"
    with pytest.raises(FwsimError):
        load(path, ["hypervisor.kind=xen", "hypervisor.profile=9.1"])


@pytest.mark.parametrize(
    ("name", "sha256", "cpu", "device_id", "bridge"),
    [
        ("hsw2180", "356fe5c4bef3d9ee84299208593cae7d4e0bbbebd223c71e7eb20974467df4e5", "haswell", 0x0416, 0x8C4E8086),
        ("snm2170", "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04", "ivybridge", 0x0166, NONE),
    ],
)
def test_vendors_images_see_the_hosts_addresses(tmp_path, real_rom, name, sha256, cpu, device_id, bridge):
    """1024 x 768 at 16 bits is 384 pages, cleared and read once; dom0 has them all. 1f.0 is by QEMU's table of GPUs."""
    path = real_rom(name, sha256)
    for domain, faults in (("hvm", 768), ("dom0", 0)):
        made = Scenario(
            host=Host(cpu=cpu, vga="igd", bdsm=H, device_id=device_id),
            hypervisor=Hypervisor(kind="xen", options={"domain": domain}), firmware=Firmware(kind="hvmloader"),
            rom=Rom(file=str(path), source="shadow", fix_ids=True), call=(Call(ax=0x4F02, bx=0x4117),),
        )  # fmt: skip
        out = RunDir.create(tmp_path / domain)
        summary = run(made, out)
        assert (summary.stop.reason, summary.iommu.faults, summary.gtt.first.value) == ("completed", faults, H | 1)
        if domain == "hvm":
            rig = GuestRig(made)
            assert rig.config(0, 4, LPC_BRIDGE) == bridge
            rig.close()
