"""A PC's two 8259A: requests, service, masks, priorities, ends of interrupt, polls, and the edge/level registers.

Sources: Intel 8259A data sheet (order 231468: interrupt sequence, ICW1-ICW4, OCW1-OCW3, poll command, reading the
status); 82371SB (PIIX3) data sheet, 4D0h and 4D1h (ELCR: lines 0, 1, 2, 8 and 13 stay edge-triggered); SeaBIOS
src/hw/pic.c and src/fw/pciinit.c for what the firmware leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field, to_builtins

CASCADE = 2
"""The first controller's input that the second one's output is wired to."""
_SPURIOUS = 7
_ELCR_WRITABLE = (0xF8, 0xDE)
_LEVELS_LEFT = (0x00, 0x0C)
"""What SeaBIOS leaves in ELCR: the PCI lines, 10 and 11, by level."""


class Chip(Struct):
    """One 8259A. ``lines`` are its inputs as they are, ``irr`` what they ask for, ``isr`` what is being served.

    ``lowest``: the input of the lowest priority. ``expected``: initialisation words still to come, ICW2 to ICW4.
    """

    vector: int
    mask: int
    irr: int = 0
    isr: int = 0
    lines: int = 0
    levels: int = 0
    lowest: int = 7
    auto_eoi: bool = False
    rotates: bool = False
    special_mask: bool = False
    nested: bool = False
    reads_isr: bool = False
    polls: bool = False
    single: bool = False
    expected: list[int] = field(default_factory=list)

    def drive(self, line: int, level: bool) -> None:
        """Set an input: a level asks as long as it is high, an edge once it has risen, until it is low again."""
        bit = 1 << line
        if not level:
            self.lines &= ~bit
            self.irr &= ~bit
            return
        if self.levels & bit or not self.lines & bit:
            self.irr |= bit
        self.lines |= bit

    def _order(self) -> list[int]:
        """The inputs, the highest priority first."""
        return [(self.lowest + 1 + number) & 7 for number in range(8)]

    def request(self) -> int | None:
        """The input whose interrupt the INT output asks for; None while it is low."""
        asked = self.irr & ~self.mask
        for line in self._order():
            bit = 1 << line
            served = self.isr & bit
            if self.special_mask and self.mask & bit:
                continue
            if served and not (self.nested and line == CASCADE and asked & bit):
                return None
            if asked & bit:
                return line
        return None

    def acknowledge(self, line: int) -> None:
        """INTA: the request becomes service, unless EOI is automatic; a level goes on asking."""
        bit = 1 << line
        if not self.levels & bit:
            self.irr &= ~bit
        if not self.auto_eoi:
            self.isr |= bit
        elif self.rotates:
            self.lowest = line

    def highest_in_service(self) -> int | None:
        """The input that a non-specific EOI ends: under the special mask mode, one that is not masked."""
        served = self.isr & ~self.mask if self.special_mask else self.isr
        return next((line for line in self._order() if served >> line & 1), None)

    def begin(self, word: int) -> None:
        """ICW1: masks, service and edges are forgotten, IR7 is lowest; bit 1 single (no ICW3), bit 0 ICW4 follows."""
        self.expected = [2] + [3] * (not word & 2) + [4] * (word & 1)
        self.mask = self.isr = 0
        self.irr = self.lines & self.levels
        self.lowest, self.single = 7, bool(word & 2)
        self.special_mask = self.reads_isr = self.auto_eoi = self.rotates = self.nested = self.polls = False

    def go_on(self, word: int) -> None:
        """ICW2 (the vectors' upper five bits), ICW3 (how it is wired: fixed here) or ICW4."""
        which = self.expected.pop(0)
        if which == 2:
            self.vector = word & 0xF8
        elif which == 4:
            self.auto_eoi, self.nested = bool(word & 2), bool(word & 0x10)


class Pic:
    """Two 8259A, the second one on input 2 of the first; ``ended`` is told each line (0 to 15) whose service ends,
    ``changed`` that something may be asked for now that was not.
    """

    ports: tuple[int, ...] = (0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1)

    def __init__(self) -> None:
        # open: timer, keyboard, cascade, floppy; RTC, mouse
        self.chips = [Chip(0x08, 0xB8, levels=_LEVELS_LEFT[0]), Chip(0x70, 0x8F, levels=_LEVELS_LEFT[1])]
        self.ended: Callable[[int], None] = lambda line: None
        self.changed: Callable[[], None] = lambda: None

    # --- inputs ----------------------------------------------------------------------------------------------------
    def drive(self, line: int, level: bool) -> None:
        """Set input 0 to 15."""
        self.chips[line >> 3].drive(line & 7, level)
        self._cascade()

    def pulse(self, line: int) -> None:
        """An edge on an input that is low again at once, its request kept: a timer's, held until it is served."""
        chip = self.chips[line >> 3]
        chip.irr |= 1 << (line & 7)
        self._cascade()

    def _cascade(self) -> None:
        master, slave = self.chips
        if slave.request() is not None:
            master.lines |= 1 << CASCADE
            master.irr |= 1 << CASCADE
        else:
            master.lines &= ~(1 << CASCADE)
            master.irr &= ~(1 << CASCADE)

    # --- the CPU's side --------------------------------------------------------------------------------------------
    @property
    def asks(self) -> bool:
        """Whether INTR is up."""
        return self.chips[0].request() is not None

    def acknowledge(self) -> tuple[int, int]:
        """INTA: (vector, line). Where nothing asks any more it is input 7's, which is not served then."""
        line = self._inta(0)
        if line != CASCADE:
            return self.chips[0].vector | line, line
        second = self._inta(1)
        self._cascade()
        return self.chips[1].vector | second, 8 + second

    def _inta(self, number: int) -> int:
        chip = self.chips[number]
        line = chip.request()
        if line is None:
            return _SPURIOUS
        chip.acknowledge(line)
        if chip.auto_eoi and not (number == 0 and line == CASCADE):
            self.ended(8 * number + line)
        return line

    def end(self, line: int) -> None:
        """The end of interrupt that a BIOS writes for ``line``: to the second controller, and to the first."""
        if line > 7:
            self.write(0xA0, 1, 0x20)
        self.write(0x20, 1, 0x20)

    def waiting(self, line: int) -> str:
        """Why a request on ``line`` does not reach the CPU; "" where nothing of the controllers keeps it."""
        chip, bit = self.chips[line >> 3], 1 << (line & 7)
        if chip.mask & bit:
            return f"IRQ {line} is masked in the 8259A (port {'A1h' if line > 7 else '21h'}, bit {line & 7})"
        if line > 7 and self.chips[0].mask >> CASCADE & 1:
            return f"IRQ {line} is masked in the 8259A: its cascade is (port 21h, bit 2)"
        if chip.isr & bit:
            return f"IRQ {line} is in service: its handler wrote no EOI"
        if any(each.isr for each in self.chips[: 1 + (line > 7)]):
            return f"an interrupt of higher priority than IRQ {line} is in service: its handler wrote no EOI"
        return ""

    # --- ports -----------------------------------------------------------------------------------------------------
    def read(self, port: int, width: int) -> int:
        """The mask, ELCR, and by OCW3 the requests, what is in service, or a poll."""
        if port & 0xFF0 == 0x4D0:
            return self.chips[port & 1].levels
        number = port >> 7
        chip = self.chips[number]
        if chip.polls:
            chip.polls = False
            return self._polled(number)
        if port & 1:
            return chip.mask
        return chip.isr if chip.reads_isr else chip.irr

    def _polled(self, number: int) -> int:
        """The poll command's answer: bit 7 an interrupt, acknowledged by this read, bits 2:0 which."""
        line = self.chips[number].request()
        if line is None:
            return 0
        self.chips[number].acknowledge(line)
        self._cascade()
        return 0x80 | line

    def write(self, port: int, width: int, value: int) -> None:
        """ICW1, OCW2 and OCW3 on the even port, the mask and the other ICWs on the odd one, ELCR."""
        value &= 0xFF
        if port & 0xFF0 == 0x4D0:
            self._set_levels(port & 1, value)
        else:
            number = port >> 7
            chip = self.chips[number]
            if port & 1:
                if chip.expected:
                    chip.go_on(value)
                else:
                    chip.mask = value
            elif value & 0x10:
                chip.begin(value)
            elif value & 0x08:
                self._third(chip, value)
            else:
                self._second(number, value)
        self._cascade()
        self.changed()

    def _set_levels(self, number: int, value: int) -> None:
        """ELCR: a line that becomes one by level asks while it is high."""
        chip = self.chips[number]
        chip.levels = value & _ELCR_WRITABLE[number]
        chip.irr |= chip.lines & chip.levels

    @staticmethod
    def _third(chip: Chip, value: int) -> None:
        """OCW3: special mask (bits 6:5), poll (bit 2), which register is read (bits 1:0)."""
        if value & 0x40:
            chip.special_mask = bool(value & 0x20)
        chip.polls = bool(value & 0x04)
        if value & 0x02:
            chip.reads_isr = bool(value & 0x01)

    def _second(self, number: int, value: int) -> None:
        """OCW2: rotate (bit 7), specific (bit 6), EOI (bit 5), the level (bits 2:0)."""
        chip, rotate, specific, eoi = self.chips[number], value & 0x80, value & 0x40, value & 0x20
        if not eoi:
            if specific and rotate:
                chip.lowest = value & 7
            elif not specific:
                chip.rotates = bool(rotate)
            return
        line = value & 7 if specific else chip.highest_in_service()
        if line is None or not chip.isr >> line & 1:
            return
        chip.isr &= ~(1 << line)
        if rotate:
            chip.lowest = line
        self._cascade()
        if not (number == 0 and line == CASCADE):
            self.ended(8 * number + line)

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> object:
        """Everything of both chips."""
        return [to_builtins(chip) for chip in self.chips]

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.chips = [Chip(**(saved | {"expected": list(saved["expected"])})) for saved in state]
