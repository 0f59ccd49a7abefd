"""Summaries put together by hand, as the runs of known machines gave them, and what each rule must say of them."""

import msgspec
import pytest
from msgspec.structs import replace as replace_fields

from fwsim.registers.families import families
from fwsim.results.summary import (
    Assist,
    CallResult,
    E820Range,
    FirmwareSummary,
    Gtt,
    GttFirst,
    GttTargets,
    Iommu,
    RomSummary,
    Screen,
    Stop,
    Summary,
)
from fwsim.rules.config_space import CONFIG_SPACE
from fwsim.rules.run import RULES, check
from fwsim.rules.uefi import DRIVERS
from fwsim.scenario.load import loads

MIB = 1 << 20
GUEST = """
[host]
cpu = "sandybridge"
bdsm = 0xdba00000
asls = 0xda9f5018
ggc = 0x0209
[hypervisor]
kind = "{kind}"
profile = "{profile}"
[guest]
ram = "{ram}"
[[call]]
ax = 0x4f02
bx = 0x4118
"""


def scenario(kind="qemu", profile="10.0", ram="2G", more=""):
    return loads(GUEST.format(kind=kind, profile=profile, ram=ram) + more)


def firmware(bdsm=0x7DE00000, asls=0x7FFDE000, top=0x80000000):
    """What SeaBIOS leaves of 2 GiB: 32 MiB stolen and an OpRegion, both in the reserved range at the end."""
    e820 = [
        E820Range(start=0, end=0x9FC00, type="RAM"),
        E820Range(start=0x9FC00, end=0xA0000, type="RESERVED"),
        E820Range(start=0xF0000, end=0x100000, type="RESERVED"),
        E820Range(start=0x100000, end=0x7DE00000, type="RAM"),
        E820Range(start=0x7DE00000, end=0x7FE00000, type="RESERVED"),
        E820Range(start=0x7FE00000, end=0x7FFDE000, type="RAM"),
        E820Range(start=0x7FFDE000, end=top, type="RESERVED"),
    ]
    return FirmwareSummary(kind="seabios", bdsm=bdsm, asls=asls, e820=e820, bars={"0": 0xFE800000, "2": 0xE0000000})


def good(**changes):
    """A run without a flaw."""
    summary = Summary(
        rom=RomSummary(vendor=0x8086, device=0x0106),
        firmware=firmware(),
        gtt=Gtt(
            writes=255,
            first=GttFirst(index=1, value=0x7DE00001, written=0x7DE00001),
            targets=GttTargets(guest_stolen=255),
        ),
        calls=[CallResult(ax=0x4F02, bx=0x4118, result_ax=0x4F, ok=True)],
        display=[Screen(mode=0x118, width=1024, height=768, file="screen-01.png")],
    )
    for name, value in changes.items():
        setattr(summary, name, value)
    return summary


def results(run, summary):
    return {result.id: result for result in check(run, summary)}


def failed(run, summary):
    return {result.id: result.detail for result in check(run, summary) if not result.ok}


def test_a_good_run_holds_every_rule():
    seen = results(scenario(), good())
    assert all(result.ok for result in seen.values())
    others = {
        "no-assists", "ggc-at-bridge", "frame-buffer", "driver-pch", "iommu-group", "interrupts", "opregion-whole",
        *(rule.id for rule in (*DRIVERS, *CONFIG_SPACE)),
    }  # fmt: skip
    assert set(seen) == {rule.id for rule in RULES} - others
    assert seen["bdsm-reserved"].detail == "0x7de00000-0x7fdfffff"
    assert seen["gtt-guest-stolen"].detail == "255 of 255 entries in 0x7de00000-0x7fdfffff"


def test_rules_have_short_stable_names_and_tell_why():
    names = [rule.id for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 18 and name == name.lower() and " " not in name for name in names)
    assert all(rule.protects and rule.source for rule in RULES)


def test_results_go_into_the_summary():
    summary = good()
    summary.checks = check(scenario(), summary)
    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary).checks == summary.checks


@pytest.mark.parametrize(
    ("stop", "detail"),
    [
        (Stop(reason="hung", cs=0xC000, ip=0x1234, detail="waits for port 61"), "hung at c000:1234: waits for port 61"),
        (Stop(reason="aborted", detail="assertion\nEAX=00000000"), "aborted: assertion"),
        (Stop(reason="error"), "error"),
    ],
)
def test_a_rom_that_did_not_finish(stop, detail):
    assert failed(scenario(), good(stop=stop, calls=[])) == {
        "rom-finished": detail,
        "calls-answered": "0 of 1 were made",
    }


def test_out_of_budget():
    seen = failed(scenario(), good(stop=Stop(reason="budget"), code_bytes=8 << 30))
    assert seen["budget"].startswith("8,589,934,592 of 8,589,934,592 code bytes")


def test_a_refused_mode():
    calls = [CallResult(ax=3, ok=True), CallResult(ax=0x4F02, bx=0x4118, result_ax=0x14F)]
    detail = "1 of 2 refused: INT 10h AX=4F02 BX=4118 answered AX=014F"
    assert failed(scenario(), good(calls=calls)) == {"calls-answered": detail}


def test_no_calls_no_rule():
    run = loads('[host]\ncpu = "sandybridge"')
    assert "calls-answered" not in results(run, good(calls=[]))


def test_assists():
    run = scenario(more="[rom]\nassist = true\n")
    assert results(run, good())["no-assists"].ok
    assert failed(run, good(assists=[Assist(what="GMBUS ready", count=3)])) == {"no-assists": "3x GMBUS ready"}


@pytest.mark.parametrize(
    ("bdsm", "rule", "detail"),
    [
        (0x7DE80000, "bdsm-aligned", "0x7de80000 is 0x80000 past a multiple of 1 MiB"),
        (0x7DD00000, "bdsm-reserved", "0x7dd00000-0x7fcfffff: 0x7dd00000 is RAM (0x100000-0x7ddfffff)"),
        (0x7DF00000, "bdsm-reserved", "0x7df00000-0x7fefffff: 0x7fe00000 is RAM (0x7fe00000-0x7ffddfff)"),
        (0xC0000000, "bdsm-reserved", "0xc0000000-0xc1ffffff: 0xc0000000 is in no e820 range"),
        (0xFF000000, "bdsm-below-4g", "0xff000000-0x100ffffff, a 32-bit register"),
        (0x7E000000, "bdsm-clear", "0x7e000000-0x7fffffff overlaps the OpRegion 0x7ffde000-0x7ffdffff"),
        (0xDF000000, "bdsm-clear", "0xdf000000-0xe0ffffff overlaps BAR2 (GMADR) 0xe0000000-0xefffffff"),
    ],
)
def test_misplaced_stolen_memory(bdsm, rule, detail):
    assert failed(scenario(), good(firmware=firmware(bdsm=bdsm)))[rule] == detail


def test_firmware_that_found_no_room():
    """A guest of 4 MiB: SeaBIOS cannot place the stolen memory (32 MiB and 2 MiB of GTT under QEMU 9.2)."""
    seen = failed(scenario(profile="9.2", ram="4M"), good(firmware=firmware(bdsm=0, asls=0)))
    assert seen == {
        "bdsm-set": "BDSM is 0x0: the firmware placed none of the 34M it was asked for",
        "asls-set": "ASLS is 0x0: the firmware placed no OpRegion",
    }


def test_firmware_that_places_nothing():
    run = scenario(more='[firmware]\nkind = "none"\n')
    seen = results(run, good(firmware=FirmwareSummary(kind="none"), gtt=Gtt(targets=GttTargets(guest_ram=255))))
    assert not {"bdsm-set", "bdsm-aligned", "bdsm-reserved", "asls-set", "asls-reserved"} & set(seen)
    assert not seen["gtt-no-corruption"].ok


def test_opregion_in_ram_or_nvs():
    broken = firmware(asls=0x1000018)
    assert failed(scenario(), good(firmware=broken)) == {
        "asls-reserved": "0x1000018-0x1002017: 0x1000018 is RAM (0x100000-0x7ddfffff)"
    }
    placed = firmware()
    placed.e820[-1].type = "NVS"
    assert results(scenario(), good(firmware=placed))["asls-reserved"].ok


def test_a_posted_shadow_without_rewrite():
    gtt = Gtt(
        writes=255,
        first=GttFirst(index=1, value=0xDBA00001, written=0xDBA00001),
        targets=GttTargets(host_stolen=255),
    )
    iommu = Iommu(faults=235, recorded=40, overflowed=True, by_reason={"6": 200, "5": 35})
    display = [Screen(mode=0x118, file="screen-01.png", unreadable_pages=235)]
    assert failed(scenario(), good(gtt=gtt, iommu=iommu, display=display)) == {
        "gtt-guest-stolen": "255 of 255 entries point at the host's stolen memory, 0xdba00000-0xdd9fffff; "
        "the first write was 0xdba00001",
        "no-dma-faults": "235 DMA faults (35x reason 5, 200x reason 6), 195 of them found no free record",
        "screens-complete": "screen-01.png lacks 235 pages",
    }


def test_entries_that_lead_nowhere():
    gtt = Gtt(writes=3, targets=GttTargets(guest_stolen=1, unmapped=2))
    assert failed(scenario(), good(gtt=gtt)) == {"gtt-guest-stolen": "2 of 3 entries point where nothing is mapped"}


def test_silent_corruption_is_told():
    """A guest so large that the host's addresses are its own RAM: nothing faults."""
    gtt = Gtt(
        writes=255,
        first=GttFirst(index=1, value=0xDBA00001, written=0xDBA00001),
        targets=GttTargets(host_stolen=255, silent=255),
    )
    seen = failed(scenario(ram="4G"), good(gtt=gtt))
    assert seen["gtt-no-corruption"] == (
        "255 entries point at RAM that the guest uses, from 0xdba00001 on: no fault tells"
    )
    assert "no-dma-faults" not in seen


def test_the_host_itself_has_its_own_addresses():
    run = scenario(kind="none")
    summary = good(firmware=firmware(bdsm=0, asls=0))
    summary.firmware.e820 = [
        E820Range(start=0x100000, end=0xDA000000, type="RAM"),
        E820Range(start=0xDA9F5000, end=0xDA9F8000, type="NVS"),
        E820Range(start=0xDBA00000, end=0xDDA00000, type="RESERVED"),
    ]
    seen = results(run, summary)
    assert all(result.ok for result in seen.values())
    assert seen["bdsm-set"].detail == "0xdba00000"
    assert seen["asls-set"].detail == "0xda9f5018"
    assert "no-dma-faults" not in seen


@pytest.mark.parametrize(
    ("cpu", "ggc", "detail"),
    [
        (
            "sandybridge",
            0x02C1,
            "0x02c1, 768M stolen; GMS 0x18 is past 0x10, the last code of this generation; "
            "bits 15:8 would be 64M on gen 8 and later; stolen memory would end at 0x10ba00000",
        ),
        ("sandybridge", 0x0001, "0x0001, 0 stolen; no stolen memory at all; no memory for the GTT"),
        ("skylake", 0x0209, "0x0209, 64M stolen; no memory for the GTT"),
        ("geminilake", 0x02C3, "0x02c3, 64M stolen; VGA is disabled (bit 1)"),
    ],
)
def test_an_odd_ggc_is_noted(cpu, ggc, detail):
    run = loads(f'[host]\ncpu = "{cpu}"\nggc = {ggc}\n')
    size, _, odd = detail.partition("; ")
    note = results(run, good())["ggc-usual"]
    assert note.ok
    assert note.detail == f"{size}; odd: {odd}"


@pytest.mark.parametrize("name", [row.name for row in families()])
def test_each_familys_own_ggc_is_usual(name):
    assert results(loads(f'[host]\ncpu = "{name}"\n'), good())["ggc-usual"].detail.count("odd") == 0


@pytest.mark.parametrize(
    ("cpu", "profile", "sizes"),
    [
        ("haswell", "10.1", "0x0010, EXT_TSEG_MBYTES of QEMU's q35: a vBIOS that takes it for GGC finds 64M"),
        ("haswell", "10.2", "0x0040, EXT_TSEG_MBYTES of QEMU's q35: a vBIOS that takes it for GGC finds 256M"),
        ("skylake", "10.2", "0x0040, EXT_TSEG_MBYTES of QEMU's q35: a vBIOS that takes it for GGC finds 0 of stolen "
                            "memory and 2M for the GTT"),
    ],
)  # fmt: skip
def test_what_a_q35_has_in_ggcs_place_is_noted(cpu, profile, sizes):
    """GMS is bits 7:3 of 32 MiB each up to gen 7, 15:8 from gen 8 on, where bits 7:6 are the GTT's 2^n MiB."""
    run = loads(f'[host]\ncpu = "{cpu}"\n[hypervisor]\nprofile = "{profile}"\n[guest]\nmachine = "q35"\n')
    note = results(run, good())["ggc-at-bridge"]
    assert note.ok
    assert note.detail.startswith(f"00:00.0 @50h reads {sizes}")


@pytest.mark.parametrize(
    "other", ['[guest]\nmachine = "pc"', '[guest]\nmachine = "q35"\n[hypervisor]\nprofile = "2.9"',
              '[guest]\nmachine = "q35"\n[hypervisor]\nkind = "none"\n[firmware]\nkind = "none"'],
)  # fmt: skip
def test_elsewhere_there_is_nothing_in_ggcs_place(other):
    assert "ggc-at-bridge" not in results(loads(other), good())


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"lights": "pipe A on, panel power off", "wanted": (1024, 768), "drawn": True}, ""),
        ({"lights": "no pipe on, panel power off"}, "shown by nobody"),
        ({"wanted": (640, 480)}, "1024x768, the mode 640x480"),
        ({"flat": True, "drawn": True}, "the test card is not on it"),
        ({"flat": True}, ""),  # black where nothing was drawn, and said to be so
        ({"unreadable_pages": 3}, "lacks 3 pages"),
    ],
)
def test_a_screen_is_lit_whole_of_its_size_and_shows_what_was_drawn(changes, wrong):
    screen = replace_fields(Screen(mode=0x118, width=1024, height=768, file="screen-01.png"), **changes)
    seen = results(scenario(), good(display=[screen]))["screens-complete"]
    assert (seen.ok, wrong in seen.detail) == (not wrong, True)
    assert ("nothing was drawn" in seen.detail) == (changes == {"flat": True})


def test_another_card_has_no_stolen_memory():
    seen = results(scenario(), good(rom=RomSummary(vendor=0x1013, device=0x00B8), firmware=FirmwareSummary()))
    assert set(seen) == {"rom-found", "rom-finished", "calls-answered", "budget", "screens-complete"}


@pytest.mark.parametrize(
    ("kind", "profile", "machine", "size"),
    [
        ("none", "10.0", "pc", 32),
        ("ranged", "5.0", "pc", 32),
        ("qemu", "10.0", "pc", 32),
        ("qemu", "9.2", "pc", 34),  # QEMU to 9.2 adds the GTT's own memory
        ("qemu", "5.0", "pc", 2),  # and to 5.x takes GMS from x-igd-gms alone
        ("qemu", "9.2", "q35", 0),  # no legacy mode on q35
        ("qemu", "next", "q35", 32),
    ],
)
def test_what_the_firmware_is_asked_for(kind, profile, machine, size):
    text = GUEST.format(kind=kind, profile=profile, ram="2G").replace("[guest]", f'[guest]\nmachine = "{machine}"')
    assert loads(text).assignment.stolen == size * MIB


def test_entries_that_nothing_uses_are_told_and_do_no_harm():
    """Stolen memory of 2 MiB has 200h pages: what lies past it, and was never used, is no fault of the picture's."""
    gtt = Gtt(
        writes=600,
        targets=GttTargets(guest_stolen=512, guest_ram=60, unmapped=28, host_stolen=5, silent=5),
        spare=GttTargets(guest_ram=60, unmapped=28, host_stolen=4, silent=4),
    )
    seen = results(scenario(), good(gtt=gtt))
    assert seen["gtt-guest-stolen"].detail.endswith("; 32 from entry 0x2000 on, past its end, are never used")
    assert not seen["gtt-guest-stolen"].ok  # one of the host's is used
    assert seen["gtt-guest-stolen"].detail.startswith("1 of 605 entries point at the host's stolen memory")
    assert seen["gtt-no-corruption"].detail.startswith("1 entries point at RAM that the guest uses")


HOST = """
[[host_function]]
slot = "00:01.0"
type = "root-port"
class = 0x060400
driver = "pcieport"
[[host_function]]
slot = "01:00.0"
type = "endpoint"
behind = "00:01.0"
driver = "vfio-pci"
[[host_function]]
slot = "01:00.1"
type = "endpoint"
behind = "00:01.0"
driver = "snd_hda_intel"
"""


def test_the_group_of_the_igd_is_told_where_the_host_is_known():
    run = loads('[host]\nslot = "01:00.0"\n' + HOST)
    detail = results(run, good())["iommu-group"].detail
    assert "in group 0" in detail
    assert "not assigned, and in the guest's domain all the same: 00:01.0, 01:00.1" in detail
    assert "not in that domain: its RMRR 0xdb800000-0xdd9fffff" in detail


def test_a_hypervisor_that_asks_no_vfio_lets_a_neighbour_in():
    """Under QEMU such a run does not begin."""
    run = loads('[host]\nslot = "01:00.0"\n[hypervisor]\nkind = "xen"\n' + HOST)
    assert "01:00.1 (snd_hda_intel)" in failed(run, good())["iommu-group"]
    assert "iommu-group" not in failed(loads('[hypervisor]\nkind = "xen"'), good())
