"""The child devices of a VBT's general definitions say which ports there are."""

from msgspec import Struct

from fwsim.rom.bdb_fields import Row, read_rows
from fwsim.rom.bdb_tables import AUX_CHANNELS, CHILD_DEVICE, HANDLES, PORTS, TYPE_BITS, TYPES

HEADER_SIZE = 5
"""Bytes of the general definitions before the first child device."""

MINIMUM_SIZE = 33
"""Bytes of a child device before BDB version 195; a smaller record is none (Linux intel_bios.c refuses it)."""

MAX_DEVICES = 64
"""Records taken from one table, at most: real ones have room for a dozen."""

_ID_UNTIL = 151
_SUPPORT_SINCE = 158


class ChildDevice(Struct, frozen=True):
    """One child device.

    ``type`` is the word of type bits; ``port`` the DVO port byte, ``ddc_pin`` the GMBUS pin, ``aux`` the AUX channel
    byte, as stored; ``id`` the text that tables before version 152 have; ``rows`` every field.
    """

    index: int
    offset: int
    handle: int
    type: int
    port: int
    ddc_pin: int
    aux: int
    i2c_pin: int
    i2c_address: int
    hdmi: bool
    dp: bool
    tmds: bool
    docked: bool
    id: str
    rows: tuple[Row, ...]

    @property
    def present(self) -> bool:
        """Whether the record describes a device: its type is not 0."""
        return self.type != 0

    @property
    def handle_name(self) -> str:
        """The handle in words, or its number."""
        return HANDLES.get(self.handle, f"{self.handle:#06x}")

    @property
    def type_name(self) -> str:
        """What kind of display this is, from a list of usual types or from the type's bits."""
        return TYPES.get(self.type) or ", ".join(self.type_bits) or "none"

    @property
    def type_bits(self) -> tuple[str, ...]:
        """The names of the type's bits that are set, the highest first."""
        return tuple(name for bit, name in TYPE_BITS.items() if self.type >> bit & 1)

    @property
    def port_name(self) -> str:
        """``HDMI-B``, ``DP-D``, ``LVDS``... or the number."""
        return PORTS.get(self.port, f"{self.port:#04x}")

    @property
    def aux_name(self) -> str:
        """The AUX channel's letter, "" without one, or the number."""
        return AUX_CHANNELS.get(self.aux, f"{self.aux:#04x}")


def child_devices(raw: bytes, offset: int, version: int) -> tuple[ChildDevice, ...]:
    """The whole records, empty ones too, of block 2: ``raw`` without the block's header, at ``offset`` in the file."""
    size = raw[4] if len(raw) >= HEADER_SIZE else 0
    if size < MINIMUM_SIZE:
        return ()
    places = range(HEADER_SIZE, len(raw) - size + 1, size)[:MAX_DEVICES]
    return tuple(_child(index, raw[at : at + size], offset + at, version) for index, at in enumerate(places))


def _child(index: int, raw: bytes, offset: int, version: int) -> ChildDevice:
    support = raw[24] if version >= _SUPPORT_SINCE else 0
    text = raw[4:14].split(b"\0")[0] if version <= _ID_UNTIL else b""
    return ChildDevice(
        index=index,
        offset=offset,
        handle=int.from_bytes(raw[0:2], "little"),
        type=int.from_bytes(raw[2:4], "little"),
        port=raw[16],
        ddc_pin=raw[19],
        aux=raw[25],
        i2c_pin=raw[17],
        i2c_address=raw[18],
        hdmi=bool(support & 1),
        dp=bool(support & 2),
        tmds=bool(support & 4),
        docked=version >= _SUPPORT_SINCE and bool(raw[23] & 1),
        id="".join(chr(byte) for byte in text if 0x20 <= byte < 0x7F).strip(),
        rows=read_rows(raw if version > _ID_UNTIL else raw[:4] + bytes(10) + raw[14:], CHILD_DEVICE, version),
    )
