"""A ROM file is read: the chain of images is walked, and what it finds kept, with whether it can be run."""

import hashlib
import os
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.rom.finding import Finding, first_error
from fwsim.rom.image import ROM_SIGNATURE, Image, parse_image
from fwsim.units import MIB, format_size

MAX_FILE_SIZE = 16 * MIB
"""Bytes; the largest expansion ROM BAR (PCI Local Bus 3.0, 6.2.5.2)."""

MAX_IMAGES = 64


@dataclass(frozen=True, slots=True)
class Rom:
    """A ROM file and what is in it.

    ``path`` is absolute, ``data`` the whole file, ``images`` the chain in file order, ``findings`` what is odd about
    it; after ``load`` none of them is an error. Ids and class are the legacy image's, else the first PCIR's.
    """

    path: Path
    data: bytes = field(repr=False)
    sha256: str
    images: tuple[Image, ...]
    findings: tuple[Finding, ...]

    @property
    def legacy(self) -> Image | None:
        """The first image of code type 0, or the ISA image: what a BIOS calls. None in a purely EFI ROM."""
        return next((image for image in self.images if image.code_type == 0), None)

    @property
    def main(self) -> Image | None:
        """The legacy image, else the first with a PCIR, else the first."""
        first = next((image for image in self.images if image.pcir), None) or next(iter(self.images), None)
        return self.legacy or first

    @property
    def vendor(self) -> int | None:
        """PCI vendor id; None for an ISA ROM."""
        return self.main.pcir.vendor if self.main and self.main.pcir else None

    @property
    def device(self) -> int | None:
        """PCI device id as PCIR has it; None for an ISA ROM."""
        return self.main.pcir.device if self.main and self.main.pcir else None

    @property
    def ids(self) -> tuple[int, ...]:
        """Every device id the image accepts: PCIR's own, then its device list; empty for an ISA ROM."""
        return self.main.ids if self.main else ()

    @property
    def class_code(self) -> int | None:
        """24-bit class code (0x030000 is a VGA controller); None for an ISA ROM."""
        return self.main.pcir.class_code if self.main and self.main.pcir else None

    def accepts(self, vendor: int, device: int) -> bool:
        """Whether the ROM is for this device: PCIR or its list names it, or it is an ISA ROM, which names none."""
        return self.vendor is None or (vendor == self.vendor and device in self.ids)


def read_file(path: Path | str, limit: int = MAX_FILE_SIZE, expected: str = "an option ROM image") -> bytes:
    """The file's bytes. Raises FwsimError when it is missing, irregular, unreadable, or over ``limit`` bytes."""
    where = str(path)
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FwsimError("not a regular file", where=where, expected=expected)
            if status.st_size > limit:
                raise _too_large(where, status.st_size, limit)
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise FwsimError("no such file", where=where, expected=expected) from None
    except IsADirectoryError:
        raise FwsimError("is a directory", where=where, expected=expected) from None
    except ValueError:
        raise FwsimError("not a file name", where=repr(where), expected=f"the path of {expected}") from None
    except OSError as error:
        hint = "enable the ROM first: write 1 to this file as root" if where.startswith("/sys/") else ""
        raise FwsimError(f"cannot be read: {error.strerror}", where=where, hint=hint) from None
    if len(data) > limit:
        raise _too_large(where, len(data), limit)
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _too_large(where: str, size: int, limit: int) -> FwsimError:
    found = f"{size} bytes ({format_size(size)})"
    if limit > MAX_FILE_SIZE:
        return FwsimError("too large", where=where, found=found, expected=f"at most {format_size(limit)}")
    return FwsimError(
        "too large for an option ROM",
        where=where,
        found=found,
        expected=f"at most {format_size(limit)}, the largest expansion ROM BAR",
        hint="a whole flash image? `fwsim rom find` looks for the option ROM in it, `rom extract` takes it out",
    )


def inspect_bytes(data: bytes, path: Path | str = "") -> Rom:
    """Everything that can be said of ``data``, broken or not: errors are among the findings, none is raised."""
    findings: list[Finding] = []
    images = _walk(data, findings)
    full = Path(path).absolute() if str(path) else Path()
    return Rom(full, data, hashlib.sha256(data).hexdigest(), tuple(images), tuple(findings))


def inspect(path: Path | str) -> Rom:
    """``inspect_bytes`` of a file. Raises FwsimError only when the file cannot be read (see ``read_file``)."""
    return inspect_bytes(read_file(path), path)


@lru_cache(maxsize=4)
def load_bytes(data: bytes, path: Path | str = "") -> Rom:
    """A ROM that can be run, from bytes; the last few are remembered. Raises FwsimError with the first error found."""
    rom = inspect_bytes(data, path)
    error = first_error(rom.findings)
    if error is not None:
        raise error.to_error(str(path))
    return rom


def load(path: Path | str) -> Rom:
    """A ROM that can be run. Raises FwsimError when the file cannot be read or an image is broken.

    A wrong checksum is no error here: whether it matters is for the firmware that takes the ROM to say.
    """
    return load_bytes(read_file(path), path)


def is_pe(data: bytes) -> bool:
    """Whether it is a PE image by itself, such as a .efi file, and no chain of ROM images."""
    at = int.from_bytes(data[0x3C:0x40], "little") if data[:2] == b"MZ" else 0
    return at > 0 and data[at : at + 4] == b"PE\0\0"


def _walk(data: bytes, findings: list[Finding]) -> list[Image]:
    """The chain: each image's PCIR length leads to the next until one says it is the last."""
    images: list[Image] = []
    base = 0
    if is_pe(data):
        return images
    while True:
        image = parse_image(data, base, len(images), findings)
        if image is None:
            return images
        images.append(image)
        if image.pcir is None or image.pcir.last_image:
            break
        if not _next_image(data, image, len(images), findings):
            break
        base = image.offset + image.pcir.image_length
    _trailing(data, images[-1], findings)
    return images


def _next_image(data: bytes, image: Image, count: int, findings: list[Finding]) -> bool:
    """Whether a header follows ``image``, which is not marked as the last; says what is wrong when none does."""
    pcir = image.pcir
    if pcir is None:
        return False
    if pcir.image_length == 0:
        what = "the chain loops: this image has length 0 and is not the last"
        found = f"length 0, indicator {pcir.indicator:#04x}"
        findings.append(Finding("error", pcir.offset + 0x10, what, found, "a length, or indicator bit 7 set"))
        return False
    following = image.offset + pcir.image_length
    if count >= MAX_IMAGES:
        findings.append(
            Finding("error", following, "the chain does not end", f"over {MAX_IMAGES} images", "a last image")
        )
        return False
    if data[following : following + 2] == ROM_SIGNATURE:
        return True
    found = data[following : following + 2].hex(" ") or "the end of the file"
    what = f"image {image.index} is not marked as the last, but no image follows at {following:#x}"
    findings.append(Finding("warning", pcir.offset + 0x15, what, found, "55 aa, or indicator bit 7 set"))
    return False


def _trailing(data: bytes, last: Image, findings: list[Finding]) -> None:
    rest = data[last.end :]
    if rest:
        kind = f"all {rest[0]:#04x}" if not rest.strip(rest[:1]) else "not padding"
        findings.append(Finding("note", last.end, f"{len(rest):#x} bytes follow the last image", kind))
