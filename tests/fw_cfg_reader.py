"""What a guest reads by fw_cfg: directory, files and keys through ports, and the table loader's commands executed."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from config_code import cf8_write

from fwsim.devices.fw_cfg import FwCfg

KEYS = (*range(0x20), *range(0x8000, 0x8008))
KEY_BYTES, DIRECTORY_BYTES = 128, 0x2000
_READER = """31c0 8ed0 8ec0 8ed8 ba1005 b019 ef 42 bf0080 b90020 f36c be0080 b90020 ba0204 f36e
8b2e0280 95 86e0 95 be0480 8b4404 86e0 ba1005 ef 668b0c 660fc9 67e30c ba1105 ec ba0204 ee 6649 75f4 83c640 4d 75dc
31db 89d8 ba1005 ef b98000 ba1105 ec ba0204 ee e2f6 43 83fb20 7504 b780 88eb 81fb0880 75dd ba0105 ee f4"""
"""Real mode: 2000h bytes of the directory, every file, 128 bytes of every key of KEYS, out by port 402h; then 501h."""

Directory = dict[str, tuple[int, int]]


def reader(settings: Iterable[tuple[int, int, int, int]]) -> bytes:
    """A 64 KiB firmware that writes ``settings`` (devfn, offset, width, value) and then all that fw_cfg has."""
    code = bytes.fromhex("".join(cf8_write(*each) for each in settings) + _READER)
    return code.ljust(0xFFF0, b"\0") + bytes.fromhex("ea000000f0").ljust(16, b"\0")


def directory(raw: bytes) -> Directory:
    """Name to (size, key), in the order of the directory."""
    (count,) = struct.unpack_from(">I", raw)
    rows = (struct.unpack_from(">IHH56s", raw, 4 + 64 * number) for number in range(count))
    return {name.rstrip(b"\0").decode(): (size, key) for size, key, _, name in rows}


def what_was_read(raw: bytes) -> tuple[dict[str, bytes], dict[int, bytes]]:
    """Files and keys, of what a ``reader`` wrote."""
    at = DIRECTORY_BYTES
    files, keys = {}, {}
    for name, (size, _) in directory(raw).items():
        files[name] = raw[at : at + size]
        at += size
    for key in KEYS:
        keys[key] = raw[at : at + KEY_BYTES]
        at += KEY_BYTES
    assert at == len(raw)
    return files, keys


def take(device: FwCfg, key: int, size: int) -> bytes:
    """``size`` bytes of an item, by the data port."""
    device.write(0x510, 2, key)
    return bytes(device.read(0x511, 1) for _ in range(size))


def taken(device: FwCfg) -> tuple[dict[str, bytes], dict[int, bytes]]:
    """The same of a device of ours."""
    files = {
        name: take(device, key, size) for name, (size, key) in directory(take(device, 0x19, DIRECTORY_BYTES)).items()
    }
    return files, {key: take(device, key, KEY_BYTES) for key in KEYS}


def commands(loader: bytes) -> list[tuple[int | str, ...]]:
    """(1, file, align, zone), (2, file, source, offset, size), (3, file, offset, start, length)."""
    rows: list[tuple[int | str, ...]] = []
    for at in range(0, len(loader), 128):
        (command,) = struct.unpack_from("<I", loader, at)
        form = {1: "<56sIB", 2: "<56s56sIB", 3: "<56sIII"}.get(command)
        if form:
            fields = struct.unpack_from(form, loader, at + 4)
            rows.append((command, *(x.rstrip(b"\0").decode() if isinstance(x, bytes) else x for x in fields)))
    return rows


def load(files: dict[str, bytes], places: dict[str, int]) -> dict[int, bytearray]:
    """Execute `etc/table-loader` with each file at its address of ``places``. Address to content."""
    memory: dict[str, bytearray] = {}
    for command, name, *rest in commands(files["etc/table-loader"]):
        if command == 1:
            align, zone = rest
            assert (places[name] % align, places[name] < 1 << 20) == (0, zone == 2)
            memory[name] = bytearray(files[name])
        elif command == 2:
            source, offset, size = rest
            old = int.from_bytes(memory[name][offset : offset + size], "little")
            memory[name][offset : offset + size] = (old + places[source]).to_bytes(size, "little")
        else:
            offset, start, length = rest
            total = sum(memory[name][start : start + length])
            memory[name][offset] = memory[name][offset] - total & 0xFF
    return {places[name]: data for name, data in memory.items()}
