"""PciIo and PciRootBridgeIo: a driver's way to configuration space, ports and memory of its device.

An access takes the path that code's own takes, and is recorded as the driver's, at the place that called. A fill of
many equal values is one write. Source: UEFI Specification 2.10, 14.2 and 14.4; edk2 MdeModulePkg/Bus/Pci/PciBusDxe.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.cpu.moves import Move
from fwsim.environment.uefi.uefi import Call, Uefi, nothing
from fwsim.environment.uefi.words import INVALID_PARAMETER, SUCCESS, UNSUPPORTED
from fwsim.machine import callbacks
from fwsim.machine.plugged import Plugged
from fwsim.native import R_HOSTED, R_SEQ, address_of

_PASS = 0xFF
"""BarIndex that says: the address is absolute."""
_HOSTED_AS_CALLER = 2
_COMMAND = 0x04
_DECODES = 0x0007
_SUPPORTED = 0xFF07
"""Attributes that an IGD's PciIo supports: I/O, memory and bus master, which Enable asks for, and legacy ones."""
Answer = Callable[[Uefi, Call], int]


class Access:
    """Accesses to the machine on behalf of the code that called a service."""

    def __init__(self, uefi: Uefi) -> None:
        self._m = uefi.machine
        self._root = address_of(uefi.machine.root)
        self._runs = uefi.runs

    def config(self, bdf: int, offset: int, width: int) -> int:
        """A configuration read."""
        with self._m.acting(self._runs):
            return self._m.pci.read(self._m.root, bdf, offset, width)

    def set_config(self, bdf: int, offset: int, width: int, value: int) -> None:
        """A configuration write."""
        with self._m.acting(self._runs):
            self._m.pci.write(self._m.root, bdf, offset, width, value)

    def port(self, port: int, width: int) -> int:
        """IN."""
        with self._m.acting(self._runs):
            return int(callbacks.port_in.ctypes(0, port, width, self._root))

    def set_port(self, port: int, width: int, value: int) -> None:
        """OUT."""
        with self._m.acting(self._runs):
            callbacks.port_out.ctypes(0, port, width, value, self._root)

    def memory(self, address: int, width: int) -> int:
        """A read of memory or of what is mapped there."""
        root = self._m.root
        root[R_HOSTED] = _HOSTED_AS_CALLER
        try:
            with self._m.acting(self._runs):
                return int.from_bytes(self._m.engine.uc.mem_read(address, width), "little")
        finally:
            root[R_HOSTED] = 0

    def store(self, address: int, width: int, value: int) -> None:
        """A write of one value."""
        self.set_memory(address, value.to_bytes(width, "little"))

    def set_memory(self, address: int, data: bytes) -> None:
        """A write, of one value or of many in a row."""
        root = self._m.root
        root[R_HOSTED] = _HOSTED_AS_CALLER
        try:
            with self._m.acting(self._runs):
                self._m.engine.uc.mem_write(address, data)
        finally:
            root[R_HOSTED] = 0


def _width(code: int) -> tuple[int, bool, bool]:
    """(bytes, FIFO: the device's address stays, FILL: the buffer's stays) of EFI_PCI_IO_PROTOCOL_WIDTH."""
    return 1 << (code & 3), 4 <= code < 8, 8 <= code < 12


class _Mover:
    """Moves ``count`` values between a buffer and the device, by ``read`` and ``write`` of one address."""

    def __init__(self, uefi: Uefi, read: Callable[[int, int], int], write: Callable[[int, int, int], None]) -> None:
        self._uefi, self._get, self._set = uefi, read, write

    def read(self, width: int, address: int, count: int, buffer: int) -> int:
        """From the device."""
        size, fifo, fill = _width(width)
        if width > 11 or not buffer:
            return INVALID_PARAMETER
        for _ in range(count):
            before = int(self._uefi.machine.root[R_SEQ])
            value = self._get(address, size).to_bytes(size, "little")
            after = int(self._uefi.machine.root[R_SEQ])
            move = Move("memory", address, size, buffer) if before == after else Move("event", after, size, buffer)
            self._uefi.write(buffer, value, move)
            address += 0 if fifo else size
            buffer += 0 if fill else size
        return SUCCESS

    def write(self, width: int, address: int, count: int, buffer: int) -> int:
        """To the device."""
        size, fifo, fill = _width(width)
        if width > 11 or not buffer:
            return INVALID_PARAMETER
        for _ in range(count):
            before = int(self._uefi.machine.root[R_SEQ])
            self._set(address, size, self._uefi.number(buffer, size))
            self._uefi.went(Move("memory", buffer, size), address, before, size)
            address += 0 if fifo else size
            buffer += 0 if fill else size
        return SUCCESS


def pci_io(uefi: Uefi, plugged: Plugged) -> bytes:
    """The interface of one function: BarIndex counts BARs, a 64-bit one once (edk2 PciBusDxe, PciParseBar)."""
    access = Access(uefi)
    bdf = plugged.devfn
    bars = sorted(plugged.bars, key=lambda bar: bar.index)

    def base(index: int) -> int | None:
        if index == _PASS:
            return 0
        return uefi.machine.windows.bar_address(plugged, bars[index]) if index < len(bars) else None

    def mover(kind: str) -> Callable[[str], Answer]:
        if kind == "Mem":
            one = _Mover(
                uefi, access.memory, lambda at, size, value: access.set_memory(at, value.to_bytes(size, "little"))
            )
        else:
            one = _Mover(uefi, access.port, access.set_port)

        def made(way: str) -> Answer:
            def answer(_: Uefi, call: Call) -> int:
                width, start = call[1] & 0xFF, base(call[2] & 0xFF)
                if start is None:
                    return UNSUPPORTED
                address, count, buffer = start + call[3], call[4], call[5]
                if way == "Write" and kind == "Mem" and width >= 8:
                    size = _width(width)[0]
                    before = int(uefi.machine.root[R_SEQ])
                    access.set_memory(address, uefi.cpu.read(buffer, size) * count)
                    uefi.went(Move("memory", buffer, size, fill=True), address, before, size * count)
                    return SUCCESS
                return (one.read if way == "Read" else one.write)(width, address, count, buffer)

            return answer

        return made

    config = _Mover(uefi, lambda at, size: access.config(bdf, at, size),
                    lambda at, size, value: access.set_config(bdf, at, size, value))  # fmt: skip

    def config_read(_: Uefi, call: Call) -> int:
        return config.read(call[1] & 0xFF, call[2] & 0xFFFFFFFF, call[3], call[4])

    def config_write(_: Uefi, call: Call) -> int:
        return config.write(call[1] & 0xFF, call[2] & 0xFFFFFFFF, call[3], call[4])

    def location(_: Uefi, call: Call) -> int:
        for number, value in enumerate((0, bdf >> 8, bdf >> 3 & 31, bdf & 7), 1):
            uefi.put(call[number], value)
        return SUCCESS

    def attributes(_: Uefi, call: Call) -> int:
        held = access.config(bdf, _COMMAND, 2)
        now = (held & 1) << 8 | (held >> 1 & 1) << 9 | (held >> 2 & 1) << 10
        what, wanted = call[1], call[2]
        if what == 0:
            uefi.put(call[3], now)
        elif what == 4:
            uefi.put(call[3], _SUPPORTED)
        else:
            bits = (wanted >> 8 & 7) if what != 3 else 0
            clear = (wanted >> 8 & 7) if what == 3 else (_DECODES if what == 1 else 0)
            access.set_config(bdf, _COMMAND, 2, held & ~clear | bits)
        return SUCCESS

    def bar_attributes(_: Uefi, call: Call) -> int:
        index = call[1] & 0xFF
        if index >= len(bars):
            return UNSUPPORTED
        bar = bars[index]
        uefi.put(call[2], 0)
        start = base(index) or 0
        kind = 1 if bar.kind == "io" else 0
        row = (
            b"\x8a\x2b\x00" + bytes([kind, 0, 6 if bar.kind == "pref" else 0])
            + (64 if bar.is64 else 32).to_bytes(8, "little") + start.to_bytes(8, "little")
            + (bar.size - 1).to_bytes(8, "little") + bytes(8) + bar.size.to_bytes(8, "little") + b"\x79\x00"
        )  # fmt: skip
        uefi.put(call[3], uefi.memory.new(row))
        return SUCCESS

    memory, ports = mover("Mem"), mover("Io")
    return uefi.interface("PciIo", [
        ("PollMem", None), ("PollIo", None), ("Mem.Read", memory("Read")), ("Mem.Write", memory("Write")),
        ("Io.Read", ports("Read")), ("Io.Write", ports("Write")), ("Pci.Read", config_read),
        ("Pci.Write", config_write), ("CopyMem", None), ("Map", None), ("Unmap", None), ("AllocateBuffer", None),
        ("FreeBuffer", None), ("Flush", nothing), ("GetLocation", location), ("Attributes", attributes),
        ("GetBarAttributes", bar_attributes), ("SetBarAttributes", None),
    ]) + bytes(16)  # fmt: skip


def root_bridge_io(uefi: Uefi) -> bytes:
    """The root bridge: an address of configuration space is register, function, device, bus from byte 0 up."""
    access = Access(uefi)

    def place(address: int) -> tuple[int, int]:
        register, function, device, bus = (address >> 8 * i & 0xFF for i in range(4))
        return bus << 8 | device << 3 | function, register or address >> 32 & 0xFFF

    def read_config(address: int, size: int) -> int:
        return access.config(*place(address), size)

    def write_config(address: int, size: int, value: int) -> None:
        access.set_config(*place(address), size, value)

    kinds = {
        "Mem": _Mover(
            uefi, access.memory, lambda at, size, value: access.set_memory(at, value.to_bytes(size, "little"))
        ),
        "Io": _Mover(uefi, access.port, access.set_port),
        "Pci": _Mover(uefi, read_config, write_config),
    }

    def made(kind: str, way: str) -> tuple[str, Answer]:
        move = kinds[kind].read if way == "Read" else kinds[kind].write
        return f"{kind}.{way}", lambda _, call: move(call[1] & 0xFF, call[2], call[3], call[4])

    rows: list[tuple[str, Answer | None]] = [("PollMem", None), ("PollIo", None)]
    rows += [made(kind, way) for kind in kinds for way in ("Read", "Write")]
    rows += [(name, None) for name in ("CopyMem", "Map", "Unmap", "AllocateBuffer", "FreeBuffer")]
    rows += [("Flush", nothing), ("GetAttributes", None), ("SetAttributes", None), ("Configuration", None)]
    return bytes(8) + uefi.interface("PciRootBridgeIo", rows) + bytes(8)
