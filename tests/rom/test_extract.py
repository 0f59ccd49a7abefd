"""Taking a ROM apart: what is written, and that nothing is overwritten or half-written."""

import errno
import os

import pytest

from fwsim.errors import FwsimError
from fwsim.rom.chain import inspect, load
from fwsim.rom.extract import extract
from fwsim.rom.files import write_atomically


@pytest.fixture
def rom(make, tmp_path):
    table = make.vbt([(1, b"\x01" * 5)])
    legacy = make.legacy(structure=make.pcir(last=False), word_1a=0x80, extra=[(0x80, table)])
    path = tmp_path / "card.rom"
    path.write_bytes(legacy + make.efi())
    return load(path)


def test_parts_are_the_files_own_bytes(rom, tmp_path):
    out = tmp_path / "parts"
    pieces = extract(rom, out)
    assert [piece.path.name for piece in pieces] == ["card.0.legacy.rom", "card.0.vbt", "card.1.efi.rom"]
    assert (out / "card.0.legacy.rom").read_bytes() == rom.data[:1024]
    assert (out / "card.1.efi.rom").read_bytes() == rom.data[1024:]
    assert (out / "card.0.vbt").read_bytes() == rom.data[0x80 : 0x80 + rom.legacy.vbt.size]
    assert sorted(path.name for path in out.iterdir()) == sorted(piece.path.name for piece in pieces)


def test_nothing_is_overwritten_without_force(rom, tmp_path):
    (tmp_path / "card.1.efi.rom").write_bytes(b"mine")
    with pytest.raises(FwsimError, match="exists already"):
        extract(rom, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["card.1.efi.rom", "card.rom"], "nor is anything else written"
    extract(rom, tmp_path, force=True)
    assert (tmp_path / "card.1.efi.rom").read_bytes() == rom.data[1024:]


def test_failed_write_leaves_nothing(rom, tmp_path, monkeypatch):
    calls = []

    def full_disk(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(FwsimError, match="No space left on device"):
        extract(rom, tmp_path / "parts")
    assert list((tmp_path / "parts").iterdir()) == []


def test_file_in_place_of_the_folder(rom, tmp_path):
    with pytest.raises(FwsimError, match="cannot make the folder"):
        extract(rom, tmp_path / "card.rom")


def test_file_without_an_image(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"nothing")
    with pytest.raises(FwsimError, match="no image in this file"):
        extract(inspect(path), tmp_path)


def test_write_respects_the_umask_and_replaces_only_by_force(tmp_path):
    path = tmp_path / "a"
    before = os.umask(0o027)
    try:
        write_atomically(path, b"one")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(FwsimError, match="exists already"):
        write_atomically(path, b"two")
    assert path.read_bytes() == b"one"
    write_atomically(path, b"two", force=True)
    assert path.read_bytes() == b"two"


def test_write_where_hard_links_are_unknown(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    write_atomically(tmp_path / "a", b"one")
    assert os.listdir(tmp_path) == ["a"]


def test_missing_folder(tmp_path):
    with pytest.raises(FwsimError, match="No such file or directory"):
        write_atomically(tmp_path / "none" / "a", b"")


def test_driver_of_a_real_chain(packaged, tmp_path):
    (path,) = packaged("/usr/lib/ipxe/qemu/efi-virtio.rom", "ipxe-qemu")
    pieces = extract(load(path), tmp_path)
    driver = next(piece for piece in pieces if piece.path.name.endswith(".pe.efi"))
    assert driver.path.read_bytes()[:2] == b"MZ"
    whole = path.read_bytes()
    assert b"".join((tmp_path / f"efi-virtio.{name}.rom").read_bytes() for name in ("0.legacy", "1.efi")) == whole
