"""Other emulators in a scenario: what no owner can be; and how notes on configuration space read."""

import pytest

from fwsim.errors import FwsimError
from fwsim.scenario.check import check
from fwsim.scenario.load import loads
from fwsim.trace.event import Flag
from fwsim.trace.owners import matters, owner_text

XEN = '[hypervisor]\nkind = "xen"\n[hypervisor.options]\nconfig_space = "told"\n[guest]\nmachine = "q35"\n'
ROW = '[[function]]\nslot = "05.0"\nowner = "{}"\n'


@pytest.mark.parametrize("owner", ["", "demu", "a-b_9"])
def test_a_word_is_an_owner(owner):
    check(loads(XEN + ROW.format(owner)))


@pytest.mark.parametrize("owner", ["two words", "qemu", "Xen", "vpci", "nobody", "x" * 17, "d\u00e9mu"])
def test_what_is_no_owner(owner):
    with pytest.raises(FwsimError, match="no name for an emulator") as error:
        check(loads(XEN + ROW.format(owner)))
    assert error.value.where == "scenario: function.0.owner"
    assert error.value.found == f'"{owner}"'


@pytest.mark.parametrize("head", ["", '[hypervisor]\nkind = "xen"\n', '[hypervisor]\nkind = "none"\n'])
def test_an_owner_where_nobody_routes(head):
    with pytest.raises(FwsimError, match="nobody routes") as error:
        check(loads(head + ROW.format("demu")))
    assert error.value.where == "scenario: function.0.owner"
    assert "config_space" in error.value.hint


def test_a_machine_without_pciexbar():
    with pytest.raises(FwsimError, match="no PCIEXBAR") as error:
        check(loads(XEN.replace('"q35"', '"pc"')))
    assert (error.value.where, error.value.expected[:5]) == ("scenario: guest.machine", '"q35"')


@pytest.mark.parametrize(
    ("width", "value", "aux", "flags", "text", "story"),
    [
        (4, 3, 1, Flag.INDEXED, "-> emulator 1, request by CF8/CFC", False),
        (1, 2, 2, 0, "-> the device model, MMIO by ECAM", False),
        (4, 4, 1, 0, "-> emulator 2, request by ECAM", False),
        (2, 1, 1, 0, "-> the hypervisor, request by ECAM", False),
        (4, 2, 2, Flag.UNHANDLED, "-> the device model, MMIO by ECAM: lost", True),
        (4, 0, 0, Flag.FAULTED | Flag.UNHANDLED, "-> nobody, by ECAM where the window was: lost", True),
        (8, 0xE0000001, 64 << 20, 0, "window at 0xe0000000, 64 buses", True),
        (8, 0xE0000001, 64 << 20, Flag.UNHANDLED, "window at 0xe0000000, 64 buses, the hypervisor is not told", True),
        (8, 0xE0000000, 64 << 20, 0, "window off, it was at 0xe0000000, 64 buses", True),
        (8, 0xB0000001, 64 << 20, Flag.REWRITTEN,
         "PCIEXBAR is locked and stays: not on at 0xb0000000, 64 buses", True),
    ],
)  # fmt: skip
def test_a_note_in_words(width, value, aux, flags, text, story):
    """Lost accesses and moves of the window are the story; who had the others is said from verbosity 1 on."""
    assert owner_text(width, value, aux, int(flags)) == text
    assert matters(width, int(flags)) == story
