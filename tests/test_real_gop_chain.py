"""A real assignment driver before a real GOP driver places what fwsim's own rules place, and the picture is whole."""

import pytest
from gop_rig import ROMS
from msgspec.structs import replace

from fwsim.rom.chain import load
from fwsim.running.pipeline import assemble, begin
from fwsim.scenario.model import Display, Firmware, Guest, Host, Hypervisor, Rom, Scenario

ASSIGNMENT = ROMS / "efi" / "vbios_gvt_uefi.rom"
PAIRS = {
    "ivb": ("ivybridge", 0x0166, 0x1E55, "google_slippy_data.vbt"),
    "hsw": ("haswell", 0x0A16, 0x9C43, "google_slippy_data.vbt"),
    "bdw": ("broadwell", 0x1616, 0x9CC3, "google_auron_variants_samus_data.vbt"),
    "kbl": ("kabylake", 0x5917, 0x9D4E, "google_eve_data.vbt"),
    "cml": ("cometlake", 0x9B41, 0x0284, "google_hatch_variants_kohaku_data.vbt"),
    "apl": ("apollolake", 0x5A84, 0x5AE8, "google_reef_variants_reef_data.vbt"),
    "glk": ("geminilake", 0x3185, 0x31E8, "google_octopus_variants_meep_data.vbt"),
}


def summary_of(scenario):
    one = begin(assemble(scenario, load(scenario.rom.file)))
    try:
        one.post()
        one.calls()
        one.pictures()
        return one.summary()
    finally:
        one.close()


@pytest.mark.parametrize("name", PAIRS)
def test_both_ways_of_placing_give_the_same_run(name):
    cpu, device, lpc, vbt = PAIRS[name]
    files = (ASSIGNMENT, ROMS / "gop" / f"{name}.efi", ROMS / "board" / vbt)
    if not all(each.is_file() for each in files):
        pytest.skip("not under $FWSIM_ROMS")
    ours = Scenario(
        host=Host(cpu=cpu, device_id=device, lpc_id=lpc, vbt=str(files[2])), display=(Display(port="edp"),),
        hypervisor=Hypervisor(profile="10.2", lpc="on"), guest=Guest(), firmware=Firmware(kind="ovmf"),
        rom=Rom(file=str(files[1])),
    )  # fmt: skip
    chain = replace(ours, firmware=Firmware(kind="ovmf", drivers=(str(ASSIGNMENT),)))
    own, real = summary_of(ours), summary_of(chain)
    assert [each.start for each in real.efi.drivers] == ["", "SUCCESS"]
    assert (real.firmware.bdsm, real.firmware.asls) == (own.firmware.bdsm, own.firmware.asls)
    for each in (own, real):
        assert not each.failed
        assert each.gtt.first.value == each.firmware.bdsm | 1
        assert each.display
        assert all(screen.drawn and not screen.unreadable_pages for screen in each.display)
