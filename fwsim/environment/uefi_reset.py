"""Real UEFI firmware runs from the reset vector to its boot manager, and is asked for its memory map there.

Sources: UEFI 2.10, 4.3 (EFI_SYSTEM_TABLE), 4.4 (EFI_BOOT_SERVICES), 7.2.3 (GetMemoryMap, memory types), 2.3.4 (how a
function is called); edk2 MdeModulePkg/Universal/BdsDxe, UefiBootManagerLib/BmBoot.c, for what its console says.
"""

from __future__ import annotations

from typing import Any

from fwsim.devices.serial import SerialPort
from fwsim.environment.ending import Ending
from fwsim.environment.interface import Halt
from fwsim.environment.reset import Reset
from fwsim.machine.built import Built
from fwsim.memory.e820 import E820Type
from fwsim.native import R_CODE_NEXT, R_WANTED

BOOTS = "BdsDxe: "
"""How each line begins that the boot manager writes when it boots something, or finds nothing to boot."""
_PATIENCE = 600
"""HLTs in a row, 10 ms each as edk2 sets its timer, after which it waits for somebody to press a key."""
_SYSTEM_TABLE, _BOOT_TABLE = b"IBI SYST", b"BOOTSERV"
_BOOT_SERVICES, _GET_MEMORY_MAP = 0x60, 0x38
_SHADOW, _SCRATCH, _ROOM = 0x28, 0x80, 0x6000
"""Of the stack below the code that waits: a call's frame, its variables, and room for a memory map."""
_ROW = 40
_TYPES = {
    **dict.fromkeys((1, 2, 3, 4, 7), E820Type.RAM), 8: E820Type.UNUSABLE, 9: E820Type.ACPI, 10: E820Type.NVS,
}  # fmt: skip
_PAGE = 4096


class UefiReset(Reset):
    """A machine that was switched on, whose firmware is UEFI's."""

    computes = True
    """Its volumes are unpacked without an access: some 600 million code bytes, and a build may have more of them."""

    def __init__(self, built: Built) -> None:
        super().__init__(built)
        self._halts = 0
        for device in self.machine.devices:
            if isinstance(device, SerialPort):
                device.heard = self._heard

    def power_on(self) -> Ending:
        """Run until the boot manager boots something, or waits for a key: completed."""
        return self.slices.start()

    def _heard(self, line: str) -> None:
        """The firmware wrote a line on its console."""
        self._halts = 0
        if line.startswith(BOOTS):
            self.machine.root[R_WANTED] = 1
            self.machine.root[R_CODE_NEXT] = 0

    def at_hlt(self) -> Halt:
        """The firmware's own; so many of them that it waits for a user."""
        self._halts += 1
        return Halt.WAITS if self._halts < _PATIENCE else Halt.RETURNED

    # --- what it knows ---------------------------------------------------------------------------------------------
    def memory_map(self) -> list[tuple[int, int, int]]:
        """(start, size, E820 type) as the firmware's GetMemoryMap gives it, neighbours of one type made one."""
        rows: list[tuple[int, int, int]] = []
        for start, size, kind in sorted(self._descriptors()):
            last = rows[-1] if rows else None
            if last and last[2] == kind and last[0] + last[1] == start:
                rows[-1] = last[0], last[1] + size, kind
            else:
                rows.append((start, size, kind))
        return rows

    def _descriptors(self) -> list[tuple[int, int, int]]:
        services = self._boot_services()
        if not services:
            return []
        before, ram = self.cpu.snapshot(), self.machine.ram
        top = (self.cpu.get("rsp") & ~15) - _SCRATCH
        held = ram.read(top - _ROOM - _SCRATCH, _ROOM + 2 * _SCRATCH)
        buffer = top - _ROOM
        size, key, row, version = (top + 8 * number for number in range(4))
        ram.put(size, _ROOM - _SCRATCH, 8)
        function = ram.word(services + _GET_MEMORY_MAP, 8)
        status = self._call(function, buffer - _SCRATCH, (size, buffer, key, row, version))
        found = []
        if status == 0:
            for at in range(buffer, buffer + ram.word(size, 8), max(ram.word(row, 8), _ROW)):
                kind = _TYPES.get(ram.word(at, 4), E820Type.RESERVED)
                found.append((ram.word(at + 8, 8), ram.word(at + 24, 8) * _PAGE, int(kind)))
        ram.write(top - _ROOM - _SCRATCH, held)
        self.cpu.restore(before)
        return found

    def _call(self, function: int, stack: int, arguments: tuple[int, ...]) -> int:
        """Call a function of the firmware's from where it stands; its status, all ones where it does not return."""
        cpu, ram = self.cpu, self.machine.ram
        back, stack = cpu.ip, (stack - 8 * len(arguments) - _SHADOW & ~15) - 8
        ram.put(stack, back, 8)
        for number, value in enumerate(arguments):
            if number < 4:
                cpu.set(("rcx", "rdx", "r8", "r9")[number], value)
            else:
                ram.put(stack + 8 + 8 * number, value, 8)
        cpu.set("rsp", stack)
        cpu.set("rip", function)
        cpu.stop_at(back)
        cpu.flush_code()
        ending = self.slices.start_inside()
        cpu.stop_nowhere()
        return cpu.get("rax") if ending.reason == "completed" else (1 << 64) - 1

    def _boot_services(self) -> int:
        """Where the table of boot services is, by the system table, of which DXE keeps one near the end of memory."""
        ram, end = self.machine.ram, self.machine.low
        while (at := ram.last(_SYSTEM_TABLE, end)) >= 0:
            services = ram.word(at + _BOOT_SERVICES, 8)
            if at % 8 == 0 and services + 8 < self.machine.low and ram.read(services, 8) == _BOOT_TABLE:
                return services
            end = at
        return 0

    def snapshot(self) -> Any:
        """How long it has been waiting, too."""
        return super().snapshot(), self._halts

    def restore(self, state: Any) -> None:
        """Go back to it."""
        inner, self._halts = state
        super().restore(inner)
