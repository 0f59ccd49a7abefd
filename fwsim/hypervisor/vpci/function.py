"""One function of the guest: every register that vPCI has a handler for, and the answer where it has none."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.capabilities import MSI, MSIX, Capabilities, find
from fwsim.hypervisor.vpci.domain import Bar, Domain, DomainState
from fwsim.hypervisor.vpci.handlers import EEXIST, Handler, Handlers, OverlapError
from fwsim.hypervisor.vpci.header import Header
from fwsim.hypervisor.vpci.host import Hardware, HostConfig, HostDevice
from fwsim.hypervisor.vpci.msi import Msi, add_msi, registers
from fwsim.hypervisor.vpci.msix import ENODEV, Msix, Trapped, add_msix

_HEADER_TYPE, _MULTI = 0x0E, 0x80
_IDS = ((0x00, 2), (0x02, 2), (0x08, 4), (0x0F, 1), (0x2C, 2), (0x2E, 2), (0x3D, 1), (0x3E, 1), (0x3F, 1))
"""Ids, class and revision, BIST, subsystem, interrupt pin, and the two latencies: (offset, bytes)."""
_STORED = (0x0C, 0x0D, 0x3C)
"""Cache line size, latency timer, interrupt line: bytes that a device stores (PCI Local Bus 3.0, 6.2.4, 6.2.2)."""
_EXPRESS = 0x100


class RefusedError(Exception):
    """A write that no handler takes, where such accesses end in an error: the machine makes a data abort of it."""

    def __init__(self, sbdf: int, offset: int, width: int, value: int) -> None:
        super().__init__(f"no handler for {width} bytes at {offset:#x}")
        self.sbdf = sbdf
        self.offset = offset
        self.width = width
        self.value = value


class FunctionState(Struct, frozen=True):
    """A function at one moment, and its domain: functions of a domain are restored together."""

    command: int
    mapped: bool
    plugged: bool
    bars: tuple[dict[str, Any], ...]
    msi: dict[str, Any] | None
    msix: dict[str, Any] | None
    hardware: object
    domain: DomainState


class VpciFunction:
    """A host's function as the guest of ``domain`` sees it: an Owner of configuration space.

    ``hardware`` is what Xen's own accesses reach; None: the registers of ``device.config``. ``plugged`` False: it is
    not there yet, reads are ones. ``multifunction``: header type bit 7. Raises FwsimError for what Xen does not assign:
    a header type other than 0 and 1 (-EOPNOTSUPP), registers over each other (-EEXIST).
    """

    def __init__(self, device: HostDevice, domain: Domain, hardware: Hardware | None = None) -> None:
        self.device = device
        self.domain = domain
        self.hardware: Hardware = hardware or HostConfig(device)
        self.plugged = True
        self.multifunction = False
        kind = self.hardware.read(_HEADER_TYPE, 1) & 0x7F
        if kind > 1:
            raise FwsimError(
                "vPCI shows no function with such a header (-EOPNOTSUPP)", where=device.name,
                found=f"header type {kind}", expected="0 or 1",
            )  # fmt: skip
        self.handlers = Handlers()
        self.msi: Msi | None = None
        self.msix: Msix | None = None
        try:
            self.header = Header(device, self.hardware, domain, self.handlers)
            extended = len(device.config) > _EXPRESS
            self.capabilities = Capabilities(self.hardware, self.handlers, extended)
            if domain.rules.msi:
                self._add_interrupts()
            if domain.rules.ids:
                self._add_ids()
        except OverlapError as error:
            raise FwsimError(
                "vPCI does not assign a function with two registers in one place", where=device.name,
                found=f"another one at {error}",
                expected="capabilities that do not lie over each other, in a list without a ring",
            ) from None  # fmt: skip
        self.header.interrupts = lambda: any(each is not None and each.enabled for each in (self.msi, self.msix))
        domain.functions.append(self.header)

    def _add_interrupts(self) -> None:
        """MSI, then MSI-X; where one cannot be it is taken out of the list (vpci_init_capabilities)."""
        at = find(self.hardware, MSI)
        if at:
            try:
                self.msi = add_msi(at, self.header, self.handlers)
            except OverlapError:
                self._mask(at, MSI, EEXIST, registers(at, self.hardware.read(at + 2, 2)))
        at = find(self.hardware, MSIX)
        if at:
            try:
                self.msix = add_msix(at, self.header, self.handlers)
                failed = ENODEV
            except OverlapError:
                failed = EEXIST
            if self.msix is None:
                self._mask(at, MSIX, failed, (at + 2, 2))
            else:
                self.header.trapped = Trapped(self.msix, self.header)

    def _mask(self, at: int, capability: int, failed: int, handlers: tuple[int, int]) -> None:
        """Take a capability that could not be set up out of the list, and its handlers away."""
        domain = self.domain
        domain.printk(f"{domain.name} {self.device.name}: init legacy cap {capability} fail rc={failed}, mask it")
        self.handlers.remove(*handlers)
        self.capabilities.hide(at)

    def _add_ids(self) -> None:
        """What says which device it is: Xen has no handlers for these yet, every design needs them."""
        read, add = self.hardware.read, self.handlers.add
        for offset, size in _IDS:
            add(Handler(offset, size, partial(read, offset, size)))
        filtered = self.domain.rules.writes == "filter"
        for offset in _STORED:
            write = partial(self.hardware.write, offset, 1) if filtered else None
            add(Handler(offset, 1, partial(read, offset, 1), write))
        add(Handler(_HEADER_TYPE, 1, lambda: read(_HEADER_TYPE, 1) & 0x7F | (_MULTI if self.multifunction else 0)))

    @property
    def bars(self) -> list[Bar]:
        """Six BARs and one that is never there, for the ROM."""
        return self.header.bars

    @property
    def command(self) -> int:
        """The command register as the device has it."""
        return self.hardware.read(4, 2)

    # --- Owner -------------------------------------------------------------------------------------------------------
    def read(self, bdf: int, offset: int, width: int) -> int:
        """A read of 1, 2 or 4 bytes: ones where no handler is."""
        return self.handlers.read(offset, width) if self.plugged else (1 << 8 * width) - 1

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """A write. Raises RefusedError where the rules say so; then nothing of it was done."""
        if not self.plugged:
            return
        if self.domain.rules.writes == "error" and not self.handlers.covers(offset, width):
            raise RefusedError(self.device.sbdf, offset, width, value)
        self.handlers.write(offset, width, value)

    def state(self) -> FunctionState:
        """Every register, and the domain's mappings."""
        header = self.header
        return FunctionState(
            header.command, header.mapped, self.plugged,
            tuple(asdict(bar) for bar in header.bars),
            deepcopy(asdict(self.msi)) if self.msi else None, deepcopy(asdict(self.msix)) if self.msix else None,
            self.hardware.state(), self.domain.state(),
        )  # fmt: skip

    def restore(self, state: FunctionState) -> None:
        """Go back to it."""
        self.header.command, self.header.mapped, self.plugged = state.command, state.mapped, state.plugged
        for bar, kept in zip(self.header.bars, state.bars, strict=True):
            _set(bar, kept)
        for each, saved in ((self.msi, state.msi), (self.msix, state.msix)):
            if each is not None and saved is not None:
                _set(each, deepcopy(saved))
        self.hardware.restore(state.hardware)
        self.domain.restore(state.domain)


def _set(one: Struct, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(one, name, value)
