"""Xen's device model, libxl and domains: values worked out from the sources that fwsim/hypervisor/xen names."""

import pytest
from guest_rig import GuestRig
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, Choice, Device
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

IGD = Device(device_id=0x0126, generation=6, ggc=0x0209, bdsm=0xDBA00000, stolen=32 << 20, asls=0xDA9F5018)
ADVICE = [
    "[00:02.0] If the device doesn't work, try enabling permissive mode",
    "[00:02.0] (unsafe) and if it helps report the problem to xen-devel",
]
NO_IGD = "Need to enable igd-passthru if you're trying to passthrough IGD GFX"
NEED = 'not in reserved memory; need "iommu_inclusive_mapping=1"?'
NO_KIND = "libxl: error: unable to detect required gfx_passthru_kind"


def scenario(profile="", ram="2G", host=None, **options):
    """A guest of Xen's; ``options`` are ``hypervisor.options``."""
    sizes = {"2G": 2 << 30, "3G": 3 << 30}
    return Scenario(
        host=Host(**{"cpu": "sandybridge", "vga": "igd", "bdsm": 0xDBA00000, **(host or {})}),
        hypervisor=Hypervisor(kind="xen", profile=profile, options=options), guest=Guest(ram=sizes[ram]),
        firmware=Firmware(kind="hvmloader"),
    )  # fmt: skip


@pytest.fixture
def guest():
    made = []

    def make(*arguments, **named):
        made.append(GuestRig(scenario(*arguments, **named)))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def of_device(profile="4.22", device=IGD, **options):
    """What Xen makes of a device."""
    return kinds.hypervisor(Choice("xen", profile, options=options)).assign(device)


# --- configuration space: xen_pt_config_init.c -----------------------------------------------------------------------


def test_the_header_that_xen_pt_emulates(guest):
    """Cache line, latency timer and interrupt line: the guest's own bytes, 0 at first, whatever the host has."""
    rig = guest()
    for at in (0x0C, 0x0D, 0x3C):
        assert rig.config(at, 1) == 0
        rig.set_config(at, 0xA5, 1)
        assert rig.config(at, 1) == 0xA5
    slot = rig.machine.pci.slot(0x10)
    assert rig.machine.pci.get(slot, 0x3C, 1) != 0xA5
    assert [rig.config(0, 4), rig.config(6, 2) & 0x10, rig.config(0x3D, 1)] == [0x01268086, 0x10, 1]


def test_capabilities_that_xen_pt_does_not_know_are_in_no_list(guest):
    """90h is MSI, then power management at D0h; Advanced Features (13h) at A4h has no group. Its bytes are read still.

    On the host D1h says A4h. MSI was on there and is off here; PMCSR begins at 0008h: no soft reset.
    """
    rig = guest()
    slot = rig.machine.pci.slot(0x10)
    assert rig.machine.pci.get(slot, 0xD1, 1) == 0xA4
    assert [rig.config(at, 1) for at in (0x34, 0x91, 0xD1)] == [0x90, 0xD0, 0]
    assert rig.config(0xA4, 4) == 0x03060013
    assert [rig.config(0x92, 2), rig.config(0xD4, 2)] == [0, 0x0008]


def test_msi_address_and_data_are_the_guests(guest):
    """32 bits wide: address at 94h without its lowest two bits, data at 98h; of the control word enable and QME."""
    rig = guest()
    rig.set_config(0x94, 0xFEE01007)
    rig.set_config(0x98, 0x4041, 2)
    rig.set_config(0x92, 0xFFFF, 2)
    assert [rig.config(0x94), rig.config(0x98, 2), rig.config(0x92, 2)] == [0xFEE01004, 0x4041, 0x0071]


@pytest.mark.parametrize(
    ("offset", "width", "mask"),
    [
        (0x50, 2, "0000"),  # in no group
        (0x5C, 4, "00000000"),
        (0xE8, 2, "0000"),  # SWSCI
        (0x0C, 4, "00000000"),  # three emulated bytes, and BIST that is none
        (0xD4, 4, "0000ffff"),  # PMCSR is written back, the two bytes behind it are nobody's
    ],
)
def test_a_write_of_an_unknown_register_is_dropped_and_said_once(guest, offset, width, mask):
    rig = guest()
    before = len(rig.built.log)
    old = rig.config(offset, width)
    for _ in range(2):
        rig.set_config(offset, 0x5A5A5A5A & (1 << 8 * width) - 1, width)
    said = f"[00:02.0] Write-back to unknown field 0x{offset:02x} (partially) inhibited (0x{mask})"
    assert rig.built.log[before:] == [said, *ADVICE]
    if offset not in (0x0C, 0xD4):
        assert rig.config(offset, width) == old


@pytest.mark.parametrize(
    ("offset", "width"), [(0x04, 2), (0x06, 2), (0x10, 4), (0x30, 4), (0x3C, 1), (0x92, 2), (0xFC, 4)]
)
def test_a_write_of_a_known_register_is_not_warned_of(guest, offset, width):
    rig = guest()
    before = len(rig.built.log)
    rig.set_config(offset, 0x7, width)
    assert rig.built.log[before:] == []


def test_the_warning_goes_back_with_a_snapshot(guest):
    rig = guest()
    before = rig.built.snapshot()
    rig.set_config(0x50, 1, 2)
    told = list(rig.built.log)
    rig.built.restore(before)
    assert rig.built.log != told
    rig.set_config(0x50, 1, 2)
    assert rig.built.log == told


@pytest.mark.parametrize(("permissive", "value"), [(False, 0xFF), (True, 0x12)])
def test_permissive_lets_writes_through(guest, permissive, value):
    """A 965's backlight register F4h takes any value; xen-pt does not know it."""
    rig = guest(host={"cpu": "965", "bdsm": 0x7F800000}, permissive=permissive)
    before = len(rig.built.log)
    rig.set_config(0xF4, 0x12, 1)
    assert rig.config(0xF4, 1) == value
    assert (rig.built.log[before:] == []) == permissive


def test_the_bridge_has_the_hosts_bases(guest):
    """xen_igd_pt.c copies A4h and A8h whatever the host has there; B0h, where Sandy Bridge has BDSM, is not copied."""
    rig = guest(host={"ggc": 0x0211})
    assert [rig.config(at, 4, HOST_BRIDGE) for at in (0x50, 0xB0)] == [0x0211, 0]


def test_a_damaged_list_of_capabilities_ends():
    """A list that bites its tail, one that leads to nothing, and one of PCI-X (07h), which is hard-wired to 0."""
    from fwsim.hypervisor.xen.config import emulated

    loop = {0x34: 0x40, 0x40: 0x05, 0x41: 0x50, 0x50: 0x01, 0x51: 0x40}
    found = emulated(lambda at, width: loop.get(at, 0))
    assert [row.start for row in found.rows if row.offset in (0x34, 0x41, 0x51)] == [0x40, 0x50, 0x40]
    gone = emulated(lambda at, width: {0x34: 0x60}.get(at, 0xFF))
    assert next(row.start for row in gone.rows if row.offset == 0x34) == 0
    wired = emulated(lambda at, width: {0x34: 0x40, 0x40: 0x07}.get(at, 0))
    assert wired.hardwired == set(range(0x40, 0x58))


# --- libxl and the device model's refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "device_id", "class_code", "error"),
    [
        ("4.9", 0x0126, 0x030000, NO_KIND),  # fixup_ids: Haswell and Broadwell
        ("4.9", 0x0416, 0x030000, ""),
        ("4.10", 0x0126, 0x030000, ""),  # by class
        ("4.19", 0x0126, 0x038000, NO_KIND),
        ("4.20", 0x0126, 0x038000, NO_IGD),  # libxl takes 0380, QEMU does not
    ],
)
def test_what_gfx_passthru_1_finds(profile, device_id, class_code, error):
    assert of_device(profile, replace(IGD, device_id=device_id, class_code=class_code), gfx_passthru=1).error == error


def test_without_gfx_passthru_the_device_is_refused():
    assert (of_device(gfx_passthru=0).error, of_device(gfx_passthru="igd").error) == (NO_IGD, "")


def test_a_host_that_shows_no_rom_has_no_vbios():
    given = of_device(device=replace(IGD, rom=False))
    assert (given.error, given.error_field) == ("VGA: Can't get VBIOS", "kind")


def test_a_refusal_stops_the_run_and_names_the_option(guest):
    with pytest.raises(FwsimError) as caught:
        guest(gfx_passthru=0)
    assert (caught.value.where, caught.value.found) == ("hypervisor.options.gfx_passthru", NO_IGD)
    assert "igd" in caught.value.hint


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("4.14", "[VT-D]Passed iommu=no-igfx option.  Disabling IGD VT-d engine."),
        ("4.16", "[VT-D] passed iommu=no-igfx option; disabling IGD VT-d engine"),
    ],
)
def test_no_guest_has_an_igd_without_its_unit(profile, words):
    assert of_device(profile, iommu="no-igfx").error == f"(XEN) {words}"


@pytest.mark.parametrize("profile", ["4.6", "4.23", "10.0", "4", "4.22.x", "4.07", "next"])
def test_a_release_that_is_not_there(profile):
    with pytest.raises(FwsimError) as caught:
        kinds.hypervisor(Choice("xen", profile))
    assert caught.value.where == "hypervisor.profile"
    assert "4.7, 4.8," in caught.value.expected
    assert caught.value.expected.endswith("4.22, unstable")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("permisive", True), ("permissive", "yes"), ("domain", "pv"), ("gfx_passthru", "nvidia"),
        ("rdm", "strategy=all"),
        ("rdm_policy", "loose"), ("rdm_mem_boundary", 0), ("iommu", "off"),
        ("rmrr", "db800000"), ("rmrr", 5),
        ("rmrr", "0xdb800001-0xdf9fffff"), ("rmrr", "0xdf9ff000-0xdb7fffff"), ("rmrr", "x-y"),
        ("rmrr", "0xdb800000-0xdb8fffff,0xdb8ff000-0xdb9fffff"), ("snb_igd_quirk", -1), ("snb_igd_quirk", "soon"),
    ],
)  # fmt: skip
def test_nonsense_in_the_options(name, value):
    with pytest.raises(FwsimError) as caught:
        kinds.hypervisor(Choice("xen", options={name: value}))
    assert caught.value.where == f"hypervisor.options.{name}"
    assert caught.value.found
    assert caught.value.expected


# --- reserved regions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boundary", "low", "high"),
    [(2048, 0xB0000000, 0x10000000), (3072, 0xC0000000, 0)],
)
def test_libxl_ends_low_ram_below_a_reserved_region(boundary, low, high):
    """3 GiB end at C0000000h. The region begins past 2 GiB: low RAM ends at B0000000h (large pages: 2 MiB), the rest is
    high. With the boundary at 3 GiB it stays, and relaxed is what lets the guest go on.
    """
    rig = GuestRig(scenario("", "3G", rmrr="0xb0001000-0xb1ffffff", rdm_mem_boundary=boundary, rdm_policy="relaxed"))
    assert (rig.machine.low, rig.machine.high) == (low, high)
    rig.close()


def test_a_region_in_low_ram():
    """At 1 GiB, below the boundary: strict refuses; relaxed warns, libxl and then Xen (page 40000h)."""
    device = replace(IGD, ram=2 << 30)
    strict = of_device(device=device, rmrr="0x40000000-0x41ffffff")
    assert (strict.error, strict.error_field) == ("libxl: error: RDM conflict at 0x40000000.", "options.rdm_policy")
    relaxed = of_device(device=device, rmrr="0x40000000-0x41ffffff", rdm_policy="relaxed")
    assert relaxed.error == ""
    assert relaxed.messages[0] == "warning: libxl: Ignoring RDM conflict at 0x40000000."
    assert relaxed.messages[1].startswith("warning: (XEN) Cannot setup identity map d1:40000, gfn already mapped")


@pytest.mark.parametrize(("profile", "domain"), [("4.14", "Dom1"), ("4.15", "d1")])
def test_a_region_shared_with_another_device(profile, domain):
    rest = f"to assign 0000:00:02.0 with shared RMRR at db800000 for {domain}."
    given = of_device(profile, rmrr="0xdb800000-0xdf9fffff shared")
    assert given.error == f"(XEN) [VT-D] It's disallowed {rest}"
    given = of_device(profile, rmrr="0xdb800000-0xdf9fffff shared", rdm_policy="relaxed")
    assert (given.error, given.messages) == ("", [f"warning: (XEN) [VT-D] It's risky {rest}"])


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("4.13", f"[VT-D]  RMRR address range db800000..df9fffff {NEED}"),
        ("4.14", f"[VT-D] RMRR [db800000,df9fffff] {NEED}"),
        ("4.18", f"[VT-D] RMRR [db800000,df9fffff] {NEED}"),
        ("4.19", "RMRR: [0xdb800000, 0xdf9fffff] is not (entirely) in reserved memory"),
    ],
)  # fmt: skip
def test_an_rmrr_that_is_not_in_reserved_memory(profile, words):
    given = of_device(profile, rmrr="0xdb800000-0xdf9fffff", reserved=False)
    assert given.messages == [f"warning: (XEN) {words}"]


def test_a_region_is_at_the_hosts_address_in_the_guest(guest):
    """The CPU writes it, and the IGD's DMA finds the same bytes: Xen maps an RMRR into the p2m and the domain alike."""
    from fwsim.devices.igd.layout import G_DMA_COUNT

    rig = guest(rmrr="0xdb800000-0xdf9fffff")
    rig.machine.engine.write(0xDBA00000, b"stolen")
    assert rig.machine.engine.read(0xDBA00000, 6) == b"stolen"
    regions = rig.machine.igd.dma[: int(rig.machine.igd.block[G_DMA_COUNT])].tolist()
    assert (0xDB800000, 0xDFA00000) in [(first, end) for first, end, _ in regions]
    assert (0xDB800000, 0xDFA00000, "RESERVED") in rig.built.placed.e820
    assert guest().machine.engine.read(0xDBA00000, 6) == b"\xff" * 6
