"""A file is searched: containers are opened stream by stream, then each stream is looked through once."""

from pathlib import Path

from msgspec import Struct

from fwsim.rom.chain import read_file
from fwsim.rom.finding import Finding
from fwsim.rom.flash.cbfs import open_cbfs
from fwsim.rom.flash.item import Item, items_of
from fwsim.rom.flash.legacy import open_legacy
from fwsim.rom.flash.regions import open_whole, unknown
from fwsim.rom.flash.volumes import open_volumes
from fwsim.rom.flash.walk import Stream, Walk
from fwsim.units import MIB

MAX_FLASH = 128 * MIB
"""Bytes of a file that is searched; boards have flash chips of up to 64 MiB."""


class Search(Struct, frozen=True):
    """What was found in a file of ``size`` bytes.

    ``what`` says what the file is, in a few phrases; ``items`` are in order of streams and offsets, numbered from 0 for
    a user; ``others`` counts the EFI drivers left out; ``notes`` are what could not be read.
    """

    size: int
    what: tuple[str, ...]
    items: tuple[Item, ...]
    others: int
    notes: tuple[Finding, ...]


def search(data: bytes, every: bool = False) -> Search:
    """Everything in ``data``; ``every`` keeps EFI drivers without graphics too. Nothing is raised for bad data."""
    walk = Walk()
    walk.streams.append(Stream(data))
    what = open_whole(walk.streams[0], walk)
    items: list[Item] = []
    others = 0
    for stream in walk.streams:  # grows while it is gone through
        open_volumes(stream, walk)
        open_cbfs(stream, walk)
        if stream.is_file or stream.path[-1] == "unpacked LH5":
            open_legacy(stream, walk)
        for item in items_of(stream):
            if every or item.kind != "EFI driver" or item.graphics:
                items.append(item)
            else:
                others += 1
    what += [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in walk.kinds.items()]
    if not what and items and items[0].packed_at is None and items[0].offset == 0:
        what.append(f"{'a' if items[0].kind == 'VBT' else 'an'} {items[0].kind}")
    elif not what and items:
        what.append("no container that is known: searched byte by byte")
    if not walk.kinds and not items and not any("descriptor" in each for each in what):
        what.append(unknown(data))
    return Search(len(data), tuple(what), tuple(items), others, tuple(walk.notes))


def read_flash(path: Path | str) -> bytes:
    """The file's bytes. Raises FwsimError when it cannot be read or is over 128 MiB."""
    return read_file(path, MAX_FLASH, "a flash image, a BIOS file, or a module of one")
