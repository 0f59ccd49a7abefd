"""PciRootBridgeIo: all of configuration space, ports and memory behind the one root bridge.

Source: UEFI Specification 2.10, 14.2; edk2 MdeModulePkg/Bus/Pci/PciHostBridgeDxe/PciRootBridgeIo.c.
"""

from __future__ import annotations

from fwsim.environment.uefi.access import Access, Answer, Mover, width_of
from fwsim.environment.uefi.buffers import ROWS
from fwsim.environment.uefi.pci_io import END_TAG, descriptor
from fwsim.environment.uefi.uefi import Call, Uefi, nothing
from fwsim.environment.uefi.words import INVALID_PARAMETER, SUCCESS

_ATTRIBUTES = 0x700A9 | 0x40
"""IDE, ISA and VGA with 16-bit decode: what OVMF's root bridge supports (OvmfPkg PciHostBridgeLib)."""
_BUSES = 256
_PORTS = 0x10000


def _place(address: int) -> tuple[int, int]:
    """(bdf, offset) of a configuration address: register, function, device, bus from byte 0 up, extended register."""
    register, function, device, bus = (address >> 8 * byte & 0xFF for byte in range(4))
    return bus << 8 | (device & 31) << 3 | function & 7, address >> 32 & 0xFFF or register


def root_bridge_io(uefi: Uefi) -> bytes:
    """The interface."""
    access = Access(uefi)
    kinds = {
        "Mem": Mover(uefi, access.memory, access.store, access),
        "Io": Mover(uefi, access.port, access.set_port),
        "Pci": Mover(
            uefi, lambda at, size: access.config(*_place(at), size),
            lambda at, size, value: access.set_config(*_place(at), size, value),
        ),
    }  # fmt: skip

    def moves(kind: str, way: str) -> Answer:
        """Read or Write(this, width, address, count, buffer)."""
        move = kinds[kind].read if way == "Read" else kinds[kind].write

        def answer(_: Uefi, call: Call) -> int:
            width, address, count = call[1] & 0xFFFFFFFF, call[2], call[3]
            size, fifo, _fill = width_of(width)
            if kind == "Io" and address + (size if fifo else size * count) > _PORTS:
                return INVALID_PARAMETER
            return move(width, address, count, call[4])

        return answer

    def polls(kind: str) -> Answer:
        """PollMem or PollIo(this, width, address, mask, value, delay, result)."""

        def answer(_: Uefi, call: Call) -> int:
            if kind == "Io" and call[2] + 8 > _PORTS:
                return INVALID_PARAMETER
            return kinds[kind].poll(call[1] & 0xFFFFFFFF, call[2], (call[3], call[4]), call[5], call[6])

        return answer

    def copy(_: Uefi, call: Call) -> int:
        return kinds["Mem"].copy(call[1] & 0xFFFFFFFF, call[2], call[3], call[4])

    rows: list[tuple[str, Answer | None]] = [("PollMem", polls("Mem")), ("PollIo", polls("Io"))]
    rows += [(f"{kind}.{way}", moves(kind, way)) for kind in kinds for way in ("Read", "Write")]
    rows += [("CopyMem", copy), *ROWS, ("Flush", nothing), ("GetAttributes", _attributes), ("SetAttributes", None)]
    rows += [("Configuration", _configuration)]
    return bytes(8) + uefi.interface("PciRootBridgeIo", rows) + bytes(8)


def _attributes(uefi: Uefi, call: Call) -> int:
    """GetAttributes(this, supports, attributes)."""
    uefi.put(call[1], _ATTRIBUTES)
    uefi.put(call[2], _ATTRIBUTES)
    return SUCCESS


def _configuration(uefi: Uefi, call: Call) -> int:
    """Configuration(this, resources): buses, ports, and each function's memory, as ACPI descriptors."""
    at = uefi.state.get("configuration")
    if at is None:
        rows = [descriptor(2, 0, (0, _BUSES), 0), descriptor(1, 0, (0, _PORTS), 0)]
        for plugged in uefi.machine.functions:
            for bar in plugged.bars:
                start = uefi.machine.windows.bar_address(plugged, bar)
                if bar.kind != "io" and start:
                    rows.append(descriptor(0, 6 if bar.kind == "pref" else 0, (start, bar.size), 64))
        at = uefi.state["configuration"] = uefi.memory.new(b"".join(rows) + END_TAG)
    uefi.put(call[1], at)
    return SUCCESS
