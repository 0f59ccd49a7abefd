"""The blocks of a VBT that describe sixteen panels each say which panels it knows, and how they are driven."""

from msgspec import Struct

from fwsim.registers.dtd import DTD_SIZE, Timing, parse_vbt_dtd
from fwsim.rom.bdb_fields import Grid, Value
from fwsim.rom.bdb_tables import (
    EDP_DEPTH,
    EDP_LANES,
    EDP_RATE,
    EMPHASIS,
    LFP_OPTIONS_END,
    PANELS,
    SWING,
)

_POINTER = 9
_NAME_POINTER = 1 + PANELS * _POINTER
_NAME_SIZE = 13
_PNP_SIZE = 10
_REGISTERS_SIZE = 38
_POINTERS_OPTIONAL = 155
"""From this BDB version on block 41 may be absent: a register list has 38 bytes then."""

_PSR_SIZE = 6
_PSR_ENUM = 205
"""From this BDB version on the wake-up times of block 9 are numbers of a list, not of 100 us."""
_PSR2_TIME = 226
"""From this BDB version on two bits a panel follow: PSR2's wake-up time, of the same list."""

_GENERIC_DTD = 24


class Panel(Struct, frozen=True):
    """One panel of the LFP data. ``width`` by ``height`` as the table heads it, ``timing`` its mode, ``registers`` the
    (MMIO offset, value) pairs that the vBIOS writes, ``maker``, ``product``, ``serial``, ``week``, ``year`` its PnP id.
    """

    index: int
    width: int
    height: int
    timing: Timing | None
    registers: tuple[tuple[int, int], ...]
    maker: str
    product: int
    serial: int
    week: int
    year: int
    name: str


class Pointer(Struct, frozen=True):
    """Where one piece of the LFP data lies: ``offset`` from the start of the BDB and ``size``, in bytes."""

    offset: int
    size: int


Pointers = tuple[tuple[tuple[Pointer, Pointer, Pointer], ...], Pointer | None]
"""Where each panel's register list, timing and PnP id lie, and where the panels' names begin, if there are any."""


def lfp_pointers(raw: bytes) -> Pointers:
    """Block 41: for each panel its register list, timing and PnP id; then the panels' names, None in older tables."""
    whole = [raw[at : at + _POINTER] for at in range(1, min(len(raw), _NAME_POINTER) - _POINTER + 1, _POINTER)]
    panels = tuple((_pointer(each, 0), _pointer(each, 3), _pointer(each, 6)) for each in whole)
    return panels, _pointer(raw, _NAME_POINTER) if len(raw) >= _NAME_POINTER + 3 else None


def _pointer(raw: bytes, at: int) -> Pointer:
    return Pointer(int.from_bytes(raw[at : at + 2], "little"), raw[at + 2])


def computed_pointers(size: int, start: int, version: int) -> Pointers | None:
    """What block 41 would say where it is absent, of LFP data of ``size`` bytes that begin ``start`` from the BDB.

    As Linux i915 (generate_lfp_data_ptrs) and igt make it up: sixteen entries of one size, each the register list,
    the timing and the PnP id without a gap, then the names where there is room. None before BDB version 155, whose
    register lists vary, and where sixteen entries do not fit.
    """
    entry = _REGISTERS_SIZE + DTD_SIZE + _PNP_SIZE
    if version < _POINTERS_OPTIONAL or size < PANELS * entry:
        return None
    panels = tuple(
        (
            Pointer(at, _REGISTERS_SIZE),
            Pointer(at + _REGISTERS_SIZE, DTD_SIZE),
            Pointer(at + _REGISTERS_SIZE + DTD_SIZE, _PNP_SIZE),
        )
        for at in range(start, start + PANELS * entry, entry)
    )
    named = size >= PANELS * (entry + _NAME_SIZE)
    return panels, Pointer(start + PANELS * entry, _NAME_SIZE) if named else None


def lfp_panels(pointers: Pointers, raw: bytes, start: int) -> tuple[tuple[Panel, ...], tuple[str, ...]]:
    """The panels of block 42 (``raw``, ``start`` bytes from the BDB's start) by ``pointers``; problems."""
    places, names = pointers
    overlapping = _overlapping(places)
    panels: list[Panel] = []
    problems: list[str] = []
    for index, (registers, timing, pnp) in enumerate(places):
        inside = all(
            start <= place.offset and place.offset + size <= start + len(raw)
            for place, size in ((registers, 4), (timing, DTD_SIZE), (pnp, _PNP_SIZE))
        )
        if not inside:
            problems.append(f"panel {index}: its pointers lead out of the LFP data")
            continue
        if index in overlapping:
            problems.append(f"panel {index}: its data overlap another piece of the LFP data")
        list_end = min((place.offset - start for place in (timing, pnp) if place.offset > registers.offset), default=0)
        name = b""
        if names is not None and start <= names.offset:
            at = names.offset - start + index * _NAME_SIZE
            name = raw[at : at + _NAME_SIZE]
        pieces = (registers.offset - start, timing.offset - start, pnp.offset - start)
        panel = _panel(index, raw[pieces[0] : list_end], raw[pieces[1] :], raw[pieces[2] :], name)
        panels.append(panel)
        if panel.timing is not None and panel.timing.problem:
            problems.append(f"panel {index}: {panel.timing.problem}")
    return tuple(panels), tuple(problems)


def _overlapping(places: tuple[tuple[Pointer, Pointer, Pointer], ...]) -> set[int]:
    """The panels with a piece that begins before an earlier piece, a panel's own or another's, has ended."""
    pieces = sorted((place.offset, place.size, index) for index, each in enumerate(places) for place in each)
    found: set[int] = set()
    end = 0
    for offset, size, index in pieces:
        if offset < end:
            found.add(index)
        end = max(end, offset + size)
    return found


def _panel(index: int, registers: bytes, timing: bytes, pnp: bytes, name: bytes) -> Panel:
    return Panel(
        index=index,
        width=int.from_bytes(registers[0:2], "little"),
        height=int.from_bytes(registers[2:4], "little"),
        timing=parse_vbt_dtd(timing),
        registers=_pairs(registers[4:]),
        maker=maker(pnp[0:2]),
        product=int.from_bytes(pnp[2:4], "little"),
        serial=int.from_bytes(pnp[4:8], "little"),
        week=pnp[8],
        year=1990 + pnp[9],
        name="".join(chr(byte) for byte in name if 0x20 <= byte < 0x7F).strip(),
    )


def maker(raw: bytes) -> str:
    """The three letters of a PnP manufacturer id: five bits each in two bytes, the higher first (E-EDID 3.4)."""
    word = int.from_bytes(raw, "big")
    return "".join(chr(0x40 + (word >> shift & 31)) for shift in (10, 5, 0))


def _pairs(raw: bytes) -> tuple[tuple[int, int], ...]:
    """(MMIO offset, value) up to the terminator FFFFh: the list's length depends on the table's version."""
    found: list[tuple[int, int]] = []
    for at in range(0, len(raw) - 7, 8):
        if raw[at : at + 2] == b"\xff\xff":
            break
        found.append((int.from_bytes(raw[at : at + 4], "little"), int.from_bytes(raw[at + 4 : at + 8], "little")))
    return tuple(found)


def options_grid(raw: bytes, marked: int | None) -> Grid:
    """Block 40: what it says of each panel, two bits or one bit a panel."""
    word = int.from_bytes(raw[LFP_OPTIONS_END:], "little")
    have = 8 * (len(raw) - LFP_OPTIONS_END)

    def bits(at: int, width: int, index: int) -> int:
        return word >> at + width * index & (1 << width) - 1

    channels = ("automatic", "single", "dual", "3")
    rates = ("static", "D2PO", "seamless", "3")
    lights = ("default", "CCFL", "LED", "3")
    columns: list[tuple[str, int, int, tuple[str, ...]]] = [
        ("channels", 0, 2, channels),
        ("SSC", 32, 1, ("no", "yes")),
        ("SSC MHz", 48, 1, ("other", "100")),
        ("cloned", 64, 1, ("SSC", "no SSC")),
        ("depth", 80, 1, ("18", "24")),
        ("refresh", 96, 2, rates),
        ("light", 128, 2, lights),
        ("VCC S0", 160, 1, ("no", "yes")),
        ("turned", 176, 2, ("0", "90", "180", "270")),
        ("shell", 208, 2, ("inside", "outside", "2", "3")),
    ]
    kept = [column for column in columns if column[1] + PANELS * column[2] <= have]
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (index, *(values[bits(at, width, index)] for _, at, width, values in kept)) for index in range(PANELS)
    )
    return Grid("Panel options", ("panel", *(name for name, _, _, _ in kept)), rows if kept else (), marked)


def timing_columns() -> tuple[str, ...]:
    """The columns of ``timing_row``."""
    return ("mode", "kHz", "horizontal", "vertical", "sync", "Hz")


def timing_row(timing: Timing | None) -> tuple[Value, ...]:
    """A timing in little room: mode, clock, sync start, end and total of each direction, polarities, refresh rate."""
    if timing is None:
        return ("none", 0, "", "", "", 0.0)
    mode = f"{timing.hactive}x{timing.vactive}" + ("i" if timing.interlaced else "")
    horizontal = f"{timing.hsync_start} {timing.hsync_end} {timing.htotal}"
    vertical = f"{timing.vsync_start} {timing.vsync_end} {timing.vtotal}"
    signs = {True: "+", False: "-", None: "?"}
    sync = signs[timing.hsync_positive] + signs[timing.vsync_positive]
    return (mode, timing.clock_khz, horizontal, vertical, sync, round(timing.refresh_hz, 1))


def panels_grid(panels: tuple[Panel, ...], marked: int | None) -> Grid:
    """Block 42 at a line a panel."""
    rows = tuple((panel.index, *timing_row(panel.timing), f"{panel.maker} {panel.product:04x}") for panel in panels)
    return Grid("Panels", ("panel", *timing_columns(), "PnP id"), rows, marked)


def dtd_grid(raw: bytes) -> Grid:
    """Block 23: the SDVO LVDS panels' timings."""
    rows = tuple(
        (index, *timing_row(parse_vbt_dtd(raw[at : at + DTD_SIZE])))
        for index, at in enumerate(range(0, min(len(raw), PANELS * DTD_SIZE) - DTD_SIZE + 1, DTD_SIZE))
    )
    return Grid("Timings", ("panel", *timing_columns()), rows)


def generic_timing(raw: bytes) -> Timing:
    """One entry of block 58, of at least 24 bytes: the clock in kHz; active, blank, front porch and sync as words."""
    word = [int.from_bytes(raw[at : at + 2], "little") for at in range(4, _GENERIC_DTD, 2)]
    width, hblank, hfront, hsync, height, vblank, vfront, vsync, width_mm, height_mm = word
    return Timing(
        clock_khz=int.from_bytes(raw[:4], "little"),
        hactive=width,
        hsync_start=width + hfront,
        hsync_end=width + hfront + hsync,
        htotal=width + hblank,
        vactive=height,
        vsync_start=height + vfront,
        vsync_end=height + vfront + vsync,
        vtotal=height + vblank,
        width_mm=width_mm,
        height_mm=height_mm,
        hsync_positive=bool(raw[_GENERIC_DTD] & 0x80) if len(raw) > _GENERIC_DTD else None,
        vsync_positive=bool(raw[_GENERIC_DTD] & 0x40) if len(raw) > _GENERIC_DTD else None,
    )


def generic_grid(raw: bytes, marked: int | None) -> Grid:
    """Block 58: the panels' timings in the form that replaces blocks 41 and 42 from BDB version 229 on."""
    size = int.from_bytes(raw[:2], "little")
    places = range(2, len(raw) - size + 1, size) if size >= _GENERIC_DTD else range(0)
    rows = tuple((index, *timing_row(generic_timing(raw[at : at + size]))) for index, at in enumerate(places[:24]))
    return Grid("Panels", ("panel", *timing_columns()), rows, marked)


def psr_grid(raw: bytes, version: int, marked: int | None) -> Grid:
    """Block 9: panel self-refresh."""
    times = ("500 us", "100 us", "2500 us", "none")
    has_second = version >= _PSR2_TIME and len(raw) >= PANELS * _PSR_SIZE + 4
    second_psr = int.from_bytes(raw[PANELS * _PSR_SIZE : PANELS * _PSR_SIZE + 4], "little")
    rows: list[tuple[Value, ...]] = []
    for index, at in enumerate(range(0, min(len(raw), PANELS * _PSR_SIZE) - _PSR_SIZE + 1, _PSR_SIZE)):
        flags, wait = raw[at], raw[at + 1]
        first, second = (int.from_bytes(raw[at + place : at + place + 2], "little") for place in (2, 4))
        listed = version >= _PSR_ENUM
        wake = [times[time] if listed and time < 4 else f"{time * 100} us" for time in (first, second)]
        row: tuple[Value, ...] = (index, _yes(flags & 1), _yes(flags & 2), wait & 15, wait >> 4 & 7, *wake)
        rows.append((*row, (*times[:3], "5 us")[second_psr >> 2 * index & 3]) if has_second else row)
    names: tuple[str, ...] = ("panel", "full link", "AUX wakes", "idle frames", "lines", "TP1", "TP2, TP3")
    names += ("PSR2 TP2, TP3",) if has_second else ()
    return Grid("Panel self-refresh", names, tuple(rows), marked)


def edp_grids(raw: bytes, version: int, marked: int | None) -> tuple[Grid, ...]:
    """Block 27: power sequence (in 0.1 ms), depth and link of each panel; then the bits that later versions add."""
    depths = int.from_bytes(raw[160:164], "little")
    links = raw[164:196]
    rows: list[tuple[Value, ...]] = []
    for index in range(PANELS if len(raw) >= 196 else 0):
        delays = [int.from_bytes(raw[at : at + 2], "little") / 10 for at in range(10 * index, 10 * index + 10, 2)]
        link = int.from_bytes(links[2 * index : 2 * index + 2], "little")
        lanes = EDP_LANES.get(link >> 4 & 15, f"{link >> 4 & 15:#x}")
        depth, rate = EDP_DEPTH[depths >> 2 * index & 3], _name(EDP_RATE, link & 15)
        rows.append((index, *delays, depth, rate, lanes, _name(SWING, link >> 12), _name(EMPHASIS, link >> 8 & 15)))
    names = ("panel", "T1-3", "T8", "T9", "T10", "T11-12", "bpp", "Gbit/s", "lanes", "swing", "emphasis")
    found = (Grid("eDP panels, delays in ms", names, tuple(rows), marked),)
    return (*found, _edp_flags(raw, version, marked)) if len(raw) >= 202 else found


def _edp_flags(raw: bytes, version: int, marked: int | None) -> Grid:
    """The one bit, nibble or word a panel of BDB versions 162 to 199."""
    columns: list[tuple[str, int, int]] = []
    for name, at, width, since in (
        ("3D", 200, 1, 162),
        ("T3 opt.", 202, 1, 165),
        ("swing", 204, 4, 173),
        ("fast", 212, 1, 182),
        ("600h", 214, 1, 185),
        ("full link", 280, 1, 199),
    ):
        if version >= since and at + 2 * width <= len(raw):
            columns.append((name, at, width))
    rows = tuple(
        (
            index,
            *(
                int.from_bytes(raw[at : at + 2 * width], "little") >> width * index & (1 << width) - 1
                for _, at, width in columns
            ),
        )
        for index in range(PANELS)
    )
    return Grid("eDP features", ("panel", *(name for name, _, _ in columns)), rows if columns else (), marked)


def _name(names: tuple[str, ...], value: int) -> str:
    return names[value] if value < len(names) else f"{value:#x}"


def _yes(bits: int) -> str:
    return "yes" if bits else "no"
