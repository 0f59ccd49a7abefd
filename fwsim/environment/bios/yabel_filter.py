"""What YABEL lets the ROM reach: its device's ports, VGA's, port 61h, its own configuration; the rest is a buffer.

Sources (coreboot f0f911824b): src/device/oprom/yabel/io.c, device.c (biosemu_dev_translate_address: a range's end is
inside it). Under CONFIG_YABEL_DIRECTHW nothing is filtered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.firmware.callers import Caller
from fwsim.machine.decode import bar_address
from fwsim.machine.machine import Machine
from fwsim.native import PORT_STORE

_VGA = ((0x3B0, 0x3BC), (0x3C0, 0x3E0))
_PASSED = (0x61, *range(0xCF8, 0xD00))
"""Port 61h is read for real; CF8 and CFC lead to the device's own configuration."""


class Filter:
    """Ports and functions of one machine, as YABEL shows them while it is ``put_on``. ``halt`` is told why it halts.

    While it is on, it owns what is not there: and no other function is. It is asked for each of them.
    """

    def __init__(self, machine: Machine, caller: Caller, halt: Callable[[str], None]) -> None:
        self._machine, self._caller, self._halt = machine, caller, halt
        self._devfn = machine.scenario.guest.devfn
        self._before: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
        self._slots: dict[int, int] = {}

    def put_on(self) -> None:
        """From now on."""
        if self._caller.direct:
            return
        machine, pci = self._machine, self._machine.pci
        self._before = machine.ports.copy(), machine.latch.copy()
        passed = np.zeros(len(machine.ports), bool)
        passed[list(_PASSED)] = True
        for first, last in (*_VGA, *self._bars()):
            passed[first : last + 1] = True
        machine.ports[~passed] = PORT_STORE
        machine.latch[~passed] = 0
        self._slots = {bdf: pci.slot(bdf) for bdf in pci.present()}
        pci.own(0, self)
        self._hide()

    def _hide(self) -> None:
        routes = self._machine.pci.routes
        own = int(routes[self._devfn])
        routes[:] = 0
        routes[self._devfn] = own

    def take_off(self) -> None:
        """No longer."""
        if self._before is None:
            return
        machine = self._machine
        machine.pci.own(0, None)
        for bdf, slot in self._slots.items():
            machine.pci.routes[bdf] = slot
        machine.ports[:], machine.latch[:] = self._before
        self._before = None

    def _bars(self) -> list[tuple[int, int]]:
        """First and last port of each I/O BAR of the device, and the one behind."""
        machine = self._machine
        display = next((each for each in machine.functions if each.devfn == self._devfn), None)
        if display is None:
            return []
        found = [(bar_address(machine.pci, display, bar), bar.size) for bar in display.bars if bar.kind == "io"]
        return [(at, at + size) for at, size in found if at]

    # --- the functions that are not the ROM's -----------------------------------------------------------------------
    def read(self, bdf: int, offset: int, width: int) -> int:
        """Halts, unless other functions may be read and one is there."""
        if self._caller.others and bdf in self._slots:
            return self._machine.pci.seen_by_guest(self._slots[bdf], offset, width)
        self._refuse(f"Config read access invalid device! {_where(bdf, offset)}")
        return 0

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """Halts, unless writes are faked."""
        if not self._caller.fakes:
            self._refuse(f"Config write access invalid! PCI device {_where(bdf, offset)}")

    def _refuse(self, why: str) -> None:
        self._halt(why)
        self._machine.engine.abort()

    def state(self) -> Any:
        """What was there before, and where."""
        return self._before, dict(self._slots)

    def restore(self, state: Any) -> None:
        """Ports and owners are the machine's to put back; which functions answer then is worked out anew."""
        self._before, slots = state
        for bdf, slot in self._slots.items():
            self._machine.pci.routes[bdf] = slot
        self._slots = dict(slots)
        if self._before is not None:
            self._hide()


def _where(bdf: int, offset: int) -> str:
    return f"{bdf >> 8:x}:{bdf >> 3 & 31:x}.{bdf & 7:x}, offs: {offset:x}"
