"""What happens between a ROM's init and the end of the run: calls, what a boot loader draws, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.cpu.engine import Engine
from fwsim.devices.igd.planes import vga_shown
from fwsim.devices.vga.render import dots_of, palette
from fwsim.environment.ending import Ending
from fwsim.environment.slices import Slices
from fwsim.machine.build import lights
from fwsim.machine.built import Built
from fwsim.native import R_CS
from fwsim.results.folder import RunDir
from fwsim.results.png import png_bytes
from fwsim.results.summary import CallResult, Screen
from fwsim.running.framebuffer import owner, store
from fwsim.running.payload import ModeLayout, encoded_card
from fwsim.running.pictures import look, of_one_colour, panel_picture, take
from fwsim.scenario.model import Call, Scenario
from fwsim.trace.event import Op, Space

BUFFER = 0x10000
"""Where es:di 0:0 of a call points: 64 KiB that is the run's own."""

_VIDEO_ROM = 0xC000, 0xE000
"""The segments in which an INT 10h is the video BIOS's own."""
LAST_VGA_MODE = 0x13
CRTC_PORTS = (0x3B4, 0x3B5, 0x3D4, 0x3D5)
"""A 16-bit OUT to the index writes the data too."""
LINEAR = 0x80
"""Bit of ModeAttributes: the mode has a linear frame buffer (VBE 3.0, 4.4)."""


class Called(Protocol):
    """Firmware that a boot loader can call: fwsim's own services, or an image's."""

    slices: Slices
    cpu: Engine

    def interrupt(self, vector: int, registers: dict[str, int]) -> Ending:
        """INT ``vector`` with these registers."""
        ...

    def memory_map(self) -> list[tuple[int, int, int]]:
        """(start, size, type) as INT 15h E820 gives it."""
        ...


class Caller(Struct, dict=True):
    """Makes a scenario's calls on a session, keeps their results, the screens and the IOMMU's faults."""

    built: Built
    session: Called
    scenario: Scenario
    out: RunDir | None
    calls: list[CallResult] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    _pending: int | None = None
    """The number of a mode that was set and whose picture is still to be taken."""
    _last: int | None = None
    """The one whose picture was taken last."""
    _tried: bool = False
    _drawn: bool = False
    _wanted: tuple[int, int] | None = None
    """Of the pending mode: whether the test card was painted, and its size by 4F01, or by a VGA that is not shown."""
    _watched: bool = False
    _shown: NDArray[np.uint8] | None = None
    """Whether a boot sector's modes were photographed, and what the display showed when it set the last one."""

    def __post_init__(self) -> None:
        """What the pictures' DMA meets is the IOMMU's that watched the ROM."""
        self.machine = self.built.machine
        self.vtd = self.built.guard.vtd

    # --- calls -----------------------------------------------------------------------------------------------------
    def make(self, call: Call) -> CallResult:
        """One call of the scenario; a mode that it sets is drawn on, and photographed before the next one.

        Where the ROM refuses a mode, the one before stays, and its picture is taken again later.
        """
        sets_mode = call.vector == 0x10 and (call.ax >> 8 == 0 or call.ax == 0x4F02)
        before, count = self._pending, len(self.screens)
        if sets_mode:
            self.photograph()
            self._tried = True
        first = self.machine.recorder.count
        result, _ = self._call(call)
        self.calls.append(result)
        if sets_mode and result.ok:
            result.lights = lights(self.built)
            result.undrawn = self._mode_set(call)
            if self._pending is not None and self._pending <= LAST_VGA_MODE:
                self._wanted = self._missed(first)
            result.detail = result.detail or result.undrawn
        elif sets_mode and self.session.slices.ended is None:
            self._pending = before
            del self.screens[count:], self.pictures[count:]
        return result

    def _call(self, call: Call) -> tuple[CallResult, bool]:
        es, di = (BUFFER >> 4, 0) if call.es == 0 and call.di == 0 else (call.es, call.di)
        if call.vector == 0x10 and call.ax == 0x4F00:
            self.machine.ram.write((es << 4) + di, b"VBE2")
        names = ("ax", "bx", "cx", "dx", "si", "bp")
        registers = {name: getattr(call, name) for name in names} | {"es": es, "di": di}
        ending = self.session.interrupt(call.vector, registers)
        returned = ending.reason == "completed"
        ax = self.session.cpu.get("ax") if returned else 0
        result = CallResult(vector=call.vector, ax=call.ax, bx=call.bx, cx=call.cx, dx=call.dx, result_ax=ax)
        result.ok = returned and self._succeeded(call, ax)
        result.detail = self._detail(call, result, (es << 4) + di) if returned else ending.reason
        return result, returned

    def _succeeded(self, call: Call, ax: int) -> bool:
        if call.vector != 0x10:
            return True
        if call.ax >> 8 == 0x4F:
            return ax == 0x004F
        return call.ax >> 8 != 0 or self.machine.ram.word(0x449, 1) == call.ax & 0x7F

    def _detail(self, call: Call, result: CallResult, buffer: int) -> str:
        """What a VBE answer says, in a few words."""
        if not result.ok or call.vector != 0x10:
            return ""
        if call.ax == 0x4F00:
            ram = self.machine.ram
            modes = (ram.word(buffer + 0x10, 2) << 4) + ram.word(buffer + 0x0E, 2)
            count = 0
            while count < 256 and ram.word(modes + 2 * count, 2) != 0xFFFF:
                count += 1
            version = ram.word(buffer + 4, 2)
            return f"VBE {version >> 8}.{version & 0xFF}, {count} modes, {ram.word(buffer + 0x12, 2) * 64} KiB"
        if call.ax == 0x4F01:
            mode = self._layout(buffer)
            used = self._used(mode) if self.machine.ram.word(buffer, 2) & LINEAR else ""
            text = f"{mode.width}x{mode.height}x{mode.bpp}, pitch {mode.pitch}, at {mode.base:#x}"
            return f"{text}, {used}" if used else text
        return ""

    # --- drawing ---------------------------------------------------------------------------------------------------
    def _mode_set(self, call: Call) -> str:
        """Draw on a linear mode; why that was not done, "" where it was or was not wanted."""
        self._drawn, self._wanted = False, None
        if call.ax != 0x4F02:
            self._pending = call.ax & 0x7F
            return ""
        self._pending = call.bx & 0x1FF
        linear = self.scenario.payload.draw == "test-card" and call.bx & 0x4000
        return self._draw(call.bx & 0x1FF) if linear else ""

    def _missed(self, first: int) -> tuple[int, int] | None:
        """Dots a line and lines a frame of the VGA's mode, where an IGD's screen does not show it though the ROM
        programmed the VGA's timing since event ``first``; None where it is shown, or the ROM draws text another way.
        """
        igd, recorder = self.machine.igd, self.machine.recorder
        if igd is None or vga_shown(igd.family, igd.register):
            return None
        events = recorder.read(first, recorder.count)
        outs = events[(events["space"] == Space.PORT) & (events["op"] == Op.WRITE)]["address"]
        if not np.isin(outs, CRTC_PORTS).any():
            return None
        return dots_of(self.machine.vga)

    def _layout(self, at: int) -> ModeLayout:
        """The ModeInfoBlock at linear ``at`` (VBE 3.0, 4.4): what a boot loader takes from it."""
        ram = self.machine.ram
        fields = tuple((ram.word(at + 0x1F + 2 * i, 1), ram.word(at + 0x20 + 2 * i, 1)) for i in range(3))
        return ModeLayout(
            width=ram.word(at + 0x12, 2), height=ram.word(at + 0x14, 2), pitch=ram.word(at + 0x10, 2),
            bpp=ram.word(at + 0x19, 1), base=ram.word(at + 0x28, 4), fields=fields,
        )  # fmt: skip

    def _draw(self, mode: int) -> str:
        """4F01 for the mode, then the test card through the frame buffer it names; why that was not done."""
        result, returned = self._call(Call(vector=0x10, ax=0x4F01, cx=mode))
        layout = self._layout(BUFFER)
        if not returned or not result.ok or not layout.width or not layout.height:
            return ""
        used = self._used(layout)
        if used:
            return f"frame buffer at {layout.base:#x}, {used}: not drawn"
        colours = palette(self.machine.vga).tobytes() if layout.bpp == 8 else b""
        self._drawn, self._wanted = True, (layout.width, layout.height)
        store(self.built, layout.base, encoded_card(layout, colours))
        return ""

    def _used(self, mode: ModeLayout) -> str:
        """Who uses the memory that the mode's frame buffer would be; "" where nobody else does."""
        return owner(self.built, self.session.memory_map(), mode.base, mode.pitch * mode.height)

    # --- pictures --------------------------------------------------------------------------------------------------
    def finish(self) -> None:
        """Take the last picture: of what a boot sector left, or of the mode that was set last, or of what POST left."""
        if self._pending is None and (self._watched or (not self._tried and self.session.slices.ended is None)):
            self._pending = self._mode if self._last is None else self._last
        self.photograph()
        self.vtd.finish()

    @contextmanager
    def watching(self, slices: Slices) -> Iterator[None]:
        """Photograph what the code that runs meanwhile shows: before each mode that it sets by INT 10h, where that is
        something new, and at the end (``finish``). A video BIOS's own INT 10h sets none.
        """
        self.photograph()
        self._watched, self._shown = True, look(self.built)
        slices.watch_modes(self._before_mode)
        try:
            yield
        finally:
            slices.watch_modes(None)

    def _before_mode(self, ax: int, bx: int) -> None:
        if _VIDEO_ROM[0] <= int(self.machine.root[R_CS]) < _VIDEO_ROM[1]:
            return
        shown = look(self.built)
        if shown is not None and (self._shown is None or not np.array_equal(shown, self._shown)):
            self._pending = self._mode if self._pending is None else self._pending
            self.photograph()
        self._shown, self._drawn, self._wanted = shown, False, None
        self._pending = bx & 0x1FF if ax == 0x4F02 else ax & 0x7F

    @property
    def _mode(self) -> int:
        """The mode that the video BIOS says is set."""
        return self.machine.ram.word(0x449, 1)

    def photograph(self) -> None:
        """Take the picture of the mode that was set last, where that was not done yet."""
        if self._pending is None:
            return
        self._last, self._pending = self._pending, None
        self._take(self._last)

    def look_again(self) -> None:
        """Look at the screen once more: what it is made of may have changed. A picture like the last is not kept."""
        known = self._last if self._pending is None else self._pending
        self._take(self._mode if known is None else known, again=True)

    def _take(self, mode: int, *, again: bool = False) -> None:
        screen, rgb = take(self.built, mode, self.scenario.payload.frames)
        if rgb is None or (again and self.pictures and np.array_equal(rgb, self.pictures[-1])):
            return
        if self._watched and screen.format == "vga":  # a VBE mode may have been refused
            screen.mode = self._mode
        screen.lights, screen.drawn = lights(self.built), self._drawn
        screen.wanted = self._wanted or screen.wanted
        screen.flat = of_one_colour(rgb)
        screen.file = f"screen-{len(self.screens) + 1:02d}.png"
        self.screens.append(screen)
        self.pictures.append(rgb)
        fitted = panel_picture(self.built, screen, rgb, wanted=self.out is not None)
        if self.out is not None:
            self.out.write(screen.file, png_bytes(rgb))
            if fitted is not None and screen.panel:
                self.out.write(screen.panel.file, png_bytes(fitted))
