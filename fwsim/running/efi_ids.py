"""Which devices a UEFI driver takes is found out by asking it: Supported is called for one device id after another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fwsim.environment.uefi import firmware, pe
from fwsim.environment.uefi.drivers import enter, load
from fwsim.environment.uefi.uefi import EndedError, Uefi
from fwsim.environment.uefi.words import DRIVER_BINDING
from fwsim.machine.build import build
from fwsim.native import R_EV_LIMIT
from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.rom.chain import Rom
from fwsim.rom.drivers import EfiDriver
from fwsim.scenario.model import Firmware, Host, Hypervisor, Scenario

KNOWN = sorted({each for ids in DEVICE_IDS.values() for each in ids})
"""The ids of every graphics device that is known."""
_DEVICE_ID = 2
_EVENTS = 1 << 40


def accepted(driver: EfiDriver, ids: Iterable[int] = KNOWN) -> list[int]:
    """Those of ``ids`` for which the driver's Supported is SUCCESS, with a display controller of Intel's at 00:02.0.

    Empty for a driver that does not come back from its entry or has no driver binding. Raises FwsimError for what is
    no PE image for this CPU.
    """
    image = pe.load(driver.raw, driver.name)
    scenario = Scenario(host=Host(vga="igd"), hypervisor=Hypervisor(kind="qemu"), firmware=Firmware(kind="ovmf"))
    built = build(scenario, Rom(Path(), b"", "", (), ()), b"", None, mode="long")
    built.machine.root[R_EV_LIMIT] = _EVENTS
    try:
        return _asked(Uefi(built), image, driver.name, scenario.guest.devfn, ids)
    except EndedError:
        return []
    finally:
        built.machine.recorder.close()


def _asked(uefi: Uefi, image: pe.Pe, name: str, devfn: int, ids: Iterable[int]) -> list[int]:
    system = firmware.system_table(uefi)
    handles = firmware.install_buses(uefi)
    enter(uefi, load(uefi, image, name, system), image, system)
    bound = uefi.handles.with_protocol(DRIVER_BINDING)
    bindings = [uefi.handles.interface(handle, DRIVER_BINDING) or 0 for handle in bound]
    pci = uefi.machine.pci
    found = []
    for number in ids if bindings else ():
        pci.emulate(pci.slot(devfn), _DEVICE_ID, 2, number, 0)
        if any(uefi.call(uefi.number(at), at, handles[devfn], 0) == 0 for at in bindings):
            found.append(number)
    return found
