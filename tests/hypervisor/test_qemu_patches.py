"""EVE's patches to QEMU as options: the file with the host's base, and the base of the GTT's memory."""

import pytest
from guest_rig import GuestRig

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import Choice, Device
from fwsim.scenario.load import loads
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

TIGER = Device(0x9A49, 12, 0x02C1, 0x6D800000, 64 << 20, 0x6A018018, machine="q35")
HOST = Host(cpu="tigerlake", device_id=0x9A49, ggc=0x02C1, bdsm=0x6D800000, vga="igd")
FILE = "etc/igd-stolen-base"


def rig(firmware="none", ram=2 << 30, **choice):
    return GuestRig(
        Scenario(host=HOST, hypervisor=Hypervisor(profile="10.2", **choice), guest=Guest(ram=ram, machine="q35"),
                 firmware=Firmware(kind=firmware))
    )  # fmt: skip


def gsm(made):
    """(BGSM, GSMBASE) as the guest reads them."""
    config = made.config(0xF0) | made.config(0xF4) << 32
    return config, made.bar0(0x108100) | made.bar0(0x108104) << 32


def test_the_file_has_the_hosts_base_in_eight_bytes():
    given = kinds.hypervisor(Choice("qemu", "10.2", stolen_base="host")).assign(TIGER)
    assert given.files[FILE] == bytes.fromhex("0000806d00000000")
    assert FILE not in kinds.hypervisor(Choice("qemu", "10.2")).assign(TIGER).files


def test_no_file_where_bdsm_is_the_devices():
    """9.2 on q35 has no legacy mode, and leaves BDSM alone."""
    assert FILE not in kinds.hypervisor(Choice("qemu", "9.2", stolen_base="host")).assign(TIGER).files


def test_the_driver_that_reads_it_places_there_and_another_does_not():
    there, elsewhere = rig("host-base", stolen_base="host"), rig("ovmf", stolen_base="host")
    assert (there.config(0xC0), there.built.placed.bdsm) == (0x6D800000, 0x6D800000)
    assert elsewhere.config(0xC0) not in (0, 0x6D800000)
    for made in (there, elsewhere):
        made.close()


def test_no_ram_there_is_placed_elsewhere():
    made = rig("host-base", ram=1 << 30, stolen_base="host")
    assert made.config(0xC0) not in (0, 0x6D800000)
    assert any("NOT at the host base" in line for line in made.built.log)
    made.close()


def test_bgsm_and_gsmbase_follow_bdsm():
    """GGC 02C1h: bits 7:6 = 3, 8 MiB for the GTT, right below the 64 MiB of data."""
    made = rig(gsm="guest")
    assert gsm(made) == (0, 0)
    made.set_config(0xC0, 0x7A700000)
    assert gsm(made) == (0x79F00000, 0x79F00000)
    made.set_config(0xC4, 1)
    assert gsm(made) == (0x179F00000, 0x179F00000)
    made.set_config(0xF0, 0x12345678)
    assert gsm(made)[0] == 0x179F00000
    made.close()


def test_without_it_bgsm_is_the_devices():
    made = rig()
    made.set_config(0xC0, 0x7A700000)
    assert gsm(made)[0] != 0x79F00000
    made.close()


@pytest.mark.parametrize("line", ['stolen_base = "guest"', 'gsm = "host"', "gsm = 1"])
def test_nonsense_names_the_field(line):
    with pytest.raises(FwsimError) as caught:
        loads(f"[hypervisor]\n{line}\n")
    assert line.split()[0] in str(caught.value.where)
