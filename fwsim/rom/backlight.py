"""The backlight of each panel is block 43 of a VBT: frequency, least and first brightness, and who controls it.

Layout: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h, struct bdb_lfp_backlight. Which of its two minima counts:
parse_lfp_backlight of intel_bios.c there.
"""

from msgspec import Struct

from fwsim.rom.bdb_fields import Grid, Value
from fwsim.rom.bdb_tables import BACKLIGHT_CONTROL, PANELS

_ENTRY = 6
_CONTROLLED = 191
_LEVELS = 234
_PRECISION = 236
"""BDB versions: who controls the light; 16-bit levels in place of the bytes; how many bits these levels have."""

_KINDS = ("none", "external", "PWM", "3")


class Backlight(Struct, frozen=True):
    """The backlight of one panel.

    ``stored_minimum`` is the byte that counts before BDB version 234 and stays in the table after it; ``minimum`` is
    the least brightness that a driver uses, of 255: that byte, or the 16-bit ``least_level``, divided by 255 where
    levels have 16 bits. ``level`` is the brightness at start, ``bits`` the width of the levels; None where the table
    has no such field. ``control`` and ``controller`` say who drives the light, -1 where the table does not.
    """

    index: int
    kind: int
    active_low: bool
    pwm_hz: int
    stored_minimum: int
    least_level: int | None
    minimum: int
    level: int | None
    bits: int | None
    control: int
    controller: int


def backlights(raw: bytes, version: int) -> tuple[Backlight, ...]:
    """The entries of block 43 (``raw``) of BDB ``version`` that are whole; none where an entry is under six bytes."""
    size = raw[0] if raw else 0
    if size < _ENTRY:
        return ()
    whole = range(min(PANELS, (len(raw) - 1) // size))
    return tuple(_backlight(raw, index, size, version) for index in whole)


def _backlight(raw: bytes, index: int, size: int, version: int) -> Backlight:
    at = 1 + index * size
    after = 1 + PANELS * size
    flags, stored = raw[at], raw[at + 3]
    control = _field(raw, after + PANELS + index, 1) if version >= _CONTROLLED else None
    level, least, bits = _field(raw, after + index, 1), None, None
    if version >= _LEVELS:
        level = _field(raw, after + 2 * PANELS + 4 * index, 2)
        least = _field(raw, after + 6 * PANELS + 4 * index, 2)
    if version >= _PRECISION:
        bits = _field(raw, after + 10 * PANELS + index, 1)
    wide = bits == 16 if version >= _PRECISION else (level or 0) > 0xFF
    return Backlight(
        index=index,
        kind=flags & 3,
        active_low=bool(flags & 4),
        pwm_hz=int.from_bytes(raw[at + 1 : at + 3], "little"),
        stored_minimum=stored,
        least_level=least,
        minimum=(stored if version < _LEVELS else (least or 0) // (255 if wide else 1)) & 0xFF,
        level=level,
        bits=bits,
        control=-1 if control is None else control & 15,
        controller=-1 if control is None else control >> 4,
    )


def _field(raw: bytes, at: int, size: int) -> int | None:
    return int.from_bytes(raw[at : at + size], "little") if at + size <= len(raw) else None


def backlight_grid(raw: bytes, version: int, marked: int | None) -> Grid:
    """Block 43 at a line a panel; from BDB version 234 on with the levels beside the minimum that follows from them."""
    columns: tuple[str, ...] = ("panel", "kind", "Hz", "active low", "minimum", "level", "control")
    levels = version >= _LEVELS
    if levels:
        columns += ("least level", "bits", "old minimum")
    rows: list[tuple[Value, ...]] = []
    for light in backlights(raw, version):
        level = "" if light.level is None else light.level
        row: tuple[Value, ...] = (light.index, _KINDS[light.kind], light.pwm_hz, "yes" if light.active_low else "no")
        row += (light.minimum, level, _control(light))
        if levels:
            row += ("" if light.least_level is None else light.least_level,)
            row += ("" if light.bits is None else light.bits, light.stored_minimum)
        rows.append(row)
    return Grid("Backlight", columns, tuple(rows), marked)


def _control(light: Backlight) -> str:
    if light.control < 0:
        return ""
    known = light.control < len(BACKLIGHT_CONTROL)
    return f"{BACKLIGHT_CONTROL[light.control] if known else hex(light.control)} {light.controller}"
