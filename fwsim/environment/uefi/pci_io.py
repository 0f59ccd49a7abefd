"""PciIo: a driver's way to configuration space, ports and memory of its own device.

Source: UEFI Specification 2.10, 14.4; edk2 MdeModulePkg/Bus/Pci/PciBusDxe (PciIo.c, PciEnumeratorSupport.c).
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.board.function import BarSpec
from fwsim.environment.uefi.access import Access, Answer, Mover, width_of
from fwsim.environment.uefi.buffers import ROWS
from fwsim.environment.uefi.uefi import Call, Uefi, nothing
from fwsim.environment.uefi.words import INVALID_PARAMETER, SUCCESS, UNSUPPORTED
from fwsim.machine.plugged import Plugged

_PASS = 0xFF
"""BarIndex that says: the address is absolute."""
_COMMAND, _DECODES = 0x04, 7
_CONFIG, _PORTS, _ADDRESSES = 0x1000, 0x10000, 1 << 64
_VGA_CLASS = 0x030000
_ENABLE = 0x700
"""I/O, memory and bus master: what every device supports, and the bits of the command register from bit 8 on."""
_VGA_MEMORY, _VGA_IO, _VGA_PALETTE, _VGA_IO_16, _VGA_PALETTE_16 = 0x8, 0x10, 0x4, 0x40000, 0x20000
_VGA = _VGA_MEMORY | _VGA_IO_16
"""What a VGA supports besides, behind OVMF's root bridge (OvmfPkg PciHostBridgeLib: no 10-bit aliases)."""


class _Function(Struct, frozen=True):
    """One function and the ways to it; ``bars`` by BarIndex."""

    uefi: Uefi
    plugged: Plugged
    bars: dict[int, BarSpec]
    access: Access

    def place(self, index: int, offset: int, size: int, io: bool) -> int | None:
        """The address of ``size`` bytes at ``offset`` of a BAR; None where they are not in it."""
        index &= 0xFF
        if index == _PASS:
            return offset if offset + size <= (_PORTS if io else _ADDRESSES) else None
        bar = self.bars.get(index)
        if bar is None:
            return None
        if (bar.kind == "io") is not io or offset + size > bar.size:
            return None
        return self.uefi.machine.windows.bar_address(self.plugged, bar) + offset

    # --- memory and ports ------------------------------------------------------------------------------------------
    def mover(self, io: bool) -> Mover:
        """What moves values to and from memory, or ports."""
        access = self.access
        if io:
            return Mover(self.uefi, access.port, access.set_port)
        return Mover(self.uefi, access.memory, access.store, access)

    def moves(self, io: bool, way: str) -> Answer:
        """Read or Write(this, width, BAR, offset, count, buffer)."""
        mover = self.mover(io)
        move = mover.read if way == "Read" else mover.write

        def answer(_: Uefi, call: Call) -> int:
            width, count = call[1] & 0xFFFFFFFF, call[4]
            size, fifo, _fill = width_of(width)
            address = self.place(call[2], call[3], size if fifo else size * count, io)
            return INVALID_PARAMETER if address is None else move(width, address, count, call[5])

        return answer

    def polls(self, io: bool) -> Answer:
        """PollMem or PollIo(this, width, BAR, offset, mask, value, delay, result)."""
        mover = self.mover(io)

        def answer(_: Uefi, call: Call) -> int:
            width = call[1] & 0xFFFFFFFF
            address = self.place(call[2], call[3], 1 << (width & 3), io)
            if address is None:
                return INVALID_PARAMETER
            return mover.poll(width, address, (call[4], call[5]), call[6], call[7])

        return answer

    def copy(self, _: Uefi, call: Call) -> int:
        """CopyMem(this, width, BAR to, offset, BAR from, offset, count)."""
        width, count = call[1] & 0xFFFFFFFF, call[6]
        size = count << (width & 3)
        to, start = self.place(call[2], call[3], size, False), self.place(call[4], call[5], size, False)
        if to is None or start is None:
            return INVALID_PARAMETER
        return self.mover(False).copy(width, to, start, count)

    # --- configuration space ---------------------------------------------------------------------------------------
    def configures(self, way: str) -> Answer:
        """Pci.Read or Pci.Write(this, width, offset, count, buffer)."""
        access, bdf = self.access, self.plugged.devfn
        mover = Mover(
            self.uefi, lambda at, size: access.config(bdf, at, size),
            lambda at, size, value: access.set_config(bdf, at, size, value),
        )  # fmt: skip
        move = mover.read if way == "Read" else mover.write

        def answer(_: Uefi, call: Call) -> int:
            width, offset, count = call[1] & 0xFFFFFFFF, call[2] & 0xFFFFFFFF, call[3]
            size = width_of(width)[0]
            if offset + size * count > _CONFIG or offset % size:
                return UNSUPPORTED
            return move(width, offset, count, call[4])

        return answer

    def location(self, uefi: Uefi, call: Call) -> int:
        """GetLocation(this, segment, bus, device, function)."""
        bdf = self.plugged.devfn
        for number, value in enumerate((0, bdf >> 8, bdf >> 3 & 31, bdf & 7), 1):
            uefi.put(call[number], value)
        return SUCCESS

    # --- attributes ------------------------------------------------------------------------------------------------
    @property
    def supports(self) -> int:
        """The attributes that the function can have."""
        return _ENABLE | (_VGA if self.plugged.spec.class_code == _VGA_CLASS else 0)

    def attributes(self, uefi: Uefi, call: Call) -> int:
        """Attributes(this, operation, attributes, result): get, set, enable, disable, what is supported."""
        operation, wanted = call[1] & 0xFFFFFFFF, call[2]
        legacy: dict[int, int] = uefi.state.setdefault("attributes", {})
        bdf = self.plugged.devfn
        command = self.access.config(bdf, _COMMAND, 2)
        held = (command & _DECODES) << 8 | legacy.get(bdf, 0)
        if operation in (0, 4):
            if not call[3]:
                return INVALID_PARAMETER
            uefi.put(call[3], self.supports if operation else held)
            return SUCCESS
        if operation > 4:
            return INVALID_PARAMETER
        if wanted & _ENABLE == _ENABLE:
            wanted &= self.supports
        if wanted & ~self.supports:
            return UNSUPPORTED
        now = {1: wanted, 2: held | wanted, 3: held & ~wanted}[operation]
        self.access.set_config(bdf, _COMMAND, 2, command & ~_DECODES | now >> 8 & _DECODES)
        legacy[bdf] = now & _VGA
        return SUCCESS

    def bar_attributes(self, uefi: Uefi, call: Call) -> int:
        """GetBarAttributes(this, BAR, supports, resources): an ACPI QWORD descriptor and an end tag."""
        bar = self.bars.get(call[1] & 0xFF)
        if bar is None:
            return UNSUPPORTED
        uefi.put(call[2], 0)
        if call[3]:
            start = uefi.machine.windows.bar_address(self.plugged, bar)
            kind = (bar.kind == "io", 6 if bar.kind == "pref" else 0)
            row = descriptor(int(kind[0]), kind[1], (start, bar.size), 64 if bar.is64 else 32)
            uefi.put(call[3], uefi.memory.new(row + END_TAG))
        return SUCCESS


END_TAG = b"\x79\x00"


def descriptor(kind: int, flags: int, span: tuple[int, int], bits: int) -> bytes:
    """An ACPI QWORD address space descriptor: ``kind`` 0 memory, 1 I/O, 2 bus; ``span`` (start, size)."""
    start, size = span
    words = (bits, start, start + size - 1, 0, size)
    return b"\x8a\x2b\x00" + bytes((kind, 0, flags)) + b"".join(word.to_bytes(8, "little") for word in words)


def _counted(plugged: Plugged) -> dict[int, BarSpec]:
    """BARs as BarIndex counts them: each register, but a 64-bit one's two once (edk2 PciParseBar)."""
    wide = [bar.index for bar in plugged.bars if bar.is64]
    return {bar.index - sum(each < bar.index for each in wide): bar for bar in plugged.bars}


def pci_io(uefi: Uefi, plugged: Plugged) -> bytes:
    """The interface of one function."""
    one = _Function(uefi, plugged, _counted(plugged), Access(uefi))
    return uefi.interface("PciIo", [
        ("PollMem", one.polls(False)), ("PollIo", one.polls(True)), ("Mem.Read", one.moves(False, "Read")),
        ("Mem.Write", one.moves(False, "Write")), ("Io.Read", one.moves(True, "Read")),
        ("Io.Write", one.moves(True, "Write")), ("Pci.Read", one.configures("Read")),
        ("Pci.Write", one.configures("Write")), ("CopyMem", one.copy), *ROWS, ("Flush", nothing),
        ("GetLocation", one.location), ("Attributes", one.attributes), ("GetBarAttributes", one.bar_attributes),
        ("SetBarAttributes", None),
    ]) + bytes(16)  # fmt: skip
