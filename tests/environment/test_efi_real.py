"""Real UEFI drivers of Debian's packages ipxe-qemu and ovmf, and an assignment driver of $FWSIM_ROMS."""

import os
from pathlib import Path

import numpy as np
import pytest
from efi_rig import IPXE, OVMF, entered, made

from fwsim.environment.uefi import drivers, firmware, gop
from fwsim.environment.uefi.uefi import EndedError, Uefi
from fwsim.errors import FwsimError
from fwsim.rom.drivers import driver_file

CARDS = {
    "e1000": (0x8086, 0x100E, '"mem 128K", "io 64"', "UNSUPPORTED"),
    "e1000e": (0x8086, 0x10D3, '"mem 128K", "mem 128K", "io 32"', "UNSUPPORTED"),
    "ne2k_pci": (0x10EC, 0x8029, '"io 32"', "UNSUPPORTED"),
    "pcnet": (0x1022, 0x2000, '"io 32", "mem 32"', "UNSUPPORTED"),
    "rtl8139": (0x10EC, 0x8139, '"io 256", "mem 256"', "SUCCESS"),
    "virtio": (0x1AF4, 0x1000, '"io 32"', "SUCCESS"),
    "vmxnet3": (0x15AD, 0x07B0, '"mem 4K", "mem 4K", "mem 8K"', "SUCCESS"),
}
"""Ids, BARs, and what Start answers where nothing is behind them: the cards with an EEPROM, or an id of their own to
read back, are given up; the others are set up blindly."""
needs_ipxe = pytest.mark.skipif(not IPXE.is_dir(), reason="Debian's ipxe-qemu is not here")
needs_ovmf = pytest.mark.skipif(not OVMF.is_file(), reason="Debian's ovmf is not here")


def _card(name: str) -> tuple[Uefi, dict[int, int]]:
    vendor, device, bars, _ = CARDS.get(name, (0x8086, 0x1209, '"mem 4K", "io 64", "mem 128K"', ""))
    return made(
        f'[[function]]\nslot = "03.0"\nvendor = {vendor}\ndevice = {device}\nclass = 0x020000\nbars = [{bars}]\n'
    )


@needs_ipxe
@pytest.mark.parametrize("name", CARDS)
def test_ipxe_is_entered_asked_and_started(name: str) -> None:
    uefi, handles = _card(name)
    driver = entered(uefi, str(IPXE / f"efi-{name}.rom"))
    for controller in firmware.controllers(uefi, handles):
        drivers.connect(uefi, [driver], controller)
    assert (driver.entry, driver.supported, driver.start) == ("SUCCESS", "SUCCESS", CARDS[name][3])
    assert uefi.breaches == []
    assert uefi.unhandled == {}
    assert uefi.tpl == 4


@needs_ipxe
def test_ipxe_refuses_what_is_not_its_card() -> None:
    uefi, handles = made()
    driver = entered(uefi, str(IPXE / "efi-e1000.rom"))
    drivers.connect(uefi, [driver], handles[0x10])
    assert (driver.supported, driver.start) == ("UNSUPPORTED", "")


@needs_ipxe
def test_a_card_that_never_is_ready_ends_by_the_budget() -> None:
    uefi, handles = _card("eepro100")
    driver = entered(uefi, str(IPXE / "efi-eepro100.rom"))
    with pytest.raises(EndedError) as caught:
        drivers.connect(uefi, [driver], handles[0x18])
    assert caught.value.ending.reason == "budget"
    assert driver.supported == "SUCCESS"


@pytest.fixture(scope="module")
def qemu_video() -> tuple[Uefi, gop.Gop]:
    """QemuVideoDxe, started on QEMU's VGA; DevicePathDxe of the same volume before it."""
    if not OVMF.is_file():
        pytest.skip("Debian's ovmf is not here")
    uefi, handles = made(vga="stdvga")
    entered(uefi, f"{OVMF}#DevicePathDxe")
    driver = entered(uefi, f"{OVMF}#qemuvideodxe")
    drivers.connect(uefi, [driver], handles[0x10])
    assert (driver.entry, driver.supported, driver.start) == ("SUCCESS", "SUCCESS", "SUCCESS")
    return uefi, gop.found(uefi)[0]


def test_qemu_video_has_its_thirty_modes(qemu_video: tuple[Uefi, gop.Gop]) -> None:
    _, found = qemu_video
    modes = [found.query(number)[1] for number in range(found.count)]
    assert len(modes) == 30
    sizes = [(mode.width, mode.height) for mode in modes if mode]
    assert {(640, 480), (1024, 768), (1920, 1080), (2560, 1600)} <= set(sizes)
    assert found.query(30)[0] == 1 << 63 | 2


def test_qemu_video_sets_a_mode_and_fills_the_screen(qemu_video: tuple[Uefi, gop.Gop]) -> None:
    uefi, found = qemu_video
    assert found.set(3) == 0
    mode = found.current
    assert found.fill(0x332211, mode.width, mode.height) == 0
    pixels = uefi.machine.vga.vram[: 4 * mode.line * mode.height].view(np.uint32)
    assert set(pixels.tolist()) == {0x332211}
    assert uefi.breaches == []


@needs_ovmf
def test_page_0_is_there_while_the_vbe_shim_has_it(qemu_video: tuple[Uefi, gop.Gop]) -> None:
    uefi, _ = qemu_video
    assert any(start == 0 for start in uefi.memory.taken) == bool(uefi.memory.taken.get(0))
    bare, _ = made()
    with pytest.raises(Exception, match="UC_ERR_READ_UNMAPPED"):
        bare.cpu.read(0, 4)


@needs_ovmf
def test_a_module_that_is_not_there_is_refused_with_its_neighbours() -> None:
    with pytest.raises(FwsimError, match="no such module") as caught:
        driver_file(f"{OVMF}#QemuVideo")
    assert "QemuVideoDxe" in caught.value.hint


# --- an assignment driver ------------------------------------------------------------------------------------------
ASSIGNMENT = Path(os.environ.get("FWSIM_ROMS", ""), "efi", "vbios_gvt_uefi.rom")


@pytest.mark.skipif(not ASSIGNMENT.is_file(), reason="vbios_gvt_uefi.rom is not under $FWSIM_ROMS")
def test_the_real_assignment_driver_places_what_the_model_places() -> None:
    model, _ = made()
    real, _ = made('[firmware.options]\ndriver = "none"\n')
    assert real.built.placed.bdsm == real.built.placed.asls == 0
    assert entered(real, str(ASSIGNMENT)).entry == "SUCCESS"
    firmware.follow_placement(real)
    assert (real.built.placed.bdsm, real.built.placed.asls) == (model.built.placed.bdsm, model.built.placed.asls)
    assert real.built.placed.e820 == model.built.placed.e820
    assert real.breaches == []
    assert real.unhandled == {}
