"""A real GOP driver on the IGD's model: started, its modes set, and what is on the screen then."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace as with_fields

from fwsim.devices.igd.scanout import scan
from fwsim.environment.uefi import drivers, firmware, gop, pe
from fwsim.environment.uefi.uefi import EndedError, Uefi
from fwsim.machine.build import build
from fwsim.rom.chain import Rom
from fwsim.scenario.load import loads
from fwsim.trace.efi import status_name

ROMS = Path(os.environ.get("FWSIM_ROMS", ""))
_S = 1_000_000_000


@dataclass
class Started:
    """What Start returned, the modes with what the display reads in each, and how many accesses it took."""

    status: str
    ending: str = ""
    modes: list[tuple[str, str, int]] = field(default_factory=list)
    accesses: int = 0
    entries: dict[int, int] = field(default_factory=dict)
    base: int = 0

    @property
    def lit(self) -> bool:
        """Every mode was set, its plane is on, and every page of it comes from memory."""
        return bool(self.modes) and all(each == ("SUCCESS", "plane", 0) for each in self.modes)


def started(
    driver: str, host: str, vbt: str, port: str, without: frozenset[str] = frozenset(), seconds: int = 20
) -> Started:
    """Start ``driver`` (of gop/) with ``vbt`` (of board/, empty: none) and a display at ``port``."""
    scenario = loads(
        f'host = {{ vga = "igd", {host} }}\ndisplay = [{{ port = "{port}" }}]\n'
        '[hypervisor]\nprofile = "10.2"\nlpc = "on"\n[firmware]\nkind = "ovmf"\n'
    )
    scenario = with_fields(scenario, budget=with_fields(scenario.budget, time_ns=seconds * _S))
    built = build(scenario, Rom(Path(), b"", "", (), ()), b"", None, without=without, mode="long")
    uefi = Uefi(built)
    image = (ROMS / "gop" / f"{driver}.efi").read_bytes()
    table = (ROMS / "board" / f"{vbt}.vbt").read_bytes() if vbt else b""
    system = firmware.system_table(uefi)
    handles = firmware.install_buses(uefi)
    firmware.install_policy(uefi, table)
    loaded = pe.load(image, driver)
    one = drivers.load(uefi, loaded, driver, system)
    result = Started("")
    try:
        drivers.enter(uefi, one, loaded, system)
        drivers.connect(uefi, [one], handles[0x10])
        for each in gop.found(uefi)[:1]:
            for number in range(each.count):
                status = each.set(number)
                shown = scan(built.machine.igd, built.machine.vga)
                result.modes.append((status_name(status), shown.source, shown.unreadable_pages))
            result.base = each.base
    except EndedError as error:
        result.ending = error.ending.reason
    result.status = one.start
    result.accesses = len(built.machine.recorder.tail(1 << 20))
    entries = built.machine.igd.entries()
    result.entries = {int(number): int(entries[number]) for number in entries.nonzero()[0]}
    return result
