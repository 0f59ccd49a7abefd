"""Functions of a host, and guests of vPCI that have them: configuration spaces are put together by hand."""

from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.rules import Rules

COMMAND, STATUS, LIST = 0x04, 0x06, 0x34
NIC_BARS = (
    HostBar(0, 0x20000, "mem", False, 0x50000000),
    HostBar(1, 0x4000, "mem", False, 0x50020000),
    HostBar(2, 0x100000, "pref", True, 0x8000000000),
    HostBar(4, 0x20, "io", False, 0x1000),
)


def config(vendor=0x8086, device=0x10D3, class_code=0x020000, kind=0, capabilities=()):
    """4096 bytes: (offset, bytes from the id on, its pointer left out) for each capability, in the list's order."""
    space = bytearray(0x1000)
    space[0:4] = vendor.to_bytes(2, "little") + device.to_bytes(2, "little")
    space[9:12], space[0x0E] = class_code.to_bytes(3, "little"), kind
    at = LIST
    for offset, content in capabilities:
        space[STATUS] |= 0x10
        space[at] = offset
        space[offset], space[offset + 2 : offset + 1 + len(content)] = content[0], content[1:]
        at = offset + 1
    return bytes(space)


POWER, MSI, EXPRESS = (0x40, bytes([0x01, 3, 0])), (0x50, bytes([0x05, 0x80, 0])), (0xA0, bytes([0x10, 2, 0]))
MSIX = (0x70, bytes([0x11, 7, 0, 1, 0x20, 0, 0, 1, 0x30, 0, 0]))
"""8 entries; the table at 2000h of BAR1, the pending bits at 3000h."""


def nic(sbdf=0x0800, behind=None, bars=NIC_BARS, **space):
    return HostDevice(sbdf, config(**{"capabilities": (POWER, MSI, MSIX, EXPRESS), **space}), bars, behind)


def bridge(sbdf, behind=None):
    return HostDevice(sbdf, config(0x1B36, 0x000C, 0x060400, kind=1), behind=behind)


class Guest:
    """One guest with one function: ``said`` collects what is printed."""

    def __init__(self, device=None, rules=None, softirq=None, **domain):
        self.said = []
        self.domain = Domain(rules or Rules(), self.said.append, softirq, **domain)
        self.function = VpciFunction(device or nic(), self.domain)

    def read(self, offset, width=4):
        return self.function.read(0, offset, width)

    def write(self, offset, value, width=4):
        self.function.write(0, offset, width, value)

    def mapped(self):
        return [(each.guest, each.host, each.size) for each in self.domain.stage2.mappings]
