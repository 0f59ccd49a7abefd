"""A ROM's needs become a file that people and hypervisors read: pci-mirror.toml, of which ``custom`` is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fwsim.analysis.needs import Config, GttRange, Needs
from fwsim.hypervisor.mirror.model import FORMAT, merged
from fwsim.registers.database import name_of
from fwsim.registers.families import family


def mirror_toml(found: Needs) -> str:
    """The list: what each function and BAR0 have to show, with access, then ports, INT leaves, GTT and OpRegion.

    No byte stands twice, as no two rows may overlap.
    """
    lines = [
        "# What a hypervisor has to show of the host to this ROM, found by running it: fwsim needs",
        f"format = {FORMAT}", f"cpu = {_quoted(found.cpu)}", f"generation = {found.generation}",
        f"rom_sha256 = {_quoted(found.sha256)}", "",
        "[stolen]", f"bdsm = {_quoted(found.bdsm)}", "", "[pci]",
    ]  # fmt: skip
    for bdf in dict.fromkeys(each.bdf for each in found.config):
        lines.append(f"{_quoted(bdf)} = [")
        lines += _functions_rows(found.cpu, bdf, [each for each in found.config if each.bdf == bdf])
        lines.append("]")
    lines += ["", "[bar0]", "registers = [", *_registers(found), "]", "", "[rest]"]
    for key, texts in (
        ("vga", [each.text for each in found.vga]), ("ports", [each.text for each in found.ports]),
        ("interrupts", [each.text for each in found.interrupts]),
    ):  # fmt: skip
        lines.append(f"{key} = [" + ", ".join(_quoted(text) for text in texts) + "]")
    lines.append("gtt = [" + ", ".join(f"{{ {_range(*run)} }}" for run in _runs(found.gtt)) + "]")
    lines.append("opregion = [" + ", ".join(_parts(found)) + "]")
    return "\n".join(lines) + "\n"


def _functions_rows(cpu: str, bdf: str, rows: list[Config]) -> Iterator[str]:
    """One line for each register of a function: as wide as it was accessed, where the access is one all over."""
    starts = {each.offset for each in rows}
    for first, end, access in merged((each.offset, each.offset + each.width, each.access) for each in rows):
        at = first
        while at < end:
            wide = [each.offset + each.width for each in rows if each.offset == at and each.offset + each.width <= end]
            stop = max(wide, default=min([end, *(each for each in starts if each > at)]))
            width = next(size for size in (4, 2, 1) if size <= stop - at and at % size == 0)
            name = next((each.name for each in rows if each.offset == at), None)
            if name is None:
                known = name_of("pci", _ecam(bdf) | at, cpu)
                name = "" if known is None else known.name + _past(at, known.address & 0xFFF)
            yield f'    {{ offset = 0x{at:02x}, width = {width}, access = "{access}", name = {_quoted(name)} }},'
            at += width


def _ecam(bdf: str) -> int:
    """The ECAM address of ``00:02.0``."""
    bus, device, function = re.split("[:.]", bdf)
    return int(bus, 16) << 20 | int(device, 16) << 15 | int(function, 16) << 12


def _past(at: int, start: int) -> str:
    return f"+{at - start}" if at != start else ""


def _registers(found: Needs) -> Iterator[str]:
    """One line for each run of neighbours with one access, named by its first."""
    for run in _runs(found.bar0):
        known = name_of("mmio", run[0], family(found.cpu).name)
        name = "" if known is None else known.name + _past(run[0], known.address)
        yield f"    {{ {_range(*run)}, name = {_quoted(name)} }},"


def _parts(found: Needs) -> Iterator[str]:
    for part in dict.fromkeys(each.part for each in found.opregion_parts):
        mine = [each for each in found.opregion_parts if each.part == part]
        for run in merged((each.first, each.end, each.access) for each in mine):
            yield f"{{ {_range(*run)}, part = {_quoted(part)} }}"


def _runs(rows: list[GttRange]) -> Iterable[tuple[int, int, str]]:
    return merged((each.first, each.end, each.access) for each in rows)


def _range(first: int, end: int, access: str) -> str:
    return f'first = {first:#x}, end = {end:#x}, access = "{access}"'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
