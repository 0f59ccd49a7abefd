"""The MIPI blocks of a VBT hold each DSI panel's configuration, and the sequences that switch it on and off.

Source: Linux drivers/gpu/drm/i915/display/intel_dsi_vbt_defs.h and intel_bios.c (goto_next_sequence), for block 53's
three versions: a version below 3 has no sizes of its sequences and elements. Sequences 1 and 5 are named as Linux does,
by what they do to the panel; Intel's specification, and its intel_vbt_decode, have the two names the other way round.
"""

from fwsim.rom.bdb_fields import Bits, Decoded, Grid, Row, Value, choice, flag, hexes, number
from fwsim.rom.bdb_repeats import Layout, Repeat

_PANELS = 6
_CONFIG = 122

_ARGUMENTS = (
    *(
        hexes(at, 4, name)
        for at, name in (
            (26, "HS transmit timeout"),
            (30, "LP receive timeout"),
            (34, "turn-around timeout"),
            (38, "device reset timer"),
            (42, "master init timer"),
            (46, "DBI bandwidth timer"),
            (50, "LP byte clock"),
        )
    ),
    Bits(54, 4, 0, 6, "prepare count"),
    Bits(54, 4, 8, 8, "clock zero count"),
    Bits(54, 4, 16, 5, "trail count"),
    Bits(54, 4, 24, 6, "exit zero count"),
    hexes(58, 4, "clock lane switch count"),
    hexes(62, 4, "high to low switch count"),
)
_DPHY = (
    *((90, 1, "TCLK-MISS"), (91, 1, "TCLK-POST"), (93, 1, "TCLK-PRE"), (94, 1, "TCLK-PREPARE")),
    *((95, 1, "TCLK-SETTLE"), (96, 1, "TCLK-TERM-EN"), (97, 1, "TCLK-TRAIL"), (98, 2, "TCLK-PREPARE + ZERO")),
    *((101, 1, "TD-TERM-EN"), (102, 1, "TEOT"), (103, 1, "THS-EXIT"), (104, 1, "THS-PREPARE")),
    *((105, 2, "THS-PREPARE + ZERO"), (108, 1, "THS-SETTLE"), (109, 1, "THS-SKIP"), (110, 1, "THS-TRAIL")),
    *((111, 1, "TINIT"), (112, 1, "TLPX")),
)
_PINS = ("panel enable", "backlight enable", "PWM enable", "reset", "power down", "standby")

MIPI_CONFIGURATION = Layout(
    repeats=(
        Repeat(
            "Configurations",
            (
                hexes(0, 2, "panel id"),
                choice(2, 4, 0, 1, "dithering", ("in the panel", "in the display engine")),
                flag(2, 2, "bridge", size=4),
                Bits(2, 4, 3, 2, "panel architecture"),
                choice(2, 4, 5, 1, "mode", ("video", "command")),
                Bits(2, 4, 6, 2, "transfer", {1: "sync pulses", 2: "sync events", 3: "burst"}),
                flag(2, 8, "CABC", size=4),
                choice(2, 4, 9, 1, "PWM by", ("PMIC", "SoC")),
                Bits(2, 4, 10, 4, "colours", {1: "RGB565", 2: "RGB666", 3: "RGB666 loose", 4: "RGB888"}),
                choice(2, 4, 14, 2, "turned", ("0", "90", "180", "270")),
                flag(2, 16, "BTA off", size=4),
                choice(6, 2, 0, 2, "dual link", ("no", "front and back", "pixel by pixel")),
                choice(6, 2, 2, 2, "lanes", ("1", "2", "3", "4")),
                Bits(6, 2, 4, 3, "pixel overlap"),
                flag(6, 7, "RGB swapped", size=2),
                Bits(6, 2, 8, 2, "CABC ports"),
                Bits(6, 2, 10, 2, "backlight ports"),
                flag(6, 12, "ports in step", size=2, since=219, until=230),
                flag(8, 0, "DSI", size=2),
                *(number(at, 4, name) for at, name in ((11, "burst kHz"), (15, "DDR clock"), (19, "bridge clock"))),
                choice(23, 1, 0, 2, "byte clock", ("20 MHz", "10 MHz", "5 MHz")),
                flag(24, 0, "D-PHY values count", size=2),
                flag(24, 1, "EOT packet off", size=2),
                flag(24, 2, "clock may stop", size=2),
                flag(24, 3, "blanking packets", size=2, since=219),
                flag(24, 4, "LP clock in LPM", size=2, since=219),
                *_ARGUMENTS,
                *(hexes(at, size, name) for at, size, name in _DPHY),
                *(hexes(116 + index, 1, f"{name} pin") for index, name in enumerate(_PINS)),
            ),
            _CONFIG,
            count=_PANELS,
            of_panels=True,
            turned=True,
        ),
        Repeat(
            "Power sequences, in 0.1 ms",
            tuple(
                number(2 * index, 2, name)
                for index, name in enumerate(("on", "to light on", "from light off", "off", "cycle"))
            ),
            10,
            at=_PANELS * _CONFIG,
            count=_PANELS,
            since=177,
            of_panels=True,
        ),
        Repeat(
            "PWM delays",
            (number(0, 2, "PWM to light on"), number(2, 2, "light off to PWM off")),
            4,
            at=_PANELS * (_CONFIG + 10),
            count=_PANELS,
            since=186,
            of_panels=True,
        ),
        Repeat(
            "PMIC",
            (number(0, 1, "I2C bus"),),
            1,
            at=_PANELS * (_CONFIG + 14),
            count=_PANELS,
            since=190,
            of_panels=True,
        ),
    )
)

_SEQUENCES = (
    *("end", "deassert reset", "init OTP", "display on", "display off", "assert reset"),
    *("backlight on", "backlight off", "tear on", "tear off", "power on", "power off"),
)
_SIZED = 3
"""From this version of the block on sequences and elements have sizes, and the block a size of its own."""


def mipi_sequences(raw: bytes) -> Decoded:
    """Block 53: for each panel its sequences and what each does, an element a line."""
    version = raw[0] if raw else 0
    rows = (Row("version", version, str(version)),)
    entries: list[tuple[Value, ...]] = []
    problems: list[str] = []
    at, header = (5, 5) if version >= _SIZED else (1, 3)
    for _ in range(_PANELS):
        if at + header > len(raw):
            break
        number_, size = raw[at], int.from_bytes(raw[at + 1 : at + header], "little")
        body = raw[at + header : at + header + size]
        at += header + size
        if not size:
            continue
        if len(body) < size:
            problems.append(f"panel {number_}: its sequences run past the end of the block")
        lines, whole = _panel_sequences(body, version)
        entries += [(number_, *line) for line in lines]
        if not whole:
            problems.append(f"panel {number_}: a sequence has an element that is not known, or no end")
    grid = Grid("Sequences", ("panel", "sequence", "element", "data"), tuple(entries))
    return Decoded(rows, (grid,) if entries else (), tuple(problems))


def _panel_sequences(body: bytes, version: int) -> tuple[list[tuple[Value, ...]], bool]:
    """(sequence, element, data) of one panel, and whether they were understood to their end."""
    lines: list[tuple[Value, ...]] = []
    at = 0
    while at < len(body) and body[at]:
        name = _SEQUENCES[body[at]] if body[at] < len(_SEQUENCES) else f"{body[at]:#x}"
        at += 1 + (4 if version >= _SIZED else 0)
        while at < len(body) and body[at]:
            operation = body[at]
            size_at = at + 1
            at = size_at + (1 if version >= _SIZED else 0)
            size = _element_size(operation, body, at, version, body[size_at] if size_at < len(body) else 0)
            if size is None or at + size > len(body):
                return lines, False
            lines.append((name, *_element(operation, body[at : at + size], version)))
            at += size
        at += 1
    return lines, at < len(body)


def _element_size(operation: int, body: bytes, at: int, version: int, told: int) -> int | None:
    """Bytes of an element's data, ``told`` from version 3 on; None for an element that older versions have not."""
    if version >= _SIZED:
        return told
    if operation == 1:
        return 4 + int.from_bytes(body[at + 2 : at + 4], "little")
    if operation == 4 and version == 2:
        return 7 + (body[at + 6] if at + 6 < len(body) else 0)
    return {2: 4, 3: 2}.get(operation)


def _element(operation: int, data: bytes, version: int) -> tuple[Value, Value]:
    if operation == 1 and len(data) >= 4:
        port, channel = "C" if data[0] >> 3 & 3 else "A", data[0] >> 1 & 3
        speed = "HS" if data[0] & 1 else "LP"
        return f"packet {data[1]:02x}", f"port {port}, channel {channel}, {speed}: {data[4:].hex(' ')}"
    if operation == 2 and len(data) >= 4:
        return "delay", f"{int.from_bytes(data[:4], 'little')} us"
    if operation == 3 and len(data) >= 2:
        place = f"index {data[0]}, number {data[1]}" if version >= _SIZED and len(data) > 2 else f"index {data[0]}"
        return "GPIO", f"{place}, set {data[-1] & 1}"
    names = {4: "I2C", 5: "SPI", 6: "PMIC"}
    return names.get(operation, f"{operation:#x}"), data.hex(" ")
