"""The capability lists of the physical IGDs, by family: what 34h and 100h lead to.

Seen in lspci listings: Ironlake (8086:0046), Sandy Bridge (0116), Haswell (0416, with its bytes) and Broadwell-U have
MSI 90h, power management D0h, Advanced Features A4h; an 855GM power management alone; a 945GM and a GM45 MSI and power
management; Skylake to Comet Lake a vendor's own at 40h, PCI Express 70h (an endpoint of the root complex), MSI ACh,
power management D0h, and beyond FFh PASID, ATS and PRI; Tiger Lake and Alder Lake (4688, 46A6) besides SR-IOV at 320h,
and a mask bit in MSI. ``seen`` says it; every other family has the list of the nearest one, which is assumed.
Fields by PCI Express 5.0, 7.5 and 9.3, PCI Power Management 1.2, 3.2, and the Advanced Capabilities ECN.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fwsim.board.function import Setting
from fwsim.registers.family import Family

STATUS_LIST, POINTER = 0x0010, 0x34
VENDOR, EXPRESS_CAP, MSI, POWER, ADVANCED = 0x09, 0x10, 0x05, 0x01, 0x13
PASID, ATS, PRI, SRIOV = 0x1B, 0x0F, 0x13, 0x10
_SEEN = {"855", "945", "GM45", "ironlake", "sandybridge", "haswell", "broadwell", "skylake", "kabylake", "coffeelake",
         "cometlake", "tigerlake", "alderlake"}  # fmt: skip
_CAPID, _FUSES = bytes((12, 1)), bytes.fromhex("69210062d0004474")
"""What follows the next pointer at 40h: 12 bytes long, version 1, and fuses: a Haswell's (Latitude E6540), elsewhere 0,
which is assumed. From gen 6 on they are there; in the list only from gen 9 on."""
_AF_FLR = bytes((6, 3, 0, 0))
"""Length 6; a pending bit and function level reset."""
_POWER = bytes((0x22, 0x00, 0, 0, 0, 0))
"""Version 2, DSI, neither D1 nor D2 nor PME; D0, and a soft reset on the way back from D3."""
_EXPRESS = bytes((0x92, 0x00)) + (0x10008000).to_bytes(4, "little")
"""Version 2, an endpoint of the root complex; role-based errors, function level reset, 128 bytes of payload."""
VFS = 7


class Capabilities(Struct, frozen=True):
    """One device's lists: (id, offset, bytes after the next pointer), in the order of the list.

    ``extended`` alike, with the bytes after the header, and the version 1 for all. ``writable`` are registers that the
    device itself takes writes in.
    """

    usual: tuple[tuple[int, int, bytes], ...]
    extended: tuple[tuple[int, int, bytes], ...] = ()
    seen: bool = False

    @property
    def config_size(self) -> int:
        """Bytes of configuration space: without PCI Express nobody looks past FFh (Linux, pci_cfg_space_size)."""
        return 0x1000 if any(found[0] == EXPRESS_CAP for found in self.usual) else 0x100

    @property
    def power_control(self) -> int | None:
        """Where PMCSR is; None without power management."""
        return next((at + 4 for name, at, _ in self.usual if name == POWER), None)

    def settings(self) -> Iterator[Setting]:
        """Both lists as registers. The state in PMCSR is written, the address and data of MSI, and ATS' and PRI's
        control."""
        yield Setting(0x06, 2, 0x0080 | STATUS_LIST)
        yield Setting(POINTER, 1, self.usual[0][1])
        for number, (name, at, data) in enumerate(self.usual):
            following = self.usual[number + 1][1] if number + 1 < len(self.usual) else 0
            yield from _bytes(at, bytes((name, following)) + data)
            if name == POWER:
                yield Setting(at + 4, 1, 0, 0x03)
            elif name == MSI:
                yield Setting(at + 2, 1, data[0], 0x01)
                yield Setting(at + 4, 4, 0, 0xFFFFFFFC)
                yield Setting(at + 8, 2, 0, 0xFFFF)
                if data[1] & 1:
                    yield Setting(at + 0x0C, 4, 0, 1)
        for number, (name, at, data) in enumerate(self.extended):
            following = self.extended[number + 1][1] if number + 1 < len(self.extended) else 0
            yield Setting(at, 4, following << 20 | 1 << 16 | name)
            yield from _bytes(at + 4, data)
            if name in (ATS, PRI):
                control = at + (6 if name == ATS else 4)
                yield Setting(control, 2, 0, 0x801F if name == ATS else 0x0003)


def _bytes(at: int, data: bytes) -> Iterator[Setting]:
    return (Setting(at + number, 1, value) for number, value in enumerate(data))


def _msi(mask: bool) -> bytes:
    return bytes((0, int(mask))) + bytes(0x10 if mask else 6)


def _sriov(device_id: int) -> bytes:
    """7 virtual functions from the next one on, of the same device id, off (46A6: Initial VFs 7, VF offset 1)."""
    words = (0, 0, 0, 0, VFS, VFS, 0, 0, 1, 1, 0, device_id)
    return b"".join(word.to_bytes(2, "little") for word in words) + (0x553).to_bytes(4, "little") + b"\x01\0\0\0"


def capabilities(family: Family, device_id: int) -> Capabilities:
    """The lists of a family's device."""
    seen, gen = family.name in _SEEN, family.gen
    power, msi = (POWER, 0xD0, _POWER), (MSI, 0x90, _msi(False))
    if gen == 2:
        return Capabilities(((POWER, 0xD0, bytes((0x21, 0)) + bytes(4)),), seen=seen)
    if gen <= 4:
        return Capabilities((msi, power), seen=seen)
    if gen <= 8:
        return Capabilities((msi, power, (ADVANCED, 0xA4, _AF_FLR)), seen=seen)
    express = EXPRESS_CAP, 0x70, _EXPRESS.ljust(0x2A, b"\0")
    usual = (VENDOR, 0x40, _CAPID + bytes(8)), express, (MSI, 0xAC, _msi(gen >= 12)), power
    extended = [
        (PASID, 0x100, bytes((0, 0x14, 0, 0))),  # 20 bits of PASID, neither execute nor privileged
        (ATS, 0x200, bytes(4)),  # a queue of 32 invalidations
        (PRI, 0x300, bytes((0, 0, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0))),  # stopped; 32768 requests outstanding
    ]
    if gen >= 12:
        extended.append((SRIOV, 0x320, _sriov(device_id)))
    return Capabilities(usual, tuple(extended), seen=seen)


def raw_capid(family: Family) -> Iterator[Setting]:
    """The fuses at 40h where no list leads to them: gens 6 to 8 (Latitude E6540)."""
    fuses = _FUSES if family.name == "haswell" else bytes(8)
    return _bytes(0x40, bytes((VENDOR, 0)) + _CAPID + fuses) if 6 <= family.gen <= 8 else iter(())
