"""Damaged drivers: whatever a file says, it is refused by name or runs to an ending; no traceback, no crash."""

import random

import pytest
from efi_rig import OVMF, made, program, put, service

from fwsim.environment.ending import Ending
from fwsim.environment.uefi import drivers, pe
from fwsim.environment.uefi.uefi import EndedError, Uefi
from fwsim.errors import FwsimError
from fwsim.rom.drivers import driver_file

LOADED, RUN = 600, 60
_SHORT = '[guest]\nram = "256M"\n'


def _bases() -> list[bytes]:
    found = [program("b978563412" + service("FreePool"))]
    if OVMF.is_file():
        found += [driver_file(f"{OVMF}#{name}")[0].raw for name in ("QemuVideoDxe", "DevicePathDxe")]
    return found


def _mutated(bases: list[bytes], seed: int) -> bytes:
    chance = random.Random(seed)
    data = bytearray(bases[seed % len(bases)])
    how = chance.randrange(4)
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(min(0x400, len(data)) if how < 2 else len(data))
        data[at] = chance.choice((0, 0xFF, 0x80, chance.randrange(256), data[at] ^ 1 << chance.randrange(8)))
    if how == 3:
        del data[chance.randrange(len(data)) :]
    return bytes(data)


def test_a_mutated_image_is_laid_out_or_refused_with_its_place() -> None:
    bases, refused = _bases(), list[FwsimError]()
    for seed in range(LOADED):
        try:
            loaded = pe.load(_mutated(bases, seed), "driver")
        except FwsimError as error:
            refused.append(error)
        else:
            assert len(loaded.at(0x7E000000)) == loaded.size <= 64 << 20
    assert LOADED // 10 < len(refused) < LOADED
    assert all(error.where.startswith("driver") and error.expected for error in refused)


def test_a_mutated_driver_runs_to_an_ending() -> None:
    bases = _bases()
    uefi, handles = made(_SHORT)
    before = uefi.slices.snapshot()
    endings = []
    for seed in range(RUN):
        endings += _run(uefi, handles[0x10], _mutated(bases, seed))
        uefi.slices.restore(before)
    assert 0 < len(endings) < RUN
    assert {each.reason for each in endings} <= {"invalid", "hung", "budget", "aborted"}
    assert all(each.detail for each in endings)


def _run(uefi: Uefi, controller: int, raw: bytes) -> list[Ending]:
    """How it ended somewhere in its code, if it did."""
    try:
        driver = put(uefi, raw)
        drivers.connect(uefi, [driver], controller)
    except FwsimError:
        return []
    except EndedError as error:
        return [error.ending]
    return []


@pytest.mark.parametrize("size", [0, 2, 0x3C, 0x40, 0x100])
def test_a_cut_image_is_refused(size: int) -> None:
    with pytest.raises(FwsimError) as caught:
        pe.load(program("")[:size], "cut.efi")
    assert caught.value.where.startswith("cut.efi")


def test_relocations_past_their_directory_are_refused() -> None:
    data = bytearray(program(""))
    place = 0x40 + 24 + 112 + 5 * 8
    data[place : place + 8] = (0x2000).to_bytes(4, "little") + (16).to_bytes(4, "little")
    block = 0x200 + 0x1000
    data[block : block + 8] = (0x1000).to_bytes(4, "little") + (0x800).to_bytes(4, "little")
    with pytest.raises(FwsimError, match="a block of relocations goes past their end"):
        pe.load(bytes(data), "driver")
    data[block + 4 : block + 8] = (16).to_bytes(4, "little")
    data[block + 8 : block + 10] = (10 << 12 | 0x10).to_bytes(2, "little")
    assert pe.load(bytes(data), "driver").relocations == ((0x1010, 8),)
