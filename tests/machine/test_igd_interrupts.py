"""The IGD's pin by generation: what Linux's i915_irq.c and intel_display_irq.c rely on, asked of the machine."""

import pytest
from guest_rig import GuestRig

from fwsim.devices.igd.access import FRAME_NS
from fwsim.native import R_IRQ_TIME, R_LOOK_TIME, R_TIME

PIPE_ON = 1 << 31
PIPECONF_A, PIPESTAT_A = 0x70008, 0x70024
VLV = 0x180000
STATUS, COMMAND, PENDING = 0x06, 0x04, 1 << 3


class Irq:
    """A guest of ``kind`` on a host of ``cpu``, its pipe A on; offsets of one block's registers by their names."""

    def __init__(self, cpu, block, bit, masters=(), base=0, kind="none", machine="pc"):
        self.rig = GuestRig.of(kind, cpu=cpu, machine=machine)
        self.controllers = self.rig.machine.interrupts
        self.at, self.bit, self.base = block, bit, base
        for offset, value in masters:
            self.rig.set_bar0(offset, value)
        self.rig.set_bar0(base + PIPECONF_A, PIPE_ON)

    def write(self, name, value):
        self.rig.set_bar0(self.at[name], value)

    def read(self, name):
        return self.rig.bar0(self.at[name])

    def enable(self, extra=0):
        self.write("IMR", ~self.bit & 0xFFFFFFFF)
        self.write("IER", self.bit | extra)

    def blank(self):
        """The next vertical blank comes."""
        root = self.rig.machine.root
        root[R_TIME] = (int(root[R_TIME]) // FRAME_NS + 1) * FRAME_NS + 1
        self.controllers.due()

    @property
    def up(self):
        """Status bit 3 of the IGD."""
        return bool(self.rig.config(STATUS, 2) & PENDING)


def gen2(base=0):
    return {name: base + at for name, at in (("IER", 0x20A0), ("IIR", 0x20A4), ("IMR", 0x20A8), ("ISR", 0x20AC))}


def later(base):
    return {name: base + 4 * number for number, name in enumerate(("ISR", "IMR", "IIR", "IER"))}


@pytest.mark.parametrize(
    ("cpu", "bit"), [("ironlake", 1 << 7), ("sandybridge", 1 << 7), ("ivybridge", 1), ("haswell", 1)]
)
def test_generations_5_to_7_have_a_master_in_deier(cpu, bit):
    irq = Irq(cpu, later(0x44000), bit)
    irq.enable()
    irq.blank()
    assert not irq.up  # DEIER bit 31 is clear
    irq.enable(1 << 31)
    irq.blank()
    assert irq.up
    assert irq.read("IIR") & bit
    irq.write("IIR", bit)
    assert not irq.up
    irq.blank()
    assert irq.up


@pytest.mark.parametrize("cpu", ["broadwell", "skylake", "apollolake", "icelake", "tigerlake"])
def test_from_generation_8_on_44200h_is_the_master_and_names_the_pipe(cpu):
    irq = Irq(cpu, later(0x44400), 1)
    irq.enable()
    irq.blank()
    assert not irq.up
    irq.rig.set_bar0(0x44200, 1 << 31)
    irq.blank()
    assert irq.up
    assert irq.rig.bar0(0x44200) == 1 << 31 | 1 << 16
    irq.write("IIR", 1)
    assert not irq.up
    assert irq.rig.bar0(0x44200) == 1 << 31


@pytest.mark.parametrize(
    ("cpu", "base", "masters"),
    [("945", 0, ()), ("GM45", 0, ()), ("baytrail", VLV, ((VLV + 0x4400C, 0), (0x4400C, 1 << 31))),
     ("cherryview", VLV, ((0x44200, 1 << 31),))],
)  # fmt: skip
def test_a_pipe_event_is_what_pipestat_enables(cpu, base, masters):
    """IIR takes the edge of the live bit: clearing IIR alone brings nothing until PIPESTAT was cleared as well."""
    irq = Irq(cpu, gen2(base), 1 << 6, masters, base)
    irq.enable()
    irq.blank()
    assert not irq.up
    irq.rig.set_bar0(base + PIPESTAT_A, 1 << 18)  # start of vertical blank
    irq.blank()
    assert irq.up
    assert irq.read("ISR") & irq.bit
    irq.write("IIR", irq.bit)
    assert not irq.up
    irq.blank()
    assert not irq.up
    irq.rig.set_bar0(base + PIPESTAT_A, 1 << 18 | 1 << 2 | 1 << 1)
    assert not irq.read("ISR") & irq.bit
    irq.blank()
    assert irq.up


def test_a_masked_blank_is_not_taken_later():
    irq = Irq("sandybridge", later(0x44000), 1 << 7)
    irq.write("IMR", 0xFFFFFFFF)
    irq.write("IER", 1 << 31 | irq.bit)
    irq.blank()
    irq.write("IMR", 0)
    assert not irq.up


def test_nothing_is_looked_at_until_something_is_enabled():
    irq = Irq("sandybridge", later(0x44000), 1 << 7)
    root = irq.rig.machine.root
    assert root[R_LOOK_TIME] == 0
    irq.enable(1 << 31)
    assert root[R_LOOK_TIME] == (int(root[R_TIME]) // FRAME_NS + 1) * FRAME_NS
    assert root[R_IRQ_TIME] <= root[R_LOOK_TIME]
    irq.write("IER", 0)
    assert root[R_LOOK_TIME] == 0


def test_a_pipe_that_is_off_has_no_blank():
    irq = Irq("sandybridge", later(0x44000), 1 << 7)
    irq.enable(1 << 31)
    irq.rig.set_bar0(PIPECONF_A, 0)
    assert irq.rig.machine.root[R_LOOK_TIME] == 0


@pytest.mark.parametrize("kind", ["none", "qemu"])
def test_the_interrupt_disable_keeps_the_pin_down_and_shows_the_status(kind):
    """PCI Local Bus 3.0, 6.2.2 and 6.2.3: command bit 10, status bit 3."""
    irq = Irq("sandybridge", later(0x44000), 1 << 7, kind=kind)
    irq.rig.set_config(COMMAND, irq.rig.config(COMMAND, 2) | 0x400, 2)
    irq.enable(1 << 31)
    irq.blank()
    assert irq.up
    assert not irq.controllers.line.level
    assert "bit 10" in irq.controllers.stuck
    irq.rig.set_config(COMMAND, irq.rig.config(COMMAND, 2) & ~0x400, 2)
    assert irq.controllers.line.level


def test_a_level_moves_with_its_route_and_a_pirq_that_is_off_leads_nowhere():
    irq = Irq("sandybridge", later(0x44000), 1 << 7, kind="qemu")
    piix, pic = 0x08, irq.controllers.pic
    irq.rig.set_config(0x60, 0x0B0B0B0B, 4, piix)
    irq.enable(1 << 31)
    irq.blank()
    assert (pic.chips[1].irr, irq.controllers.ioapic.lines) == (1 << 3, 1 << 11)
    irq.rig.set_config(0x61, 0x05, 1, piix)  # slot 2's INTA is PIRQB
    assert (pic.chips[1].irr, pic.chips[0].irr & 1 << 5, irq.controllers.ioapic.lines) == (0, 1 << 5, 1 << 5)
    irq.rig.set_config(0x61, 0x80, 1, piix)
    assert (pic.chips[0].irr & 1 << 5, irq.controllers.ioapic.lines) == (0, 0)
    assert "PIRQ leads to no IRQ" in irq.controllers.stuck


def test_a_message_to_no_apic_is_lost():
    irq = Irq("sandybridge", later(0x44000), 1 << 7, kind="qemu")
    capability = 0x90
    irq.rig.set_config(capability + 4, 0x12345000)
    irq.rig.set_config(capability + 8, 0x41, 2)
    irq.rig.set_config(capability + 2, 1, 2)
    irq.enable(1 << 31)
    irq.blank()
    assert list(irq.controllers.lost) == ["the MSI address 0x12345000 is no local APIC's (FEE00000h)"]
    assert not irq.controllers.line.level


def test_a_snapshot_has_the_interrupts_in_it():
    irq = Irq("sandybridge", later(0x44000), 1 << 7, kind="qemu")
    irq.enable(1 << 31)
    irq.blank()
    machine = irq.rig.machine
    saved = machine.snapshot()
    counts = irq.controllers.snapshot()
    irq.write("IIR", irq.bit)
    irq.blank()
    irq.controllers.line.ended()
    assert irq.controllers.snapshot() != counts
    machine.restore(saved)
    assert irq.controllers.snapshot() == counts
