"""The whole database is looked up by address and by name, and checked."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import import_module

from fwsim.errors import FwsimError
from fwsim.registers.core import FUNCTIONS, Place, Register, RegisterAt
from fwsim.registers.variants import describe, selected

AREAS: tuple[str, ...] = (
    "pci_igd",
    "pci_bridge",
    "pci_lpc",
    "mmio_gt",
    "mmio_timing",
    "mmio_vrr",
    "mmio_plane",
    "mmio_plane_gen9",
    "mmio_pipe",
    "mmio_scaler",
    "mmio_color",
    "mmio_color_planes",
    "mmio_wm",
    "mmio_fbc",
    "mmio_psr",
    "mmio_dsb",
    "mmio_ports",
    "mmio_tv",
    "mmio_hotplug_dip",
    "mmio_audio",
    "mmio_hdcp",
    "mmio_bus",
    "mmio_pch",
    "mmio_ddi",
    "mmio_dsi",
    "mmio_phy",
    "mmio_bxt_phy",
    "mmio_combo_phy",
    "mmio_tc_phy",
    "mmio_cx0_phy",
    "mmio_clock",
    "mmio_power",
    "mmio_irq",
    "mmio_igt",
    "mmio_unknown",
    "iobar",
    "vga",
    "sideband",
    "dpcd",
    "vtd",
    "opregion",
    "vbt",
    "leaves",
)
"""The modules of the database, in the order of the reference page."""

SPACES: dict[str, str] = {
    "pci": "PCI configuration; an ECAM address, or FUNCTION:OFFSET such as 02.0:5c",
    "mmio": "the graphics device's registers, offset in its register BAR",
    "port": "legacy I/O ports",
    "iobar": "the I/O BAR, offset of the port in it",
    "gtt": "a GTT entry: the address is its byte offset",
    "seq": "VGA sequencer, index",
    "crtc": "VGA CRT controller, index",
    "gfx": "VGA graphics controller, index",
    "attr": "VGA attribute controller, index",
    "iosf": "Bay Trail's and Cherryview's sideband, 0x10000 * unit + register",
    "sbi": "Haswell's PCH sideband (iCLK), register",
    "dpcd": "a DisplayPort sink's registers, by AUX",
    "vtd": "VT-d unit, offset in its register page",
    "opregion": "OpRegion, offset from its start",
    "vbt": "video BIOS table, offset from its $VBT signature",
    "bdb": "BDB blocks of the video BIOS table, by block number",
    "int": "INT 15h leaves of video BIOSes, 0x10000 * vector + AX, or VECTOR:AX such as 15:5f51",
}
"""Every address space of the database with what an address in it is."""

INDEXED = frozenset({"iosf", "bdb", "int"})
"""Spaces whose addresses count registers, not bytes."""


@cache
def registers() -> tuple[type[Register], ...]:
    """Every register class of the database, area by area, in the order of the files."""
    found: list[type[Register]] = []
    for area in AREAS:
        found.extend(in_area(area))
    return tuple(found)


def in_area(area: str) -> tuple[type[Register], ...]:
    """The register classes of one module of ``AREAS``, in the order of its file."""
    module = import_module(f"fwsim.registers.{area}")
    return tuple(
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Register) and item.__module__ == module.__name__
    )


class _Index:
    """The registers of a set of families, by space: exact addresses in a dict, inner bytes by bisection."""

    def __init__(self, chosen: frozenset[str]) -> None:
        self.by_address: dict[tuple[str, int], list[RegisterAt]] = {}
        for register in registers():
            for place in register.places:
                common = place.families & chosen
                if common:
                    hits = self.by_address.setdefault((register.space, place.address), [])
                    hits.append(RegisterAt(register, place.label, place.address, common))
        for hits in self.by_address.values():
            hits.sort(key=lambda hit: -len(hit.families))
        self.sorted: dict[str, list[int]] = {}
        for space, address in sorted(self.by_address):
            self.sorted.setdefault(space, []).append(address)

    def covering(self, space: str, address: int) -> list[RegisterAt]:
        """Every register that has ``address`` inside it, the one of most families first."""
        starts = self.sorted.get(space, [])
        position = bisect_right(starts, address)
        found: list[RegisterAt] = []
        # The widest register is 8 bytes, but a table's entry (VBT header, BDB) may be longer: look a few starts back.
        for start in reversed(starts[max(0, position - 8) : position]):
            found += [hit for hit in self.by_address[space, start] if address < start + _extent(hit.register)]
        return found


def _extent(register: type[Register]) -> int:
    """How many addresses of its space a register takes."""
    return 1 if register.space in INDEXED else register.width


@cache
def _index(gen: int | str | None) -> _Index:
    return _Index(selected(gen))


@lru_cache(maxsize=1 << 16)
def name_of(space: str, address: int, gen: int | str | None) -> RegisterAt | None:
    """The register at ``address`` (or with that byte in it); None where the database has none.

    ``space``: a key of ``SPACES``. ``gen``: a generation number, or better a host.cpu name, since parts of one
    generation differ. Where they do, the register that most families of the generation have is the answer.
    """
    index = _index(gen)
    exact = index.by_address.get((space, address))
    if exact:
        return exact[0]
    covering = index.covering(space, address)
    return covering[0] if covering else None


def all_at(space: str, address: int, gen: int | str | None) -> list[RegisterAt]:
    """Every register that any family of ``gen`` (None: any at all) has at ``address``, one a form."""
    index = _index(gen)
    return index.by_address.get((space, address)) or index.covering(space, address)


def nearest(space: str, address: int, gen: int | str | None, count: int = 2) -> list[RegisterAt]:
    """The ``count`` registers closest to ``address``, for a message about one that is not known."""
    index = _index(gen)
    starts = sorted(index.sorted.get(space, []), key=lambda start: (abs(start - address), start))
    return [index.by_address[space, start][0] for start in starts[:count]]


def by_name(name: str) -> list[type[Register]]:
    """Every form of the register called ``name`` (case does not matter; an array's label may be left on).

    ``name`` may also be what i915 or igt call it (``aliases.ALIASES``). Raises FwsimError with the nearest names for
    one that the database does not have.
    """
    return list(named(name))


def named(name: str) -> dict[type[Register], tuple[Place, ...]]:
    """As ``by_name``, each form with the places that have the name: all of them, or those whose label it bears."""
    wanted = name.strip().upper()
    found = {register: register.places for register in _names().get(wanted, ())}
    found = _place_names().get(_squeezed(wanted), {}) | found
    if found:
        return found
    near = get_close_matches(wanted, list(_names()), n=3, cutoff=0.6)
    raise FwsimError(
        "no register of that name",
        where="--name",
        found=repr(name),
        expected=f"such as {', '.join(near)}" if near else "a register's name, such as BDSM",
        hint="`fwsim lookup ADDRESS --space mmio` finds one by its address",
    )


def _squeezed(name: str) -> str:
    """A name without what does not count in one: ``PLANE_CTL_1_B`` and ``PLANE_CTL_1B`` are one."""
    return name.replace("_", "").upper()


@cache
def _names() -> dict[str, tuple[type[Register], ...]]:
    table: dict[str, tuple[type[Register], ...]] = {}
    for register in registers():
        table[register.name.upper()] = (*table.get(register.name.upper(), ()), register)
    return table


@cache
def _place_names() -> dict[str, dict[type[Register], tuple[Place, ...]]]:
    """Each place by its name with its label, and by its other names."""
    from fwsim.registers.aliases import has_others, other_names

    table: dict[str, dict[type[Register], tuple[Place, ...]]] = {}
    for register in registers():
        plain, others = _squeezed(register.name), has_others(register)
        for place in register.places:
            names = {plain + _squeezed(place.label)}
            if others:
                names.update(map(_squeezed, other_names(register, place)))
            for name in names:
                forms = table.setdefault(name, {})
                forms[register] = (*forms.get(register, ()), place)
    return table


def leaf_name(vector: int, ax: int) -> str:
    """What an interrupt's leaf is for, as part of a sentence: ``which LFP is active``; "" where nobody knows."""
    found = name_of("int", vector << 16 | ax, None)
    text = found.register.description().partition(";")[0].rstrip(".") if found else ""
    return text if text[:2].isupper() or text.startswith("Silicon") else text[:1].lower() + text[1:]


def pci_function(address: int) -> str:
    """``00:02.0`` for the ECAM address of a register in it."""
    return f"{address >> 20:02x}:{address >> 15 & 0x1F:02x}.{address >> 12 & 7}"


def show_address(space: str, address: int) -> str:
    """An address as people write it: a PCI one with its function, a leaf with its vector, others in hex."""
    if space == "int":
        return f"{address >> 16:02x}:{address & 0xFFFF:04x}"
    return f"{pci_function(address)} @{address & 0xFFF:#04x}" if space == "pci" else f"{address:#x}"


def check() -> list[str]:
    """What is wrong with the database, one sentence each: nothing, when all is well.

    Fields must lie inside their register and not overlap in any one family; bits without a field need a reason;
    every register needs a source and a description; no two may share an address in one space and family; what a lock
    bit freezes in the register file needs one.
    """
    problems: list[str] = []
    for register in registers():
        problems += _check_fields(register)
        if not register.source:
            problems.append(f"{register.name}: no source")
        if not register.description():
            problems.append(f"{register.name}: no description")
        if register.space not in SPACES:
            problems.append(f"{register.name}: unknown space {register.space!r}")
        if register.space == "pci" and register.function not in FUNCTIONS:
            problems.append(f"{register.name}: unknown function {register.function!r}")
        if not register.places or not all(place.families for place in register.places):
            problems.append(f"{register.name}: a place that no family has")
        if register.reset is not None and register.reset >= 1 << (8 * register.width):
            problems.append(f"{register.name}: reset value wider than the register")
    return problems + list(_clashes(registers()))


def _check_fields(register: type[Register]) -> Iterator[str]:
    bits = (1 << (8 * register.width)) - 1
    gaps = False
    for family in sorted(register.families()):
        seen = 0
        for field in register.fields:
            if family not in field.families:
                continue
            if field.msb < field.lsb or field.mask & ~bits:
                yield f"{register.name}.{field.name}: bits {field.bits} outside the register"
            if field.mask & seen:
                yield f"{register.name}.{field.name}: bits {field.bits} overlap another field on {family}"
            seen |= field.mask
        gaps = gaps or bool(bits & ~seen)
    if gaps and not register.gaps:
        yield f"{register.name}: bits without a field and without a reason"
    if register.gaps and not gaps:
        yield f"{register.name}: a reason for gaps, but there are none"
    lockable = "lock" in {register.access, *(field.access for field in register.fields)}
    if register.space == "mmio" and lockable and "LOCK" not in {field.name for field in register.fields}:
        yield f"{register.name}: to be locked, but without a field LOCK"
    for field in register.fields:
        if not field.families & register.families():
            yield f"{register.name}.{field.name}: no family has this field"


def _clashes(found: Iterable[type[Register]]) -> Iterator[str]:
    taken: dict[tuple[str, int, str], str] = {}
    for register in found:
        for place in register.places:
            yield from _clash(register, place, taken)


def _clash(register: type[Register], place: Place, taken: dict[tuple[str, int, str], str]) -> Iterator[str]:
    reported: set[str] = set()
    for family in sorted(place.families):
        for byte in range(_extent(register)):
            key = (register.space, place.address + byte, family)
            other = taken.setdefault(key, register.name + place.label)
            if other != register.name + place.label and other not in reported:
                reported.add(other)
                where = show_address(register.space, place.address + byte)
                yield f"{register.name} and {other} share {where} on {describe(frozenset({family}))}"
