"""The PCI data structure (PCIR) of an expansion ROM, revision 0 and 3, says which device the image is for.

Layout: PCI Firmware Specification 3.0, section 5.1.2 (PCI Local Bus 2.2, 6.3.1.2, for revision 0).
"""

import struct

from msgspec import Struct

from fwsim.rom.finding import Finding

SIGNATURE = b"PCIR"
SIZE_REVISION_0 = 0x18
SIZE_REVISION_3 = 0x1C
LAST_IMAGE = 0x80
BLOCK = 512
"""Unit of every length in a ROM header, in bytes."""

CODE_TYPES = {0: "x86 BIOS", 1: "Open Firmware", 2: "HP PA-RISC", 3: "EFI"}

_DEVICE_LIST_LIMIT = 1024


class Pcir(Struct, frozen=True):
    """A PCI data structure. Offsets are in bytes from the start of the file, lengths in bytes.

    ``list_pointer`` (at +8) is the device list's offset in revision 3, the vital product data's in revision 0, both
    counted from the structure itself; 0 is none. ``runtime_length``, ``config_pointer`` and ``clp_pointer`` exist from
    revision 3 on and are 0 before.
    """

    offset: int
    vendor: int
    device: int
    list_pointer: int
    length: int
    revision: int
    class_code: int
    image_length: int
    code_revision: int
    code_type: int
    indicator: int
    reserved: int
    runtime_length: int
    config_pointer: int
    clp_pointer: int
    device_list: tuple[int, ...]

    @property
    def last_image(self) -> bool:
        """Whether bit 7 of the indicator says that no image follows."""
        return bool(self.indicator & LAST_IMAGE)

    @property
    def code_type_name(self) -> str:
        """The code type in words, ``reserved`` for a value no specification names."""
        return CODE_TYPES.get(self.code_type, "reserved")

    @property
    def ids(self) -> tuple[int, ...]:
        """Every device id accepted: the structure's own, then the device list's, each once."""
        return tuple(dict.fromkeys((self.device, *self.device_list)))


def parse_pcir(data: bytes, base: int, findings: list[Finding]) -> Pcir | None:
    """The PCIR of the image at ``base``; None for an ISA ROM or when it cannot be read, which ``findings`` then say."""
    pointer = int.from_bytes(data[base + 0x18 : base + 0x1A], "little")
    if pointer == 0:
        findings.append(Finding("note", base + 0x18, "no PCIR: an ISA option ROM", found="pointer 0"))
        return None
    offset = base + pointer
    if offset + SIZE_REVISION_0 > len(data):
        findings.append(
            Finding(
                "error",
                base + 0x18,
                "PCIR lies outside the file",
                found=f"pointer {pointer:#x}, file of {len(data):#x} bytes",
                expected=f"at most {max(len(data) - base - SIZE_REVISION_0, 0):#x}",
                hint="the file may be cut short; dump the ROM again",
            )
        )
        return None
    signature = data[offset : offset + 4]
    if signature != SIGNATURE:
        findings.append(
            Finding(
                "error",
                offset,
                "no PCIR where the word at 0x18 points",
                found=f"{signature.hex(' ')} (pointer {pointer:#x})",
                expected="50 43 49 52 (PCIR), or a pointer of 0 in an ISA ROM",
                hint="the header may be damaged; compare with another dump by `fwsim rom diff`",
            )
        )
        return None
    return _build(data, offset, findings)


def _build(data: bytes, offset: int, findings: list[Finding]) -> Pcir:
    vendor, device, list_pointer, length, revision = struct.unpack_from("<HHHHB", data, offset + 4)
    image_blocks, code_revision, code_type, indicator, reserved = struct.unpack_from("<HHBBH", data, offset + 0x10)
    runtime = config = clp = 0
    if revision >= 3:
        if length >= SIZE_REVISION_3 and offset + SIZE_REVISION_3 <= len(data):
            runtime, config, clp = struct.unpack_from("<HHH", data, offset + 0x16)
            reserved = 0
        else:
            findings.append(
                Finding(
                    "warning",
                    offset + 0xA,
                    "PCIR is shorter than its revision",
                    f"{length:#x}",
                    f"{SIZE_REVISION_3:#x}",
                )
            )
    elif length < SIZE_REVISION_0:
        findings.append(
            Finding("warning", offset + 0xA, "PCIR length is too small", f"{length:#x}", f"{SIZE_REVISION_0:#x}")
        )
    devices = _device_list(data, offset, list_pointer, findings) if revision >= 3 and list_pointer else ()
    return Pcir(
        offset=offset,
        vendor=vendor,
        device=device,
        list_pointer=list_pointer,
        length=length,
        revision=revision,
        class_code=int.from_bytes(data[offset + 0xD : offset + 0x10], "little"),
        image_length=image_blocks * BLOCK,
        code_revision=code_revision,
        code_type=code_type,
        indicator=indicator,
        reserved=reserved,
        runtime_length=runtime * BLOCK,
        config_pointer=config,
        clp_pointer=clp,
        device_list=devices,
    )


def _device_list(data: bytes, offset: int, pointer: int, findings: list[Finding]) -> tuple[int, ...]:
    """The zero-terminated list of device ids (revision 3); one without an end within 1024 ids is said and dropped."""
    start = offset + pointer
    devices: list[int] = []
    for at in range(start, min(len(data) - 1, start + 2 * _DEVICE_LIST_LIMIT), 2):
        device = int.from_bytes(data[at : at + 2], "little")
        if device == 0:
            return tuple(devices)
        devices.append(device)
    findings.append(
        Finding(
            "warning",
            start,
            "the device list has no end" if devices else "the device list lies outside the file",
            found=f"{len(devices)} ids without a terminating 0",
            expected="ids, then a 0",
        )
    )
    return ()
