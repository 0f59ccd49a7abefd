"""The catalogue: its entries against the images themselves, its look-up, its licence notes."""

import hashlib

import pytest

from fwsim.errors import FwsimError
from fwsim.registers.families import family
from fwsim.rom.catalog import catalog, known, licence_of, named, present, roms_folder
from fwsim.rom.chain import load, load_bytes


def test_entries_are_complete_and_distinct():
    entries = catalog()
    assert len({entry.sha256 for entry in entries}) == len({entry.name for entry in entries}) == len(entries) >= 11
    for entry in entries:
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert entry.sha256 == entry.sha256.lower()
        assert entry.disassembly in ("forbidden", "permitted", "not mentioned")
        assert entry.repository.startswith("https://")
        assert entry.state in ("pristine", "posted")
        assert family(entry.cpu).name == entry.cpu, "a host.cpu"


def test_folder_holds_the_catalogue():
    assert (roms_folder() / "catalog.toml").is_file()


@pytest.mark.parametrize("name", [entry.name for entry in catalog()])
def test_entries_match_the_images(real, name):
    path = real(name)
    rom = load(path)
    entry = known(hashlib.sha256(path.read_bytes()).hexdigest())
    assert (entry.name, entry.size) == (name, len(rom.data))
    assert tuple(entry.expect["ids"]) == rom.ids
    assert rom.legacy.vbt.signature.endswith(entry.expect["vbt"])
    assert present(catalog())[entry.sha256].read_bytes() == rom.data


def test_find_by_content_whatever_the_name(make, tmp_path, monkeypatch):
    monkeypatch.setenv("FWSIM_ROMS", str(tmp_path))
    (tmp_path / "snm_2170.dat").write_bytes(bytes(65536))
    assert present(catalog()) == {}
    with pytest.raises(FwsimError, match="not in the ROM catalogue"):
        named("other.rom")


def test_licence_of_a_known_image(real):
    licence = licence_of(load(real("snm_2170.dat")))
    assert licence.disassembly == "forbidden"
    assert "No reverse engineering" in licence.text


def test_licence_by_the_images_own_notice(make):
    rom = load_bytes(make.legacy(extra=[(0x300, b"DECOMPILATION OR DISASSEMBLY PROHIBITED")]))
    assert licence_of(rom).source == "the image itself"
    assert licence_of(rom).disassembly == "forbidden"


def test_licence_not_known(make):
    assert licence_of(load_bytes(make.legacy())) is None
