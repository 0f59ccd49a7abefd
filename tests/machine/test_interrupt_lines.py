"""Firmware routes each function's pin: measured with QEMU 7.2 and SeaBIOS 1.16.2, a device with INTA in each slot."""

import pytest

LINES = {
    "pc": {"03": 11, "04": 11, "05": 10, "06": 10, "1a": 10, "1d": 10},
    "q35": {"03": 11, "04": 10, "05": 10, "06": 11, "1a": 10, "1d": 10},
}


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_each_slots_line(rig, machine):
    rows = "".join(f'[[function]]\nslot = "{slot}.0"\nbars = ["io 32"]\n' for slot in LINES[machine])
    made = rig("cb", f'[guest]\nmachine = "{machine}"\n{rows}')
    pci, root = made.machine.pci, made.machine.root
    found = {slot: pci.read(root, int(slot, 16) << 3, 0x3C, 2) for slot in LINES[machine]}
    assert found == {slot: 0x0100 | line for slot, line in LINES[machine].items()}


def test_a_bridge_turns_the_pin_by_the_device_behind_it(rig):
    """SeaBIOS src/fw/pciinit.c, piix_pci_slot_get_irq: 3 + 4 - 1 turns INTA behind 00:04.0 into INTC."""
    toml = (
        '[[function]]\nslot = "04.0"\nclass = 0x060400\n[[function]]\nslot = "03.0"\nbehind = "00:04.0"\n'
        'bars = ["io 32"]\n'
    )
    made = rig("cb", toml)
    (behind,) = [each for each in made.machine.functions if each.spec.parent is not None]
    assert made.machine.pci.read(made.machine.root, behind.devfn, 0x3C, 1) == 11
