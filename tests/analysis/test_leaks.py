"""The host's addresses that a guest can read are found, and none that are its own."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from fwsim.analysis.leaks import leaks_of
from fwsim.analysis.leaks_image import baked_in, left_behind
from fwsim.analysis.leaks_trace import reads_of
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Firmware, Guest, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import EVENT

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
H = 0xDBA00000


def made(folder, *, source="file", kind="qemu", profile="10.0", rom=OWN, cpu="sandybridge", **host) -> RunDir:
    scenario = Scenario(
        name="x", host=Host(cpu=cpu, **host), hypervisor=Hypervisor(kind=kind, profile=profile),
        rom=Rom(file=str(rom), source=source, checksum="ignore", fix_ids=True), call=(Call(ax=0x4F02, bx=0x4101),),
    )  # fmt: skip
    with RunDir.create(folder) as out:
        out.write_scenario(scenario)
        run(scenario, out)
    return out


def by_place(found) -> dict[str, object]:
    return {leak.where: leak for leak in found.leaks}


def verdicts(found) -> dict[str, str]:
    return {leak.where: leak.verdict for leak in found.leaks}


def of_text(tmp_path, text):
    (tmp_path / "s.toml").write_text(text)
    return leaks_of(tmp_path / "s.toml")


def test_gen_12_guest_without_a_rom_finds_every_register_of_eve_6407_and_6432(tmp_path):
    """GSMBASE, BGSM, STOLEN_RESERVED, RC6_CTX_BASE and 0xDC8 are the host's; values as a gen 11 host's log has them."""
    found = by_place(of_text(tmp_path, '[host]\ncpu = "tigerlake"\n'))
    values = {
        "config 00:02.0 @0xF0": 0x4C000001, "BAR0 0x108100": 0x4C000001, "BAR0 0x1082c0": 0x50200087,
        "BAR0 0xd48": 0x50200001, "BAR0 0xdc8": 0x50200000,
    }  # fmt: skip
    for place, value in values.items():
        assert (found[place].verdict, found[place].guest) == ("passes", value), place
        assert [reader.who for reader in found[place].readers if "eve" in reader.source] == ["Windows"], place
    assert (found["config 00:02.0 @0xC0"].verdict, found["config 00:02.0 @0xC0"].guest) == ("hides", 0)


def test_comet_lake_hosts_stolen_reserved_is_its_logs(tmp_path):
    """7f700047 (HouQiming/i915ovmfPkg i915_dmesg.log), with the top of stolen memory at 7f800000."""
    leak = by_place(of_text(tmp_path, '[host]\ncpu = "cometlake"\n'))["BAR0 0x1082c0"]
    assert (leak.host, leak.guest, leak.verdict) == (0x7F700047, 0x7F700047, "passes")


def test_haswell_bridge_values_are_the_e6540s(tmp_path):
    """BDSM cd200001, BGSM cd000001, TOLUD cf200001 at 00:00.0 of a Dell E6540: a guest's own bridge hides them."""
    found = by_place(of_text(tmp_path, '[host]\ncpu = "haswell"\n'))
    values = {0xB0: 0xCD200001, 0xB4: 0xCD000001, 0xBC: 0xCF200001}
    for offset, value in values.items():
        leak = found[f"config 00:00.0 @0x{offset:02X}"]
        assert (leak.host, leak.guest, leak.verdict) == (value, 0, "hides")


@pytest.mark.parametrize(
    ("profile", "mirror"), [("9.2", {"BAR0 0x1080c0": "passes"}), ("10.0", {"BAR0 0x1080c0": "traps"})]
)
def test_the_mirror_of_bdsm_by_qemu_version(tmp_path, profile, mirror):
    """QEMU 9.2 mirrors it from gen 11 on, 10.0 from gen 6 on; neither at the I/O BAR (hw/vfio/igd.c)."""
    found = verdicts(of_text(tmp_path, f'[hypervisor]\nprofile = "{profile}"\n'))
    assert mirror.items() <= found.items()
    assert found.get("I/O BAR 0x1080c0", found["BAR0 0x1080c0"]) == "passes"
    assert found["config 00:02.0 @0x5C"] == "hides"


def test_without_legacy_mode_bdsm_passes_and_its_way_into_the_gtt_is_shown(tmp_path):
    """9.2 on q35: no legacy mode, the ROM reads the host's base at 5Eh, fills the GTT with it, and keeps it.

    It takes EXT_TSEG_MBYTES, 0010h, for 64 MiB of stolen memory: of its entries 8192 point into the host's 32 MiB.
    """
    scenario = Scenario(
        name="x", hypervisor=Hypervisor(profile="9.2"), guest=Guest(machine="q35"), rom=Rom(file=str(OWN)),
    )  # fmt: skip
    out = RunDir.create(tmp_path / "run")
    run(scenario, out)
    leak = by_place(leaks_of(out.path))["config 00:02.0 @0x5C"]
    assert (leak.verdict, leak.guest & ~1) == ("passes", H)
    (read,) = leak.reads
    assert (read.offset, read.width, read.value, read.count) == (0x5E, 2, H >> 16, 1)
    gtt = next(flow for flow in leak.flows if flow.space == "gtt")
    assert (gtt.count, gtt.value, gtt.where) == (8192, H | 1, "index 0x1 to 0x7ffd")
    assert gtt.seq > read.seq
    kept = [leak for leak in leaks_of(out.path).passing if leak.path == "ROM"]
    assert [(leak.offset, leak.guest) for leak in kept] == [(0x200, H)]
    assert "this guest's POST" in kept[0].note


def test_the_variable_of_a_posted_shadow_and_the_entries_it_made(tmp_path):
    """The variable of our ROM is at 0x200 (roms/README.md)."""
    found = leaks_of(made(tmp_path / "run", source="shadow").path)
    (leak,) = [leak for leak in found.passing if leak.path == "ROM"]
    assert (leak.offset, leak.guest) == (0x200, H)
    (flow,) = leak.flows
    assert (flow.space, flow.count, flow.value, flow.moved) == ("gtt", 255, H | 1, 0)
    gtt = next(leak for leak in found.passing if leak.path == "GTT")
    assert (gtt.offset, gtt.host, gtt.guest) == (0, H, H)


def test_ranged_moves_what_the_shadow_leaks(tmp_path):
    found = leaks_of(made(tmp_path / "run", source="shadow", kind="ranged").path)
    (leak,) = [leak for leak in found.passing if leak.path == "ROM"]
    assert [(flow.count, flow.moved) for flow in leak.flows] == [(255, 255)]
    assert leak.flows[0].origin.startswith("ROM byte 0x200 stored by the shadow's POST")


def test_the_newest_qemu_patches_the_shadow(tmp_path):
    found = leaks_of(made(tmp_path / "run", source="shadow", profile="next").path)
    (leak,) = [leak for leak in found.leaks if leak.path == "ROM"]
    assert (leak.verdict, leak.offset, leak.host, leak.guest) == ("patches", 0x200, H, 0)


def test_qemu_9_1_leaves_entries_past_its_limit_in_the_gtt(tmp_path):
    """It clears 800h of index, 512 entries, of the 8191 that the host's POST left (the limit of hw/vfio/igd.c)."""
    found = leaks_of(made(tmp_path / "run", source="shadow", profile="9.2").path)
    gtt = next(leak for leak in found.leaks if leak.path == "GTT")
    assert (gtt.verdict, gtt.offset, gtt.host) == ("passes", 512, H + 512 * 4096)
    assert gtt.note.startswith(f"{8191 - 512} of the 8191")


def test_a_pristine_rom_leaks_nothing_by_its_image(tmp_path):
    found = leaks_of(made(tmp_path / "run").path)
    assert [leak for leak in found.leaks if leak.path in ("ROM", "GTT")] == []
    assert all(not leak.flows for leak in found.leaks)


def test_a_guest_placed_at_the_hosts_base_has_no_leak_of_stolen_memory(tmp_path):
    """SeaBIOS puts 32 MiB at 7cf00000 in 2 GiB: a host with its base there has the same addresses."""
    found = leaks_of(made(tmp_path / "run", source="shadow", bdsm=0x7CF00000).path)
    assert found.guest_stolen[0] == found.host_stolen[0] == 0x7CF00000
    assert found.passing == []
    same = {leak.where for leak in found.leaks if leak.verdict == "same"}
    assert {"config 00:02.0 @0x5C", "BAR0 0x108100", "BAR0 0x1082c0", "ROM +0x200"} <= same


def test_a_guests_base_inside_the_hosts_stolen_memory_is_its_own(tmp_path):
    """64 MiB of 2 GiB go to 7af00000; the host's lie from 7a000000 on. A pristine ROM keeps the guest's base."""
    found = leaks_of(made(tmp_path / "run", bdsm=0x7A000000, ggc=0x0211).path)
    assert found.host_stolen[0] < found.guest_stolen[0] == 0x7AF00000 < found.host_stolen[1]
    assert [(leak.where, leak.verdict) for leak in found.leaks if leak.path == "ROM"] == [("shadow +0x200", "same")]


def test_the_host_itself_leaks_nothing(tmp_path):
    found = of_text(tmp_path, '[hypervisor]\nkind = "none"\n')
    assert {leak.verdict for leak in found.leaks} == {"own"}


@pytest.mark.parametrize("firmware", ["seabios", "none"])
def test_every_generation_can_be_asked(tmp_path, firmware):
    from fwsim.registers.families import families

    for family in families():
        scenario = Scenario(host=Host(cpu=family.name), firmware=Firmware(kind=firmware))
        (tmp_path / "s.toml").write_text(f'[host]\ncpu = "{family.name}"\n[firmware]\nkind = "{firmware}"\n')
        found = leaks_of(tmp_path / "s.toml")
        assert found.generation == scenario.host.family.gen
        for leak in found.passing:  # each is an address of the host's, and not of the guest's
            if leak.register == "ASLS":  # 10.0 has none of its own for a generation that it does not know
                assert (leak.guest, scenario.assignment.generation) == (family.asls, -1)
                continue
            low, high = family.bdsm - family.gsm_size, family.bdsm + family.stolen_size
            assert low <= leak.guest & ~0xFFF <= high, (family.name, leak)


def test_pgtbl_ctl_of_a_crestline_is_the_end_of_its_stolen_memory(tmp_path):
    """Its GTT is the last 512 KiB (a Crestline vBIOS writes end of stolen memory - 512K there)."""
    leak = by_place(of_text(tmp_path, '[host]\ncpu = "965"\n'))["BAR0 0x2020"]
    assert (leak.verdict, leak.guest & ~0xFFF) == ("passes", 0xBF800000 + (8 << 20) - (512 << 10))


def test_reads_by_either_bar_are_found_and_nothing_else():
    """A made trace: BAR0 0x1082C0 by memory, by the index and data ports, its neighbour, a write, and the firmware."""
    rows = [
        (1, 0, 0x10, 0x1082C0, 0xDD900001, 0xDD900001, 0xC000, 0, 0, 3, 0, 4),
        (2, 0, 0x20, 0x1082C0, 0xDD900001, 0xDD900001, 0xC000, 64, 0, 3, 0, 4),
        (3, 0, 0x20, 0x1082C0, 0xDD900001, 0xDD900001, 0xC000, 64, 0, 3, 0, 4),
        (4, 0, 0x30, 0x1082C4, 0, 0, 0xC000, 0, 0, 3, 0, 4),
        (5, 0, 0x40, 0x1082C0, 0, 0, 0xC000, 0, 0, 3, 1, 4),
        (6, 0, 0x50, 0x1082C0, 0, 0, 0xC000, 0, 1, 3, 0, 4),
    ]
    events = np.array(rows, EVENT)
    both = reads_of(events, {"BAR0", "I/O BAR"}, 0x1082C0, 4, 0)
    assert [(read.seq, read.ip, read.count) for read in both] == [(1, 0x10, 1), (2, 0x20, 2)]
    assert [read.ip for read in reads_of(events, {"I/O BAR"}, 0x1082C0, 4, 0)] == [0x20]


def test_an_absolute_rvda_is_made_relative_by_vfio(tmp_path):
    """Linux vfio_pci_igd.c: version 2.0 becomes 2.1, RVDA 2000h."""
    opregion = bytearray(b"IntelGraphicsMem".ljust(0x4000, b"\0"))
    opregion[0x10:0x14] = (8).to_bytes(4, "little")
    opregion[0x16:0x18] = (0x200).to_bytes(2, "little")
    opregion[0x3BA:0x3C2] = (0xDA9F5018 + 0x2000).to_bytes(8, "little")
    opregion[0x3C2:0x3C6] = (0x1C00).to_bytes(4, "little")
    opregion[0x2000:0x2014] = b"$VBT SANDYBRIDGE    "
    (tmp_path / "o.bin").write_bytes(opregion)
    leak = by_place(of_text(tmp_path, '[host]\nopregion = "o.bin"\n'))["OpRegion +0x3ba"]
    assert (leak.verdict, leak.host, leak.guest) == ("patches", 0xDA9F7018, 0x2000)


def test_only_what_a_post_stored_or_the_routine_loads_counts_as_baked_in():
    """An image is full of dwords that look like addresses: 0x40 is there before and after, 0x80 was stored."""
    before, after = bytearray(256), bytearray(256)
    before[0x40:0x44] = after[0x40:0x44] = H.to_bytes(4, "little")
    after[0x80:0x84] = (H + 0x5000).to_bytes(4, "little")
    after[0x90:0x94] = (H + 0x123).to_bytes(4, "little")  # no page
    host = (H, H + (32 << 20))
    assert [(each.offset, each.held) for each in baked_in(bytes(before), bytes(after), host)] == [(0x80, H + 0x5000)]
    assert left_behind(b"", bytes(after), host) == []


def test_a_run_killed_before_its_summary_is_read(tmp_path):
    out = made(tmp_path / "run", source="shadow")
    whole = leaks_of(out.path)
    out.file("summary.json").unlink()
    out.file("shadow.rom").unlink()
    found = leaks_of(out.path)
    assert "killed" in found.notes[0]
    assert [leak.where for leak in found.passing] == [leak.where for leak in whole.passing]


def test_events_cut_anywhere(tmp_path):
    out = made(tmp_path / "run", source="shadow")
    events = out.events_path.read_bytes()
    for size in (0, 5, 100, 200, len(events) // 2 + 7):
        out.events_path.write_bytes(events[:size])
        assert leaks_of(out.path).passing


def test_a_rom_that_is_gone_or_changed_is_said(tmp_path):
    rom = tmp_path / "x.rom"
    rom.write_bytes(OWN.read_bytes())
    out = made(tmp_path / "run", rom=rom)
    rom.write_bytes(OWN.read_bytes()[:-1] + b"\1")
    assert "has changed" in leaks_of(out.path).notes[0]
    rom.unlink()
    found = leaks_of(out.path)
    assert "cannot be read" in found.notes[0]
    assert "BAR0 0x1082c0" in verdicts(found)
    out.file("shadow.rom").write_bytes(OWN.read_bytes()[:0x200] + H.to_bytes(4, "little") + OWN.read_bytes()[0x204:])
    assert verdicts(leaks_of(out.path))["shadow +0x200"] == "passes"


def test_a_host_without_stolen_memory_has_no_leak_of_it(tmp_path):
    """bdsm 0: small numbers are no addresses of it."""
    found = of_text(tmp_path, "[host]\nbdsm = 0\n")
    assert found.passing == []
    assert "no stolen memory" in found.notes[0]


def test_a_guest_whose_firmware_placed_nothing_has_no_stolen_memory(tmp_path):
    """SeaBIOS places it at 00:02.0 only."""
    found = of_text(tmp_path, '[guest]\nslot = "00:03.0"\n')
    assert found.guest_stolen == (0, 0)
    assert verdicts(found)["config 00:03.0 @0x5C"] == "hides"


def test_stolen_memory_past_4_gib_keeps_its_high_half(tmp_path):
    found = by_place(of_text(tmp_path, '[host]\ncpu = "tigerlake"\nbdsm = 0x140000000\n'))
    assert found["BAR0 0x1082c0"].guest == 0x143A00087
    assert found["config 00:02.0 @0xF0"].guest == 0x13F800001


def test_a_machine_without_an_igd_is_refused(tmp_path):
    with pytest.raises(FwsimError, match="no Intel graphics device"):
        of_text(tmp_path, '[host]\nvga = "cirrus"\n')


@pytest.mark.parametrize(
    ("name", "state", "sha256", "offset", "cpu"),
    [
        ("snm_2170.dat", "pristine", "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04", 0x6007,
         "ivybridge"),
        ("Vga.dat", "pristine", "0f9ce58443d32822c36bed1b3f87da45fb16dd0484292d55c0b75e659c33ca3e", 0x4716, "baytrail"),
        ("skl_1046.rom", "posted", "e200c217e32a7521a8bd991a1e80f786dc04b4505b7db3d12753c1b562b017bc", 0x68AB,
         "skylake"),
        ("apl_1014.rom", "posted", "255933b26baf98a6a0545cb32f1d3994f774d329a017c295eaeb2a7a2fb721a2", 0x65FA,
         "apollolake"),
    ],
)  # fmt: skip
def test_real_images_have_one_variable(real_rom, tmp_path, name, state, sha256, offset, cpu):
    """A dump after a POST has its host's base inside; a pristine image has it once it was POSTed on the host."""
    rom = real_rom(name, sha256)
    source = "shadow" if state == "pristine" else "file"
    found = leaks_of(made(tmp_path / "run", rom=rom, cpu=cpu, source=source).path)
    held = [(leak.offset, leak.guest) for leak in found.passing if leak.path == "ROM"]
    assert held == [(offset, found.host_stolen[0])]
    gtt = [flow for leak in found.passing if leak.path == "ROM" for flow in leak.flows if flow.space == "gtt"]
    assert gtt[0].value == found.host_stolen[0] | 1


def test_a_dump_of_another_host_is_said_to_be_one(tmp_path):
    """A base in the routine's variable that is not this host's: still no address of the guest."""
    posted = bytearray(OWN.read_bytes())
    posted[0x200:0x204] = (0xA8000000).to_bytes(4, "little")
    (tmp_path / "x.rom").write_bytes(posted)
    scenario = replace(Scenario(), rom=Rom(file=str(tmp_path / "x.rom"), checksum="ignore"))
    out = RunDir.create(tmp_path / "run")
    run(scenario, out)
    found = leaks_of(out.path)
    assert not [leak for leak in found.passing if leak.path == "ROM"]  # it is no address of this host's
    (leak,) = [leak for leak in found.leaks if leak.path == "ROM"]
    assert (leak.guest, leak.verdict) == (0xA8000000, "foreign")
