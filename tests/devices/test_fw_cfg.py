"""fw_cfg as QEMU's docs/specs/fw_cfg.rst has it: selector, data port, directory, DMA and its errors."""

import struct

import pytest

from fwsim.devices.fw_cfg import FwCfg
from fwsim.memory.ram import Ram

FILES = {"etc/igd-bdsm-size": (32 << 20).to_bytes(8, "little"), "etc/e820": bytes(range(40)), "etc/ramfb": bytes(28)}
AT, DATA = 0x1000, 0x2000
ERROR, READ, SKIP, SELECT, WRITE = 1, 2, 4, 8, 16


@pytest.fixture
def ram():
    return Ram(0x100000)


@pytest.fixture
def device(ram):
    return FwCfg(ram, FILES)


def take(device: FwCfg, key: int, length: int) -> bytes:
    device.write(0x510, 2, key)
    return bytes(device.read(0x511, 1) for _ in range(length))


def dma(device: FwCfg, ram: Ram, control: int, length: int, address: int = DATA) -> int:
    ram.write(AT, struct.pack(">IIQ", control, length, address))
    device.write(0x514, 4, 0)
    device.write(0x518, 4, int.from_bytes(AT.to_bytes(4, "big"), "little"))
    return int.from_bytes(ram.read(AT, 4), "big")


def keys(device: FwCfg) -> dict[str, tuple[int, int]]:
    raw = take(device, 0x19, 4 + 64 * len(FILES))
    (count,) = struct.unpack(">I", raw[:4])
    assert count == len(FILES)
    rows = [struct.unpack(">IHH56s", raw[4 + 64 * i : 68 + 64 * i]) for i in range(count)]
    return {name.rstrip(b"\0").decode(): (select, size) for size, select, _, name in rows}


def test_signature_and_features(device):
    assert take(device, 0, 5) == b"QEMU\0"
    assert take(device, 1, 4) == b"\3\0\0\0"


def test_the_directory_is_sorted_and_big_endian(device):
    found = keys(device)
    assert list(found) == sorted(FILES)
    assert min(select for select, _ in found.values()) == 0x20
    for name, (select, size) in found.items():
        assert size == len(FILES[name])
        assert take(device, select, size) == FILES[name]


def test_past_the_end_and_unknown_keys_read_zeros(device):
    select, size = keys(device)["etc/e820"]
    assert take(device, select, size + 4)[-4:] == bytes(4)
    assert take(device, 0x7777 & 0x3FFF, 2) == bytes(2)


def test_the_dma_signature(device):
    """\"QEMU CFG\" as a big-endian quadword at 514h."""
    assert device.read(0x514, 4).to_bytes(4, "little") + device.read(0x518, 4).to_bytes(4, "little") == b"QEMU CFG"


def test_dma_select_and_read(device, ram):
    select, _ = keys(device)["etc/e820"]
    assert dma(device, ram, select << 16 | SELECT | READ, 8) == 0
    assert ram.read(DATA, 8) == bytes(range(8))
    assert dma(device, ram, READ, 8) == 0  # goes on where it was
    assert ram.read(DATA, 8) == bytes(range(8, 16))
    assert dma(device, ram, SKIP, 4) == 0
    assert dma(device, ram, READ, 2) == 0
    assert ram.read(DATA, 2) == bytes((20, 21))


def test_dma_past_the_end_fills_with_zeros(device, ram):
    select, _ = keys(device)["etc/e820"]
    ram.write(DATA, b"\xff" * 64)
    assert dma(device, ram, select << 16 | SELECT | READ, 48) == 0
    assert ram.read(DATA, 48) == bytes(range(40)) + bytes(8)


def test_dma_writes_ramfb_and_nothing_else(device, ram):
    ram.write(DATA, bytes(range(100, 128)))
    found = keys(device)
    assert dma(device, ram, found["etc/ramfb"][0] << 16 | SELECT | WRITE, 28) == 0
    assert bytes(device.files["etc/ramfb"]) == bytes(range(100, 128))
    assert dma(device, ram, found["etc/e820"][0] << 16 | SELECT | WRITE, 8) == ERROR
    assert bytes(device.files["etc/e820"]) == FILES["etc/e820"]
    assert dma(device, ram, SELECT | WRITE, 4) == ERROR  # key 0, the signature
    assert dma(device, ram, found["etc/ramfb"][0] << 16 | SELECT | WRITE, 29) == ERROR


def test_dma_to_where_no_memory_is_is_an_error(device, ram):
    select, _ = keys(device)["etc/e820"]
    assert dma(device, ram, select << 16 | SELECT | READ, 8, 0xFFFFF) == ERROR
    assert dma(device, ram, select << 16 | SELECT | READ, 8, 1 << 40) == ERROR


def test_a_request_outside_memory_does_nothing(device):
    device.write(0x514, 4, 0)
    device.write(0x518, 4, 0xFFFFFFFF)


def test_state_comes_back(device, ram):
    state = device.snapshot()
    ram.write(DATA, bytes(range(100, 128)))
    dma(device, ram, keys(device)["etc/ramfb"][0] << 16 | SELECT | WRITE, 28)
    device.restore(state)
    assert bytes(device.files["etc/ramfb"]) == bytes(28)


def test_numbered_keys_are_read_like_files(ram):
    """By port and by DMA; the architecture's have bit 15 and are others than those without it."""
    device = FwCfg(ram, FILES, keys={0x05: b"\x04\0", 0x8002: b"\1\0\0\0", 0x02: bytes(range(16))})
    assert take(device, 0x05, 3) == b"\x04\0\0"
    assert (take(device, 0x8002, 4), take(device, 0x0002, 4)) == (b"\1\0\0\0", bytes(range(4)))
    assert take(device, 0x4005, 2) == b"\x04\0"  # bit 14 once asked for writing
    assert take(device, 0x8000, 4) == bytes(4)
    assert dma(device, ram, 0x8002 << 16 | SELECT | READ, 4) == 0
    assert ram.read(DATA, 4) == b"\1\0\0\0"
    assert dma(device, ram, 0x05 << 16 | SELECT | WRITE, 2) == ERROR


def test_the_acpi_files_are_made_when_the_first_is_asked_for(ram):
    """Once, by whichever of the three comes first; the directory has their sizes before."""
    made = []
    files = {"etc/acpi/rsdp": bytes(2), "etc/acpi/tables": bytes(4), "etc/table-loader": bytes(2), "etc/e820": bytes(3)}

    def late():
        made.append(1)
        return {"etc/acpi/rsdp": b"RR", "etc/acpi/tables": b"TTTT", "etc/table-loader": b"LL"}

    device = FwCfg(ram, files, late=late)
    fresh = device.snapshot()
    assert [take(device, key, 4) for key in (0x19, 0x22)] == [b"\0\0\0\4", bytes(4)]
    assert not made  # 22h is etc/e820
    assert dma(device, ram, 0x23 << 16 | SELECT | READ, 2) == 0
    assert (ram.read(DATA, 2), take(device, 0x20, 2), take(device, 0x21, 4)) == (b"LL", b"RR", b"TTTT")
    assert made == [1]
    device.restore(fresh)
    assert (bytes(device.files["etc/acpi/tables"]), take(device, 0x21, 4), made) == (bytes(4), b"TTTT", [1, 1])
