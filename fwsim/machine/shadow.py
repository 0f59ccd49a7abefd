"""What lies at A0000-FFFFF: the VGA window, and RAM or PCI as the host bridge's PAM and SMRAM say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from fwsim.board.function import Shadowing
from fwsim.cpu.core import ALL, READ_ONLY
from fwsim.cpu.engine import Engine
from fwsim.devices.pam import BASE, END, OPEN, READ, REGISTERS, SEGMENT, WRITE, modes, smram_shown
from fwsim.machine import callbacks, callbacks_fill
from fwsim.machine.parts import Parts
from fwsim.memory.ram import PAGE, Ram
from fwsim.native import R_FILLS, R_FN_FILL, address_of

VGA_START = 0xA0000
OPTION_ROMS_END = 0xE0000
PIECE = 0x8000
"""Mapped at once: what SeaBIOS makes read-only at a time."""
_RAM = READ | WRITE
Span = tuple[int, int]


class Shadow:
    """A0000-FFFFF of one machine. ``modes``: what each page from C0000 on is now, bits of ``READ`` and ``WRITE``.

    A machine whose host bridge has no such registers here (a host's) has the firmware's wish all the same.
    """

    def __init__(self, machine: Parts) -> None:
        self._m = machine
        self._engine = machine.engine
        self._root = address_of(machine.root)
        self._end = min(machine.low, END)
        self._registers: tuple[int, Shadowing] | None = None
        self._wish = OPEN
        self._kept: Span | None = None
        self._mapped: tuple[bytes, Span | None] = OPEN, None
        self._smram = False
        self._rom: Ram | None = None
        self.bios = b""
        self.modes = [_RAM] * max(0, (self._end - BASE) // PAGE)
        for start in range(BASE, self._end, PIECE):
            size = min(PIECE, self._end - start)
            self._engine.map_ram(start, machine.ram, start, size)
        self._map_vga()

    @property
    def has_registers(self) -> bool:
        """Whether the guest can read and write what decides."""
        return self._registers is not None

    def follow_bridge(self, slot: int, at: Shadowing) -> None:
        """From now on the registers of the function in ``slot`` decide."""
        self._registers = slot, at

    def program(self, pam: bytes, kept: Span | None = None) -> None:
        """Write PAM0 to PAM6 as firmware does. ``kept`` (start, end): pages that stay RAM whatever PAM says."""
        self._wish, self._kept = pam, kept
        if self._registers is not None:
            slot, at = self._registers
            for number, value in enumerate(pam):
                self._m.pci.set(slot, at.pam + number, 1, value, 0xFF)
        self.update()

    def update(self) -> None:
        """Map what the registers say now."""
        pam, smram = self._wish, False
        if self._registers is not None:
            slot, at = self._registers
            pam = self._read(slot, at.pam, REGISTERS)
            low, high = self._read(slot, at.smram, 2)
            smram = smram_shown(low, high if at.esmramc == at.smram + 1 else 0)
        if smram != self._smram:
            self._show_smram(smram)
        if (pam, self._kept) != self._mapped:
            self._mapped = pam, self._kept
            self._map(self._wanted(pam))

    def _read(self, slot: int, offset: int, count: int) -> bytes:
        """Bytes of configuration space, a dword at a time."""
        first = offset & ~3
        dwords = range(first, offset + count, 4)
        data = b"".join(self._m.pci.seen_by_guest(slot, at, 4).to_bytes(4, "little") for at in dwords)
        return data[offset - first : offset - first + count]

    def _wanted(self, pam: bytes) -> list[int]:
        each = SEGMENT // PAGE
        wanted = [mode for mode in modes(pam) for _ in range(each)][: len(self.modes)]
        if self._kept:
            first, last = ((address - BASE) // PAGE for address in self._kept)
            wanted[first:last] = [_RAM] * (last - first)
        return wanted[: len(self.modes)]

    def _map(self, wanted: list[int]) -> None:
        """Change what is not yet as ``wanted``."""
        for start, size, old, mode in _changes(self.modes, wanted):
            if bool(old) != bool(mode):
                self._engine.unmap(start, size)
                memory, offset = (self._m.ram, start) if mode else (self._pci_side(), start - BASE)
                self._engine.map_ram(start, memory, offset, size)
        protect(self._engine, self.modes, wanted)
        self.modes = wanted

    def _pci_side(self) -> Ram:
        """What PCI has there in QEMU: nothing for option ROMs (pc.rom, hw/i386/pc.c), the end of the BIOS up to 1 MiB.

        As much as there is of it, 128 KiB at most (x86_isa_bios_init); below that all ones, down to E0000.
        """
        if self._rom is None:
            bios = self.bios[-(END - OPTION_ROMS_END) :]
            self._rom = Ram(END - BASE, "PCI at C0000")
            self._rom.write(OPTION_ROMS_END - BASE, bios.rjust(END - OPTION_ROMS_END, b"\xff"))
        return self._rom

    # --- A0000-BFFFF -----------------------------------------------------------------------------------------------
    def _show_smram(self, shown: bool) -> None:
        """RAM in the place of the VGA window, or the window again."""
        self._smram = shown
        self._engine.unmap(VGA_START, BASE - VGA_START)
        if shown and self._m.low >= BASE:
            self._engine.map_ram(VGA_START, self._m.ram, VGA_START, BASE - VGA_START)
            self._m.root[R_FILLS] = 0
        else:
            self._map_vga()

    def _map_vga(self) -> None:
        reads, writes = callbacks.open_bus_read.address, callbacks.open_bus_write.address
        if self._m.shows_vga:
            reads, writes = callbacks.vga_window_read.address, callbacks.vga_window_write.address
        self._m.root[R_FN_FILL] = callbacks_fill.filled.address
        self._m.root[R_FILLS] = self._m.low if self._m.shows_vga else 0
        self._engine.map_native(VGA_START, BASE - VGA_START, reads, writes, self._root)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> Any:
        """What is mapped, and what firmware wanted where there are no registers."""
        return self._wish, self._kept, self._mapped, self._smram, tuple(self.modes)

    def restore(self, state: Any) -> None:
        """Map what was mapped then."""
        self._wish, self._kept, self._mapped, smram, wanted = state
        if smram != self._smram:
            self._show_smram(smram)
        self._map(list(wanted))


def protect(engine: Engine, old: Sequence[int], new: Sequence[int]) -> None:
    """Let code write to the pages from C0000 on as the modes ``new`` say; ``old``: as it was until now.

    Where the engine cuts a region it forgets that the other part is read-only (Unicorn 2, of memory that the host
    gave): so all that is read-only is said again.
    """
    if old == new:
        return
    for start, size, _, mode in (*_changes(old, new), *_changes([_RAM] * len(new), new)):
        engine.protect(start, size, ALL if mode & WRITE else READ_ONLY)


def _changes(old: Sequence[int], new: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Where the modes of pages differ: start, size, mode before and mode now, as few as there can be."""
    for (before, now), run in groupby(enumerate(zip(old, new, strict=True)), key=lambda each: each[1]):
        numbers = [number for number, _ in run]
        if before != now:
            yield BASE + numbers[0] * PAGE, len(numbers) * PAGE, before, now
