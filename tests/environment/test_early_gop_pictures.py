"""Each real GOP driver of generations 6 to 8 starts, and shows the test card whole in every mode, on every display.

Needs the files under $FWSIM_ROMS. The displays are those that an independent prototype reached with the same VBTs.
"""

import pytest
from early_gop import (
    BAY_TRAIL,
    BDW,
    BYT,
    HSW,
    IVB,
    MOBILE,
    MONROE,
    SAMUS,
    SLIPPY,
    SNB,
    TIDUS,
    done,
    run_of,
    start,
    whole,
)

DISPLAYS = {
    "snb lvds": (SNB, MOBILE, ["lvds"]),
    "snb crt": (SNB, MOBILE, ["crt"]),
    "ivb lvds": (IVB, MOBILE, ["lvds"]),
    "ivb crt": (IVB, MOBILE, ["crt"]),
    "ivb edp": (IVB, SLIPPY, ["edp"]),
    "hsw edp": (HSW, SLIPPY, ["edp"]),
    "hsw edp of two lanes": (HSW, MONROE, ["edp"]),
    "hsw hdmi-b": (HSW, SLIPPY, ["hdmi-b"]),
    "hsw hdmi-b or dp": (HSW, MONROE, ["hdmi-b"]),
    "hsw hdmi-c": (HSW, MONROE, ["hdmi-c"]),
    "hsw hdmi-d": (HSW, MONROE, ["hdmi-d"]),
    "hsw dp-b": (HSW, MONROE, ["dp-b"]),
    "hsw dp-d": (HSW, MONROE, ["dp-d"]),
    "bdw edp": (BDW, SAMUS, ["edp"]),
    "bdw dp-b": (BDW, SAMUS, ["dp-b"]),
    "bdw dp-c": (BDW, SAMUS, ["dp-c"]),
    "bdw hdmi-b": (BDW, TIDUS, ["hdmi-b"]),
    "bdw hdmi-c": (BDW, TIDUS, ["hdmi-c"]),
    "bdw panel and dp-b": (BDW, SAMUS, ["edp", "dp-b"]),
    "hsw panel and hdmi-b": (HSW, SLIPPY, ["edp", "hdmi-b"]),
    "snb panel and crt": (SNB, MOBILE, ["lvds", "crt"]),
    "byt edp": (BYT, BAY_TRAIL, ["edp"]),
    "byt hdmi-b": (BYT, BAY_TRAIL, ["hdmi-b"]),
}
ENTRY = {"sandybridge": 4, "ivybridge": 4, "haswell": 4, "broadwell": 8, "baytrail": 4}
"""Bytes of a GTT entry."""


@pytest.mark.parametrize("name", DISPLAYS)
def test_the_test_card_is_whole_in_every_mode(name, tmp_path):
    kind, table, ports = DISPLAYS[name]
    run = run_of(kind, table, ports, tmp_path)
    summary = done(run)
    assert start(summary) == "SUCCESS"
    assert whole(summary, tmp_path)
    assert all(check.ok for check in summary.checks), [check.detail for check in summary.checks if not check.ok]
    run.close()


@pytest.mark.parametrize("name", ["snb crt", "ivb edp", "hsw hdmi-b", "bdw edp"])
def test_entry_n_is_page_n_of_stolen_memory(name, tmp_path):
    kind, table, ports = DISPLAYS[name]
    run = run_of(kind, table, ports, tmp_path)
    summary = done(run)
    igd = run.built.machine.igd
    count = summary.gtt.writes * 4 // ENTRY[kind.cpu]
    assert count == 8192  # 32 MiB
    assert igd.entries()[:count].tolist() == [summary.firmware.bdsm + 4096 * n | 1 for n in range(count)]
    assert not igd.entries()[count:].any()
    run.close()
