"""Differences: their runs against a bytewise comparison, their structures against the layout they were built with."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fwsim.rom.chain import inspect_bytes
from fwsim.rom.compare import diff
from fwsim.rom.layout import Layout


def changed(data, *offsets):
    copy = bytearray(data)
    for offset in offsets:
        copy[offset] ^= 0xFF
    return bytes(copy)


def test_identical_files(make):
    assert diff(make.legacy(), make.legacy()).runs == ()


def test_each_structure_is_named(make):
    table = make.vbt([(1, b"\x01" * 5), (2, b"\x02" * 9)])
    list_ = b"\x16\x01\x26\x01\x00\x00"
    data = make.legacy(
        blocks=4,
        structure=make.pcir(blocks=4, pointer=0x1C, revision=3) + list_,
        word_1a=0x80,
        extra=[(0x80, table), (0x180, b"\x90" * 0x100)],
    )
    first = 0x80 + 48 + 22
    places = {
        0x02: "length byte",
        0x04: "entry",
        0x06: "checksum byte",
        0x10: "header",
        0x18: "PCIR pointer",
        0x47: "PCIR device id",
        0x55: "PCIR indicator",
        0x5E: "PCIR device list",
        0x82: "VBT header",
        0x80 + 50: "BDB header",
        first + 4: "BDB 1 general features",
        first + 8 + 3: "BDB 2 general definitions",
        0x200: "code and data",
        0x7FF: "padding",
    }
    runs = diff(data, changed(data, *places)).runs
    assert {run.offset: run.structure for run in runs} == places
    assert all(run.size == 1 for run in runs)


def test_run_is_cut_where_the_structure_changes(make):
    data = make.legacy()
    runs = diff(data, changed(data, 0x45, 0x46, 0x47, 0x48)).runs
    assert [(run.offset, run.size, run.structure, run.within) for run in runs] == [
        (0x45, 1, "PCIR vendor id", 1),
        (0x46, 2, "PCIR device id", 0),
        (0x48, 1, "PCIR list pointer", 0),
    ]


def test_files_of_different_length(make):
    data = make.legacy()
    runs = diff(data, data + b"\x01\x02").runs
    assert [(run.offset, run.a, run.b) for run in runs] == [(1024, b"", b"\x01\x02")]
    assert [(run.offset, run.a, run.b) for run in diff(data + b"\x01", data).runs] == [(1024, b"\x01", b"")]


def test_efi_image_is_named_by_its_number(make):
    data = make.legacy(structure=make.pcir(last=False)) + make.efi(payload=b"\x11" * 0x100)
    runs = diff(data, changed(data, 1024 + 10, 1024 + 0x40)).runs
    assert [run.structure for run in runs] == ["image 1: EFI machine", "image 1: PE image"]


def test_totals_by_structure(make):
    data = make.legacy()
    difference = diff(data, changed(data, 0x46, 0x100, 0x102))
    assert difference.by_structure == {"PCIR device id": 1, "padding": 2}
    assert difference.differing == 3


@given(st.binary(max_size=9000), st.data())
def test_runs_are_what_a_bytewise_comparison_finds(a, data):
    b = bytearray(a)
    for at in data.draw(st.lists(st.integers(0, max(len(a) - 1, 0)), max_size=8)):
        if at < len(b):
            b[at] ^= data.draw(st.integers(0, 255))
    b = bytes(b)[: data.draw(st.integers(0, len(b)))]
    expected = {at for at in range(max(len(a), len(b))) if a[at : at + 1] != b[at : at + 1]}
    runs = diff(a, b).runs
    assert {run.offset + step for run in runs for step in range(run.size)} == expected
    assert all(run.a == a[run.offset : run.offset + run.size] for run in runs)
    assert all(run.b == b[run.offset : run.offset + run.size] for run in runs)


def test_layout_covers_every_byte_once(make, packaged):
    for path in packaged("/usr/lib/ipxe/qemu/efi-e1000.rom", "ipxe-qemu"):
        data = path.read_bytes() + bytes(100)
        spans = Layout(inspect_bytes(data)).spans
        assert (spans[0].start, spans[-1].end, spans[-1].name) == (0, len(data), "behind the last image")
        assert all(first.end == second.start for first, second in pairwise(spans))
