"""What a placement has to be before anybody looks at how good it is: types, and addresses that their registers hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fwsim.firmware.request import ROM_BAR, Bar, Function, HoleSide, Placement, Request, Step, format_bdf
from fwsim.memory.e820 import MAX_ENTRIES, E820Type
from fwsim.units import format_size

FOUR_GIB, ADDRESS_SPACE = 1 << 32, 1 << 64
_TYPES = tuple(E820Type.__members__)
Breach = tuple[str, str, str]
"""What is wrong, what was found, what was expected."""


def breach(out: Any, request: Request) -> Breach | None:
    """The first thing about ``out``, the answer to ``request``, that no machine can hold; None: it is a placement."""
    if not isinstance(out, Placement):
        return "it is of the wrong type", type(out).__name__, "a fwsim.firmware.request.Placement"
    return next(_breaches(out, request), None)


def _breaches(out: Placement, request: Request) -> Iterator[Breach]:
    yield from _texts(out)
    if type(out.boot) is not str:
        yield "boot is no text", repr(out.boot), '"ok", or what the firmware prints as it stops'
    elif out.boot == "ok":
        yield from _e820(out.e820)
    yield from _bars(out.bars, request)
    present = {function.bdf for function in request.functions}
    for name in ("asls", "bdsm", "bdsm_register", "bdsm_size", "bdsm_value", "command"):
        yield from _by_function(name, getattr(out, name), present if name != "command" else None)
    yield from _registers(out)
    windows = out.windows.values() if isinstance(out.windows, dict) else [out.windows]
    yield from _pairs("windows", windows, ordered=False)  # an empty window ends before it starts
    yield from _pairs("reserved", out.reserved, ordered=False)
    yield from _held(out.held, request)
    for name, rows in (("behind_bar", out.behind_bar), ("mapped", out.mapped), ("ecam", [out.ecam] * bool(out.ecam))):
        yield from _pairs(name, rows, ordered=True)
    yield from _more(out)


def _more(out: Placement) -> Iterator[Breach]:
    """What is written besides, and what the device model keeps."""
    if not _number(out.pciexbar):
        yield "pciexbar is no number", repr(out.pciexbar), "its 64 bits, 0 for none"
    for name, form, good in (
        ("zeroed", "(bdf, offset)", lambda row: _is(row, int, int) and _is_register(*row)),
        ("written", "(bdf, offset, value of 32 bits)",
         lambda row: _is(row, int, int, int) and _is_register(*row[:2]) and _number(row[2], FOUR_GIB)),
        ("contents", "(address, bytes)", lambda row: _is(row, int, bytes) and _number(row[0])),
        ("kept", "(what, start, end)", lambda row: _is(row, str, int, int) and 0 <= row[1] <= row[2]),
        ("holes", "fwsim.firmware.request.HoleSide", lambda row: isinstance(row, HoleSide)),
    ):  # fmt: skip
        rows = getattr(out, name)
        wrong = [row for row in rows if not good(row)] if isinstance(rows, list) else [rows]
        if wrong:
            yield f"{name} is no list of such rows", repr(wrong[0]), form


def _is(row: Any, *kinds: type) -> bool:
    return isinstance(row, tuple) and tuple(map(type, row)) == kinds


def _is_register(bdf: int, offset: int) -> bool:
    return _number(bdf, 0x10000) and _number(offset, 0x1000) and offset % 4 == 0


def _texts(out: Placement) -> Iterator[Breach]:
    for name in ("log", "warnings", "notes", "overlaps"):
        lines = getattr(out, name)
        if not isinstance(lines, list) or not all(type(line) is str for line in lines):
            yield f"{name} is no list of texts", repr(lines), "such as ['a line']"
    if not isinstance(out.steps, list) or not all(isinstance(step, Step) for step in out.steps):
        yield "steps is no list of steps", repr(out.steps), "a list of fwsim.firmware.request.Step"


def _held(rows: Any, request: Request) -> Iterator[Breach]:
    own = {(each.bdf, bar.index) for each in request.functions for bar in each.bars}
    for row in rows if isinstance(rows, list) else [rows]:
        pair = row if isinstance(row, tuple) and len(row) == 2 else (None, None)
        if not isinstance(pair[0], Function) or all(bar.index != pair[1] for bar in pair[0].bars):
            yield "no BAR in held", repr(row), "(fwsim.firmware.request.Function, the index of one of its BARs)"
        elif (pair[0].bdf, pair[1]) in own:
            name = f"BAR{pair[1]} of {format_bdf(pair[0].bdf)}"
            yield f"held has {name}, which is the function's own", name, "a BAR that it has not"


def _e820(rows: Any) -> Iterator[Breach]:
    if not isinstance(rows, list) or not all(isinstance(row, tuple) and len(row) == 3 for row in rows):
        yield "e820 is no list of ranges", repr(rows), "[(start, end, type), ...], as E820Map.rows() gives them"
        return
    if not rows or len(rows) > MAX_ENTRIES:
        yield "e820 has an impossible length", f"{len(rows)} entries", f"1 to {MAX_ENTRIES}; begin with start_map()"
    last = (0, 0, "")
    for row in rows:
        start, end, kind = row
        if not _number(start) or not _number(end, ADDRESS_SPACE + 1) or end <= start:
            yield "no range of addresses in e820", _shown(row), "0 <= start < end <= 2^64, integers"
            return
        if kind not in _TYPES:
            yield "no type of memory in e820", _shown(row), ", ".join(_TYPES)
        if start < last[1]:
            what = "two ranges of e820 overlap" if end > last[0] else "e820 is not in order"
            yield what, f"{_shown(last)} and {_shown(row)}", "each address once, lowest first"
        last = row


def _bars(bars: Any, request: Request) -> Iterator[Breach]:
    if not isinstance(bars, dict):
        yield "bars is no table", repr(bars), "{(bdf, index): address}"
        return
    known = {(f.bdf, bar.index): bar for f in request.functions for bar in f.bars}
    known |= {(f.bdf, ROM_BAR): Bar(ROM_BAR, f.rom_size, "mem") for f in request.functions if f.rom_size}
    for key, address in bars.items():
        if not isinstance(key, tuple) or len(key) != 2 or not _number(key[0], 0x10000) or not _number(key[1], 7):
            yield "no BAR", repr(key), "(bdf, index), the index 0 to 6"
            return
        name, bar = f"BAR{key[1]} of {format_bdf(key[0])}", known.get(key)
        if not _number(address):
            yield f"{name} has no address", repr(address), "an integer, 0 or more"
        elif bar is not None and address % bar.size:
            yield f"{name} holds no such address", f"{address:#x}", f"a multiple of its size, {format_size(bar.size)}"
        elif bar is not None and address + bar.size > _room(bar):
            room = "64 KiB of ports" if bar.kind == "io" else "4 GiB: it has 32 bits" if not bar.is64 else "2^64"
            yield f"{name} holds no such address", f"{address:#x}-{address + bar.size - 1:#x}", f"below {room}"


def _room(bar: Bar) -> int:
    return 0x10000 if bar.kind == "io" else ADDRESS_SPACE if bar.is64 else FOUR_GIB


def _by_function(name: str, values: Any, present: set[int] | None) -> Iterator[Breach]:
    if not isinstance(values, dict) or not all(_number(value) for value in values.values()):
        yield f"{name} is no table of numbers", repr(values), "{bdf: integer}"
        return
    for bdf in values:
        if present is not None and bdf not in present:
            shown = format_bdf(bdf) if _number(bdf, 0x10000) else repr(bdf)
            yield f"{name} of a function that is not there", shown, ", ".join(format_bdf(each) for each in present)


def _registers(out: Placement) -> Iterator[Breach]:
    for bdf, address in out.asls.items():
        if not 0 < address < FOUR_GIB:
            yield "ASLS holds no such address", f"{address:#x}", f"1 to {FOUR_GIB - 1:#x} ({format_bdf(bdf)} @0xfc)"
    for bdf, address in out.bdsm.items():
        register, size = out.bdsm_register.get(bdf), out.bdsm_size.get(bdf)
        if register not in (0x5C, 0xC0):
            yield "bdsm without its register", repr(register), "bdsm_register[bdf] = 0x5C, or 0xC0 from gen 11 on"
        if not size:
            yield "bdsm without its size", repr(size), "bdsm_size[bdf], in bytes"
        wide = register == 0xC0
        value = out.bdsm_value.get(bdf, address)
        if not address or max(address, value) >= (ADDRESS_SPACE if wide else FOUR_GIB):
            bits = "64 bits" if wide else "below 4 GiB: it has 32 bits"
            yield "BDSM holds no such address", f"{max(address, value):#x}", f"{bits}, not 0; leave it out for none"
    for bdf, value in out.command.items():
        if value > 0xFFFF:
            yield "the command register has 16 bits", f"{value:#x} for {format_bdf(bdf)}", "up to 0xffff"


def _pairs(name: str, rows: Any, *, ordered: bool) -> Iterator[Breach]:
    expected = "(start, end), integers" if ordered else "two integers"
    for row in rows if isinstance(rows, Iterable) else [rows]:
        good = isinstance(row, tuple) and len(row) == 2 and _number(row[0]) and _number(row[1], ADDRESS_SPACE + 1)
        if not good or (ordered and row[1] < row[0]):
            yield f"no range in {name}", repr(row), expected


def _number(value: Any, end: int = ADDRESS_SPACE) -> bool:
    return type(value) is int and 0 <= value < end


def _shown(row: tuple[Any, ...]) -> str:
    start, end, kind = row
    return f"{start:#x}-{end - 1:#x} {kind}" if type(start) is int and type(end) is int else repr(row)
