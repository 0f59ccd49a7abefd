"""The same vectors, asked of SeaBIOS's own image in the engine."""

from measured_seabios import measured
from msgspec.structs import replace

from fwsim.firmware.allocators import allocator

SYSTEM = "seabios-1.16.2/qemu-7.2"
"""What Debian 12's package is."""


def place(request):
    """As the image does it; of its log only what the vectors have: the lines about the IGD."""
    out = allocator("seabios-image").place(replace(request, version=""))
    out.log = [line for line in out.log if "Intel IGD" in line]
    return out


DRIVEN = ("nvme", "ahci", "virtio-scsi", "usb-ehci")
"""Controllers that SeaBIOS's own drivers start: here nothing is behind their BARs."""


def asked(vector):
    """Whether the vector is one that the image can be asked: one CPU runs, and its fields are a placement's."""
    given = vector["in"]
    if any(word in device for device in given.get("devices") or () for word in DRIVEN):
        return False
    return vector["system"] == SYSTEM and "pci_map" in vector["expect"] and (given.get("smp") or 1) == 1


def executed(vector):
    """The answer in the vector's form."""
    return measured(vector, place)
