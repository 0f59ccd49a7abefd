"""A driver in a run: its finding in the summary, its check, its events behind all others; without one nothing of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from relocation import ran

from fwsim.results.summary import decode, encode
from fwsim.scenario.load import loads
from fwsim.trace.event import Actor
from fwsim.trace.store import open_events

ROM = Path(__file__).parents[2] / "roms" / "igd-vbios-pair.rom"


def scenario(*lines):
    return loads(f'[rom]\nfile = "{ROM}"\n[hypervisor]\npair = "config"\n[guest]\n' + "\n".join(lines))


def checks(summary):
    return {each.id: each for each in summary.checks}


def test_a_driver_that_is_right(tmp_path):
    summary, _ = ran(scenario('driver = "i915-3.14"', 'isa_bridge = "two"'), tmp_path)
    assert (summary.driver.name, summary.driver.pch, summary.driver.host) == ("i915-3.14", "CPT", "CPT")
    assert summary.driver.how == "8086:1c4f at 00:1f.0"
    assert checks(summary)["driver-pch"].ok
    assert summary.failed == []


def test_a_driver_that_is_not(tmp_path):
    summary, _ = ran(scenario('driver = "windows"', 'isa_bridge = "one"'), tmp_path)
    assert [each.id for each in summary.failed] == ["driver-pch"]
    detail = checks(summary)["driver-pch"].detail
    assert detail == "assumed: windows: none (nothing is at 00:1f.0); on the host CPT"


def test_its_events_come_last_and_change_no_other(tmp_path):
    plain, out = ran(scenario(), tmp_path / "plain")
    asked, other = ran(scenario('driver = "pair"'), tmp_path / "asked")
    before, after = (np.array(open_events(each.events_path)) for each in (out, other))
    assert np.array_equal(before, after[: len(before)])
    assert (asked.driver.how, asked.driver.pch) == ("told by the register pair: 8086:1c4f", "CPT")
    assert set(after[len(before) :]["actor"]) == {Actor.DRIVER}
    assert "driver-pch" not in checks(plain)
    assert "driver" not in json.loads(encode(plain))
    assert decode(encode(asked)).driver == asked.driver


def test_on_the_host_itself_it_is_always_right(tmp_path):
    made = loads(f'[rom]\nfile = "{ROM}"\n[hypervisor]\nkind = "none"\n[guest]\ndriver = "i915-6.12"')
    summary, _ = ran(made, tmp_path)
    assert checks(summary)["driver-pch"].ok
    assert summary.driver.how == "8086:1c4f at 00:1f.0"  # no guess: CPUID names no hypervisor, the bridge is known


@pytest.mark.parametrize(("field", "value"), [("driver", "i915-6.13"), ("isa_bridge", "three")])
def test_nonsense_is_refused(field, value):
    from fwsim.errors import FwsimError

    with pytest.raises(FwsimError) as caught:
        scenario(f'{field} = "{value}"')
    assert f"guest.{field}" in caught.value.where
    assert caught.value.hint
