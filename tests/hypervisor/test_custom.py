"""A mirror list as a hypervisor: what it lists is the host's, nothing else is, and our own ROM runs with that."""

import re
from pathlib import Path

import pytest

from fwsim.analysis.needs import needs_of
from fwsim.devices.igd import layout as g
from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE
from fwsim.machine import callbacks
from fwsim.machine.build import build
from fwsim.machine.probe import Probe
from fwsim.native import PORT_OPEN, PORT_PM_TIMER, PORT_VGA, address_of
from fwsim.report.mirror_toml import mirror_toml
from fwsim.results.folder import RunDir
from fwsim.rom.chain import Rom
from fwsim.rom.opregion import build_opregion
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
IGD = 0x10
HEAD = 'format = 2\ncpu = "{cpu}"\n'
PIPE, SURFACE = 0x70008, 0x7019C
GMBUS1 = 0xC5104
PORT_HOTPLUG, SDE_IIR = 0xC4030, 0xC4008


def scenario(text, mirror="", cpu="sandybridge", more=""):
    made = f'[host]\ncpu = "{cpu}"\n{more}\n[rom]\nfile = "{OWN}"\n[[call]]\nax = 0x4f02\nbx = 0x4101\n{text}\n'
    made += '[budget]\ncode = "8M"\n'
    return loads(made + (f'\n[hypervisor]\nkind = "custom"\nmirror = "{mirror}"\n' if mirror else ""))


def executed(folder, made):
    out = RunDir.create(folder)
    out.write_scenario(made)
    summary = run(made, out)
    pictures = [(out.path / screen.file).read_bytes() for screen in summary.display]
    return out, summary, pictures


@pytest.fixture(scope="module")
def on_host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("host")
    out, summary, pictures = executed(folder / "run", scenario('[hypervisor]\nkind = "none"\n'))
    return mirror_toml(needs_of(out)), summary, pictures


def machine(folder, text, cpu="sandybridge", more=""):
    """A guest under the list ``text``, placed by its firmware; no code has run."""
    (folder / "list.toml").write_text(HEAD.format(cpu=cpu) + text)
    made = scenario(more, str(folder / "list.toml"), cpu, 'vga = "igd"')
    return build(made, Rom(Path(), b"", "", (), ()), b"", None)


def config(built, devfn, offset, width):
    return Probe(built).config(devfn, offset, width)


def write(built, devfn, offset, width, value):
    built.machine.pci.write(built.machine.root, devfn, offset, width, value)


# --- our own ROM ------------------------------------------------------------------------------------------------------
def test_the_rom_posts_and_shows_the_same_picture_with_nothing_but_its_list(on_host, tmp_path):
    text, host, pictures = on_host
    (tmp_path / "m.toml").write_text(text)
    _, summary, seen = executed(tmp_path / "run", scenario("", str(tmp_path / "m.toml")))
    assert (summary.stop.reason, [call.ok for call in summary.calls]) == ("completed", [True])
    assert seen == pictures
    assert len(pictures) == 1
    assert (summary.iommu.faults, summary.gtt.targets.guest_stolen) == (0, host.gtt.writes)


@pytest.mark.parametrize(
    ("row", "goes_wrong"),
    [
        ("BDSM+2", "the GTT's entries point at low memory, which the picture overwrites"),
        ("PIPECONF_A", "no pipe comes on"), ("DSPCNTR_A", "no plane comes on"),
    ],
)  # fmt: skip
def test_with_one_row_taken_out_it_does_not(on_host, tmp_path, row, goes_wrong):
    """Each of these the ROM's source asks for; ``needs --compare`` names what is missing."""
    text, _, pictures = on_host
    cut = re.sub(rf'    {{[^}}]*name = "{re.escape(row)}" }},\n', "", text)
    assert cut.count("\n") == text.count("\n") - 1
    (tmp_path / "m.toml").write_text(cut)
    _, summary, seen = executed(tmp_path / "run", scenario("", str(tmp_path / "m.toml")))
    assert (summary.stop.reason, seen) != ("completed", pictures), goes_wrong


def test_a_guest_at_the_hosts_base(on_host, tmp_path):
    """``identity``: BDSM is the host's, and EVE's firmware finds what it needs to place there."""
    text = on_host[0].replace('bdsm = "virtual"', 'bdsm = "identity"')
    (tmp_path / "m.toml").write_text(text)
    firmware = '[firmware]\nkind = "host-base"\n'
    made = scenario(firmware, str(tmp_path / "m.toml"), more="bdsm = 0x60000000")
    _, summary, _ = executed(tmp_path / "run", made)
    assert summary.firmware.bdsm == 0x60000000
    assert summary.gtt.first.value == 0x60000001
    assert (summary.gtt.targets.guest_stolen, summary.gtt.targets.silent) == (8191, 0)
    assert summary.iommu.faults == 0


# --- configuration ----------------------------------------------------------------------------------------------------
PCI = """
[pci]
"00:00.0" = [ { offset = 0x50, width = 2, access = "r" }, { offset = 0xb0, width = 4, access = "rw" } ]
"00:02.0" = [ { offset = 0x50, width = 2, access = "r" }, { offset = 0xf0, width = 2, access = "r" },
              { offset = 0xf4, width = 1, access = "rw" } ]
"00:1f.0" = [ { offset = 0x02, width = 2, access = "r" }, { offset = 0x40, width = 2, access = "r" } ]
"""


def test_listed_registers_are_the_hosts_and_others_read_0(tmp_path):
    built = machine(tmp_path, PCI.split("              { offset = 0xf4")[0] + "]\n")
    host = built.machine.scenario.host
    assert config(built, HOST_BRIDGE, 0x50, 2) == config(built, IGD, 0x50, 2) == host.ggc
    assert config(built, IGD, 0x5C, 4) == config(built, IGD, 0xFC, 4) == config(built, IGD, 0x62, 1) == 0
    assert config(built, IGD, 0x00, 4) == host.device_id << 16 | 0x8086  # the header is there in any case
    assert config(built, HOST_BRIDGE, 0xBC, 4) == 0
    assert config(built, HOST_BRIDGE, 0x00, 4) == 0x12378086


def test_no_capability_is_announced_that_is_hidden(tmp_path):
    built = machine(tmp_path, PCI)
    assert (config(built, IGD, 0x34, 1), config(built, IGD, 0x06, 2) & 0x10) == (0, 0)
    assert config(built, IGD, 0x90, 4) == 0


def test_writes_reach_what_is_listed_for_it_and_nothing_else(tmp_path):
    built = machine(tmp_path, PCI, cpu="965")
    assert config(built, IGD, 0xF0, 2) == 0x0100
    write(built, IGD, 0xF0, 2, 0x0200)  # GCFGC takes writes on the host, and is listed for reading
    assert config(built, IGD, 0xF0, 2) == 0x0100
    write(built, IGD, 0xF4, 1, 0x55)
    assert config(built, IGD, 0xF4, 1) == 0x55
    write(built, IGD, 0x5C, 4, 0xABC00000)
    assert config(built, IGD, 0x5C, 4) == 0
    write(built, HOST_BRIDGE, 0xB0, 4, 0x11223344)
    assert config(built, HOST_BRIDGE, 0xB0, 4) == 0x11223344
    write(built, HOST_BRIDGE, 0x50, 2, 0xFFFF)
    assert config(built, HOST_BRIDGE, 0x50, 2) == 0


def test_the_base_is_the_guests_own_where_it_is_listed(tmp_path):
    row = '[pci]\n"00:02.0" = [ { offset = 0x5e, width = 2, access = "r" } ]\n'
    built = machine(tmp_path, row)
    assert built.placed.bdsm
    assert config(built, IGD, 0x5C, 4) & ~1 == built.placed.bdsm
    hidden = machine(tmp_path, row.replace('"r"', '"hidden"'))
    assert (config(hidden, IGD, 0x5C, 4), hidden.placed.bdsm) == (0, 0)


def test_bdsm_in_bar0_follows_where_it_is_listed(tmp_path):
    bdsm = '[pci]\n"00:02.0" = [ { offset = 0x5c, width = 4, access = "r" } ]\n'
    bar0 = '[bar0]\nregisters = [ { first = 0x1080c0, end = 0x1080c4, access = "r" } ]\n'
    assert Probe(built := machine(tmp_path, bdsm + bar0)).bar0(0x1080C0, 4) & ~1 == built.placed.bdsm
    assert Probe(machine(tmp_path, bdsm)).bar0(0x1080C0, 4) == 0
    identity = machine(tmp_path, '[stolen]\nbdsm = "identity"\n' + bdsm + bar0)
    assert Probe(identity).bar0(0x1080C0, 4) == identity.machine.scenario.host.bdsm | 1


def test_a_bridge_is_made_with_the_hosts_id_only_where_that_is_listed(tmp_path):
    built = machine(tmp_path, PCI)
    host = built.machine.scenario.host
    assert config(built, LPC_BRIDGE, 0x00, 4) == host.lpc_id << 16 | 0x8086
    assert config(built, LPC_BRIDGE, 0x40, 2) == 0x401
    unnamed = machine(tmp_path, '[pci]\n"00:1f.0" = [ { offset = 0x40, width = 2, access = "r" } ]\n')
    assert config(unnamed, LPC_BRIDGE, 0x00, 4) == 0x29188086
    assert config(machine(tmp_path, ""), LPC_BRIDGE, 0x00, 4) == 0xFFFFFFFF


def test_skylakes_power_management_is_made_too(tmp_path):
    built = machine(tmp_path, '[pci]\n"00:1f.2" = [ { offset = 0x40, width = 2, access = "r" } ]\n', cpu="skylake")
    assert config(built, 0xFA, 0x40, 2) == 0x1801
    assert config(built, 0xFA, 0x08, 4) >> 8 == 0x058000


# --- BAR0, GTT, ports, OpRegion ---------------------------------------------------------------------------------------
BAR0 = f"""
[bar0]
registers = [
  {{ first = {PIPE:#x}, end = {PIPE + 4:#x}, access = "rw" }},
  {{ first = {SDE_IIR:#x}, end = {SDE_IIR + 4:#x}, access = "r" }},
  {{ first = {SURFACE:#x}, end = {SURFACE + 4:#x}, access = "hidden" }},
]
"""


def store(built, offset, value):
    callbacks.bar0_write(0, offset, 4, value, address_of(built.machine.root))


def test_a_register_that_is_not_listed_reads_0_and_takes_no_write(tmp_path):
    built = machine(tmp_path, BAR0)
    probe, igd = Probe(built), built.machine.igd
    for offset in (SURFACE, PORT_HOTPLUG, 0x0):
        before = igd.register(offset)
        store(built, offset, 0xFFFFFFFF)
        assert igd.register(offset) == before
        igd.mmio[offset >> 2] = 0x1234
        assert probe.bar0(offset, 4) == probe.iobar(offset, 4) == 0
        igd.mmio[offset >> 2] = before


def test_a_listed_register_is_the_devices(tmp_path):
    built = machine(tmp_path, BAR0)
    probe, igd = Probe(built), built.machine.igd
    store(built, PIPE, 0x80000000)
    assert probe.bar0(PIPE, 4) & 0xC0000000 == 0xC0000000  # the pipe's state follows: behaviours are there
    igd.mmio[SDE_IIR >> 2] = 0xF0
    store(built, SDE_IIR, 0xF0)  # clears by writing ones, but is listed for reading
    assert probe.bar0(SDE_IIR, 4) == igd.register(SDE_IIR) == 0xF0


@pytest.mark.parametrize(("access", "starts"), [("rw", True), ("r", False)])
def test_a_write_sets_something_off_only_where_writes_are_listed(tmp_path, access, starts):
    """GMBUS1: a cycle that reads one byte of the EDID (Intel Sandy Bridge PRM vol. 3 part 3: SW_RDY, cycle, count)."""
    row = f'{{ first = {GMBUS1:#x}, end = {GMBUS1 + 4:#x}, access = "{access}" }}'
    built = machine(tmp_path, f"[bar0]\nregisters = [ {row} ]\n")
    igd = built.machine.igd
    igd.mmio[GMBUS1 - 4 >> 2] = 2  # GMBUS0: the CRT's pins
    store(built, GMBUS1, 0x42010000 | 0x50 << 1 | 1)
    assert igd.bus.any() == starts


def gtt_store(built, at, value):
    store(built, int(built.machine.igd.block[g.G_GTT_AT]) + at, value)


def test_only_listed_gtt_entries_map_something(tmp_path):
    gtt = '[rest]\ngtt = [ { first = 0x8, end = 0x10, access = "w" }, { first = 0x20, end = 0x24, access = "r" } ]\n'
    built = machine(tmp_path, gtt)
    for at in range(0, 0x28, 4):
        gtt_store(built, at, 0x12345001)
    held = built.machine.igd.gtt[:10].tolist()
    assert held == [0, 0, 0x12345001, 0x12345001, 0, 0, 0, 0, 0, 0]


def test_only_listed_ports_are_the_hosts(tmp_path):
    some = machine(tmp_path, '[rest]\nvga = ["out 3c4/2", "in 3da/1"]\nports = ["in 408/4"]\n').machine
    assert {port for port in range(0x3B0, 0x3E0) if some.ports[port] == PORT_VGA} == {0x3C4, 0x3C5, 0x3DA}
    assert some.ports[0x408] == PORT_PM_TIMER
    none = machine(tmp_path, "").machine
    assert not any(none.ports[port] == PORT_VGA for port in range(0x3B0, 0x3E0))
    assert none.ports[0x408] == PORT_OPEN


def test_only_listed_parts_of_the_opregion_are_there(tmp_path):
    text = '[pci]\n"00:02.0" = [ { offset = 0xfc, width = 4, access = "r" } ]\n[rest]\nopregion = [ '
    text += '{ first = 0x400, end = 0x404, access = "r" }, { first = 0x404, end = 0x408, access = "hidden" } ]\n'
    built = machine(tmp_path, text)
    asls = config(built, IGD, 0xFC, 4)
    assert asls == built.placed.asls != 0
    content = build_opregion(b"$VBT SOME" + bytes(0x60))
    shown = built.machine.design.opregion(content, asls)
    assert shown[:0x100] == content[:0x100]
    assert (shown[0x400:0x404], shown[0x404:0x408], len(shown)) == (content[0x400:0x404], bytes(4), len(content))
    assert not any(shown[0x100:0x400])
    assert machine(tmp_path, "").placed.asls == 0


# --- what is warned of, and refused -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("bdf", "offset", "cpu", "says"),
    [
        ("00:00.0", 0x04, "sandybridge", "command"), ("00:00.0", 0x18, "sandybridge", "bus numbers"),
        ("00:00.0", 0x60, "haswell", "PCIEXBAR"), ("00:00.0", 0x48, "945", "PCIEXBAR"),
        ("00:00.0", 0x84, "sandybridge", "PAM"), ("00:00.0", 0x94, "965", "PAM"),
        ("00:00.0", 0x88, "skylake", "SMRAM"), ("00:00.0", 0x9C, "965", "SMRAM"), ("00:1f.0", 0xDC, "haswell", "flash"),
    ],
)  # fmt: skip
def test_a_write_path_to_a_bridge_is_warned_of(tmp_path, bdf, offset, cpu, says):
    row = f'[pci]\n"{bdf}" = [ {{ offset = {offset:#x}, width = 4, access = "rw" }} ]\n'
    log = [line for line in machine(tmp_path, row, cpu).log if "isolation" in line]
    assert any(f"{bdf} @0x{offset:02x}" in line and says in line and "a guest could" in line for line in log)
    assert not any("isolation" in line for line in machine(tmp_path, row.replace("rw", "r"), cpu).log)


def test_a_function_that_the_host_has_not_is_refused(tmp_path):
    with pytest.raises(FwsimError, match="the host has not") as caught:
        machine(tmp_path, '[pci]\n"00:1f.2" = [ { offset = 0x40, width = 2, access = "r" } ]\n')
    assert caught.value.found == "00:1f.2"


def test_a_list_of_another_generation_is_refused(tmp_path):
    (tmp_path / "list.toml").write_text(HEAD.format(cpu="skylake"))
    made = scenario("", str(tmp_path / "list.toml"), more='vga = "igd"')
    with pytest.raises(FwsimError, match="refuses the device") as caught:
        build(made, Rom(Path(), b"", "", (), ()), b"", None)
    assert caught.value.where == "hypervisor.mirror"
    assert "gen 9" in caught.value.found
