"""A real firmware image is executed: which file it is, and what it must look like. ``running/executed.py`` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator
from fwsim.firmware.request import Options
from fwsim.units import KIB, MIB, format_size

_RESET = 16
"""The reset vector's bytes, the last of the image (Intel SDM vol. 3, 9.1.4)."""
_OVMF_SIGN = b"_FVH"
"""A firmware volume's signature, 28h from its start (UEFI PI 1.8, vol. 3, 3.2.1)."""


class ImageOptions(Options, frozen=True, kw_only=True):
    """``image``: the file that a placement executes, "" the package's; a run has ``firmware.image``."""

    image: str = ""


class FirmwareImage(Allocator):
    """Firmware that is executed in the engine: what it places is read back from the machine it ran on."""

    options = ImageOptions
    image: ClassVar[str] = ""
    package: ClassVar[str] = ""
    """The Debian package that has ``image``."""
    sizes: ClassVar[tuple[int, ...]] = ()
    """Bytes of an image that QEMU maps below 4 GiB."""
    most_bits: ClassVar[int] = 52
    """Physical address bits of the CPU that the image can run on in the engine."""
    every_mode: ClassVar[bool] = False
    """Whether it goes to long mode."""

    def exactness(self, version: str, options: Options) -> Exactness:
        """What the image itself did."""
        return of_each("bdsm asls bars e820", Known("measured", "placed by the image itself, executed in the engine"))

    def knows_version(self, version: str) -> bool:
        """The image is its own version."""
        return not version

    def read(self, file: str, where: str = "firmware.image") -> bytes:
        """The image in ``file``, "" for the package's. Raises FwsimError for a file that is none."""
        path = Path(file or self.image)
        try:
            size = path.stat().st_size
            data = path.read_bytes() if path.is_file() and size <= max(self.sizes) else b""
        except OSError as error:
            raise FwsimError(
                f"no firmware image: {error.strerror or error}", where=where, found=str(path),
                expected=f"the file that {self.shown} is run from",
                hint=f"apt install {self.package}, or name one with firmware.image",
            ) from None  # fmt: skip
        self.judge(data, size, str(path), where)
        return data

    def variables(self, image: str, options: Options, where: str = "firmware.options") -> bytes:
        """What the flash below the one with ``image`` holds, which code may write; empty: there is none."""
        return b""

    def judge(self, data: bytes, size: int, path: str, where: str) -> None:
        """Refuse what is no image of this firmware. Raises FwsimError."""
        if size not in self.sizes:
            raise FwsimError(
                "not the size of a firmware image", where=where, found=f"{size} bytes, in {path}",
                expected=" or ".join(format_size(each) for each in self.sizes),
                hint="QEMU maps no other below 4 GiB (hw/i386/x86.c, x86_bios_rom_init)",
            )  # fmt: skip
        self.judge_vector(data, path, where)

    def judge_vector(self, data: bytes, path: str, where: str) -> None:
        """Refuse an image that has no code where the CPU begins. Raises FwsimError."""
        vector = data[-_RESET:]
        if len(set(vector)) == 1 or not any(data):
            raise FwsimError(
                "no firmware image: nothing is at its reset vector", where=where,
                found=f"{vector.hex(' ')} in the last 16 bytes of {path}", expected="a jump",
                hint=f"{self.image} of the package {self.package} is one",
            )  # fmt: skip


class SeabiosImage(FirmwareImage):
    """SeaBIOS itself."""

    name, title = "seabios-image", "SeaBIOS (executed)"
    calls_vbios = True
    image, package = "/usr/share/seabios/bios-256k.bin", "seabios"
    sizes = (64 * KIB, 128 * KIB, 256 * KIB, 512 * KIB, 1 * MIB)

    def judge(self, data: bytes, size: int, path: str, where: str) -> None:
        """Also that it is SeaBIOS: its own name is in every build (src/output.c, debug_banner)."""
        super().judge(data, size, path, where)
        if b"SeaBIOS" not in data:
            kind = "UEFI firmware" if _OVMF_SIGN in data else "something else"
            raise FwsimError(
                "not SeaBIOS", where=where, found=f"{kind}, in {path}", expected='an image with "SeaBIOS" in it',
                hint='UEFI firmware is run by firmware.kind = "ovmf-image"' if _OVMF_SIGN in data
                else f"{self.image} of the package {self.package} is one",
            )  # fmt: skip
