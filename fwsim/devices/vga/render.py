"""A VGA's screen becomes an RGB picture: text, planar, CGA, 256-colour and the cards' linear modes."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.vga import ati, banshee, dispi
from fwsim.devices.vga.linear import Picture, Pixels, blank, linear_rgb, widen
from fwsim.devices.vga.state import (
    KIND_ATI,
    KIND_BANSHEE,
    KIND_CIRRUS,
    V_ATTR_INDEX,
    V_DAC_BITS,
    V_DAC_MASK,
    V_DISPI,
    V_HIDDEN,
    V_KIND,
    Vga,
)
from fwsim.devices.vga.text import render_text
from fwsim.devices.vga.timing import Raster, line_counters, plane_addresses, raster_of


def palette(vga: Vga) -> Pixels:
    """The 256 colours that pixel values show: DAC entries behind the pixel mask, as 8-bit red, green, blue."""
    colours = vga.dac[np.arange(256) & vga.word(V_DAC_MASK)]
    return colours.copy() if vga.word(V_DAC_BITS) == 8 else widen(colours, 6)


def attribute_colours(vga: Vga) -> Pixels:
    """The 16 colours of four-bit pixels: palette registers, colour select, plane enable, DAC."""
    attr = vga.attr
    index = attr[np.arange(16) & (int(attr[0x12]) & 15)].astype(np.int64) & 0x3F
    select = int(attr[0x14])
    if int(attr[0x10]) & 0x80:
        index = (index & 0x0F) | (select & 0x0F) << 4
    else:
        index |= (select & 0x0C) << 4
    colours: Pixels = palette(vga)[index]
    return colours


_SPREAD = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).view("<u8")[:, 0]
"""A plane's byte as its eight bits, a byte each, leftmost pixel first."""
_SPREADS = [_SPREAD << np.uint64(plane) for plane in range(4)]
"""The same, the bits where they are in the number of a pixel's colour."""


def _bits(plane_bytes: Pixels) -> Pixels:
    """Bytes spread into their eight bits, leftmost pixel first."""
    return np.unpackbits(plane_bytes, axis=-1)


def _numbers(data: Pixels) -> Pixels:
    """The four-bit pixels of (lines, bytes, 4): a plane's byte has a bit of each of eight."""
    words = np.take(_SPREADS[0], data[:, :, 0])
    for plane in range(1, 4):
        words |= np.take(_SPREADS[plane], data[:, :, plane])
    return words.view(np.uint8)


def _fetch(vga: Vga, raster: Raster, extra: int) -> NDArray[np.uint8]:
    """What the four planes give for each distinct scan line and each character: (lines, columns + extra, 4)."""
    counter, within = line_counters(raster, raster.lines)
    repeated = raster.row_lines if int(vga.crtc[0x17]) & 3 == 3 else (2 if raster.doubled else 1)
    counter, within = counter[::repeated], within[::repeated]
    cells = counter[:, None] + np.arange(raster.columns + extra, dtype=np.int64)
    four = vga.planes.view("<u4")[:, 0]  # one address, a byte of each plane: taken as one number
    return np.take(four, plane_addresses(vga, cells, within[:, None]))[..., None].view(np.uint8)


def _paint(colours: Pixels, index: Pixels) -> Pixels:
    """The colours, of 16, of four-bit pixels (lines, dots): two neighbours at a time."""
    height, width = index.shape
    if width % 2:
        return np.take(colours, index, axis=0)
    first, second = np.arange(256) & 15, np.arange(256) >> 4
    pairs = np.zeros((0x0F10, 6), np.uint8)
    pairs[first | second << 8] = np.concatenate([colours[first], colours[second]], axis=1)
    return np.take(pairs, np.ascontiguousarray(index).view("<u2"), axis=0).reshape(height, width, 3)


def _pan(vga: Vga, dots: Pixels, width: int, halved: int = 0) -> Pixels:
    """Pixel panning (AR13) to the left; 256-colour modes count in half pixels."""
    shift = (int(vga.attr[0x13]) & 7) >> halved
    return dots[:, shift : shift + width]


def _render_planar(vga: Vga, raster: Raster) -> Picture:
    """Four planes, one bit each (0Dh-12h), or the two interleaved bits of CGA modes 4 and 5 (GR5 bit 5)."""
    data = _fetch(vga, raster, 1)
    height = len(data)
    if int(vga.gfx[5]) & 0x20:
        # Serial shift: plane 0 then plane 1 give two-bit pixels, planes 2 and 3 the upper two bits.
        pairs = np.concatenate([data[:, :, 0:1], data[:, :, 1:2]], axis=2)
        upper = np.concatenate([data[:, :, 2:3], data[:, :, 3:4]], axis=2)
        low = _bits(pairs.reshape(height, -1)).reshape(height, -1, 2)
        high = _bits(upper.reshape(height, -1)).reshape(height, -1, 2)
        index = (low[:, :, 0] << 1 | low[:, :, 1] | high[:, :, 0] << 3 | high[:, :, 1] << 2).astype(np.uint8)
    else:
        index = _numbers(data)
    name = "planar" if int(vga.crtc[0x17]) & 1 else "cga"
    width = raster.columns * 8
    return _picture(name, _paint(attribute_colours(vga), _pan(vga, index, width)))


def _picture(name: str, rgb: Pixels) -> Picture:
    """``rgb`` under a name that tells its size."""
    height, width, _ = rgb.shape
    return Picture(f"{name} {width}x{height}", width, height, rgb)


def _render_256(vga: Vga, raster: Raster) -> Picture:
    """256 colours (GR5 bit 6): a character clock shows four pixels, one of each plane. Mode 13h and mode X."""
    data = _fetch(vga, raster, 1)
    pixels = _pan(vga, data.reshape(data.shape[0], -1), raster.columns * 4, 1)
    return _picture("256-colour", np.take(palette(vga), pixels, axis=0))


def _render_dispi(vga: Vga) -> Picture:
    """The Bochs interface's mode; its 4-bit modes are planar, with the same geometry registers."""
    regs = [int(value) for value in vga.dispi]
    width, height, bpp = regs[dispi.D_XRES], regs[dispi.D_YRES], regs[dispi.D_BPP]
    virtual, left, top = regs[dispi.D_VIRT_WIDTH], regs[dispi.D_X_OFFSET], regs[dispi.D_Y_OFFSET]
    mode = f"dispi {width}x{height}x{bpp}"
    if bpp == 4:
        at = (top + np.arange(height))[:, None] * (virtual // 8) + left // 8 + np.arange(width // 8)
        data = vga.vram.reshape(-1, 4)[at % (len(vga.vram) // 4)]
        return Picture(mode, width, height, _paint(attribute_colours(vga), _numbers(data)))
    size = (bpp + 7) // 8
    base = (top * virtual + left) * size
    return Picture(mode, width, height, linear_rgb(vga.vram, base, virtual * size, width, height, bpp, palette(vga)))


def _cirrus_depth(vga: Vga) -> int:
    """Bits per pixel of a cirrus extended mode (SR7 bits 3:1; 15 or 16 by the hidden DAC register)."""
    select = int(vga.seq[7]) & 0x0E
    if select in (2, 6):
        return 16 if vga.word(V_HIDDEN) & 0x0F == 1 else 15
    return {4: 24, 8: 32}.get(select, 8)


def _render_cirrus(vga: Vga, raster: Raster) -> Picture:
    """An extended mode of the GD5446: start and pitch have bits in CR1B and CR1D."""
    crtc = [int(value) for value in vga.crtc[:0x20]]
    start = raster.start | (crtc[0x1B] & 0x01) << 16 | (crtc[0x1B] & 0x0C) << 15 | (crtc[0x1D] & 0x80) << 12
    stride = (crtc[0x13] | (crtc[0x1B] & 0x10) << 4) * 8
    bpp = _cirrus_depth(vga)
    width, height = raster.columns * 8, raster.lines
    if crtc[0x1A] & 0x01:
        height *= 2
    rgb = linear_rgb(vga.vram, start * 4, stride, width, height, bpp, palette(vga))
    return Picture(f"cirrus {width}x{height}x{bpp}", width, height, rgb)


def _render_ati(vga: Vga) -> Picture:
    """The extended display of a Rage 128 or Radeon."""
    regs = vga.mmio.view("<u4")
    general = int(regs[ati.CRTC_GEN_CNTL >> 2])
    width = ((int(regs[ati.CRTC_H_TOTAL_DISP >> 2]) >> 16 & 0x1FF) + 1) * 8
    height = (int(regs[ati.CRTC_V_TOTAL_DISP >> 2]) >> 16 & 0xFFF) + 1
    bpp = {2: 8, 3: 15, 4: 16, 5: 24, 6: 32}.get(general >> 8 & 7, 8)
    mode = f"ati {width}x{height}x{bpp}"
    if int(regs[ati.CRTC_EXT_CNTL >> 2]) & ati.DISPLAY_DIS:
        return blank(mode, width, height)
    stride = (int(regs[ati.CRTC_PITCH >> 2]) & 0x7FF) * 8 * ((bpp + 7) // 8)
    base = int(regs[ati.CRTC_OFFSET >> 2]) & 0x07FFFFFF
    return Picture(mode, width, height, linear_rgb(vga.vram, base, stride, width, height, bpp, palette(vga)))


def _render_banshee(vga: Vga) -> Picture:
    """The desktop surface of a Banshee."""
    regs = vga.mmio.view("<u4")
    config, screen = int(regs[banshee.VID_PROC_CFG >> 2]), int(regs[banshee.VID_SCREEN_SIZE >> 2])
    width, height = screen & 0xFFF, screen >> 12 & 0xFFF
    bpp = {0: 8, 1: 16, 2: 24, 3: 32}.get(config >> 18 & 7, 8)
    stride = int(regs[banshee.VID_DESKTOP_STRIDE >> 2]) & 0x7FFF
    base = int(regs[banshee.VID_DESKTOP_START >> 2]) & 0xFFFFFF
    rgb = linear_rgb(vga.vram, base, stride, width, height, bpp, palette(vga))
    return Picture(f"banshee {width}x{height}x{bpp}", width, height, rgb)


def _extended(vga: Vga, raster: Raster) -> Picture | None:
    """The card's own scan-out, when it has taken over from the VGA."""
    regs = vga.mmio.view("<u4")
    if vga.word(V_DISPI) and int(vga.dispi[dispi.D_ENABLE]) & dispi.ENABLED:
        return _render_dispi(vga)
    if vga.word(V_KIND) == KIND_CIRRUS and int(vga.seq[7]) & 1:
        return _render_cirrus(vga, raster)
    both = ati.CRTC_EXT_DISP_EN | ati.CRTC_EN
    if vga.word(V_KIND) == KIND_ATI and int(regs[ati.CRTC_GEN_CNTL >> 2]) & both == both:
        return _render_ati(vga)
    if vga.word(V_KIND) == KIND_BANSHEE and int(regs[banshee.VID_PROC_CFG >> 2]) & 0x81 == 0x81:
        return _render_banshee(vga)
    return None


def dots_of(vga: Vga) -> tuple[int, int]:
    """Dots a line and lines a frame of the VGA's own mode, before pixels and lines that come twice are made one."""
    raster = raster_of(vga)
    return raster.columns * (raster.dots if _is_text(vga) else 8), raster.lines


def _is_text(vga: Vga) -> bool:
    """Whether neither the attribute controller nor the graphics controller is in a graphics mode."""
    return not int(vga.attr[0x10]) & 0x01 and not int(vga.gfx[6]) & 0x01


def render(vga: Vga) -> Picture:
    """The picture a monitor shows now; black while the sequencer or the attribute controller blanks the screen.

    Its size is the mode's own: pixels and lines that the raster shows twice (13h, 40 columns) come once.
    """
    raster = raster_of(vga)
    extended = _extended(vga, raster)
    if extended is not None:
        return extended
    text = _is_text(vga)
    if int(vga.seq[1]) & 0x20 or not vga.word(V_ATTR_INDEX) & 0x20:
        width = raster.columns * (raster.dots if text else 8)
        return blank("blank", max(width, 1), raster.lines)
    if text:
        return render_text(vga, raster, attribute_colours(vga))
    if int(vga.gfx[5]) & 0x40:
        return _render_256(vga, raster)
    return _render_planar(vga, raster)
