import pytest

from fwsim.rom.chain import load


@pytest.fixture(scope="session")
def own_rom(request):
    return request.config.rootpath / "roms/igd-vbios.rom"


@pytest.fixture(scope="session")
def data_vbt(own_rom) -> bytes:
    """The VBT of our own ROM."""
    rom = load(own_rom)
    vbt = rom.legacy.vbt
    return rom.data[vbt.offset : vbt.offset + vbt.size]
