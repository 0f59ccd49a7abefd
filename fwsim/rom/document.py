"""A ROM as JSON: plain dictionaries of everything the parsers found, offsets as integers."""

import hashlib
from typing import Any

import msgspec

from fwsim.rom.bdb import Tables
from fwsim.rom.bdb_fields import Decoded, Grid
from fwsim.rom.catalog import known, licence_of
from fwsim.rom.chain import Rom
from fwsim.rom.compare import Difference, Run
from fwsim.rom.efi_about import DriverInfo
from fwsim.rom.finding import first_error
from fwsim.rom.flash.find import Search
from fwsim.rom.flash.item import Item
from fwsim.rom.image import Image
from fwsim.rom.opregion import OpRegion
from fwsim.rom.vbt import BdbBlock, Vbt
from fwsim.rom.vbt_replace import Replaced


def rom_document(rom: Rom, drivers: dict[int | None, DriverInfo] | None = None) -> dict[str, Any]:
    """``rom info --json``: the file, its images, findings and catalogue entry; ``drivers`` by index of their image."""
    entry = known(rom.sha256)
    licence = licence_of(rom)
    return {
        "path": str(rom.path),
        "size": len(rom.data),
        "sha256": rom.sha256,
        "runnable": first_error(rom.findings) is None,
        "vendor": rom.vendor,
        "device": rom.device,
        "ids": list(rom.ids),
        "class_code": rom.class_code,
        "images": [image_document(image, (drivers or {}).get(image.index)) for image in rom.images],
        "driver": driver_document((drivers or {}).get(None)),
        "findings": [plain(finding) for finding in rom.findings],
        "known": plain(entry) if entry else None,
        "licence": plain(licence) if licence else None,
    }


def image_document(image: Image, driver: DriverInfo | None = None) -> dict[str, Any]:
    """One image of the chain, with the names of its enumerated values beside the numbers."""
    document = plain(image)
    document.update(code_type=image.code_type, code_type_name=image.code_type_name, ids=list(image.ids))
    document.update(checksum_applies=image.checksum_applies, checksum_ok=image.checksum_ok)
    if image.pcir:
        document["pcir"].update(last_image=image.pcir.last_image, code_type_name=image.pcir.code_type_name)
    if image.vbt:
        document["vbt"] = vbt_document(image.vbt)
    if image.efi:
        document["efi"].update(
            machine_name=image.efi.machine_name,
            subsystem_name=image.efi.subsystem_name,
            compression_name=image.efi.compression_name,
        )
        document["pe"] = plain(driver.pe) if driver else None
        document["driver"] = driver_document(driver)
    return document


def driver_document(driver: DriverInfo | None) -> dict[str, Any] | None:
    """A UEFI driver: ``role``, ``name``, ``build``, subsystem and machine, and ``ids``, null where it was not asked."""
    if driver is None:
        return None
    names = {"subsystem_name": driver.pe.subsystem_name, "machine_name": driver.pe.machine_name}
    return {**plain(driver.about), **names, "ids": None if driver.ids is None else list(driver.ids)}


def vbt_document(vbt: Vbt) -> dict[str, Any]:
    """A VBT in ``rom info --json``: the header and every block with its name."""
    document = plain(vbt)
    document["blocks"] = [{**plain(block), "name": block.name} for block in vbt.blocks]
    return document


def tables_document(tables: Tables, blocks: tuple[BdbBlock, ...]) -> dict[str, Any]:
    """``rom vbt --json``: the header, ``blocks`` decoded and in hex, the child devices and the panels."""
    document = vbt_document(tables.vbt)
    document["blocks"] = [_block_document(tables, block) for block in blocks]
    document["panel_type"] = tables.panel_type
    document["child_devices"] = [
        {
            **{name: value for name, value in plain(child).items() if name != "rows"},
            "handle_name": child.handle_name,
            "type_name": child.type_name,
            "type_bits": child.type_bits,
            "port_name": child.port_name,
            "aux_name": child.aux_name,
            "fields": [plain(row) for row in child.rows],
        }
        for child in tables.children()
        if child.present
    ]
    backlight = tables.backlight()
    document["backlight"] = plain(backlight) if backlight else None
    document["panels"] = [plain(panel) for panel in tables.panels()]
    return document


def _block_document(tables: Tables, block: BdbBlock) -> dict[str, Any]:
    decoded = tables.decode(block)
    return {
        **plain(block),
        "name": block.name,
        "decoded": _decoded_document(decoded) if decoded else None,
        "hex": tables.open(block).raw.hex(),
    }


def _decoded_document(decoded: Decoded) -> dict[str, Any]:
    return {
        "fields": [plain(row) for row in decoded.rows],
        "tables": [_grid_document(grid) for grid in decoded.grids],
        "problems": list(decoded.problems),
    }


def _grid_document(grid: Grid) -> dict[str, Any]:
    rows = [list(row) for row in grid.rows]
    return {"title": grid.title, "columns": list(grid.columns), "rows": rows, "marked": grid.marked}


def opregion_document(region: OpRegion) -> dict[str, Any]:
    """An OpRegion in ``rom info --json`` and ``rom vbt --json``."""
    return {**plain(region), "version_name": region.version_name, "extended": region.extended}


def plain(record: object) -> dict[str, Any]:
    """A record as dictionaries and lists, for JSON."""
    made: dict[str, Any] = msgspec.to_builtins(record)
    return made


def difference_document(difference: Difference) -> dict[str, Any]:
    """``rom diff --json``: sizes, totals by structure, every run with its bytes in hex."""
    return {
        "size_a": difference.size_a,
        "size_b": difference.size_b,
        "differing": difference.differing,
        "by_structure": difference.by_structure,
        "runs": [_run_document(run) for run in difference.runs],
    }


def _run_document(run: Run) -> dict[str, Any]:
    return {
        "offset": run.offset,
        "size": run.size,
        "structure": run.structure,
        "within": run.within,
        "a": run.a.hex(),
        "b": run.b.hex(),
    }


def search_document(found: Search) -> dict[str, Any]:
    """What `rom find` found: ``size``, ``what``, ``items`` by number, ``others`` and ``notes``."""
    return {
        "size": found.size,
        "what": list(found.what),
        "items": [_item_document(number, item) for number, item in enumerate(found.items)],
        "others": found.others,
        "notes": [plain(note) for note in found.notes],
    }


def _item_document(number: int, item: Item) -> dict[str, Any]:
    document = {"number": number, "kind": item.kind, "sha256": item.sha256, "size": len(item.data)}
    place = {"offset": item.offset, "packed_at": item.packed_at, "path": list(item.path)}
    ids = {"vendor": item.vendor, "devices": list(item.devices)}
    said = {"name": item.name, "code": item.code, "version": item.version, "build": list(item.build)}
    return {**document, **place, **ids, **said, "graphics": item.graphics, "cut": item.cut}


def replaced_document(result: Replaced) -> dict[str, Any]:
    """A ROM with another VBT: its sha256, both tables' sizes, the room, the image's lengths, the new table's sum."""
    return {
        "sha256": hashlib.sha256(result.data).hexdigest(),
        "offset": result.after.offset,
        "sizes": [result.before.size, result.after.size],
        "room": result.room,
        "image_lengths": list(result.length),
        "vbt_checksum_changed": result.summed,
    }
