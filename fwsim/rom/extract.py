"""A ROM comes apart into files, images, EFI drivers, VBTs; of a flash image what was found in it is taken out."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.rom.chain import Rom
from fwsim.rom.efi import pe_bytes
from fwsim.rom.files import refuse_existing, write_atomically
from fwsim.rom.flash.item import Item

_SUFFIX = {0: "legacy", 1: "openfirmware", 2: "hppa", 3: "efi"}


class Part(Struct, frozen=True):
    """One piece of a ROM file: bytes ``offset`` up to ``offset + size`` of it, written to ``path``."""

    path: Path
    offset: int
    size: int
    what: str


def parts(rom: Rom, folder: Path) -> tuple[Part, ...]:
    """What ``extract`` would write to ``folder``: names begin with the ROM file's own, then the image's number."""
    found: list[Part] = []
    stem = rom.path.stem
    for image in rom.images:
        kind = _SUFFIX.get(image.code_type, f"type{image.code_type}")
        name = f"{stem}.{image.index}.{kind}.rom"
        found.append(Part(folder / name, image.offset, image.size, f"image {image.index}, {image.code_type_name}"))
        if image.efi and (pe := pe_bytes(rom.data, image.offset, image.size, image.efi)):
            at = image.offset + image.efi.image_offset
            path = folder / f"{stem}.{image.index}.pe.efi"
            found.append(Part(path, at, len(pe), f"image {image.index}, PE driver"))
        if image.vbt and image.vbt.size:
            size = min(image.vbt.size, len(rom.data) - image.vbt.offset)
            path = folder / f"{stem}.{image.index}.vbt"
            found.append(Part(path, image.vbt.offset, size, f"image {image.index}, VBT"))
    return tuple(found)


def extract(rom: Rom, folder: Path, force: bool = False) -> tuple[Part, ...]:
    """Writes every part of ``rom`` to ``folder``, made when missing, and returns them.

    Raises FwsimError, before anything is written, when there is nothing to extract or a file exists and ``force`` is
    not given; and when the folder or a file cannot be written: without ``force``
    the files already written are then taken back.
    """
    pieces = parts(rom, folder)
    if not pieces:
        raise FwsimError(
            "no image in this file", where=str(rom.path), hint="`fwsim rom info` says what is wrong with it"
        )
    _write([(piece, rom.data[piece.offset : piece.offset + piece.size]) for piece in pieces], folder, force)
    return pieces


def take_out(
    items: Sequence[Item], path: Path, only: Sequence[int], folder: Path, force: bool = False
) -> tuple[Part, ...]:
    """Writes what was found in the file ``path`` to ``folder``: all, or the numbers in ``only``.

    Raises FwsimError as ``extract`` does, and for a number that nothing has.
    """
    for number in only:
        if not 0 <= number < len(items):
            expected = f"0-{len(items) - 1}" if items else "none: nothing was found in the file"
            raise FwsimError("nothing has this number", where="--only", found=str(number), expected=expected)
    if not items:
        hint = "`fwsim rom find` says what the file is"
        raise FwsimError("no option ROM, VBT or EFI graphics driver in this file", where=str(path), hint=hint)
    pieces = []
    for number in dict.fromkeys(only) if only else range(len(items)):
        item = items[number]
        name = f"{path.stem}.{number}{_label(item)}.{item.suffix}"
        pieces.append((Part(folder / name, item.offset, len(item.data), f"{number}: {item.kind}"), item.data))
    _write(pieces, folder, force)
    return tuple(part for part, _ in pieces)


def _label(item: Item) -> str:
    """A word of the file's name: a ROM's ids, else what the thing is called, without letters that need quoting."""
    if item.vendor is not None and item.devices:
        return f".{item.vendor:04x}-{item.devices[0]:04x}"
    word = re.sub(r"[^A-Za-z0-9]+", "-", item.name.removeprefix("$VBT").replace("(R)", "")).strip("-")[:40]
    return f".{word}" if word else ""


def _write(pieces: list[tuple[Part, bytes]], folder: Path, force: bool) -> None:
    refuse_existing([piece.path for piece, _ in pieces], force)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise FwsimError(f"cannot make the folder: {error.strerror}", where=str(folder)) from None
    written: list[Path] = []
    try:
        for piece, data in pieces:
            write_atomically(piece.path, data, force)
            written.append(piece.path)
    except FwsimError:
        for path in [] if force else written:
            path.unlink(missing_ok=True)
        raise
