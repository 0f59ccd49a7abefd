"""The panel's own picture: where in it the pipe's picture lies, by timings, borders and fitter.

A pipe takes a picture of PIPESRC's size from its planes and sends as many pixels as the transcoder's active timing has.
Sources: Linux i915 display/intel_pfit.c (ilk_pfit_get_config, gmch_panel_fitting, centre_horizontally,
i965_scale_aspect, i9xx_pfit_get_config), display/skl_scaler.c (skl_scaler_get_config), display/intel_display.c (the eDP
transcoder's input). The hardware filters, by coefficients that are not public; here the nearest pixel is taken.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct

from fwsim.devices.igd.planes import ReadRegister, Registers, active_plane, running_pipes, vga_shown
from fwsim.devices.vga.linear import Pixels
from fwsim.registers.family import Family
from fwsim.registers.mmio_ddi import TRANS_DDI_FUNC_CTL
from fwsim.registers.mmio_pipe import (
    PF_CTL,
    PF_WIN_POS,
    PF_WIN_SZ,
    PFIT_CONTROL,
    PFIT_PGM_RATIOS,
    PS_CTRL,
    PS_WIN_POS,
    PS_WIN_SZ,
    VGACNTRL,
)
from fwsim.registers.mmio_ports import LVDS
from fwsim.registers.mmio_timing import HBLANK, HTOTAL, VBLANK, VTOTAL

Fitting = Literal["off", "centred", "aspect", "scaled"]
Window = tuple[int, int, int, int]
"""Left, top, width, height, in pixels and lines of the panel."""
_EDP = "EDP"
_EDP_INPUTS = {0: "A", 4: "A", 5: "B", 6: "C"}
_RATIO_ONE = 1 << 12
_SHAPE = 0.01
"""As much may the shape differ that is kept: vBIOSes round a window's size (Haswell's makes 1024x564 of 720x400)."""
_PILLARBOX, _LETTERBOX, _PROGRAMMED = 2, 3, 1


class Panel(Struct, frozen=True):
    """A panel of ``width`` by ``height`` with the pipe's picture in ``window``; what is outside of it is black.

    ``fitting``: off, no fitter is on and the picture begins at the first pixel; centred, in its own size with borders;
    aspect, scaled with borders and its shape kept; scaled, otherwise.
    """

    width: int
    height: int
    window: Window
    fitting: Fitting


def panel(family: Family, read: ReadRegister, source: tuple[int, int]) -> Panel | None:
    """The panel that shows a picture of ``source`` (width, height) now.

    None where nothing runs, or it shows that picture and nothing else: all of it, pixel by pixel.
    """
    registers = Registers(family, read)
    pipe = _pipe(registers)
    if pipe is None:
        return None
    timing = _EDP if _edp_input(registers) == pipe else pipe
    active = HTOTAL.ACTIVE.get(registers(HTOTAL, timing)) + 1, VTOTAL.ACTIVE.get(registers(VTOTAL, timing)) + 1
    if min(*source, *active) < 2:
        return None
    if family.gen <= 4:
        found = _gmch(registers, pipe, source, active)
    else:
        window = _window(registers, pipe)
        found = Panel(*active, window or (0, 0, *source), _word(source, window, active))
    whole = (found.width, found.height) == source and found.window == (0, 0, *source)
    return None if whole else found


def fit(rgb: Pixels, shown: Panel) -> Pixels:
    """The panel's pixels, lines by columns by RGB: ``rgb`` in its window, by the nearest pixel, cut at the edges."""
    out: Pixels = np.zeros((shown.height, shown.width, 3), np.uint8)
    left, top, width, height = shown.window
    if width <= 0 or height <= 0 or left >= shown.width or top >= shown.height:
        return out
    rows, columns = (
        (2 * np.arange(min(count, room)) + 1) * size // (2 * count)
        for count, room, size in ((height, shown.height - top, len(rgb)), (width, shown.width - left, len(rgb[0])))
    )
    out[top : top + len(rows), left : left + len(columns)] = rgb[rows[:, None], columns]
    return out


# --- which pipe ------------------------------------------------------------------------------------------------------
def _edp_input(registers: Registers) -> str | None:
    """The pipe that the eDP transcoder sends; None where it is off."""
    value = registers(TRANS_DDI_FUNC_CTL, _EDP)
    if not TRANS_DDI_FUNC_CTL.ENABLE.get(value):
        return None
    return _EDP_INPUTS.get(TRANS_DDI_FUNC_CTL.EDP_INPUT.get(value))


def _pipe(registers: Registers) -> str | None:
    """The pipe whose picture is shown: the plane's, or the VGA's, which where no register says it is one that runs."""
    family, read = registers.family, registers.read
    running = [name if name != _EDP else _edp_input(registers) for name in running_pipes(family, read)]
    named = [name for name in running if name in ("A", "B", "C", "D")]
    if not named:
        return None
    if not vga_shown(family, read):
        plane = active_plane(family, read)
        return plane.pipe if plane else None
    if family.name in VGACNTRL.PIPE.families:
        wanted = "AB"[VGACNTRL.PIPE.get(registers(VGACNTRL))]
        return wanted if wanted in named else named[0]
    return named[0]


# --- by generation ---------------------------------------------------------------------------------------------------
def _window(registers: Registers, pipe: str) -> Window | None:
    """The fitter's or the pipe scaler's window, from Ironlake on; None where none is on for this pipe."""
    if registers.has(PF_CTL, pipe):
        if not PF_CTL.ENABLE.get(registers(PF_CTL, pipe)):
            return None
        place, size = registers(PF_WIN_POS, pipe), registers(PF_WIN_SZ, pipe)
        return (
            PF_WIN_POS.X.get(place), PF_WIN_POS.Y.get(place), PF_WIN_SZ.WIDTH.get(size), PF_WIN_SZ.HEIGHT.get(size),
        )  # fmt: skip
    for number in "12":
        control = registers(PS_CTRL, number + pipe)
        if PS_CTRL.ENABLE.get(control) and not PS_CTRL.BINDING.get(control):
            place, size = registers(PS_WIN_POS, number + pipe), registers(PS_WIN_SZ, number + pipe)
            return (
                PS_WIN_POS.X.get(place), PS_WIN_POS.Y.get(place),
                PS_WIN_SZ.WIDTH.get(size), PS_WIN_SZ.HEIGHT.get(size),
            )  # fmt: skip
    return None


def _gmch(registers: Registers, pipe: str, source: tuple[int, int], active: tuple[int, int]) -> Panel:
    """Generations 2 to 4: the fitter fills the active area; with borders, that is a part of the panel.

    Where LVDS sends its border the panel is as large as what is not blanked, and the active area lies between the two
    borders (i915, centre_horizontally). Up to gen 3 the fitter is pipe B's.
    """
    left = top = 0
    width, height = active
    if LVDS.BORDER.get(registers(LVDS)):
        left, right = _borders(registers(HTOTAL, pipe), registers(HBLANK, pipe), HTOTAL, HBLANK)
        top, bottom = _borders(registers(VTOTAL, pipe), registers(VBLANK, pipe), VTOTAL, VBLANK)
        width, height = left + active[0] + right, top + active[1] + bottom
    x, y, wide, high = 0, 0, *source
    control = registers(PFIT_CONTROL)
    own = "ABC"[min(PFIT_CONTROL.PIPE.get(control), 2)] if registers.family.gen == 4 else "B"
    on = bool(PFIT_CONTROL.ENABLE.get(control)) and own == pipe
    if on:
        x, y, wide, high = _scaled(registers, source, active)
    window = left + x, top + y, wide, high
    return Panel(width, height, window, _word(source, window if on or left or top else None, (width, height)))


def _borders(
    total: int, blank: int, totals: type[HTOTAL] | type[VTOTAL], blanks: type[HBLANK] | type[VBLANK]
) -> tuple[int, int]:  # fmt: skip
    """Before and behind the active part: from the blanking's end to the next line or frame, and up to its start."""
    before = totals.TOTAL.get(total) - blanks.END.get(blank)
    behind = blanks.START.get(blank) - totals.ACTIVE.get(total)
    return max(before, 0), max(behind, 0)


def _scaled(registers: Registers, source: tuple[int, int], active: tuple[int, int]) -> Window:
    """Gen 4's ways of scaling within the active area; gens 2 and 3 fill it.

    Pillarbox and letterbox keep the shape, with borders beside or above. Programmed ratios are source per target, 12
    binary digits after the point; where its picture lies then no source says: here at the first pixel.
    """
    width, height = active
    way = PFIT_CONTROL.SCALING.get(registers(PFIT_CONTROL)) if registers.family.gen == 4 else 0
    if way == _PILLARBOX:
        wide = min(width, height * source[0] // source[1])
        return (width - wide) // 2, 0, wide, height
    if way == _LETTERBOX:
        high = min(height, width * source[1] // source[0])
        return 0, (height - high) // 2, width, high
    if way == _PROGRAMMED:
        ratios = registers(PFIT_PGM_RATIOS)
        across, down = PFIT_PGM_RATIOS.HORIZONTAL.get(ratios), PFIT_PGM_RATIOS.VERTICAL.get(ratios)
        return (
            0, 0, source[0] * _RATIO_ONE // across if across else width,
            source[1] * _RATIO_ONE // down if down else height,
        )  # fmt: skip
    return 0, 0, width, height


def _word(source: tuple[int, int], window: Window | None, whole: tuple[int, int]) -> Fitting:
    if window is None:
        return "off"
    wide, high = window[2:]
    if (wide, high) == source:
        return "centred"
    kept = abs(wide * source[1] - high * source[0]) <= _SHAPE * wide * source[1]
    return "aspect" if kept and (wide, high) != whole else "scaled"
