"""A board's firmware image given to diagnose is called that, with what is in it and the command that takes it out."""

import pytest

from fwsim.diagnose.diagnosis import diagnose
from fwsim.errors import FwsimError


def vbios(vendor, device):
    data = bytearray(1024)
    data[:4], data[0x18] = b"\x55\xaa\x02\xcb", 0x40
    data[0x40:0x48] = b"PCIR" + vendor.to_bytes(2, "little") + device.to_bytes(2, "little")
    data[0x4A], data[0x4F], data[0x50], data[0x55] = 0x18, 3, 2, 0x80
    return bytes(data)


MARKS = {"descriptor": b"\xff" * 16 + b"\x5a\xa5\xf0\x0f", "volume": b"\0" * 40 + b"_FVH", "cbfs": b"LARCHIVE"}


@pytest.mark.parametrize("mark", MARKS)
def test_what_is_in_it_for_an_igd_and_how_to_take_it_out(tmp_path, mark):
    image = MARKS[mark].ljust(0x1000, b"\0") + vbios(0x1002, 0x71C4) + vbios(0x8086, 0x0416) + b"\xff" * 0x10000
    (tmp_path / "bios.bin").write_bytes(image)
    (note,) = diagnose([tmp_path / "bios.bin"]).findings
    assert (note.id, note.severity) == ("flash-image", "note")
    assert "1: option ROM 8086:0416" in note.what
    assert "1002" not in note.what
    assert note.remedy == "fwsim rom extract bios.bin --only 1 --out roms"


def test_one_without_any_is_said_as_well(tmp_path):
    (tmp_path / "bios.bin").write_bytes(b"LARCHIVE".ljust(0x10000, b"\0"))
    (note,) = diagnose([tmp_path / "bios.bin"]).findings
    assert "without an option ROM" in note.what
    assert note.remedy == "fwsim rom find bios.bin"


def test_a_log_that_names_a_volume_is_no_image(tmp_path):
    (tmp_path / "log").write_text("header _FVH found\n" * 5000)
    with pytest.raises(FwsimError, match="nothing here tells"):
        diagnose([tmp_path / "log"])
