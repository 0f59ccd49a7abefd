"""`fwsim rom`: what is in an option ROM, and what can be done with it."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fwsim.cli import common
from fwsim.cli.common import Json, emit, emit_json
from fwsim.errors import FwsimError

if TYPE_CHECKING:
    from fwsim.rom.chain import Rom
    from fwsim.rom.drivers import EfiDriver
    from fwsim.rom.efi_about import DriverInfo
    from fwsim.rom.vbt import Vbt

app = typer.Typer(
    name="rom", help="Read, check, take apart, fix and compare option ROM images.", no_args_is_help=True,
    epilog="Example: fwsim rom info x220.rom",
)  # fmt: skip

RomFile = Annotated[Path, typer.Argument(metavar="F", help="The ROM file.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]


@app.command(epilog="Example: fwsim rom info vgabios-stdvga.bin")
def info(
    file: RomFile,
    ids: Annotated[
        bool, typer.Option("--ids", help="Ask each EFI driver which graphics devices it takes: its code is run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is in a ROM, and what is odd about it.

    Images, PCIR with its device list, PnP, VBT, EFI driver, checksums, licence. A ROM that cannot be run is an error,
    but whatever can be said of it is printed first. A bare .efi driver, an OpRegion dump or a VBT file will do as well.
    """
    with common.imports():
        from fwsim.rom.chain import inspect_bytes, read_file
        from fwsim.rom.finding import first_error
        from fwsim.rom.opregion import is_opregion
        from fwsim.rom.vbt import SIGNATURE

    data = read_file(file)
    if is_opregion(data):
        _opregion_info(data, file, as_json)
        return
    if data.startswith(SIGNATURE):
        vbt(file, as_json=as_json)
        return
    rom = inspect_bytes(data, file)
    error = first_error(rom.findings)
    if not rom.images and error is not None:
        raise error.to_error(str(file))
    drivers = _drivers(rom, ids)
    if as_json:
        from fwsim.rom.document import rom_document

        emit_json(rom_document(rom, drivers))
    else:
        with common.imports():
            from fwsim.report.rom import render_info
            from fwsim.rom.catalog import known, licence_of

        emit(render_info(rom, drivers, known(rom.sha256), licence_of(rom)))
    if error is not None:
        raise error.to_error(str(file))
    whole = None in drivers and all(each.offset + each.size <= len(data) for each in drivers[None].pe.sections)
    if not rom.images and not whole:
        raise FwsimError(
            "no whole UEFI driver", where=str(file), found=f"{len(data):#x} bytes that begin as a PE image",
            expected="a PE image with all its sections", hint="the file may be cut short",
        )  # fmt: skip


@app.command(epilog="Example: fwsim rom vbt snm_2170.dat --block 2")
def vbt(
    file: RomFile,
    block: Annotated[int | None, typer.Option(min=0, max=255, help="Only this data block, with all it has.")] = None,
    replace: Annotated[
        Path | None, typer.Option("--replace", metavar="VBT", help="Write a ROM with this file's VBT instead.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Default: F with .vbt in its name.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show a ROM's Video BIOS Table, or put another one in.

    Header, block list, and what the blocks say of ports and panels. An OpRegion dump or a bare VBT file will do as
    well. --replace writes a copy of the ROM, lengths and checksums right; it refuses what does not fit.
    """
    from fwsim.rom.source import find_vbt

    if replace is not None:
        _replace(file, replace, out or file.with_name(f"{file.stem}.vbt{file.suffix}"), force, as_json)
        return
    found = find_vbt(file)
    tables = found.tables
    blocks = tuple(each for each in found.vbt.blocks if block is None or each.id == block)
    if block is not None and not blocks:
        raise _no_block(file, block, found.vbt)
    if as_json:
        from fwsim.rom.document import opregion_document, plain, tables_document

        region = opregion_document(found.opregion) if found.opregion else None
        findings = [plain(finding) for finding in found.findings]
        emit_json({**tables_document(tables, blocks), "opregion": region, "findings": findings})
        return
    from fwsim.report.vbt import render_block, render_vbt

    sections = [(each, tables.decode(each), tables.open(each).raw) for each in blocks]
    if block is None:
        emit(render_vbt(found.vbt, sections, found.findings, tables.panel()))
    else:
        emit(render_block(sections, [child for child in tables.children() if child.present]))


@app.command(epilog="Example: fwsim rom find bios.bin")
def find(
    file: Annotated[Path, typer.Argument(metavar="FLASH", help="A flash image or part.", show_default=False)],
    every: Annotated[bool, typer.Option("--all", help="List EFI drivers without graphics too.")] = False,
    as_json: Json = False,
) -> None:
    """Find option ROMs, VBTs and GOP drivers in a flash image.

    Also in a firmware volume, coreboot's CBFS, an old BIOS of Phoenix, AMI or Award, or a module of one: packed pieces
    are unpacked. Exit code 1 where there is none.
    """
    from fwsim.rom.flash.find import read_flash, search

    found = search(read_flash(file), every)
    if as_json:
        from fwsim.rom.document import search_document

        emit_json({"path": str(file.absolute()), **search_document(found)})
    else:
        from fwsim.report.flash import render_search
        from fwsim.rom.catalog import known

        emit(render_search(found, str(file), [known(item.sha256) for item in found.items]))
    if not found.items:
        raise typer.Exit(1)


@app.command(epilog="Example: fwsim rom extract bios.bin --only 2 --out parts")
def extract(
    file: RomFile,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")] = Path(),
    only: Annotated[list[int] | None, typer.Option(metavar="N", help="A number of `rom find`; repeatable.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write each image of a ROM, or of a flash image, to a file.

    Of a ROM also each uncompressed EFI driver and each VBT. Nothing is replaced without --force.
    """
    from fwsim.rom.extract import extract as extract_parts
    from fwsim.rom.extract import take_out
    from fwsim.rom.flash.find import read_flash, search
    from fwsim.rom.image import ROM_SIGNATURE

    data = read_flash(file)
    if data[:2] == ROM_SIGNATURE and not only:
        from fwsim.rom.chain import inspect

        pieces = extract_parts(inspect(file), out, force)
    else:
        pieces = take_out(search(data).items, file, only or (), out, force)
    if as_json:
        emit_json([{"path": str(p.path), "offset": p.offset, "size": p.size, "what": p.what} for p in pieces])
    else:
        from fwsim.report.rom import render_parts

        emit(render_parts(pieces))


@app.command(epilog="Example: fwsim rom fix shadow.rom --vendor 0x8086 --device 0x0126 --out fixed.rom")
def fix(
    file: RomFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write; default: F with .fixed in its name."),
    ] = None,
    vendor: Annotated[str, typer.Option(metavar="ID", help="PCI vendor id to put in, or vfio's device's.")] = "",
    device: Annotated[str, typer.Option(metavar="ID", help="PCI device id to put in, or vfio's device's.")] = "",
    rule: Annotated[
        str,
        typer.Option(
            help="general: ids as given, each checksum over its length byte. vfio: as QEMU's vfio hands it over."
        ),
    ] = "general",
    byte: Annotated[str, typer.Option(metavar="OFFSET", help="The byte that makes the checksum right.")] = "",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Put the ids and the checksum right, in a copy.

    The checksum byte is the header's byte 6 (QEMU's choice) when offset 3 holds a jump, else the image's last byte.
    """
    from fwsim.rom.chain import inspect_bytes, read_file
    from fwsim.rom.files import write_atomically

    data = read_file(file)
    rom = inspect_bytes(data, file)
    if not rom.images:
        raise rom.findings[0].to_error(str(file))
    fixed, changed = _fixed(
        data, rule, _number(vendor, "--vendor"), _number(device, "--device"), _number(byte, "--byte")
    )
    target = out or file.with_name(f"{file.stem}.fixed{file.suffix}")
    write_atomically(target, fixed, force)
    after = inspect_bytes(fixed, target)
    if as_json:
        changes = [
            {"offset": c.offset, "what": c.what, "before": c.before.hex(), "after": c.after.hex()} for c in changed
        ]
        sums = [image.checksum for image in after.images]
        emit_json({"path": str(target), "rule": rule, "sha256": after.sha256, "checksums": sums, "changes": changes})
    else:
        from fwsim.report.rom import render_fix

        emit(render_fix(after, changed, rule))


@app.command(epilog="Example: fwsim rom diff original.rom shadow.rom")
def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="The first file.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The second file.", show_default=False)],
    limit: Annotated[int, typer.Option(min=0, help="Runs to show; 0 is all. JSON always has all.")] = 40,
    tables: Annotated[bool, typer.Option("--vbt", help="Compare the VBTs only, field by field.")] = False,
    as_json: Json = False,
) -> None:
    """Show which bytes differ, in which structure.

    With --vbt, and where a file is no ROM but has a VBT (an OpRegion dump, a VBT file), what the VBTs say is compared.
    """
    from fwsim.rom.chain import read_file
    from fwsim.rom.compare import diff as compare
    from fwsim.rom.source import holds_bare_vbt

    first, second = read_file(a), read_file(b)
    if tables or holds_bare_vbt(first) or holds_bare_vbt(second):
        _vbt_diff(a, b, limit, as_json)
        return
    difference = compare(first, second)
    if as_json:
        from fwsim.rom.document import difference_document

        emit_json({"a": str(a), "b": str(b), **difference_document(difference)})
    else:
        from fwsim.report.rom import render_diff

        emit(render_diff(difference, str(a), str(b), limit))


@app.command(epilog="Example: fwsim rom disasm vgabios-stdvga.bin --accesses")
def disasm(
    file: RomFile,
    entry: Annotated[
        list[str] | None,
        typer.Option(metavar="OFFSET", help="Where to start instead of the image's entry; repeatable."),
    ] = None,
    image: Annotated[int | None, typer.Option(help="Which image of the chain; default: the legacy one.")] = None,
    accesses: Annotated[bool, typer.Option("--accesses", help="List only port and PCI accesses.")] = False,
    as_json: Json = False,
) -> None:
    """Disassemble, with port and PCI accesses named.

    Recursively from the entry. What is known of the image's licence is said first; where it forbids disassembly, only
    the accesses are listed, as by `why --full`.
    """
    from fwsim.disasm.listing import disassemble
    from fwsim.rom.catalog import licence_of
    from fwsim.rom.source import code_of

    entries = tuple(number for text in entry or () if (number := _number(text, "--entry")) is not None)
    rom, code = code_of(file, image, entries)
    licence = licence_of(rom)
    listing = disassemble(code.data, code.entries, code.bits)
    if as_json:
        from fwsim.rom.document import plain

        header = {"path": str(rom.path), "image": code.image, "bits": code.bits}
        document: dict[str, Any] = {"licence": plain(licence) if licence else None, **header}
        shown = not accesses and (licence is None or licence.shows_code)
        rows = [{**plain(i), "data": i.data.hex()} for i in listing.instructions] if shown else []
        document.update(entries=list(listing.entries), covered=listing.covered, truncated=listing.truncated)
        document.update(labels=[{"address": at, "name": name} for at, name in listing.labels.items()])
        document.update(unresolved=list(listing.unresolved), accesses=[plain(access) for access in listing.accesses])
        emit_json({**document, "instructions": rows})
    else:
        from fwsim.report.rom import render_disasm

        emit(render_disasm(rom, code.bits, len(code.data), listing, licence, accesses))


@app.command("list", epilog="Example: fwsim rom list")
def list_(as_json: Json = False) -> None:
    """List the ROMs that fwsim knows.

    Their family, SHA-256, and whether a file under $FWSIM_ROMS is one of them.
    """
    from fwsim.rom.catalog import catalog, present

    entries = catalog()
    files = present(entries)
    if as_json:
        from fwsim.rom.document import plain

        rows = [{**plain(entry), "file": str(files.get(entry.sha256, "")) or None} for entry in entries]
        emit_json({"roms": rows})
    else:
        from fwsim.report.rom import render_list

        emit(render_list(entries, files))


@app.command(epilog="Example: fwsim rom get snm_2170.dat --to roms-of-mine")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `rom list`, or a SHA-256's first digits.")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder to put it in; default: the user's cache.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Download a known ROM.

    It is verified by its SHA-256 and kept; nothing is kept of a file that is another one.
    Its licence is its maker's, and is shown.
    """
    from fwsim.rom.catalog import named
    from fwsim.rom.download import get as get_rom

    entry = named(name)
    path = get_rom(entry, to)
    if as_json:
        emit_json({"name": entry.name, "path": str(path.absolute()), "sha256": entry.sha256, "url": entry.url})
    else:
        from fwsim.report.rom import render_get

        emit(render_get(entry, path))


def _vbt_diff(a: Path, b: Path, limit: int, as_json: bool) -> None:
    """`rom diff` of what two VBTs say."""
    from fwsim.rom.source import find_vbt
    from fwsim.rom.vbt_compare import compare_vbts

    difference = compare_vbts(find_vbt(a).tables, find_vbt(b).tables)
    if as_json:
        from fwsim.rom.document import plain

        emit_json({"a": str(a), "b": str(b), "vbt": plain(difference)})
    else:
        from fwsim.report.vbt_changes import render_vbt_diff

        emit(render_vbt_diff(difference, str(a), str(b), limit))


def _replace(file: Path, vbt_file: Path, target: Path, force: bool, as_json: bool) -> None:
    """`rom vbt --replace`: the copy is written, and what was done is said."""
    from fwsim.rom.chain import read_file
    from fwsim.rom.files import write_atomically
    from fwsim.rom.source import find_vbt
    from fwsim.rom.vbt_replace import replace_vbt

    result = replace_vbt(read_file(file), find_vbt(vbt_file), str(file))
    write_atomically(target, result.data, force)
    if as_json:
        from fwsim.rom.document import replaced_document

        emit_json({"path": str(target), **replaced_document(result)})
    else:
        from fwsim.report.vbt_changes import render_replaced

        emit(render_replaced(result, target))


def _opregion_info(data: bytes, file: Path, as_json: bool) -> None:
    """`rom info` of an OpRegion dump."""
    from fwsim.rom.finding import Finding
    from fwsim.rom.opregion import parse_opregion
    from fwsim.rom.vbt import parse_vbt

    findings: list[Finding] = []
    region = parse_opregion(data, findings, str(file))
    table = parse_vbt(data, region.vbt_offset, findings) if region.vbt_offset is not None else None
    if as_json:
        from fwsim.rom.document import opregion_document, plain, vbt_document

        document = {"path": str(file.absolute()), "size": len(data), "opregion": opregion_document(region)}
        document["vbt"] = vbt_document(table) if table else None
        emit_json({**document, "findings": [plain(finding) for finding in findings]})
    else:
        from fwsim.report.vbt import render_opregion

        emit(render_opregion(region, len(data), table, findings, str(file.absolute())))


def _no_block(file: Path, block: int, table: "Vbt") -> FwsimError:
    there = " ".join(str(each) for each in sorted({each.id for each in table.blocks}))
    return FwsimError(
        "the VBT has no such data block", where=str(file), found=f"block {block}", expected=there or "none: it has none"
    )


def _drivers(rom: "Rom", ids: bool) -> "dict[int | None, DriverInfo]":
    """What is known of each EFI driver, by its image's index (None: the file itself); lief is loaded only then.

    A driver that cannot be unpacked is left out.
    """
    from fwsim.rom.chain import is_pe

    found: dict[int | None, DriverInfo] = {}
    if not is_pe(rom.data) and not any(image.efi for image in rom.images):
        return found
    from fwsim.rom.drivers import driver_in
    from fwsim.rom.efi import parse_pe
    from fwsim.rom.efi_about import info_of

    places = [image.index for image in rom.images if image.efi] if rom.images else [None]
    for place in places:
        with contextlib.suppress(FwsimError):
            driver = driver_in(rom, place)
            pe = parse_pe(driver.raw)
            if pe is not None:
                found[place] = info_of(driver.raw, pe, _asked(driver) if ids else None)
    return found


def _asked(driver: "EfiDriver") -> tuple[int, ...] | None:
    """The device ids that the driver takes; None where it is not for this CPU, or cannot be run."""
    from fwsim.running.efi_ids import accepted

    try:
        return tuple(accepted(driver))
    except FwsimError:
        return None


def _fixed(data: bytes, rule: str, vendor: int | None, device: int | None, byte: int | None) -> tuple[bytes, Any]:
    from fwsim.rom.repair import changes, fix_ids
    from fwsim.rom.repair import fix as fix_as_vfio

    if rule == "general":
        return fix_ids(data, vendor, device, byte)
    if rule != "vfio":
        raise FwsimError("no such rule", where="--rule", found=rule, expected="general or vfio")
    if vendor is None or device is None or byte is not None:
        found = "--byte" if byte is not None else "no id"
        raise FwsimError(
            "vfio's rule goes by the device", where="--rule", found=found, expected="--vendor and --device only"
        )
    fixed = fix_as_vfio(data, vendor, device)
    return fixed, changes(data, fixed)


def _number(text: str, where: str) -> int | None:
    from fwsim.units import parse_size

    return parse_size(text, where) if text else None
