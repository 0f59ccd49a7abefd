"""A PC's diskette controller, an 82078 with one drive, at 3F1h-3F5h and 3F7h, IRQ 6 and DMA channel 2.

Sources: Intel 82078 data sheet (registers, commands, status bytes); QEMU hw/block/fdc.c and fdc-isa.c, which this one
is like where the two differ: no port 3F0h, a read of the main status takes the controller out of reset, a seek beyond
the medium stays where it was. Otherwise than QEMU: commands are done at once (it waits 20 ms before READ ID's result);
FORMAT TRACK is refused as a write is, the medium being write protected (it formats nothing, and says that it did); a
third head is refused; SCAN, VERIFY, deleted data and relative seeks, which no BIOS sends, are invalid commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from fwsim.devices.diskette import SECTOR, Diskette
from fwsim.devices.dma8237 import Dma

DMA_CHANNEL, IRQ_LINE = 2, 6
SRB, DOR, TDR, MSR, FIFO, DIR = 0x3F1, 0x3F2, 0x3F3, 0x3F4, 0x3F5, 0x3F7
_IN_USE, _NOT_RESET, _DMA_ENABLED = 0x03, 0x04, 0x08
_BUSY, _NO_DMA, _TO_HOST, _READY = 0x10, 0x20, 0x40, 0x80
_SEEK_END, _ABNORMAL, _INVALID, _POLLED = 0x20, 0x40, 0x80, 0xC0
_NO_MARK, _PROTECTED, _PAST_END = 0x01, 0x02, 0x80
_SIZE_CODE = 2
_VERSION, _PART = 0x90, 0x41
_RESET_ANSWERS = 4
_IMPLIED_SEEK_AND_NO_FIFO = 0x60


class Position(Struct):
    """Where a drive's head stands. ``changed``: the disk change line, until the head has stepped over a medium."""

    track: int = 0
    head: int = 0
    sector: int = 0
    changed: bool = True
    perpendicular: int = 0


class Drive:
    """A drive with its medium; without one (the second) it takes no step."""

    def __init__(self, medium: Diskette | None) -> None:
        self.medium = medium
        shape = medium.format if medium else None
        self.sectors, self.last_track = (shape.sectors, shape.cylinders) if shape else (0, 0)
        self.heads, self.rate = (shape.heads, shape.rate) if shape else (1, 0)
        self.at = Position()

    def seek(self, track: int, head: int, sector: int) -> tuple[int, int] | None:
        """Go there: the bits of ST0 and ST1 that say why not; None: arrived."""
        if track > self.last_track or head >= self.heads:
            return _ABNORMAL, 0
        if sector > self.sectors:
            return _ABNORMAL, _PAST_END
        at = self.at
        if track != at.track and self.medium:
            at.changed = False
        at.track, at.head, at.sector = track, head, sector
        return None if self.medium else (_ABNORMAL, 0)

    def read(self) -> bytes:
        """The sector under the head."""
        at = self.at
        return self.medium.sector(self.medium.number(at.track, at.head, at.sector)) if self.medium else bytes(SECTOR)


class _State(Struct):
    """The controller's registers. ``fifo``: a command's bytes so far, or what is left of a result or of a sector."""

    dor: int = _NOT_RESET | _DMA_ENABLED
    tape: int = 0
    rate: int = 0
    status: int = _READY
    srb: int = 0xC0
    selected: int = 0
    st0: int = 0
    asks: bool = False
    answers: int = 0
    fifo: bytes = b""
    last: int = 0
    steps: int = 0
    load: int = 0
    config: int = _IMPLIED_SEEK_AND_NO_FIFO
    precompensation: int = 0
    locked: bool = False
    multi_track: bool = False
    left: int = 0


class _Command(NamedTuple):
    """A command: its code under ``mask``, how many bytes follow, what it does."""

    code: int
    mask: int
    parameters: int
    act: Callable[[Floppy, bytes], None]


class Floppy:
    """The controller with ``medium`` in its first drive. ``interrupt`` is told its line's level."""

    ports: tuple[int, ...] = (SRB, DOR, TDR, MSR, FIFO, DIR)

    def __init__(self, medium: Diskette, dma: Dma, interrupt: Callable[[bool], None]) -> None:
        self._drives = [Drive(medium), Drive(None)]
        self._dma = dma
        self._interrupt = interrupt
        self._state = _State()
        for drive in self._drives:
            drive.seek(0, 0, 1)
        dma.connect(DMA_CHANNEL, self._by_dma)

    # --- ports -----------------------------------------------------------------------------------------------------
    def read(self, port: int, width: int) -> int:
        """3F1h status B, 3F2h DOR, 3F3h TDR, 3F4h main status, 3F5h data, 3F7h bit 7 disk change."""
        state = self._state
        if port == MSR:
            state.dor |= _NOT_RESET
            return state.status
        if port == FIFO:
            return self._next_byte()
        if port == DIR:
            return 0x80 * self._drive.at.changed
        return {SRB: state.srb, DOR: state.dor | state.selected, TDR: state.tape}[port]

    def write(self, port: int, width: int, value: int) -> None:
        """3F2h DOR, 3F4h data rate and soft reset, 3F5h data, 3F7h data rate; nothing but DOR while it is in reset."""
        state, value = self._state, value & 0xFF
        if port == DOR:
            self._set_dor(value)
        elif not state.dor & _NOT_RESET:
            return
        elif port == TDR:
            state.tape = value & 0x04
        elif port == MSR:
            if value & 0xC0:
                self._reset()
            state.rate = value & 0x03
        elif port == DIR:
            state.rate = value & 0x03
        elif port == FIFO:
            self._take_byte(value)

    def _set_dor(self, value: int) -> None:
        """Bits 1:0 the drive, 2 not reset, 3 DMA and interrupt, 7:4 motors. Leaving reset interrupts."""
        if value & ~self._state.dor & _NOT_RESET:
            self._reset()
        state = self._state
        state.srb = state.srb & 0xDC | value >> 4 & 0x03 | (value & 1) << 5
        state.selected, state.dor = value & 1, value

    def _reset(self) -> None:
        """All but what the data sheet keeps (rate, CONFIGURE, SPECIFY); the four drives' polling is answered then."""
        state = self._state
        self._lower()
        state.srb, state.selected, state.dor = 0xC0, 0, _NOT_RESET | _DMA_ENABLED
        self._dma.request(DMA_CHANNEL, False)
        for drive in self._drives:
            drive.seek(0, 0, 1)
        self._expect_command()
        state.st0 = _POLLED
        self._raise()
        state.answers = _RESET_ANSWERS

    # --- the interrupt ---------------------------------------------------------------------------------------------
    def _raise(self) -> None:
        self._state.answers = 0
        if not self._state.asks:
            self._state.asks = True
            self._interrupt(True)

    def _lower(self) -> None:
        self._state.st0 = 0
        if self._state.asks:
            self._state.asks = False
            self._interrupt(False)

    # --- phases ----------------------------------------------------------------------------------------------------
    def _expect_command(self) -> None:
        self._state.fifo, self._state.left = b"", 0
        self._state.status = _READY

    def _result(self, *values: int) -> None:
        self._state.fifo = bytes(values)
        self._state.status = _READY | _TO_HOST | _BUSY

    def _take_byte(self, value: int) -> None:
        """A byte of a command; with its last one it is done."""
        state = self._state
        if not state.status & _READY or state.status & _TO_HOST:
            return
        state.fifo += bytes((value,))
        state.status |= _BUSY
        code = state.fifo[0]
        command = next(each for each in self._COMMANDS if code & each.mask == each.code)
        if len(state.fifo) == command.parameters + 1:
            state.status &= ~_READY
            command.act(self, state.fifo)

    def _next_byte(self) -> int:
        """A byte of the result, whose last one ends the interrupt, or of a sector that goes without DMA."""
        state = self._state
        if not state.status & _READY or not state.status & _TO_HOST or not state.fifo:
            return 0
        value, state.fifo = state.fifo[0], state.fifo[1:]
        if state.fifo:
            return value
        if state.status & _NO_DMA:
            self._next_sector()
        else:
            self._expect_command()
            self._lower()
        return value

    @property
    def _drive(self) -> Drive:
        """The selected drive; TDR's bit 2 makes the second one the first."""
        return self._drives[self._state.selected ^ (self._state.tape >> 2)]

    def _select(self, byte: int) -> Drive:
        self._state.selected = byte & 1
        return self._drive

    def _done(self, st0: int = 0, st1: int = 0, at: tuple[int, int, int] | None = None) -> None:
        """The seven bytes of a data command's result; ``at``: cylinder, head and sector, unless the head's own."""
        state, stands = self._state, self._drive.at
        state.st0 = state.st0 & ~0x07 | state.selected | stands.head << 2 | st0
        if not state.status & _NO_DMA:
            self._dma.request(DMA_CHANNEL, False)
        self._result(state.st0, st1, 0, *(at or (stands.track, stands.head, stands.sector)), _SIZE_CODE)
        self._raise()

    # --- commands --------------------------------------------------------------------------------------------------
    def _started(self, command: bytes) -> Drive | None:
        """Go where a data command says; None: it ended there."""
        code, select, track, head, sector, size, last = command[:7]
        state, drive = self._state, self._select(select)
        before = drive.at.track
        wrong = drive.seek(track, head, sector)
        if wrong is None and state.rate != drive.rate:
            wrong = _ABNORMAL, _NO_MARK
        if drive.medium and drive.at.track != before:
            state.st0 |= _SEEK_END
        count = last - sector + 1
        if wrong is None and size and count < 0:
            wrong = _ABNORMAL, _NO_MARK
        if wrong:
            self._done(*wrong, (track, head, sector))
            return None
        state.multi_track, state.last = bool(code & 0x80), last
        state.left = (128 << min(size, 7)) * (count + last * state.multi_track) if size else command[8]
        return drive

    def _read(self, command: bytes) -> None:
        """READ DATA, READ TRACK: by DMA, or byte by byte where SPECIFY said so."""
        if self._started(command) is None:
            return
        if self._state.dor & _DMA_ENABLED:
            self._dma.request(DMA_CHANNEL, True)
            return
        self._state.status |= _NO_DMA | _READY | _TO_HOST
        self._state.fifo = self._drive.read()[: self._state.left]
        self._raise()

    def _by_dma(self, wanted: int) -> int:
        """The sectors, one after the other, until the controller or the channel has what it was told."""
        total, moved = min(wanted, self._state.left), 0
        while moved < total:
            data = self._drive.read()[: total - moved]
            self._dma.write_memory(DMA_CHANNEL, moved, data)
            moved += len(data)
            if len(data) == SECTOR and not self._step():
                break
        self._done()
        return moved

    def _next_sector(self) -> None:
        """A sector went to the host byte by byte."""
        state = self._state
        state.left -= min(state.left, SECTOR)
        if not state.left:
            self._done()
        elif self._step():
            state.fifo = self._drive.read()[: state.left]

    def _step(self) -> bool:
        """On to the next sector; False: that was the last one of the track, or of the cylinder (multi-track)."""
        state, at, drive = self._state, self._drive.at, self._drive
        if at.sector < drive.sectors and at.sector != state.last:
            drive.seek(at.track, at.head, at.sector + 1)
            return True
        if state.multi_track and at.head == 0 and drive.heads == 2:
            drive.seek(at.track, 1, 1)
            return True
        state.st0 |= _SEEK_END
        drive.seek(at.track + 1, 0 if state.multi_track else at.head, 1)
        return state.multi_track and drive.heads == 2

    def _refuse(self, command: bytes) -> None:
        """WRITE DATA, FORMAT TRACK: not writable."""
        if len(command) == 9 and self._started(command) is None:
            return
        self._select(command[1])
        self._done(_ABNORMAL | _SEEK_END, _PROTECTED)

    def _read_id(self, command: bytes) -> None:
        """The next sector's id that comes by; none is found at another data rate."""
        drive = self._drive
        drive.at.head = command[1] >> 2 & 1
        if drive.sectors:
            drive.at.sector = drive.at.sector % drive.sectors + 1
        self._done(*((_ABNORMAL, _NO_MARK) if self._state.rate != drive.rate else ()))

    def _seek(self, command: bytes) -> None:
        drive = self._select(command[1])
        drive.seek(command[2], drive.at.head, drive.at.sector)
        self._sought()

    def _recalibrate(self, command: bytes) -> None:
        self._select(command[1]).seek(0, 0, 1)
        self._sought()

    def _sought(self) -> None:
        self._expect_command()
        self._state.st0 |= _SEEK_END
        self._raise()

    def _sense_interrupt(self, command: bytes) -> None:
        """Why it interrupted, and the cylinder; four times after a reset. Without an interrupt it is invalid."""
        state, track = self._state, self._drive.at.track
        if state.answers:
            st0 = _POLLED | _RESET_ANSWERS - state.answers
            state.answers -= 1
        elif not state.asks:
            self._result(_INVALID)
            return
        else:
            st0 = state.st0 & ~0x07 | state.selected
        self._result(st0, track)
        self._lower()
        state.st0 = _POLLED

    def _sense_drive(self, command: bytes) -> None:
        """ST3: write protected, ready, track 0, two sides, head, drive."""
        drive = self._select(command[1])
        drive.at.head = command[1] >> 2 & 1
        self._result(0x68 | (drive.at.track == 0) << 4 | drive.at.head << 2 | self._state.selected)

    def _specify(self, command: bytes) -> None:
        """Step rate, head load time; bit 0 of the second byte: without DMA."""
        state = self._state
        state.steps, state.load = command[1] >> 4, command[2] >> 1
        state.dor = state.dor & ~_DMA_ENABLED | (0 if command[2] & 1 else _DMA_ENABLED)
        self._expect_command()

    def _perpendicular(self, command: bytes) -> None:
        if command[1] & 0x80:
            self._drive.at.perpendicular = command[1] & 0x07
        self._expect_command()

    def _configure(self, command: bytes) -> None:
        self._state.config, self._state.precompensation = command[2], command[3]
        self._expect_command()

    def _lock(self, command: bytes) -> None:
        self._state.locked = bool(command[0] & 0x80)
        self._result(self._state.locked << 4)

    def _registers(self, command: bytes) -> None:
        """DUMPREG."""
        state, drive = self._state, self._drive
        first, second = self._drives[:: -1 if state.tape else 1]
        self._result(
            first.at.track, second.at.track, 0, 0, state.steps, state.load << 1 | bool(state.dor & _DMA_ENABLED),
            drive.sectors, state.locked << 7 | drive.at.perpendicular << 2, state.config, state.precompensation,
        )  # fmt: skip

    def _version(self, command: bytes) -> None:
        self._result(_VERSION)

    def _part(self, command: bytes) -> None:
        self._result(_PART)

    def _invalid(self, command: bytes) -> None:
        self._result(_INVALID)

    _COMMANDS = (
        _Command(0x06, 0x1F, 8, _read),
        _Command(0x05, 0x1F, 8, _refuse),
        _Command(0x0F, 0xFF, 2, _seek),
        _Command(0x08, 0xFF, 0, _sense_interrupt),
        _Command(0x07, 0xFF, 1, _recalibrate),
        _Command(0x0D, 0xBF, 5, _refuse),
        _Command(0x02, 0xBF, 8, _read),
        _Command(0x0A, 0xBF, 1, _read_id),
        _Command(0x03, 0xFF, 2, _specify),
        _Command(0x04, 0xFF, 1, _sense_drive),
        _Command(0x12, 0xFF, 1, _perpendicular),
        _Command(0x13, 0xFF, 3, _configure),
        _Command(0x14, 0x7F, 0, _lock),
        _Command(0x0E, 0xFF, 0, _registers),
        _Command(0x10, 0xFF, 0, _version),
        _Command(0x18, 0xFF, 0, _part),
        _Command(0x00, 0x00, 0, _invalid),
    )

    # --- snapshots -------------------------------------------------------------------------------------------------
    def snapshot(self) -> object:
        """The registers, and where the heads stand."""
        return asdict(self._state), [asdict(drive.at) for drive in self._drives]

    def restore(self, state: Any) -> None:
        """Go back to it."""
        registers, positions = state
        self._state = _State(**registers)
        for drive, at in zip(self._drives, positions, strict=True):
            drive.at = Position(**at)
