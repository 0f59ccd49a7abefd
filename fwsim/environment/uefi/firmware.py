"""What OVMF's own drivers have installed when a device's driver starts: tables, buses, console, policy.

Source: UEFI Specification 2.10, 4.3 to 4.6; VfioIgdPkg PlatformGopPolicy for the policy protocol.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.environment.uefi import boot, platform, runtime, tables
from fwsim.environment.uefi.pci_io import pci_io
from fwsim.environment.uefi.root_bridge import root_bridge_io
from fwsim.environment.uefi.uefi import Call, Uefi, nothing
from fwsim.environment.uefi.words import (
    BOOT,
    DEVICE_PATH,
    NOT_FOUND,
    PCI_IO,
    PCI_ROOT_BRIDGE_IO,
    PLATFORM_GOP_POLICY,
    RUNTIME,
    SUCCESS,
    UNSUPPORTED,
)
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.scenario.buses import arranged

_END_OF_PATH = bytes((0x7F, 0xFF, 4, 0))
_PCI_ROOT = bytes((2, 1, 12, 0)) + (0x0A0341D0).to_bytes(4, "little") + bytes(4)
"""ACPI(PNP0A03,0)."""


_MOST_TEXT = 8192
_ASLS, _WIDE_BDSM, _MIB = 0xFC, 0xC0, 1 << 20
Rows = list[tuple[str, Callable[[Uefi, Call], int] | None]]


def system_table(uefi: Uefi) -> int:
    """The address of the system table, with boot and runtime services and a console behind it."""
    services: Rows = [(name, boot.ANSWERS.get(name)) for name in BOOT]
    boot_table = tables.make(uefi, tables.BOOT_SIGNATURE, uefi.interface("BootServices", services))
    services = [(name, runtime.ANSWERS.get(name)) for name in RUNTIME]
    runtime_table = tables.make(uefi, tables.RUNTIME_SIGNATURE, uefi.interface("RuntimeServices", services))
    return tables.make_system(uefi, uefi.memory.new(_console(uefi)), runtime_table, boot_table)


def _console(uefi: Uefi) -> bytes:
    """SimpleTextOutput: what is printed goes to the log."""

    def output(_: Uefi, call: Call) -> int:
        text = bytearray()
        at = call[1]
        while len(text) < _MOST_TEXT and (unit := uefi.cpu.read(at + len(text), 2)) != b"\0\0":
            text += unit
        uefi.built.log += [line for line in text.decode("utf-16-le", "replace").splitlines() if line]
        return SUCCESS

    return uefi.interface("ConOut", [
        ("Reset", nothing), ("OutputString", output), ("TestString", nothing), ("QueryMode", None),
        ("SetMode", nothing), ("SetAttribute", nothing),
        ("ClearScreen", nothing), ("SetCursorPosition", nothing), ("EnableCursor", nothing),
    ]) + uefi.memory.new(bytes(24)).to_bytes(8, "little")  # fmt: skip


def install_buses(uefi: Uefi) -> dict[int, int]:
    """A root bridge, and a handle for each function on bus 0: bdf to handle."""
    platform.install(uefi)
    root = uefi.new_handle()
    uefi.handles.install(root, PCI_ROOT_BRIDGE_IO, uefi.memory.new(root_bridge_io(uefi)))
    uefi.handles.install(root, DEVICE_PATH, uefi.memory.new(_PCI_ROOT + _END_OF_PATH))
    found: dict[int, int] = {}
    for plugged in uefi.machine.functions:
        handle = uefi.new_handle()
        node = bytes((1, 1, 6, 0, plugged.devfn & 7, plugged.devfn >> 3))
        uefi.handles.install(handle, DEVICE_PATH, uefi.memory.new(_PCI_ROOT + node + _END_OF_PATH))
        uefi.handles.install(handle, PCI_IO, uefi.memory.new(pci_io(uefi, plugged)))
        found[plugged.devfn] = handle
    return found


def controllers(uefi: Uefi, handles: dict[int, int]) -> list[int]:
    """The handles that drivers are offered: those of the scenario's own functions, then the display."""
    scenario = uefi.machine.scenario
    own = [handles[each.bdf] for each in arranged(scenario.function) if each.bdf in handles]
    return [*own, handles[scenario.guest.devfn]]


def follow_placement(uefi: Uefi) -> None:
    """What a driver has put into BDSM and ASLS, of pages that it took for good, is the placement from now on.

    Those pages are then in e820, as OVMF hands the memory map on.
    """
    built, machine, memory = uefi.built, uefi.machine, uefi.memory
    placed, igd, register = built.placed, machine.igd, machine.scenario.host.family.bdsm_register
    if igd is None:
        return
    slot = machine.pci.slot(machine.scenario.guest.devfn)
    asls, bdsm = machine.pci.seen_by_guest(slot, _ASLS, 4), 0
    if register is not None:
        high = machine.pci.seen_by_guest(slot, register + 4, 4) << 32 if register == _WIDE_BDSM else 0
        bdsm = (high | machine.pci.seen_by_guest(slot, register, 4)) & -_MIB
    table = E820Map((start, end - start, E820Type[kind]) for start, end, kind in placed.e820)
    for start, size, kind in memory.kept():
        table.add(start, size, E820Type[kind])
    placed.e820 = table.rows()
    if memory.kept_at(asls):
        placed.asls = asls
    if size := memory.kept_at(bdsm):
        placed.bdsm, placed.size = bdsm, size
        built.guest_stolen = bdsm, bdsm + size


def install_policy(uefi: Uefi, vbt: bytes) -> None:
    """PlatformGopPolicy with ``vbt``: the lid is open as far as is known, and there is no dock."""
    at = uefi.memory.new(vbt) if vbt else 0

    def get_vbt(_: Uefi, call: Call) -> int:
        if not at:
            return NOT_FOUND
        uefi.put(call[0], at)
        uefi.put(call[1], len(vbt), 4)
        return SUCCESS

    def unknown(_: Uefi, call: Call) -> int:
        return UNSUPPORTED

    data = (1).to_bytes(8, "little") + uefi.interface("PlatformGopPolicy", [
        ("GetPlatformLidStatus", unknown), ("GetVbtData", get_vbt), ("GetPlatformDockStatus", unknown),
    ])  # fmt: skip
    uefi.handles.install(uefi.new_handle(), PLATFORM_GOP_POLICY, uefi.memory.new(data + bytes(16)))
