"""Layouts for the VBT's data blocks of lists say where the entries are and what they hold; they have no behaviour.

Source: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h and intel_dsi_vbt_defs.h, as of the BDB versions that their
comments give; which block has how many tables: igt-gpu-tools 2.5, tools/intel_vbt_decode.c.
"""

from fwsim.registers.dtd import DTD_SIZE, parse_vbt_dtd
from fwsim.rom.bdb_fields import Bits, Value, choice, flag, hexes, number
from fwsim.rom.bdb_mipi import MIPI_CONFIGURATION
from fwsim.rom.bdb_repeats import Chain, Lane, Lanes, Layout, Part, Repeat
from fwsim.rom.bdb_tables import HANDLES, PANELS
from fwsim.rom.panels import maker, timing_columns, timing_row

_HANDLES_215 = {**HANDLES, 0x02: "EFP 5"}
_HANDLES_217 = {**_HANDLES_215, 0x01: "EFP 6", 0x100: "EFP 7", 0x200: "EFP 8"}


def displays(at: int, size: int, name: str) -> tuple[Bits, ...]:
    """A set of displays: the TV's bit is a fifth flat panel's from BDB version 215 on, the CRT's a sixth's from 217."""
    return (
        Bits(at, size, 0, 8 * size, name, members=HANDLES, until=214),
        Bits(at, size, 0, 8 * size, name, members=_HANDLES_215, since=215, until=216),
        Bits(at, size, 0, 8 * size, name, members=_HANDLES_217, since=217),
    )


def _timing(raw: bytes) -> tuple[Value, ...]:
    return timing_row(parse_vbt_dtd(raw))


def _pnp(raw: bytes) -> tuple[Value, ...]:
    week, year = raw[8], 1990 + raw[9]
    return (f"{maker(raw)} {int.from_bytes(raw[2:4], 'little'):04x}", int.from_bytes(raw[4:8], "little"), week, year)


def _product(raw: bytes) -> tuple[Value, ...]:
    return (f"{maker(raw)} {int.from_bytes(raw[2:4], 'little'):04x}",)


def _coordinates(raw: bytes) -> tuple[Value, ...]:
    """Red, green, blue and white x and y: 10 bits each, two of them in the first two bytes, in parts of 1."""
    low = [raw[place] >> shift & 3 for place in (0, 1) for shift in (6, 4, 2, 0)]
    found = [(high << 2 | bits) / 1024 for high, bits in zip(raw[2:10], low, strict=True)]
    return tuple(f"{x:.4f}, {y:.4f}" for x, y in zip(found[::2], found[1::2], strict=True))


def _gamma(raw: bytes) -> tuple[Value, ...]:
    return ((raw[0] + 100) / 100,)


def _sources(raw: bytes) -> tuple[Value, ...]:
    """The depths of a compressed picture, of bits 1 to 3."""
    return (", ".join(str(bits) for bit, bits in ((1, 8), (2, 10), (3, 12)) if raw[0] >> bit & 1) or "none",)


def _buffer(raw: bytes) -> tuple[Value, ...]:
    return (4 ** (raw[0] & 3) * (raw[1] + 1),)


_DTD = Part(timing_columns(), 0, DTD_SIZE, _timing)
_PNP = Part(("PnP id", "serial", "week", "year"), 0, 10, _pnp)
_SELECT = ("first list", "second list", "third list", "fourth list")

DISPLAY_TOGGLE = Layout(
    rows=(hexes(0, 1, "feature bits"), number(1, 2, "entries")),
    end=3,
    repeats=(Repeat("Toggle list", displays(0, 2, "displays"), 2, at=3, counted=(1, 2)),),
)
MODE_SUPPORT = Layout(repeats=(Repeat("Modes of the vBIOS", (hexes(0, 1, "mode"),), 1, tail=2),))
"""Block 4: the length of the list is its last word."""

_GENERIC_MODE = (
    *(number(at, 2, name) for at, name in ((0, "width"), (2, "height"))),
    hexes(4, 1, "colour depths"),
    *(number(5 + index, 1, f"refresh {index + 1}") for index in range(3)),
    *(number(at, 1, name) for at, name in ((9, "text columns"), (10, "text rows"), (11, "font height"))),
    number(12, 2, "page size"),
    hexes(14, 1, "misc"),
)
_GENERIC_NAMES = (
    *("width", "htotal", "hblank start", "hblank end", "hsync start", "hsync end"),
    *("height", "vtotal", "vblank start", "vblank end", "vsync start", "vsync end"),
)
_GENERIC_TIMING = (
    number(0, 4, "kHz"),
    *(number(4 + 2 * index, 2, name) for index, name in enumerate(_GENERIC_NAMES)),
)
GENERIC_MODES_ALMADOR = Layout(
    repeats=(
        Repeat("Mode", _GENERIC_MODE, 15, count=1, turned=True),
        Repeat("Timings", _GENERIC_TIMING, 34, at=15, count=3, turned=True),
    ),
    size=117,
)
"""Block 5 of 117 bytes (i830): watermarks follow each timing."""

GENERIC_MODES = Layout(
    rows=(hexes(0, 2, "mode flags"),),
    end=2,
    repeats=(
        Repeat("Mode", _GENERIC_MODE, 15, at=2, count=1, turned=True),
        Repeat("Timings", _GENERIC_TIMING, 28, at=17, count=3, turned=True),
    ),
)

MODE_REMOVAL = Layout(
    repeats=(
        Repeat(
            "Modes taken out",
            (
                *(number(at, 2, name) for at, name in ((0, "width"), (2, "height"))),
                number(4, 1, "bits"),
                number(5, 2, "Hz"),
                hexes(7, 1, "flags"),
                hexes(8, 2, "panels"),
            ),
            10,
            at=1,
            size_at=0,
        ),
    )
)

_PERSISTENT = (
    "hotkey algorithm",
    "lid switch algorithm",
    "power management algorithm",
    "hotkey, on twin displays",
    "hotkey, on refresh rate",
    "hotkey, on restored pipe",
    "hotkey, on mode",
    "EDID, on mode",
    "DVO hotplug, on mode",
    "docking algorithm",
)
DRIVER_PERSISTENCE = Layout(
    rows=(
        *(flag(0, bit, f"persistent: {name}", size=2) for bit, name in enumerate(_PERSISTENT)),
        number(2, 1, "most configurations kept"),
    ),
    end=3,
)
DOT_CLOCKS = Layout(
    chain=Chain(
        ("Dot clocks", "Dot clocks, LVDS"),
        (number(0, 4, "kHz"), *(number(4 + at, 1, name) for at, name in enumerate(("N", "M1", "M2", "P1", "P2")))),
        header=2,
        size_at=0,
        counted=(1, 1),
    )
)
DISPLAY_SELECT = Layout(
    chain=Chain(_SELECT, (*displays(0, 1, "pipe A"), *displays(1, 1, "pipe B"), hexes(2, 1, "caps")), 3, 2, (0, 2))
)
DISPLAY_SELECT_IVY = Layout(chain=Chain(_SELECT, displays(0, 1, "displays"), 3, 2, (0, 2)))
DISPLAY_SELECT_HASWELL = Layout(chain=Chain(_SELECT, displays(0, 2, "displays"), 3, 2, (0, 2)))
TEST_FUNCTIONS = Layout(rows=tuple(hexes(at, 1, f"bits {at + 1}") for at in range(8)), end=8)
DRIVER_ROTATION = Layout(
    rows=(
        flag(0, 0, "rotation"),
        *(hexes(at, size, f"flags {index}") for index, at, size in ((1, 1, 1), (2, 2, 2), (3, 4, 4), (4, 8, 4))),
    ),
    end=12,
)
DISPLAY_REMOVE = Layout(
    repeats=(
        Repeat(
            "Taken out",
            (*displays(0, 1, "pipe A"), *displays(1, 1, "pipe B")),
            2,
            at=2,
            size_at=1,
            counted=(0, 1),
        ),
    )
)
DISPLAY_REMOVE_IVY = Layout(
    repeats=(Repeat("Taken out", displays(0, 1, "displays"), 1, at=2, size_at=1, counted=(0, 1)),)
)
DISPLAY_REMOVE_HASWELL = Layout(
    repeats=(Repeat("Taken out", displays(0, 2, "displays"), 2, at=2, size_at=1, counted=(0, 1)),)
)
_OEM_MODE = (
    *(flag(0, bit, name) for bit, name in ((0, "vBIOS"), (1, "OS"))),
    flag(0, 2, "GOP", since=207),
    Bits(1, 1, 0, 8, "displays", members=HANDLES, until=216),
    number(2, 2, "width"),
    number(4, 2, "height"),
    hexes(6, 1, "depths"),
    number(7, 1, "Hz"),
)
OEM_MODES = Layout(
    repeats=(
        Repeat("Modes", _OEM_MODE, 26, at=2, size_at=1, counted=(0, 1)),
        Repeat("Mode displays", displays(26, 2, "displays")[2:], 28, at=2, size_at=1, counted=(0, 1), since=217),
        Repeat("Timings", (Part(timing_columns(), 8, DTD_SIZE, _timing),), 26, at=2, size_at=1, counted=(0, 1)),
    )
)
EFP_LIST = Layout(
    repeats=(Repeat("Flat panels", (Part(("PnP id",), 0, 4, _product),), 4, at=2, size_at=1, counted=(0, 1)),)
)
SDVO_PNP = Layout(repeats=(Repeat("Panels", (_PNP,), 10, count=4),))
SDVO_POWER = Layout(
    repeats=(Repeat("Power sequences, in ms", tuple(number(2 * at, 2, f"T{at}") for at in range(5)), 10, count=4),)
)
_SCAN = ("neither", "underscan", "overscan", "both")
TV_OPTIONS = Layout(
    rows=(
        choice(0, 2, 0, 2, "HDTV by component", _SCAN),
        choice(0, 2, 12, 2, "HDTV by DVI", _SCAN),
        flag(0, 14, "modes added against overscan", size=2),
        flag(0, 15, "D connector", size=2),
    ),
    end=2,
)
EFP_TIMINGS = Layout(repeats=(Repeat("Timings", (_DTD,), DTD_SIZE),))
BLACK_FRAMES = Layout(
    repeats=(
        Repeat(
            "Black frame insertion",
            (flag(0, 0, "by the driver"), flag(0, 1, "brightness control"), number(1, 1, "brightness without, %")),
            2,
            at=1,
            count=PANELS,
            size_at=0,
            of_panels=True,
        ),
    )
)
CHROMATICITY = Layout(
    repeats=(
        Repeat(
            "Chromaticity",
            (flag(0, 0, "on"), flag(0, 1, "EDID's"), Part(("red", "green", "blue", "white"), 1, 10, _coordinates)),
            11,
            count=PANELS,
            of_panels=True,
        ),
        Repeat(
            "Luminance and gamma",
            (
                flag(0, 0, "luminance on"),
                flag(0, 1, "gamma on"),
                *(number(at, 2, name) for at, name in ((1, "least"), (3, "greatest"), (5, "greatest of 1 %"))),
                Part(("gamma",), 7, 1, _gamma),
            ),
            8,
            at=11 * PANELS,
            count=PANELS,
            since=211,
            of_panels=True,
        ),
    )
)
FIXED_MODE = Layout(rows=(flag(0, 0, "on"), number(1, 4, "width", "pixels"), number(5, 4, "height", "lines")), end=9)
PALETTE = Layout(
    rows=(flag(0, 0, "on"),),
    end=1,
    repeats=(Lanes("Palette", (Lane("red", 1, 8), Lane("blue", 257, 8), Lane("green", 513, 8)), 256, of_panels=False),),
)
COMPRESSION = Layout(
    repeats=(
        Repeat(
            "Compression",
            (
                Bits(0, 1, 0, 4, "DSC"),
                Bits(0, 1, 4, 4, "minor"),
                Part(("buffer KiB",), 1, 2, _buffer),
                number(3, 4, "slices"),
                Part(("line bits",), 7, 1, lambda raw: ((raw[0] & 15) + 8,)),
                flag(8, 0, "predicts"),
                Part(("most bpp",), 9, 1, lambda raw: (6 + 2 * raw[0],)),
                Part(("bpc",), 10, 1, _sources),
                number(11, 2, "slice lines"),
            ),
            13,
            at=2,
            count=PANELS,
            size_at=0,
            of_panels=True,
        ),
    )
)
_PRD_OLD = (
    Repeat(
        "Displays attached",
        (*displays(0, 1, "attached"), *displays(1, 1, "pipe A"), *displays(2, 1, "pipe B")),
        3,
        tail=2,
    ),
)
PRD_OLD = Layout(repeats=_PRD_OLD, until=216)
PRD_OLD_KEPT = Layout(repeats=_PRD_OLD, size=50)
"""Sixteen old entries and their count: many boards' tables still have them after BDB version 216."""

PRD = Layout(
    repeats=(Repeat("Displays", (*displays(0, 2, "primary"), *displays(2, 2, "secondary")), 4, at=2, counted=(0, 2)),)
)

LAYOUTS: dict[int, tuple[Layout, ...]] = {
    3: (DISPLAY_TOGGLE,),
    4: (MODE_SUPPORT,),
    5: (GENERIC_MODES_ALMADOR, GENERIC_MODES),
    10: (MODE_REMOVAL,),
    13: (DRIVER_PERSISTENCE,),
    15: (DOT_CLOCKS,),
    16: (DISPLAY_SELECT,),
    17: (TEST_FUNCTIONS,),
    18: (DRIVER_ROTATION,),
    19: (DISPLAY_REMOVE,),
    20: (OEM_MODES,),
    21: (EFP_LIST,),
    24: (SDVO_PNP,),
    25: (SDVO_POWER,),
    26: (TV_OPTIONS,),
    28: (EFP_TIMINGS,),
    29: (DISPLAY_SELECT_IVY,),
    30: (DISPLAY_REMOVE_IVY,),
    31: (DISPLAY_SELECT_HASWELL,),
    32: (DISPLAY_REMOVE_HASWELL,),
    45: (BLACK_FRAMES,),
    46: (CHROMATICITY,),
    51: (FIXED_MODE,),
    52: (MIPI_CONFIGURATION,),
    54: (PALETTE,),
    56: (COMPRESSION,),
    253: (PRD_OLD, PRD_OLD_KEPT, PRD),
}
"""The forms of each block, the first that fits counts."""
