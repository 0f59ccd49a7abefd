"""A guest's machine without code: its configuration, port and BAR0 accesses take the way that a program's take."""

from pathlib import Path

from fwsim.devices.igd import layout as g
from fwsim.hypervisor.interface import IGD, LPC_BRIDGE
from fwsim.machine import callbacks
from fwsim.machine.build import build
from fwsim.native import BAR_IGD, R_STOP, STOP_ABORT, STOP_NONE, address_of
from fwsim.rom.chain import Rom
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

CPU_OF_GEN = {6: "sandybridge", 7: "ivybridge", 8: "broadwell", 9: "skylake", 11: "icelake", 12: "tigerlake"}
NO_ROM = Rom(Path(), b"", "", (), ())


class GuestRig:
    """The machine of a scenario. Accesses as a guest makes them; ``last`` is the newest event."""

    def __init__(self, scenario: Scenario) -> None:
        self.built = build(scenario, NO_ROM, b"", None)
        self.machine = self.built.machine
        self.root = address_of(self.machine.root)
        self.port = int(self.machine.bar_bases[BAR_IGD])

    @classmethod
    def of(cls, kind, profile="", *, cpu="sandybridge", ram="2G", machine="pc", device_id=None, **host):
        """A guest of ``kind`` on a host of ``cpu``; more of the host by name."""
        facts = {"cpu": cpu, "vga": "igd", **host} | ({} if device_id is None else {"device_id": device_id})
        size = {"128M": 128 << 20, "2G": 2 << 30}[ram]
        return cls(
            Scenario(host=Host(**facts), hypervisor=Hypervisor(kind=kind, profile=profile),
                     guest=Guest(ram=size, machine=machine), firmware=Firmware(kind="seabios"))
        )  # fmt: skip

    def out(self, offset, value, size=4):
        """OUT to the I/O BAR."""
        callbacks.port_out(0, self.port + offset, size, value, self.root)

    def in_(self, offset, size=4):
        """IN from the I/O BAR."""
        return int(callbacks.port_in(0, self.port + offset, size, self.root))

    def config(self, offset, width=4, bdf=IGD):
        """A configuration read."""
        return self.machine.pci.read(self.machine.root, bdf, offset, width)

    def set_config(self, offset, value, width=4, bdf=IGD):
        """A configuration write."""
        self.machine.pci.write(self.machine.root, bdf, offset, width, value)

    def bar0(self, offset):
        """A dword of BAR0 by memory access."""
        return int(callbacks.bar0_read(0, offset, 4, self.root))

    def set_bar0(self, offset, value, size=4):
        """A write to BAR0 by memory access."""
        callbacks.bar0_write(0, offset, size, value, self.root)

    def gtt(self, number):
        """Dword ``number`` of the GTT as the device holds it."""
        return int(self.machine.igd.gtt[number])

    def set_gtt(self, offset, value, size=4):
        """A GTT write by memory access, at byte ``offset`` of the GTT."""
        self.set_bar0(int(self.machine.igd.block[g.G_GTT_AT]) + offset, value, size)

    @property
    def aborted(self):
        """Whether the hypervisor killed the guest."""
        assert int(self.machine.root[R_STOP]) in (STOP_NONE, STOP_ABORT)
        return int(self.machine.root[R_STOP]) == STOP_ABORT

    @property
    def last(self):
        """The newest event, a numpy record."""
        return self.machine.recorder.tail(1)[0]

    def lpc(self):
        """(vendor, device, revision) at 00:1f.0; None where nothing is there."""
        ids = self.config(0, bdf=LPC_BRIDGE)
        return None if ids == 0xFFFFFFFF else (ids & 0xFFFF, ids >> 16, self.config(8, 1, LPC_BRIDGE))

    def close(self):
        """Let the events go."""
        self.machine.recorder.close()
