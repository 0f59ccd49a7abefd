"""vfio-igd beside the vectors: which release has which row, and what the rows say of sizes and of legacy mode."""

import pytest
from guest_rig import GuestRig
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import ASLS, HOST_BRIDGE, LPC_BRIDGE, Choice, Device
from fwsim.hypervisor.qemu import versions as igd
from fwsim.scenario.model import Function, Guest, Host, Hypervisor, Scenario

GOOD = Device(0x0126, 6, 0x0208, 0xDBA00000, 32 << 20, 0xDA9F5018)
"""A Sandy Bridge at 00:02.0 of a pc."""


def given(profile, device=GOOD, **choice):
    return kinds.hypervisor(Choice("qemu", profile, **choice)).assign(device)


@pytest.mark.parametrize("text", ["2.6", "8", "ten", "8.2.1.4", "", "-1.0", "10.0 "])
def test_what_is_no_release(text):
    with pytest.raises(FwsimError, match="no such QEMU release"):
        igd.version(text)


@pytest.mark.parametrize(
    ("profile", "row"),
    [("2.7", "5.0"), ("7.2.22", "5.0"), ("9.0.4", "5.0"), ("9.1", "5.0"), ("9.1.2", "5.0"), ("9.2", "9.2"),
     ("9.2.4", "9.2"), ("9.2.50", "9.2.50"), ("10.0", "10.0"), ("10.0.2", "10.0"), ("10.0.12", "10.0"),
     ("10.0.13", "10.0.13"),
     ("10.0.20", "10.0.13"), ("10.1", "10.1"), ("10.1.9", "10.1"), ("10.2.2", "10.2"), ("11.0.3", "10.2"),
     ("11.1", "11.1"), ("11.1.3", "11.1"), ("next", "11.1")],
)  # fmt: skip
def test_a_release_has_the_newest_row_that_is_not_newer(profile, row):
    """A patch level counts as a number: 10.0.13 is newer than 10.0.2."""
    assert igd.version(profile).name == row


@pytest.mark.parametrize(("profile", "patches"), [("10.0.2", False), ("10.0.13", True), ("10.2.2", False),
                                                  ("11.0.3", False), ("11.1.3", True)])  # fmt: skip
def test_the_shadow_patch_came_to_the_stable_branch_first(profile, patches):
    """Of a posted image with no such routine in it: 10.0.13 and 11.1.3 look for it, the others do not try."""
    design = kinds.hypervisor(Choice("qemu", profile))
    assert (design.change_rom(bytes(512), GOOD) is not None) == patches
    assert design.change_rom(bytes(512), replace(GOOD, machine="q35")) is None  # no VGA access there


@pytest.mark.parametrize("profile", ["5.0", "9.1", "9.2", "9.2.50", "10.0", "10.1", "10.2", "next"])
def test_a_sandy_bridge_at_slot_2_of_a_pc_is_legacy_everywhere(profile):
    made = given(profile)
    assert (made.refusal, made.vga, set(made.copies)) == ("", True, {HOST_BRIDGE, LPC_BRIDGE})


@pytest.mark.parametrize(
    ("profile", "change", "choice", "word"),
    [
        ("5.0", {"device_id": 0x2A02}, {}, "generation"),
        ("9.2", {"device_id": 0x4680}, {}, "generation"),
        ("10.1", {"device_id": 0x4571}, {}, "generation 11"),
        ("5.0", {"machine": "q35"}, {}, "1f.0"),
        ("10.0", {"machine": "q35"}, {}, "i440fx"),
        ("10.2", {"devfn": 0x18}, {}, "00:02.0"),
        ("10.0", {"rom": False}, {}, "ROM"),
        ("5.0", {"hotplugged": True}, {}, "hotplugged"),
        ("5.0", {"opregion_region": False}, {}, "kernel"),
        ("5.0", {"vga_region": False}, {}, "VGA"),
        ("10.1", {"ggc": 0x20A}, {}, "VGA is disabled"),
        ("10.0", {}, {"legacy": "off"}, "x-igd-legacy-mode"),
        ("5.0", {"class_code": 0x038000}, {}, "VGA class"),
        ("9.2", {"vendor": 0x1234}, {}, "Intel"),
    ],
)
def test_why_legacy_mode_does_not_come_up(profile, change, choice, word):
    assert word in given(profile, replace(GOOD, **change), **choice).refusal


def test_a_raptor_lake_had_legacy_mode_up_to_9_1():
    """gangqizai/igd#27: 00:02.0 of an i3-13100 (4692), x-igd-gms=0x2: well under 9.1.2, refused under 9.2.0."""
    raptor = replace(GOOD, device_id=0x4692, ggc=0x02C1)
    old, new = given("9.1.2", raptor, gms=2), given("9.2.0", raptor, gms=2)
    assert (old.generation, old.refusal, old.vga) == (8, "", True)
    assert (new.generation, new.vga, new.own_bdsm) == (-1, False, False)
    assert new.messages == ["error: IGD device 0000:00:02.0 is unsupported in legacy mode, try SandyBridge or newer"]


@pytest.mark.parametrize("option", ["lpc", "legacy"])
def test_options_that_came_with_10_0(option):
    made = given("9.2", **{option: "off"})
    assert (made.error_field, "not found" in made.error) == (option, True)
    assert given("10.0", **{option: "off"}).error == ""


def test_asls_is_the_hosts_where_no_opregion_is_offered():
    """10.0 on q35: x-igd-opregion is off by default; from 10.1 on it is on, and ASLS is emulated in any case."""
    q35 = replace(GOOD, machine="q35")
    shown = {
        (profile, option): (made.opregion, ASLS in {row.offset for row in made.registers})
        for profile in ("10.0", "10.1")
        for option in ("auto", "on", "off")
        for made in [given(profile, q35, opregion=option)]
    }
    assert shown == {
        ("10.0", "auto"): (False, False), ("10.0", "on"): (True, True), ("10.0", "off"): (False, False),
        ("10.1", "auto"): (True, True), ("10.1", "on"): (True, True), ("10.1", "off"): (False, True),
    }  # fmt: skip


def test_a_guest_reads_the_hosts_asls_there():
    rig = GuestRig.of("qemu", "10.0", machine="q35", asls=0xDA9F5018)
    assert rig.config(ASLS) == 0xDA9F5018
    rig.close()


def test_a_mirror_shows_what_the_guest_wrote_to_bdsm():
    """And 108040h, which 10.0 always answers: the host's GGC."""
    rig = GuestRig.of("qemu", "10.0", cpu="skylake", ggc=0x02C1)
    rig.set_config(0x5C, 0x7CF00000)
    assert (rig.bar0(0x1080C0), rig.bar0(0x108040) & 0xFFFF) == (0x7CF00000, 0x02C1)
    rig.close()


def test_qemus_words_are_in_the_log():
    rig = GuestRig(
        Scenario(host=Host(vga="igd"), hypervisor=Hypervisor(profile="10.0", gms=0x41), guest=Guest(ram=128 << 20))
    )
    assert "QEMU 10.0: error: Parameter 'x-igd-gms' expects 0~0x10" in rig.built.log
    rig.close()


OCCUPIED = Function(slot="1f.0", class_code=0x060100)


def test_a_device_at_1f_ends_qemu_in_legacy_mode():
    """In auto it dies of its own error path; asked for, legacy mode is refused; switched off, all is well."""
    at_1f = replace(GOOD, at_1f="other")
    words = "Cannot create LPC bridge due to existing device at 1f.0"
    assert (given("10.0", at_1f).error, given("10.0", at_1f).aborted[:18]) == (words, "segmentation fault")
    assert (given("10.2", at_1f, legacy="on").error, given("10.2", at_1f, legacy="on").aborted) == (words, "")
    assert (given("10.2", at_1f, legacy="off").error, given("10.2", at_1f, legacy="off").aborted) == ("", "")


def test_a_scenario_with_a_function_there_says_so():
    assert Scenario(function=(OCCUPIED,)).device.lpc_slot == "other"
    assert Scenario(function=(Function(slot="00:1F.0"),)).device.lpc_slot == "other"
    assert Scenario(function=(Function(slot="1f.0", behind="00:1c.0"),)).device.lpc_slot == "free"
    assert Scenario(function=(Function(slot="1e.0"),)).device.lpc_slot == "free"
    assert Scenario(guest=Guest(machine="q35")).device.lpc_slot == "other"
