"""The chain of expansion headers at the word at 0x1A tells a Plug and Play BIOS what an image is.

Layout: Plug and Play BIOS Specification 1.0A, section 3.2 ("$PnP", structure 1.0, 32 bytes). Other headers in the
chain (a GPXE one, for instance) share the first eight bytes and are kept by their signature.
"""

import struct

from msgspec import Struct

from fwsim.rom.finding import Finding

SIGNATURE = b"$PnP"
PNP_SIZE = 0x20
_PARAGRAPH = 16


class PnpHeader(Struct, frozen=True):
    """One expansion header; ``offset`` is in the file, ``length`` in bytes, pointers and vectors are image offsets.

    The fields after ``checksum_ok`` are those of a "$PnP" header: strings are empty and vectors 0 when there is none.
    """

    offset: int
    signature: str
    revision: int
    length: int
    checksum_ok: bool
    next_pointer: int
    device_id: str = ""
    manufacturer: str = ""
    product: str = ""
    class_code: int = 0
    indicators: int = 0
    boot_connection: int = 0
    disconnect: int = 0
    bootstrap_entry: int = 0
    static_info: int = 0


def parse_pnp(data: bytes, base: int, size: int, findings: list[Finding]) -> tuple[PnpHeader, ...]:
    """The expansion headers of the image at ``base``, ``size`` bytes long; empty when 0x1A does not point at "$PnP"."""
    end = min(base + size, len(data))
    pointer = int.from_bytes(data[base + 0x1A : base + 0x1C], "little")
    headers: list[PnpHeader] = []
    seen: set[int] = set()
    while pointer and base + pointer + 8 <= end:
        offset = base + pointer
        if not headers and data[offset : offset + 4] != SIGNATURE:
            break
        if pointer in seen:
            findings.append(
                Finding("warning", offset, "the chain of PnP headers loops", found=f"next header {pointer:#x}")
            )
            break
        seen.add(pointer)
        header = _parse_header(data, base, offset, end)
        headers.append(header)
        if not header.checksum_ok:
            findings.append(
                Finding("warning", offset, f"the {header.signature} header's checksum is wrong", expected="sum 0")
            )
        pointer = header.next_pointer
    return tuple(headers)


def _parse_header(data: bytes, base: int, offset: int, end: int) -> PnpHeader:
    signature = data[offset : offset + 4].decode("latin-1")
    revision, paragraphs, next_pointer = struct.unpack_from("<BBH", data, offset + 4)
    length = paragraphs * _PARAGRAPH
    ok = length > 0 and offset + length <= end and sum(data[offset : offset + length]) & 0xFF == 0
    if data[offset : offset + 4] != SIGNATURE or length < PNP_SIZE or offset + PNP_SIZE > end:
        return PnpHeader(offset, signature, revision, length, ok, next_pointer)
    device, maker, product = struct.unpack_from("<IHH", data, offset + 0xA)
    indicators, connection, disconnect, bootstrap = struct.unpack_from("<BHHH", data, offset + 0x15)
    return PnpHeader(
        offset=offset,
        signature=signature,
        revision=revision,
        length=length,
        checksum_ok=ok,
        next_pointer=next_pointer,
        device_id=_eisa_id(device),
        manufacturer=_text(data, base + maker, end) if maker else "",
        product=_text(data, base + product, end) if product else "",
        class_code=int.from_bytes(data[offset + 0x12 : offset + 0x15], "big"),
        indicators=indicators,
        boot_connection=connection,
        disconnect=disconnect,
        bootstrap_entry=bootstrap,
        static_info=int.from_bytes(data[offset + 0x1E : offset + 0x20], "little"),
    )


def _eisa_id(number: int) -> str:
    """A compressed EISA id as text (PNP0C02): three letters of five bits, four hex digits, in big-endian order."""
    if number == 0:
        return ""
    big = int.from_bytes(number.to_bytes(4, "little"), "big")
    letters = "".join(chr(0x40 + (big >> shift & 0x1F)) for shift in (26, 21, 16))
    return f"{letters}{big & 0xFFFF:04X}"


def _text(data: bytes, offset: int, end: int) -> str:
    raw = data[offset : min(end, offset + 64)].split(b"\0", 1)[0]
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in raw)
