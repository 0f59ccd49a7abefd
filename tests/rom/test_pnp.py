"""PnP expansion headers, packed by hand after the Plug and Play BIOS Specification."""

import struct

from fwsim.rom.chain import inspect_bytes, load


def pnp(next_pointer=0, maker=0x180, product=0x190, signature=b"$PnP"):
    header = bytearray(struct.pack("<4sBBHBBIHH", signature, 1, 2, next_pointer, 0, 0, 0x020CD041, maker, product))
    header += bytes((0x02, 0x00, 0x00)) + struct.pack("<BHHHHH", 0x64, 0x0123, 0, 0x0456, 0, 0)
    assert len(header) == 0x20
    header[9] = -sum(header) & 0xFF
    return bytes(header)


def test_fields(make):
    extra = [(0x80, pnp()), (0x180, b"Maker\0"), (0x190, b"Card\0")]
    rom = inspect_bytes(make.legacy(word_1a=0x80, extra=extra))
    (header,) = rom.legacy.pnp
    assert (header.offset, header.signature, header.revision, header.length, header.checksum_ok) == (
        0x80,
        "$PnP",
        1,
        32,
        True,
    )
    assert (header.device_id, header.manufacturer, header.product) == ("PNP0C02", "Maker", "Card")
    assert (header.class_code, header.indicators) == (0x020000, 0x64)
    assert (header.boot_connection, header.disconnect, header.bootstrap_entry) == (0x123, 0, 0x456)


def test_chain_of_headers(make):
    rom = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, pnp(next_pointer=0xC0)), (0xC0, pnp())]))
    assert [header.offset for header in rom.legacy.pnp] == [0x80, 0xC0]


def test_chain_that_loops_ends_and_is_said(make):
    rom = inspect_bytes(
        make.legacy(word_1a=0x80, extra=[(0x80, pnp(next_pointer=0xC0)), (0xC0, pnp(next_pointer=0x80))])
    )
    assert len(rom.legacy.pnp) == 2
    assert any(finding.what == "the chain of PnP headers loops" for finding in rom.findings)


def test_wrong_checksum_is_said(make):
    rom = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, pnp()), (0x9F, b"\x01")]))
    assert not rom.legacy.pnp[0].checksum_ok


def test_word_that_points_at_nothing_is_no_pnp(make):
    assert inspect_bytes(make.legacy(word_1a=0x80)).legacy.pnp == ()


def test_ipxe(packaged):
    for path in packaged("/usr/lib/ipxe/qemu/pxe-*.rom", "ipxe-qemu"):
        (header,) = load(path).legacy.pnp
        assert (header.product, header.manufacturer) == ("iPXE", "http://ipxe.org")
        assert header.checksum_ok
