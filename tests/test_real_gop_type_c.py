"""GOP drivers of Tiger Lake, Alder Lake-P and Meteor Lake start, and show what they are given. Needs $FWSIM_ROMS.

The expectations are those of an independent prototype: which display each driver lights with which mainboard's VBT, and
what comes of it when one behaviour of the device is taken away.
"""

import pytest
from gop_rig import ROMS, started

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run as execute
from fwsim.scenario.load import loads

HOSTS = {
    "tgl": 'cpu = "tigerlake", device_id = 0x9a49, lpc_id = 0xa082',
    "adl": 'cpu = "alderlake-p", device_id = 0x46a6, lpc_id = 0x5182',
    "mtl": 'cpu = "meteorlake", device_id = 0x7d55, lpc_id = 0x7e02',
}
DRIVERS = {"tgl": "tgl", "ns5x": "dasharo_ns5x_tgl", "adl": "dasharo_ns5x_adl", "mtl": "dasharo_v5x0tu"}
LINDAR, DROBIT, ELEMI = (f"google_volteer_variants_{name}_data" for name in ("lindar", "drobit", "elemi"))
JOXER, ANRAGGAR = (f"google_brya_variants_{name}_data" for name in ("joxer", "anraggar"))
DARP8, STARBOOK = "system76_adl_variants_darp8_data", "starlabs_starbook_variants_mtl_data"
NOVACUSTOM, DARP10 = "novacustom_mtl_h_variants_igpu_data", "system76_mtl_variants_darp10_data"
CLEVO = "clevo_tgl_u_variants_l140mu_data"
VBTS = {"tgl": LINDAR, "ns5x": LINDAR, "adl": JOXER, "mtl": NOVACUSTOM}


def start(driver, port, vbt=None, without=(), host="", seconds=20):
    """Start it on its host, with files that must be there."""
    name, table = DRIVERS[driver], VBTS[driver] if vbt is None else vbt
    for path in (ROMS / "gop" / f"{name}.efi", *([ROMS / "board" / f"{table}.vbt"] if table else [])):
        if not path.is_file():
            pytest.skip(f"no {path.name} under $FWSIM_ROMS")
    chosen = host or HOSTS["tgl" if driver == "ns5x" else driver]
    return started(name, chosen, table, port, frozenset(without), seconds)


@pytest.mark.parametrize(
    ("driver", "vbt", "port"),
    [
        ("tgl", LINDAR, "edp"), ("tgl", LINDAR, "dp-b"), ("tgl", DROBIT, "hdmi-b"), ("tgl", ELEMI, "hdmi-b"),
        ("tgl", ELEMI, "dp-tc1"), ("tgl", DROBIT, "dp-tc2"), ("tgl", LINDAR, "dp-tc3"), ("tgl", LINDAR, "dp-tc4"),
        ("tgl", LINDAR, "hdmi-b"), ("tgl", DROBIT, "edp"), ("tgl", ELEMI, "edp"), ("tgl", LINDAR, "dp-tc1"),
        ("ns5x", LINDAR, "edp"), ("ns5x", DROBIT, "edp"), ("ns5x", CLEVO, "edp"), ("ns5x", CLEVO, "hdmi-b"),
        ("ns5x", CLEVO, "dp-tc1"), ("mtl", DARP10, "edp"), ("mtl", STARBOOK, "dp-tc1"), ("adl", ANRAGGAR, "edp"),
        ("adl", ANRAGGAR, "dp-tc1"), ("adl", JOXER, "dp-tc2"), ("adl", JOXER, "edp"),
        ("adl", JOXER, "dp-tc1"), ("adl", ANRAGGAR, "dp-tc2"),
        ("adl", DARP8, "hdmi-b"), ("adl", DARP8, "dp-tc3"), ("adl", DARP8, "dp-tc4"), ("mtl", JOXER, "edp"),
        ("mtl", NOVACUSTOM, "edp"), ("mtl", NOVACUSTOM, "dp-tc1"), ("mtl", STARBOOK, "hdmi-b"),
    ],
)  # fmt: skip
def test_a_driver_lights_a_display_of_its_vbt(driver, vbt, port):
    result = start(driver, port, vbt)
    assert (result.status, result.lit) == ("SUCCESS", True)
    entries = sorted(result.entries.items())
    assert [value for _, value in entries[:2]] == ([0x800003, 0x801003] if driver == "mtl" else
                                                   [entries[0][1], entries[0][1] + 0x1000])  # fmt: skip
    first = entries[0][0]
    assert first >= 0xFF800 if driver == "mtl" else first == 0


@pytest.mark.parametrize("driver", ["tgl", "adl", "mtl"])
@pytest.mark.parametrize("behaviour", ["ICL PLL", "DBUF_CTL"])
def test_without_core_clock_or_buffer_there_is_a_device_error(driver, behaviour):
    result = start(driver, "edp", without=[behaviour])
    assert (result.status, result.modes) == ("DEVICE_ERROR", [])


@pytest.mark.parametrize(
    ("driver", "port", "behaviour"),
    [
        ("tgl", "edp", "FUSE_STATUS"), ("tgl", "edp", "PWR_WELL"), ("adl", "edp", "PCODE"), ("tgl", "dp-tc1", "DSSM"),
        ("adl", "dp-tc1", "DSSM"), ("mtl", "edp", "PMDEMAND"),
    ],
)  # fmt: skip
def test_what_a_device_error_comes_of(driver, port, behaviour):
    result = start(driver, port, without=[behaviour])
    assert (result.status, result.modes) == ("DEVICE_ERROR", [])


@pytest.mark.parametrize(
    ("driver", "port", "behaviours"),
    [
        ("tgl", "edp", ["SDEISR"]), ("adl", "edp", ["SDEISR"]), ("tgl", "dp-tc1", ["DE_HPD_ISR", "DFLEXDPSP"]),
        ("tgl", "dp-tc1", ["DFLEXDPSP"]), ("tgl", "dp-tc1", ["DFLEXDPPMS"]), ("tgl", "dp-tc1", ["DKL UC"]),
        ("adl", "dp-tc1", ["DFLEXDPSP"]),
        ("adl", "dp-tc1", ["TCSS_DDI_STATUS"]), ("adl", "dp-tc1", ["DKL UC"]), ("mtl", "edp", ["GU_CNTL"]),
    ],
)  # fmt: skip
def test_success_may_mean_that_nothing_is_shown(driver, port, behaviours):
    result = start(driver, port, without=behaviours)
    assert (result.status, result.modes) == ("SUCCESS", [])


@pytest.mark.parametrize("behaviour", ["PORT_BUF_CTL1", "PORT_BUF_CTL2", "PORT_CLOCK_CTL", "MSGBUS"])
def test_a_phy_that_does_not_answer_leaves_the_screen_dark(behaviour):
    result = start("mtl", "edp", without=[behaviour], seconds=60)
    assert (result.status, result.lit) == ("SUCCESS", False)
    assert {source for _, source, _ in result.modes} == {"off"}


@pytest.mark.parametrize("behaviour", ["TCSS_DDI_STATUS", "PICA_ISR"])
def test_meteor_lake_waits_for_its_type_c_port(behaviour):
    result = start("mtl", "dp-tc1", without=[behaviour], seconds=5)
    assert (result.status, result.ending) == ("", "budget")


@pytest.mark.parametrize(
    ("driver", "port", "behaviour", "least"),
    [
        ("adl", "edp", "FUSE_STATUS", 5000), ("adl", "edp", "PWR_WELL", 5000), ("mtl", "edp", "FUSE_STATUS", 5000),
        ("mtl", "edp", "PWR_WELL", 5000), ("adl", "dp-tc1", "DFLEXDPPMS", 0), ("tgl", "dp-tc1", "DE_HPD_ISR", 0),
    ],
)  # fmt: skip
def test_what_only_costs_time_if_that(driver, port, behaviour, least):
    with_it, without = start(driver, port), start(driver, port, without=[behaviour])
    assert without.lit
    assert without.accesses >= with_it.accesses + least


@pytest.mark.parametrize("driver", ["tgl", "adl", "mtl"])
def test_no_vbt_and_no_pch(driver):
    assert start(driver, "edp", vbt="").status == "NOT_FOUND"
    stranger = HOSTS[driver].rpartition("=")[0] + "= 0x2918"
    assert start(driver, "edp", host=stranger).status == "DEVICE_ERROR"


def test_without_ggc_meteor_lake_has_no_entry():
    result = start("mtl", "edp", without=["stolen mirrors"])
    assert (result.status, result.entries) == ("SUCCESS", {})
    assert all(unreadable for _, _, unreadable in result.modes)


@pytest.mark.parametrize("driver", ["tgl", "adl", "mtl"])
def test_a_run_shows_whole_test_cards(driver, tmp_path):
    rom, vbt = ROMS / "gop" / f"{DRIVERS[driver]}.efi", ROMS / "board" / f"{VBTS[driver]}.vbt"
    if not rom.is_file() or not vbt.is_file():
        pytest.skip("no driver and VBT under $FWSIM_ROMS")
    scenario = loads(
        f'host = {{ vbt = "{vbt}", {HOSTS[driver]} }}\ndisplay = [{{ port = "edp" }}]\nrom = {{ file = "{rom}" }}\n'
        '[hypervisor]\nprofile = "10.2"\nlpc = "on"\n[firmware]\nkind = "ovmf"\n'
    )
    with RunDir.create(tmp_path / "run") as folder:
        summary = execute(scenario, folder)
    assert summary.stop.reason == "completed"
    assert len(summary.display) == len(summary.efi.gop.modes) >= 3
    assert all(not screen.unreadable_pages and not screen.flat for screen in summary.display)
    assert all(each.ok for each in summary.checks)
    targets = summary.gtt.targets
    assert (targets.host_stolen, targets.guest_ram, targets.unmapped) == (0, 0, 0)
    assert targets.guest_stolen
