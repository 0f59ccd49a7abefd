"""PCIR, field by field, against bytes packed by hand."""

import struct

from fwsim.rom.pcir import parse_pcir


def parse(data):
    findings = []
    return parse_pcir(data, 0, findings), findings


def test_revision_0_fields(make):
    structure = make.pcir(
        vendor=0x1234, device=0x1111, pointer=0x30, class_code=0x038000, blocks=5, code_type=1, last=False
    )
    vital = (0x40 + 0x30, b"\x82\x05\x00Video\x78\x00\x00")
    pcir, findings = parse(make.legacy(blocks=8, structure=structure, extra=[vital]))
    assert (pcir.offset, pcir.vendor, pcir.device, pcir.list_pointer) == (0x40, 0x1234, 0x1111, 0x30)
    assert (pcir.length, pcir.revision, pcir.class_code, pcir.image_length) == (0x18, 0, 0x038000, 5 * 512)
    assert (pcir.code_revision, pcir.code_type, pcir.code_type_name, pcir.last_image) == (
        0x0102,
        1,
        "Open Firmware",
        False,
    )
    assert pcir.device_list == (), "the pointer is the vital product data's in revision 0"
    assert findings == []


def test_revision_3_fields_and_list(make):
    structure = make.pcir(pointer=0x20, revision=3, blocks=7) + bytes(4) + struct.pack("<3H", 0x0116, 0x0126, 0)
    pcir, findings = parse(make.legacy(blocks=8, structure=structure))
    assert pcir.device_list == (0x0116, 0x0126)
    assert pcir.ids == (0x0106, 0x0116, 0x0126)
    assert pcir.runtime_length == 7 * 512
    assert findings == []


def test_list_without_end_is_dropped_and_said(make):
    data = make.legacy(structure=make.pcir(pointer=0x1C, revision=3), extra=[(0x5C, b"\x11" * (1024 - 0x5C))])
    pcir, findings = parse(data)
    assert pcir.device_list == ()
    assert findings[0].what == "the device list has no end"


def test_list_outside_the_file(make):
    pcir, findings = parse(make.legacy(structure=make.pcir(pointer=0xFFF0, revision=3)))
    assert pcir.ids == (0x0106,)
    assert findings[0].what == "the device list lies outside the file"


def test_revision_3_with_a_short_structure(make):
    pcir, findings = parse(make.legacy(structure=make.pcir(revision=3, length=0x18)))
    assert pcir.runtime_length == 0
    assert findings[0].what == "PCIR is shorter than its revision"


def test_structure_at_the_very_end_of_the_file(make):
    data = make.legacy(structure=make.pcir(), at=1024 - 0x18)
    pcir, findings = parse(data)
    assert pcir.offset == 1000
    assert findings == []
