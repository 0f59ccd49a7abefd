"""OVMF itself is executed: its code's image and its variables' are two files, or one."""

from __future__ import annotations

from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.firmware.image import FirmwareImage, ImageOptions
from fwsim.firmware.request import Options
from fwsim.units import KIB, MIB

_PAGE = 4096
_VOLUME, _AT = b"_FVH", 0x28
"""A firmware volume's signature (UEFI PI 1.8, vol. 3, 3.2.1)."""
_LARGEST = 8 * MIB
"""All images together (QEMU hw/i386/pc_sysfw.c, FLASH_SIZE_LIMIT)."""


class OvmfImageOptions(ImageOptions, frozen=True, kw_only=True):
    """``variables``: the file that the variables come from, which is never written; left out, the one beside the code.

    ``driver``: an EFI ROM behind the display's ROM BAR where only a placement is asked for; a run's ROM is its own.
    """

    variables: str = ""
    driver: str = ""


class OvmfImage(FirmwareImage):
    """OVMF, any build: the image's name is the user's, or the Debian package's."""

    name, title = "ovmf-image", "OVMF (executed)"
    options = OvmfImageOptions
    uefi = True
    every_mode = True
    most_bits = 40
    """Unicorn 2.1.4 takes a page-table entry with more for one with reserved bits set, and raises #PF: TCG's CPUs have
    40 (QEMU 5.0 target/i386/cpu.h, TCG_PHYS_ADDR_BITS); and OVMF has its 64-bit window in the uppermost of them.
    """
    image, package = "/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"
    sizes = (64 * KIB, _LARGEST)

    def judge(self, data: bytes, size: int, path: str, where: str) -> None:
        """Whole pages, and firmware volumes in it."""
        if size % _PAGE or not self.sizes[0] <= size <= _LARGEST:
            raise FwsimError(
                "not the size of a firmware image", where=where, found=f"{size} bytes, in {path}",
                expected="whole pages of 4096 bytes, 8 MiB at most",
                hint="QEMU maps no other as flash (hw/i386/pc_sysfw.c, pc_system_flash_map)",
            )  # fmt: skip
        self.judge_vector(data, path, where)
        if _VOLUME not in data:
            kind = "SeaBIOS" if b"SeaBIOS" in data else "something else"
            raise FwsimError(
                "not OVMF", where=where, found=f"{kind}, in {path}", expected="an image with a firmware volume in it",
                hint='SeaBIOS is run by firmware.kind = "seabios-image"' if kind == "SeaBIOS"
                else f"{self.image} of the package {self.package} is one",
            )  # fmt: skip

    def variables(self, image: str, options: Options, where: str = "firmware.options.variables") -> bytes:
        """The variables' flash for the code ``image``, "" for the package's; empty where the image has its own.

        Raises FwsimError for a file that is none.
        """
        assert isinstance(options, OvmfImageOptions)
        code = Path(image or self.image)
        path = Path(options.variables) if options.variables else _beside(code)
        if not options.variables and (path == code or not path.is_file()):
            return b""
        try:
            data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
        except OSError as error:
            raise FwsimError(
                f"no variables: {error.strerror or error}", where=where, found=str(path),
                expected="the flash image with OVMF's variables", hint="OVMF_VARS.fd lies beside OVMF_CODE.fd",
            ) from None  # fmt: skip
        if data[_AT : _AT + 4] != _VOLUME or len(data) % _PAGE:
            raise FwsimError(
                "no variable store", where=where, found=f"{len(data)} bytes of something else, in {path}",
                expected=f"a firmware volume of whole pages: {_VOLUME.decode()} at {_AT:#x}",
                hint="OVMF_VARS.fd lies beside OVMF_CODE.fd",
            )  # fmt: skip
        return data


def _beside(code: Path) -> Path:
    """OVMF_VARS.fd of OVMF_CODE.fd, OVMF_VARS_4M.fd of OVMF_CODE_4M.secboot.fd."""
    stem = code.name.split(".")[0]
    return code.with_name(stem.replace("CODE", "VARS") + ".fd") if "CODE" in stem else code
