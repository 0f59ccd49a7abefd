"""A detailed timing descriptor is the 18 bytes of a display mode that an EDID and a VBT share.

Layout: VESA E-EDID release A, 3.10.2. A VBT's timings have the same form but for the sync polarities: an EDID keeps
them in bits 1 and 2 of the last byte, while Linux i915 reads a VBT's from bits 6 and 5 (struct bdb_edid_dtd of
intel_vbt_defs.h), whatever bits 1 and 2 say.
"""

from msgspec import Struct
from msgspec.structs import replace

DTD_SIZE = 18


class Timing(Struct, frozen=True):
    """One display mode. Horizontal numbers are in pixels, vertical ones in lines (of a field when ``interlaced``).

    ``hsync_start`` to ``vtotal`` count from the first active pixel or line, as mode lines do; ``clock_khz`` is the
    pixel clock; borders are on each side; ``width_mm`` by ``height_mm`` is the image's size, 0 when not stated; a
    polarity is None where the sync is not digital and separate.
    """

    clock_khz: int
    hactive: int
    hsync_start: int
    hsync_end: int
    htotal: int
    vactive: int
    vsync_start: int
    vsync_end: int
    vtotal: int
    width_mm: int = 0
    height_mm: int = 0
    hborder: int = 0
    vborder: int = 0
    interlaced: bool = False
    hsync_positive: bool | None = None
    vsync_positive: bool | None = None

    @property
    def refresh_hz(self) -> float:
        """Frames (fields when interlaced) in a second; 0 when a total is 0."""
        return self.clock_khz * 1000 / (self.htotal * self.vtotal) if self.htotal and self.vtotal else 0.0

    @property
    def problem(self) -> str:
        """What no display could show of this, "" when nothing: sync outside the blanking, nothing active, no clock."""
        if not self.clock_khz or not self.hactive or not self.vactive:
            return "no clock or nothing active"
        if not self.hactive <= self.hsync_start <= self.hsync_end <= self.htotal:
            return f"horizontal sync {self.hsync_start}-{self.hsync_end} outside {self.hactive}-{self.htotal}"
        if not self.vactive <= self.vsync_start <= self.vsync_end <= self.vtotal:
            return f"vertical sync {self.vsync_start}-{self.vsync_end} outside {self.vactive}-{self.vtotal}"
        return ""


def parse_dtd(raw: bytes) -> Timing | None:
    """The timing in the first 18 bytes of ``raw``; None when there are fewer, or no clock (another descriptor)."""
    if len(raw) < DTD_SIZE or raw[:2] == b"\0\0":
        return None
    hactive, hblank = raw[2] | (raw[4] & 0xF0) << 4, raw[3] | (raw[4] & 0x0F) << 8
    vactive, vblank = raw[5] | (raw[7] & 0xF0) << 4, raw[6] | (raw[7] & 0x0F) << 8
    hfront, hsync = raw[8] | (raw[11] & 0xC0) << 2, raw[9] | (raw[11] & 0x30) << 4
    vfront, vsync = raw[10] >> 4 | (raw[11] & 0x0C) << 2, raw[10] & 0x0F | (raw[11] & 0x03) << 4
    separate = raw[17] & 0x18 == 0x18
    return Timing(
        clock_khz=int.from_bytes(raw[:2], "little") * 10,
        hactive=hactive,
        hsync_start=hactive + hfront,
        hsync_end=hactive + hfront + hsync,
        htotal=hactive + hblank,
        vactive=vactive,
        vsync_start=vactive + vfront,
        vsync_end=vactive + vfront + vsync,
        vtotal=vactive + vblank,
        width_mm=raw[12] | (raw[14] & 0xF0) << 4,
        height_mm=raw[13] | (raw[14] & 0x0F) << 8,
        hborder=raw[15],
        vborder=raw[16],
        interlaced=bool(raw[17] & 0x80),
        hsync_positive=bool(raw[17] & 0x02) if separate else None,
        vsync_positive=bool(raw[17] & 0x04) if separate else None,
    )


def parse_vbt_dtd(raw: bytes) -> Timing | None:
    """The timing in 18 bytes of a VBT: as ``parse_dtd``, with the sync polarities where the drivers look for them.

    Horizontal sync is positive by bit 6 of the last byte, vertical by bit 5; neither is ever None. A sync that ends
    after the total is kept as stored, for ``problem`` to say; i915 lets it end with the total.
    """
    timing = parse_dtd(raw)
    return timing and replace(timing, hsync_positive=bool(raw[17] & 0x40), vsync_positive=bool(raw[17] & 0x20))
