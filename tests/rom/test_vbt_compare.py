"""What two VBTs say is told apart by block and field; bytes are named only where no field tells."""

import pytest

from fwsim.rom.source import find_vbt
from fwsim.rom.vbt_compare import compare_vbts


@pytest.fixture
def tables(make, tmp_path):
    def make_one(name, blocks, **options):
        (tmp_path / name).write_bytes(make.vbt(blocks, **options))
        return find_vbt(tmp_path / name).tables

    return make_one


def child(port, kind=0x60D2, size=38):
    """A child device record: type at 2, port at 16."""
    raw = bytearray(size)
    raw[0:2], raw[2:4], raw[16] = b"\x04\0", kind.to_bytes(2, "little"), port
    return bytes(raw)


def definitions(*children):
    return bytes((0, 0, 0, 0, 38)) + b"".join(children)


def differences(a, b):
    return [(row.block, row.field, row.a, row.b) for row in compare_vbts(a, b).fields]


def test_the_same_table_elsewhere_says_the_same(tables):
    blocks = [(2, definitions(child(1))), (254, b"abc")]
    result = compare_vbts(tables("a", blocks), tables("b", blocks))
    assert (result.fields, result.same) == ((), 2)


def test_a_port_that_differs_is_one_field(tables):
    """DVO port 1 is HDMI-B, 8 is DP-C (Linux intel_vbt_defs.h)."""
    rows = differences(tables("a", [(2, definitions(child(1)))]), tables("b", [(2, definitions(child(8)))]))
    assert [(block, a, b) for block, _, a, b in rows] == [(2, "HDMI-B", "DP-C")]
    assert rows[0][1].startswith("child device 0: ")


def test_a_block_that_only_one_has(tables):
    rows = differences(tables("a", [(1, bytes(5))]), tables("b", [(1, bytes(5)), (200, bytes(3))]))
    assert (200, "block", "", "0x3 bytes") in rows


def test_bytes_of_a_block_that_no_field_names(tables):
    rows = differences(tables("a", [(200, b"abcd")]), tables("b", [(200, b"abXd")]))
    assert rows == [(200, "byte +0x2", "63", "58")]
