"""An Arm guest by its own xl.cfg: what its lines assign, and what they have to be told of."""

from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.machine.build_arm import build_arm
from fwsim.scenario.load import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "arm-vpci.toml"


def built(*changes):
    return build_arm(load(EXAMPLE, list(changes)))


def test_a_domains_own_file_assigns(tmp_path):
    file = tmp_path / "guest.cfg"
    file.write_text("name = 'arm0'\npci = [ '08:00.0,backend=vpci', # a card\n '0b:00.0' ]\n")
    found = built("hypervisor.options={}", f"hypervisor.xl_cfg={file}")
    given = built('hypervisor.options={pci=["08:00.0", "0b:00.0"]}')
    names = [each.device.name for each in found.topology.shown if each.device]
    assert names == [each.device.name for each in given.topology.shown if each.device]
    assert any("08:00.0" in name for name in names)
    assert found.xen == [f"info: not used of {file}: name"]
    assert given.xen == []


def test_an_error_in_it_is_shown_where_it_is(tmp_path):
    file = tmp_path / "guest.cfg"
    file.write_text("name = 'arm0'\npci = [ '08:00.0,backend=vpci',\n '0b:00.0,backend=xenpt' ]\n")
    with pytest.raises(FwsimError, match="no backend on Arm: xenpt") as caught:
        built("hypervisor.options={}", f"hypervisor.xl_cfg={file}")
    assert caught.value.where == f"{EXAMPLE}: {file}: line 3, column 19"
    assert caught.value.found == " '0b:00.0,backend=xenpt' ]\n" + " " * (9 + 18) + "^" * 5


def test_what_is_redundant_is_told():
    (note,) = built("hypervisor.options.vpci=pci_ecam").xen
    assert "redundant" in note
