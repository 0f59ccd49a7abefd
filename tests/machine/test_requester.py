"""A fault names the id under which the IGD's DMA arrives."""

import pytest
from guest_rig import GuestRig

from fwsim.machine import callbacks
from fwsim.scenario.load import loads

NOWHERE = 0xDB000000  # neither RAM nor a BAR of a guest of 2 GiB
PORT = '[[host_function]]\nslot = "00:1c.0"\ntype = "root-port"\nclass = 0x060400\ndriver = "pcieport"\n'
BRIDGE = '[[host_function]]\nslot = "03:00.0"\ntype = "{}"\nbehind = "00:1c.0"\nclass = 0x060400\n'
IGD = '[[host_function]]\nslot = "04:03.0"\nbehind = "03:00.0"\ndriver = "vfio-pci"\n'


@pytest.mark.parametrize(
    ("rows", "slot", "seen"),
    [
        ("", "00:02.0", "[00:02.0]"),
        ("", "00:03.0", "[00:03.0]"),
        (PORT + BRIDGE.format("pcie-to-pci") + IGD, "04:03.0", "[04:00.0]"),
        (PORT + BRIDGE.format("pci") + IGD, "04:03.0", "[03:00.0]"),
        (PORT + BRIDGE.format("upstream") + IGD, "04:03.0", "[04:03.0]"),
    ],
)  # fmt: skip
def test_faults_name_the_id_that_arrives(rows, slot, seen):
    guest = GuestRig(loads(f'[host]\nvga = "igd"\nslot = "{slot}"\n' + rows))
    guest.set_gtt(0, NOWHERE | 1)
    callbacks.aperture_read(0, 0x10, 4, guest.root)
    unit = guest.built.guard.vtd
    unit.finish()
    assert seen in unit.lines[-1]
    guest.close()
