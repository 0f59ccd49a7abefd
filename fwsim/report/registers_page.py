"""The reference page docs/registers.md is made from the register database.

``python -m fwsim.report.registers_page docs/registers.md`` writes it; the same database gives the same page.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from fwsim.registers.aliases import forms_of
from fwsim.registers.core import Field, Place, Register
from fwsim.registers.database import AREAS, SPACES, in_area, registers, show_address
from fwsim.registers.families import families
from fwsim.registers.family import Family
from fwsim.registers.gms import GGMS, GMS, SizeRule
from fwsim.registers.pte import FORMATS
from fwsim.registers.variants import describe

_LONG_ARRAY = 8


def render() -> str:
    """The whole page, as Markdown."""
    return "\n".join([*_head(), *_hosts(), *_rules(), *_formats(), *_areas()]) + "\n"


def _head() -> Iterator[str]:
    yield "# Registers"
    yield ""
    yield (
        "Made from `fwsim/registers/` by `make docs`: change the database, not this page. `fwsim lookup` shows it too."
    )
    yield f"It holds {len(registers())} register forms. Offsets are hexadecimal; a generation range such as 6-9 means"
    yield "every host cpu of these generations, and a name means that host cpu."
    yield ""
    yield (
        "Access: `ro` read only, `rw` read and write, `wo` write only, `w1c` write 1 to clear, `rc` cleared when read,"
    )
    yield "`lock` writable until locked. A field without an access of its own has its register's."
    yield ""
    yield "| space | an address in it |"
    yield "|---|---|"
    for name, text in SPACES.items():
        yield f"| {name} | {text} |"
    yield ""


def _hosts() -> Iterator[str]:
    yield "## Hosts"
    yield ""
    yield (
        "The defaults of each `host.cpu`; stolen memory is the data part and the GTT's, "
        "`bdsm@` BDSM's offset on 00:02.0."
    )
    yield ""
    yield "| cpu | gen | device | bridge | lpc | BARs | GTT | PTE | GGC | stolen | bdsm@ | bdsm | asls | origin |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for row in families():
        yield _host(row)
    yield ""


def _host(row: Family) -> str:
    bars = ", ".join(f"{bar.index}: {bar.role} {_size(bar.size)}" for bar in row.bars)
    cells = (
        row.name,
        str(row.gen),
        f"{row.device_id:04x}",
        f"{row.host_bridge_id:04x}",
        f"{row.lpc_id:04x}",
        bars,
        f"BAR{row.gtt_bar}+{row.gtt_offset:#x}, {_size(row.gtt_size)}",
        row.pte,
        f"{row.ggc:04x} at {row.ggc_bridge:#x}",
        f"{_size(row.stolen_size)} + {_size(row.gsm_size)}",
        f"{row.bdsm_register:#x}" if row.bdsm_register else "none",
        f"{row.bdsm:08x}",
        f"{row.asls:08x}",
        row.origin,
    )
    return "| " + " | ".join(cells) + " |"


def _size(size: int) -> str:
    for unit, name in ((1 << 20, "M"), (1 << 10, "K")):
        if size and size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


def _rules() -> Iterator[str]:
    yield "## Stolen memory sizes"
    yield ""
    yield "| field | row | bits | code: size | source |"
    yield "|---|---|---|---|---|"
    for field, table in (("GMS", GMS), ("GGMS", GGMS)):
        for rule in table.values():
            yield f"| {field} | {rule.name} | {_bits(rule)} | {_runs(rule)} | {rule.source} |"
    yield ""


def _bits(rule: SizeRule) -> str:
    return f"{rule.mask.bit_length() - 1}:{rule.shift}"


def _runs(rule: SizeRule) -> str:
    parts = []
    for first, last, size, step in rule.runs:
        end = "" if last == first else f"-{last:x}"
        grows = f" + {_size(step)} a code" if last != first else ""
        parts.append(f"{first:x}{end}: {_size(size)}{grows}")
    return ", ".join(parts)


def _formats() -> Iterator[str]:
    yield "## GTT entries"
    yield ""
    yield "The page's address is `(entry & low) | ((entry & high) << shift)`; bit 0 makes an entry valid."
    yield ""
    yield "| format | bytes | low | high | shift | lost | flags | source |"
    yield "|---|---|---|---|---|---|---|---|"
    for form in FORMATS.values():
        flags = ", ".join(f"{mask:#x} {text}" for mask, text in form.flags)
        yield (
            f"| {form.name} | {form.width} | {form.low_mask:#x} | {form.high_mask:#x} | {form.high_shift} "
            f"| {form.lost_mask:#x} | {flags} | {form.source} |"
        )
    yield ""


def _areas() -> Iterator[str]:
    for area in AREAS:
        question = (import_module(f"fwsim.registers.{area}").__doc__ or "").split("\n")[0]
        yield f"## {area}"
        yield ""
        yield question
        yield ""
        for register in in_area(area):
            yield from _register(register)


def _register(register: type[Register]) -> Iterator[str]:
    reset = "straps or firmware" if register.reset is None else f"{register.reset:#x}"
    yield f"### {register.name}"
    yield ""
    yield register.description()
    yield ""
    yield f"{register.space} · {register.width * 8} bits · {_access(register)} · reset {reset} · {register.source}"
    yield ""
    for text in _places(register):
        yield f"- {text}"
    if others := forms_of(register.name):
        yield f"- also called {', '.join(form.replace('{}', '*') for form in others)}"
    yield ""
    yield "| bits | field | access | gen | meaning |"
    yield "|---|---|---|---|---|"
    for field in register.fields:
        yield _field(field, register)
    if register.gaps:
        yield f"| others | | | | {register.gaps} |"
    yield ""


def _access(register: type[Register]) -> str:
    parts = [f"{label} {access}" for label, access in register.access_by_label.items()]
    return ", ".join([*parts, f"others {register.access}"] if parts else [register.access])


def _field(field: Field, register: type[Register]) -> str:
    only = field.families & register.families()
    gen = "" if only == register.families() else describe(only)
    values = "; ".join(f"{number:#x} {text}" for number, text in sorted(field.values.items()))
    text = f"{field.text}: {values}" if values else field.text
    return f"| {field.bits} | {field.name} | {field.access or ''} | {gen} | {text.replace('|', chr(92) + '|')} |"


def _places(register: type[Register]) -> Iterator[str]:
    groups: dict[frozenset[str], list[Place]] = {}
    for place in register.places:
        groups.setdefault(place.families, []).append(place)
    for chosen, places in groups.items():
        shown = [f"{show_address(register.space, p.address)}{f' ({p.label})' if p.label else ''}" for p in places]
        if len(shown) > _LONG_ARRAY:
            shown = [shown[0], shown[1], "...", f"{shown[-1]}, {len(places)} in all"]
        yield f"{describe(chosen)}: {', '.join(shown)}"


def main() -> None:
    """Write the page to the file that the command line names."""
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
