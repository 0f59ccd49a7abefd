"""How a guest is shown the host's PCH: each choice, read through the guest's own configuration accesses."""

import pytest
from guest_rig import GuestRig

from fwsim.board.host import host_board
from fwsim.board.pc import guest_board
from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE, Copied
from fwsim.scenario.check import check
from fwsim.scenario.model import Guest, Host, Hypervisor, Scenario

PIIX3 = 0x08
NOTHING = (0xFFFFFFFF,) * 3
PLAIN_PIIX3 = (0x70008086, 0x06010000, 0x11001AF4)
PLAIN_ICH9 = (0x29188086, 0x06010002, 0x11001AF4)
PCH = (0x1C4F8086, 0x06010004, 0x220317AA)


@pytest.fixture
def guest():
    made = []

    def make(machine, choice, kind="xen", profile=""):
        made.append(
            GuestRig(
                Scenario(
                    host=Host(vga="igd", lpc_id=0x1C4F, bridge_subsystem=0x220317AA),
                    hypervisor=Hypervisor(kind=kind, profile=profile), guest=Guest(machine=machine, isa_bridge=choice),
                )
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def read(rig, bdf):
    """(ids, class and revision, subsystem)."""
    return tuple(rig.config(offset, 4, bdf) for offset in (0x00, 0x08, 0x2C))


@pytest.mark.parametrize(
    ("machine", "choice", "at_01", "at_1f"),
    [
        ("pc", "one", PLAIN_PIIX3, NOTHING),
        ("pc", "two", PLAIN_PIIX3, PCH),
        ("pc", "stub-1f.0", PLAIN_PIIX3, (0x1C4F8086, 0x00000004, 0x220317AA)),
        ("pc", "subsystem-id", (0x70008086, 0x06010000, 0x1C4F5853), NOTHING),
        ("q35", "one", NOTHING, PLAIN_ICH9),
        ("q35", "subsystem-id", NOTHING, (0x29188086, 0x06010002, 0x1C4F5853)),
        ("q35", "real-chipset", NOTHING, PCH),
    ],
)
@pytest.mark.parametrize(("kind", "profile"), [("xen", ""), ("qemu", "9.1"), ("qemu", "10.0"), ("vpci", "")])
def test_the_choice_stands_in_place_of_what_the_hypervisor_does(guest, machine, choice, at_01, at_1f, kind, profile):
    """Whatever the kind puts at 00:1f.0, or copies there, by itself."""
    rig = guest(machine, choice, kind, profile)
    assert (read(rig, PIIX3), read(rig, LPC_BRIDGE)) == (at_01, at_1f)


def test_a_real_chipset_has_its_host_bridge_too(guest):
    assert read(guest("q35", "real-chipset"), HOST_BRIDGE) == (0x01048086, 0x06000009, 0x220317AA)
    assert read(guest("q35", "one", "ranged"), HOST_BRIDGE)[0] == 0x29C08086


def test_left_out_it_is_as_the_hypervisor_does_it(guest):
    """QEMU's legacy mode dresses up 00:1f.0, Xen has no bridge for a Sandy Bridge."""
    assert read(guest("pc", "auto", "qemu", "10.0"), LPC_BRIDGE) == PCH
    assert read(guest("pc", "auto"), LPC_BRIDGE) == NOTHING


def test_what_a_kind_copies_into_the_bridge_is_left_out():
    """A kind may copy the host's ids onto a q35's ICH9; a choice of the user's own stands in its place."""
    host = host_board(Host(vga="igd", lpc_id=0x1C4F), None).functions
    copies = {LPC_BRIDGE: (Copied(0x00, 4),)}
    boards = {
        choice: guest_board("q35", None, copies=copies, host=host, isa_bridge=choice) for choice in ("auto", "one")
    }
    assert {choice: board.at(LPC_BRIDGE).device for choice, board in boards.items()} == {"auto": 0x1C4F, "one": 0x2918}


def test_the_bridge_keeps_its_registers(guest):
    """Another chipset's ids do not take away what the machine needs: the ACPI base is QEMU's."""
    assert guest("q35", "real-chipset").config(0x40, 4, LPC_BRIDGE) == 0x601
    assert guest("pc", "two").config(0x40, 4, LPC_BRIDGE) == 0


@pytest.mark.parametrize(
    ("machine", "choice", "why"),
    [("q35", "two", "ICH9"), ("q35", "stub-1f.0", "ICH9"), ("pc", "real-chipset", "PIIX3")],
)
def test_what_cannot_be_is_refused(machine, choice, why):
    with pytest.raises(FwsimError) as caught:
        check(Scenario(guest=Guest(machine=machine, isa_bridge=choice)), "x.toml")
    error = caught.value
    assert (error.where, error.found) == ("x.toml: guest.isa_bridge", f'"{choice}"')
    assert why in error.expected
    assert error.hint
