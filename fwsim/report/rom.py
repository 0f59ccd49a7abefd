"""What the ROM room and the disassembler found of a ROM is rendered for a screen of 80 columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from fwsim.disasm.listing import Access, Instruction, Listing
    from fwsim.rom.catalog import KnownRom, Licence
    from fwsim.rom.chain import Rom
    from fwsim.rom.compare import Difference, Run
    from fwsim.rom.efi import EfiHeader, PeImage
    from fwsim.rom.efi_about import DriverInfo
    from fwsim.rom.extract import Part
    from fwsim.rom.finding import Finding
    from fwsim.rom.image import Image
    from fwsim.rom.pcir import Pcir
    from fwsim.rom.pnp import PnpHeader
    from fwsim.rom.repair import Change
    from fwsim.rom.vbt import Vbt

_STYLE = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_CLASSES = {
    0x030000: "VGA controller",
    0x030001: "8514 controller",
    0x030200: "3D controller",
    0x038000: "display controller, not VGA",
    0x020000: "Ethernet controller",
    0x010000: "SCSI controller",
    0x010400: "RAID controller",
    0x010601: "AHCI controller",
    0x010802: "NVMe controller",
}
_BYTES_SHOWN = 8
_CODE_SHOWN = 6


def size_text(size: int) -> str:
    """``size`` bytes for a reader: 64 KiB (0x10000), or 0x116b when it is no whole number of 512-byte blocks."""
    if size and size % 512 == 0:
        return f"{size / 1024:g} KiB ({size:#x})"
    return f"{size:#x}"


def render_info(
    rom: "Rom", drivers: "Mapping[int | None, DriverInfo]", entry: "KnownRom | None", licence: "Licence | None"
) -> RenderableType:
    """`rom info`: the file, each image with its structures, then the findings."""
    head = fields()
    head.add_row("file", Text(str(rom.path), overflow="fold"))
    head.add_row("size", size_text(len(rom.data)))
    head.add_row("sha256", Text(rom.sha256, overflow="fold"))
    if entry:
        head.add_row("known as", f"{entry.name}: {entry.about}")
        head.add_row("family", f"{entry.family} (host.cpu {entry.cpu}), {entry.state}")
        head.add_row("origin", f"{entry.repository}, {entry.commit[:12]}, {entry.path}")
    if licence:
        head.add_row("licence", licence.text)
    parts: list[RenderableType] = [head]
    if None in drivers:
        table = fields()
        _driver(table, drivers[None])
        _pe(table, drivers[None].pe, "")
        parts += [Text(), Text("UEFI driver", style="bold"), table]
    for image in rom.images:
        parts += [Text(), *_image(image, drivers.get(image.index))]
    if rom.findings:
        parts += [Text(), Text("Findings", style="bold"), findings_table(rom.findings)]
    return Group(*parts)


def fields() -> Table:
    """A table without lines: names in the first column, what they say in the second."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True, min_width=11)
    table.add_column(overflow="fold")
    return table


def findings_table(findings: "Iterable[Finding]") -> Table:
    """Level, offset and text of each finding."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=7)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for finding in findings:
        text = Text(finding.what)
        for label, detail in (("found", finding.found), ("expected", finding.expected), ("next", finding.hint)):
            if detail:
                text.append(f"\n{label}: {detail}", style="dim")
        table.add_row(Text(finding.level, style=_STYLE[finding.level]), f"{finding.offset:#x}", text)
    return table


def _image(image: "Image", driver: "DriverInfo | None") -> list[RenderableType]:
    title = f"Image {image.index}: {image.code_type_name}, {image.offset:#x}-{max(image.end - 1, 0):#x}"
    table = fields()
    table.add_row("length", _length(image))
    if image.truncated:
        table.add_row("checksum", "cannot be checked: the image is cut short")
    elif image.checksum_applies:
        right = Text("right", style="green") if image.checksum_ok else Text("wrong", style="yellow")
        table.add_row(
            "checksum", Text.assemble(right, f": sum {image.checksum:#04x} over {image.header_length:#x} bytes")
        )
    if image.entry_target is not None:
        table.add_row("entry", f"0x3, jumps to {image.entry_target:#06x}")
    elif image.checksum_applies:
        table.add_row("entry", "0x3, no jump")
    if image.vga_signature:
        table.add_row("VGA", '"IBM" at 0x1e')
    if image.pcir:
        _pcir(table, image.pcir)
    for header in image.pnp:
        table.add_row(header.signature, _pnp(header))
    if image.vbt:
        table.add_row("VBT", _vbt_line(image.vbt))
        table.add_row("", "\n".join(image.vbt.sign_on))
    if image.efi:
        _efi(table, image.efi, driver)
    return [Text(title, style="bold"), table]


def _length(image: "Image") -> str:
    said = f"header {image.header_length // 512:#x} x 512"
    if image.pcir:
        said += f", PCIR {image.pcir.image_length // 512:#x} x 512"
    return f"{size_text(image.size)}: {said}"


def _pcir(table: Table, pcir: "Pcir") -> None:
    kind = _CLASSES.get(pcir.class_code, "")
    table.add_row("device", f"{pcir.vendor:04x}:{pcir.device:04x}, class {pcir.class_code:06x} {kind}".rstrip())
    if pcir.device_list:
        table.add_row("device list", " ".join(f"{device:04x}" for device in pcir.device_list))
    last = "last image" if pcir.last_image else "another image follows"
    text = f"at {pcir.offset:#x}, revision {pcir.revision}, {pcir.length:#x} bytes, code type {pcir.code_type}, "
    text += f"code revision {pcir.code_revision:#x}, indicator {pcir.indicator:#04x} ({last})"
    if pcir.revision >= 3:
        text += f", runtime length {pcir.runtime_length // 512:#x} x 512"
        text += "".join(
            f", {name} at +{pointer:#x}"
            for name, pointer in (("configuration code", pcir.config_pointer), ("CLP entry", pcir.clp_pointer))
            if pointer
        )
    elif pcir.list_pointer:
        text += f", vital product data at +{pcir.list_pointer:#x}"
    if pcir.reserved:
        text += f", reserved word {pcir.reserved:#06x}"
    table.add_row("PCIR", text)


def _pnp(header: "PnpHeader") -> str:
    check = "checksum right" if header.checksum_ok else "checksum wrong"
    text = f"at {header.offset:#x}, revision {header.revision}, {header.length:#x} bytes, {check}"
    names = ", ".join(name for name in (header.manufacturer, header.product, header.device_id) if name)
    vectors = ", ".join(
        f"{name} {vector:#06x}"
        for name, vector in (
            ("boot connection", header.boot_connection),
            ("disconnect", header.disconnect),
            ("bootstrap", header.bootstrap_entry),
        )
        if vector
    )
    lines = [text, names, vectors]
    if header.class_code or header.indicators:
        lines.insert(2, f"class {header.class_code:06x}, indicators {header.indicators:#04x}")
    return "\n".join(line for line in lines if line)


def _vbt_line(vbt: "Vbt") -> str:
    count = len(vbt.blocks)
    return f'at {vbt.offset:#x}, "{vbt.signature}", {vbt.size:#x} bytes, BDB version {vbt.bdb_version}, {count} blocks'


def _efi(table: Table, efi: "EfiHeader", driver: "DriverInfo | None") -> None:
    table.add_row("EFI", f"{efi.subsystem_name} ({efi.subsystem}), {efi.machine_name} ({efi.machine:#06x})")
    table.add_row("compression", f"{efi.compression_name} ({efi.compression})")
    if driver is None:
        said = "cannot be unpacked" if efi.compression else "no PE image that can be read"
        table.add_row("PE", f"at +{efi.image_offset:#x}: {said}")
        return
    _driver(table, driver)
    _pe(table, driver.pe, f"at +{efi.image_offset:#x}, ")


def _driver(table: Table, driver: "DriverInfo") -> None:
    """What the driver is, what it calls itself, and the devices that it takes."""
    about = driver.about
    if about.role:
        table.add_row("driver", about.role)
    if about.name:
        table.add_row("name", about.name + (f", build {about.build}" if about.build else ""))
    if driver.ids is not None:
        table.add_row("takes", _devices(driver.ids) or "no graphics device of Intel's that is known")


def _devices(ids: "Sequence[int]") -> str:
    """Device ids, a line for each family."""
    from fwsim.registers.families import family_of_device

    rows: dict[str, list[str]] = {}
    for device in ids:
        row = family_of_device(device)
        rows.setdefault(row.name if row else "unknown", []).append(f"{device:04x}")
    return "\n".join(f"{name}: {' '.join(devices)}" for name, devices in rows.items())


def _pe(table: Table, pe: "PeImage", where: str) -> None:
    table.add_row(
        "PE",
        f"{where}{pe.subsystem_name}, {pe.machine_name}, entry {pe.entry:#x}, {pe.image_size:#x} bytes when loaded",
    )
    lines = [
        f"{s.name:<9} {s.virtual_address:#8x}  {s.virtual_size:#8x}  file {s.offset:#8x}  {s.size:#8x}"
        for s in pe.sections
    ]
    table.add_row("sections", "\n".join(lines))


def render_list(entries: "Sequence[KnownRom]", files: "Mapping[str, Path]") -> RenderableType:
    """`rom list`: each known ROM at a line; ``files`` are those present, by SHA-256."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("name", "family", "sha256", "state"):
        table.add_column(name, no_wrap=name != "family")
    table.add_column("file", overflow="fold")
    for entry in entries:
        path = files.get(entry.sha256)
        there = Text(path.name) if path else Text("-", style="dim")
        table.add_row(entry.name, entry.family, entry.sha256[:8], entry.state, there)
    folder = next(iter(files.values())).parent if files else None
    where = f"Files are in {folder} ($FWSIM_ROMS)." if folder else "None of them is under $FWSIM_ROMS."
    return Group(table, Text(f"{where} `fwsim rom get NAME` downloads one.", style="dim"))


def render_get(entry: "KnownRom", path: "Path") -> RenderableType:
    """`rom get`: where the file is, that it is the right one, and its licence."""
    table = fields()
    table.add_row("file", Text(str(path.absolute()), overflow="fold"))
    table.add_row("known as", f"{entry.name}: {entry.about}")
    table.add_row("sha256", Text(entry.sha256, overflow="fold"))
    table.add_row("", Text("verified", style="green"))
    table.add_row("from", Text(entry.url, overflow="fold"))
    table.add_row("licence", f"{entry.licence}. {entry.note} Redistribution: {entry.redistribution}.")
    return table


def render_parts(parts: "Sequence[Part]") -> RenderableType:
    """`rom extract`: the files written."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("offset", justify="right")
    table.add_column("size", justify="right")
    table.add_column("what")
    for part in parts:
        table.add_row(str(part.path), f"{part.offset:#x}", f"{part.size:#x}", part.what)
    return table


def render_fix(rom: "Rom", changes: "Sequence[Change]", rule: str) -> RenderableType:
    """`rom fix`: what was changed, and how the sums stand now."""
    parts: list[RenderableType] = []
    if changes:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("offset", justify="right")
        table.add_column("what")
        table.add_column("before")
        table.add_column("after")
        for change in changes:
            table.add_row(f"{change.offset:#x}", change.what, _hex(change.before), _hex(change.after))
        parts.append(table)
    else:
        parts.append(Text(f"Nothing to change by the {rule} rule; the copy is identical."))
    for image in rom.images:
        if image.checksum_applies:
            state = "right" if image.checksum_ok else f"wrong (sum {image.checksum:#04x})"
            parts.append(Text(f"Image {image.index}: checksum {state} over {image.header_length:#x} bytes."))
    parts.append(Text(f"Written: {rom.path}", overflow="fold"))
    return Group(*parts)


def render_diff(difference: "Difference", a: str, b: str, limit: int) -> RenderableType:
    """`rom diff`: the runs of differing bytes (the first ``limit`` of them, 0 for all), then bytes by structure."""
    head = fields()
    head.add_row("A", Text(f"{a}, {size_text(difference.size_a)}", overflow="fold"))
    head.add_row("B", Text(f"{b}, {size_text(difference.size_b)}", overflow="fold"))
    if not difference.runs:
        return Group(head, Text("The files are identical.", style="green"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("offset", justify="right", no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("structure", overflow="fold")
    table.add_column("A", no_wrap=True)
    table.add_column("B", no_wrap=True)
    shown = difference.runs[:limit] if limit else difference.runs
    for run in shown:
        table.add_row(f"{run.offset:#x}", str(run.size), _structure(run), _hex(run.a, 6), _hex(run.b, 6))
    parts: list[RenderableType] = [head, table]
    if len(shown) < len(difference.runs):
        parts.append(Text(f"{len(difference.runs) - len(shown)} more runs (--limit 0 shows all).", style="dim"))
    totals = Table(box=SIMPLE_HEAD, pad_edge=False)
    totals.add_column("structure")
    totals.add_column("differing bytes", justify="right")
    for name, count in difference.by_structure.items():
        totals.add_row(name, str(count))
    totals.add_section()
    totals.add_row("all", str(difference.differing), style="bold")
    return Group(*parts, totals)


def _structure(run: "Run") -> str:
    return f"{run.structure} +{run.within:#x}" if run.within else run.structure


def _hex(data: bytes, shown: int = _BYTES_SHOWN) -> str:
    if not data:
        return "-"
    return data[:shown].hex(" ") + (" .." if len(data) > shown else "")


def render_disasm(
    rom: "Rom", bits: int, size: int, listing: "Listing", licence: "Licence | None", only_accesses: bool
) -> RenderableType:
    """`rom disasm`: the licence first, then the listing, or only its accesses, then what was not followed.

    Where the licence forbids disassembly no instruction is shown, as in `why --full`: the accesses are.
    """
    text = Text(no_wrap=True, overflow="ignore")
    head = fields()
    if licence:
        style = "bold yellow" if licence.disassembly == "forbidden" else ""
        head.add_row(
            "licence", Text(f"disassembly {licence.disassembly} ({licence.source}): {licence.text}", style=style)
        )
    else:
        head.add_row("licence", "not known to fwsim: this image is not in its catalogue")
    head.add_row("file", Text(str(rom.path), overflow="fold"))
    share = f"{100 * listing.covered / size:.1f} %" if size else "0 %"
    head.add_row("code", f"{bits}-bit, {len(listing.instructions)} instructions, {listing.covered:#x} bytes ({share})")
    if listing.truncated:
        head.add_row("", "the listing stops at the instruction limit")
    hidden = licence is not None and not licence.shows_code
    if hidden:
        head.add_row("", "so no instruction is shown, only which ports and PCI registers are accessed")
    if only_accesses or hidden:
        return Group(head, _accesses(listing.accesses))
    previous = -1
    for instruction in listing.instructions:
        _instruction(text, instruction, listing, previous)
        previous = instruction.address + len(instruction.data)
    if listing.unresolved:
        places = " ".join(f"{address:04x}" for address in listing.unresolved)
        text.append(f"\nComputed targets, not followed: {places}\n")
    return Group(head, text)


def _instruction(text: Text, instruction: "Instruction", listing: "Listing", previous: int) -> None:
    address = instruction.address
    if address in listing.labels:
        text.append(f"\n{listing.labels[address]}:\n", style="bold")
    elif address != previous:
        text.append("\n")
    mark = ">" if address in listing.targets else " "
    raw = instruction.data[:_CODE_SHOWN].hex() + ("+" if len(instruction.data) > _CODE_SHOWN else "")
    text.append(f"{address:04x}{mark} ", style="dim")
    line = f"{raw:<{2 * _CODE_SHOWN + 1}} {instruction.text}"
    if instruction.note:
        text.append(f"{line:<38} ")
        text.append(f"; {instruction.note}", style="cyan")
    else:
        text.append(line)
    text.append("\n")


def _accesses(accesses: "Sequence[Access]") -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("at", justify="right")
    table.add_column("access")
    table.add_column("port", justify="right")
    table.add_column("what")
    for access in accesses:
        port = f"{access.port:#x}" if access.port is not None else "DX"
        via = f" (called, at {access.via:04x})" if access.via is not None else ""
        table.add_row(
            f"{access.address:04x}",
            f"{access.direction} {8 * access.width}",
            port,
            access.name.removeprefix(port).strip() + via,
        )
    return table
