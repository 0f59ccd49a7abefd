"""One image of the chain: its header, lengths, checksum, entry, and the structures it points at.

Header layout: PCI Firmware Specification 3.0, 5.1.1; the entry at offset 3 and the 8-bit checksum over the length
byte's extent are rules for code type 0 only (SeaBIOS src/optionroms.c).
"""

from msgspec import Struct

from fwsim.rom.efi import EfiHeader, parse_efi
from fwsim.rom.finding import Finding
from fwsim.rom.pcir import BLOCK, CODE_TYPES, Pcir, parse_pcir
from fwsim.rom.pnp import PnpHeader, parse_pnp
from fwsim.rom.vbt import SIGNATURE as VBT_SIGNATURE
from fwsim.rom.vbt import Vbt, parse_vbt

ROM_SIGNATURE = b"\x55\xaa"
ENTRY = 3
CHECKSUM_BYTE = 6
MIN_HEADER = 0x1C

_JMP_REL8 = 0xEB
_JMP_REL16 = 0xE9
_IBM_AT = 0x1E


class Image(Struct, frozen=True):
    """One image of a ROM's chain.

    ``offset`` counts from the start of the file, ``size`` is what the image takes in the file (the PCIR's length, or
    the header's without one, cut at the end of the file), ``header_length`` what its own length byte says (a word for
    EFI images), all in bytes. ``checksum`` is the 8-bit sum over ``header_length`` (``size`` of an EFI image), or over
    what is there of a ``truncated`` image: 0 when right, and a rule only when ``checksum_applies``. ``entry_target``
    is the image offset that the jump at offset 3 goes to, None without a jump.
    """

    index: int
    offset: int
    size: int
    header_length: int
    checksum: int
    truncated: bool
    entry_target: int | None
    vga_signature: bool
    pcir: Pcir | None
    pnp: tuple[PnpHeader, ...]
    vbt: Vbt | None
    efi: EfiHeader | None

    @property
    def code_type(self) -> int:
        """PCIR's code type; an ISA ROM counts as 0."""
        return self.pcir.code_type if self.pcir else 0

    @property
    def code_type_name(self) -> str:
        """The code type in words; ``ISA`` for an image without PCIR."""
        return CODE_TYPES.get(self.pcir.code_type, "reserved") if self.pcir else "ISA"

    @property
    def checksum_applies(self) -> bool:
        """Whether firmware checks the 8-bit sum: code type 0 and ISA ROMs."""
        return self.code_type == 0

    @property
    def checksum_ok(self) -> bool:
        """Whether the sum is 0, or is no rule for this image; False when the image is cut short."""
        return not self.checksum_applies or (self.checksum == 0 and not self.truncated)

    @property
    def ids(self) -> tuple[int, ...]:
        """Every device id the image accepts (PCIR and its device list); empty for an ISA ROM."""
        return self.pcir.ids if self.pcir else ()

    @property
    def end(self) -> int:
        """File offset of the first byte behind the image."""
        return self.offset + self.size


def parse_image(data: bytes, base: int, index: int, findings: list[Finding]) -> Image | None:
    """The image at ``base``; None when there is not even a header. Every oddity is appended to ``findings``."""
    if data[base : base + 2] != ROM_SIGNATURE or base + MIN_HEADER > len(data):
        findings.append(_no_header(data, base))
        return None
    known = len(findings)
    pcir = parse_pcir(data, base, findings)
    refused = any(finding.level == "error" for finding in findings[known:])
    efi_image = pcir is not None and pcir.code_type == 3
    blocks = int.from_bytes(data[base + 2 : base + 4], "little") if efi_image else data[base + 2]
    length = blocks * BLOCK
    image_length = pcir.image_length if pcir else 0
    size = min(image_length or length, len(data) - base)
    legacy = not refused and (pcir is None or pcir.code_type == 0)
    if pcir is not None and pcir.code_type not in CODE_TYPES:
        findings.append(
            Finding("warning", pcir.offset + 0x14, "unknown code type", str(pcir.code_type), "0, 1, 2 or 3")
        )
    image = Image(
        index=index,
        offset=base,
        size=size,
        header_length=length,
        checksum=sum(data[base : base + (size if efi_image else length)]) & 0xFF,
        truncated=(length if legacy and length else max(length, image_length)) > len(data) - base,
        entry_target=_entry_target(data, base) if legacy else None,
        vga_signature=data[base + _IBM_AT : base + _IBM_AT + 3] == b"IBM",
        pcir=pcir,
        pnp=parse_pnp(data, base, size, findings) if legacy else (),
        vbt=_vbt(data, base, findings) if legacy else None,
        efi=parse_efi(data, base, findings) if efi_image else None,
    )
    _check_lengths(image, len(data), findings)
    if legacy:
        _check_legacy(image, findings)
    return image


def _no_header(data: bytes, base: int) -> Finding:
    rest = data[base:]
    if not rest:
        return Finding("error", base, "the file is empty", expected="an option ROM image")
    if rest[:2] == ROM_SIGNATURE:
        found = f"{len(rest)} bytes"
        return Finding("error", base, "the ROM header is cut off", found, f"at least {MIN_HEADER} bytes")
    hint = "a firmware image? `fwsim rom find` looks for option ROMs in it"
    if not rest.strip(rest[:1]):
        hint = f"every byte is {rest[0]:#04x}: the ROM was not enabled when it was read; write 1 to its sysfs file"
    return Finding("error", base, "no option ROM signature", rest[:2].hex(" "), "55 aa", hint)


def _entry_target(data: bytes, base: int) -> int | None:
    """Where the jump at offset 3 goes, as an image offset (16 bits, as IP wraps); None when no jump is there."""
    opcode = data[base + ENTRY]
    if opcode == _JMP_REL8:
        return ENTRY + 2 + int.from_bytes(data[base + ENTRY + 1 : base + ENTRY + 2], "little", signed=True) & 0xFFFF
    if opcode == _JMP_REL16:
        return ENTRY + 3 + int.from_bytes(data[base + ENTRY + 1 : base + ENTRY + 3], "little") & 0xFFFF
    return None


def _vbt(data: bytes, base: int, findings: list[Finding]) -> Vbt | None:
    pointer = int.from_bytes(data[base + 0x1A : base + 0x1C], "little")
    if pointer and data[base + pointer : base + pointer + 4] == VBT_SIGNATURE:
        return parse_vbt(data, base + pointer, findings)
    return None


def _check_lengths(image: Image, file_size: int, findings: list[Finding]) -> None:
    left = file_size - image.offset
    pcir_length = image.pcir.image_length if image.pcir else 0
    legacy = image.code_type == 0
    if legacy and image.header_length > left:
        findings.append(_truncated(image.offset + 2, "length byte", image.header_length, left))
    elif pcir_length > left and image.pcir:
        if legacy and image.header_length:
            what = "PCIR's length runs past the end of the file; the length byte's does not"
            findings.append(Finding("note", image.pcir.offset + 0x10, what, f"{pcir_length:#x}", f"at most {left:#x}"))
        else:
            findings.append(_truncated(image.pcir.offset + 0x10, "PCIR", pcir_length, left))
    if legacy and pcir_length and 0 < image.header_length < pcir_length:
        what = "the length byte is smaller than PCIR's length: a posted shadow shrinks it"
        findings.append(Finding("note", image.offset + 2, what, _blocks(image.header_length), _blocks(pcir_length)))
    elif pcir_length and image.header_length > pcir_length:
        what = "the header's length is larger than PCIR's"
        findings.append(Finding("warning", image.offset + 2, what, _blocks(image.header_length), _blocks(pcir_length)))


def _truncated(offset: int, who: str, length: int, left: int) -> Finding:
    found = f"{left:#x} bytes to the end of the file"
    hint = "the file is cut short; dump the ROM again"
    return Finding("error", offset, "the image is truncated", found, f"{length:#x} bytes, as its {who} says", hint)


def _blocks(length: int) -> str:
    return f"{length // BLOCK:#x} x 512"


def _check_legacy(image: Image, findings: list[Finding]) -> None:
    if image.header_length == 0:
        what = "the length byte is 0: firmware would copy nothing"
        findings.append(Finding("error", image.offset + 2, what, "00", "the image's length in units of 512 bytes"))
        return
    if image.entry_target is not None and image.entry_target >= image.header_length:
        what = "the entry jumps out of the image"
        found = f"{image.entry_target:#06x}"
        findings.append(Finding("warning", image.offset + ENTRY, what, found, f"below {image.header_length:#x}"))
    if image.checksum and not image.truncated:
        what = "the 8-bit checksum is wrong: SeaBIOS refuses the image unless etc/optionroms-checksum is 0"
        found = f"sum {image.checksum:#04x} over {image.header_length:#x} bytes"
        findings.append(Finding("warning", image.offset, what, found, "sum 0", "`fwsim rom fix` corrects it"))
