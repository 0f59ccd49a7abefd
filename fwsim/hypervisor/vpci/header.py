"""The header of a function as a guest sees it: command, status, BARs, and the mappings that follow memory decode.

Source: Xen c447b7308b, xen/drivers/vpci/header.c; the masks are of xen/include/xen/pci_regs.h.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fwsim.hypervisor.vpci import ranges
from fwsim.hypervisor.vpci.domain import Bar, Domain, TrappedPages, special
from fwsim.hypervisor.vpci.handlers import Handler, Handlers
from fwsim.hypervisor.vpci.host import COMMAND, COMMAND_IO, COMMAND_MEMORY, INTX_DISABLE, Hardware, HostDevice
from fwsim.hypervisor.vpci.stage2 import MapError, Mapping

_RESERVED = 0xFBC1
"""Command bits that a guest's write keeps and its read has as 0: 15:11 and IO, PARITY, WAIT, SERR, FAST_BACK."""
_AT_START = 0x003F
"""Command bits that a function starts without: VGA_PALETTE, INVALIDATE, SPECIAL, MASTER, MEMORY, IO."""
_ONES, _ALL, _BARS = 0xFFFFFFFF, (1 << 64) - 1, 0x10
_COUNTS = {0: (6, 0x30), 1: (2, 0x38)}
"""Of each header type the number of BARs and the ROM BAR's offset."""


class Header:
    """The header of one function of ``domain``. ``hole`` lists the guest page ranges of MSI-X tables (msix.py).

    Raises OverlapError from the constructor where the host's registers cannot be, as init_header's -EEXIST.
    """

    def __init__(self, device: HostDevice, hardware: Hardware, domain: Domain, handlers: Handlers) -> None:
        self.device = device
        self.hardware = hardware
        self.domain = domain
        self.bars = [Bar() for _ in range(7)]
        self.command = hardware.read(COMMAND, 2) & ~_AT_START
        self.mapped = False
        self.interrupts: Callable[[], bool] = lambda: False
        """Whether MSI or MSI-X is on."""
        self.hole: list[tuple[int, int, int]] = []
        """(index of the BAR, offset, bytes) of each table whose pages stay trapped."""
        self.trapped: TrappedPages | None = None
        """Who answers there."""
        reserved = _RESERVED & ~COMMAND_IO if domain.rules.io else _RESERVED
        handlers.add(Handler(COMMAND, 2, lambda: self.command, self._command_written, rsvdp=reserved))
        hardware.write(COMMAND, 2, self.command & ~COMMAND_MEMORY)
        count, rom = _COUNTS[hardware.read(0x0E, 1) & 0x7F]
        self._add_bars(count, handlers)
        handlers.constant(rom, 4, 0)

    # --- BARs --------------------------------------------------------------------------------------------------------
    def _add_bars(self, count: int, handlers: Handlers) -> None:
        given = {bar.index: bar for bar in self.device.bars}
        rules = self.domain.rules
        for index in range(count):
            at, bar = _BARS + 4 * index, self.bars[index]
            host = given.get(index)
            if index and self.bars[index - 1].kind == "low":
                bar.kind = "high"
                low = self.bars[index - 1]
                handlers.add(Handler(at, 4, partial(self._bar_read, low, 32), partial(self._bar_written, index, 32)))
            elif host is not None and host.kind == "io":
                bar.kind, bar.address, bar.guest, bar.size = "io", host.address, host.address, host.size
                if rules.io:
                    handlers.add(Handler(at, 4, partial(self._io_read, bar), partial(self._io_written, bar)))
                elif rules.arm:
                    handlers.constant(at, 4, 0)
            elif host is None or (host.is64 and index == count - 1):
                if host is not None:
                    self.domain.printk(f"device {self.device.name} with 64-bit BAR in last slot")
                handlers.constant(at, 4, 0)
            else:
                bar.kind, bar.size = "low" if host.is64 else "mem32", host.size
                bar.address = bar.guest = host.address
                bar.prefetchable = host.kind == "pref"
                handlers.add(Handler(at, 4, partial(self._bar_read, bar, 0), partial(self._bar_written, index, 0)))

    def _bar_read(self, bar: Bar, shift: int) -> int:
        """guest_mem_bar_read."""
        address = -bar.size & (_ONES if bar.kind == "mem32" else _ALL) if bar.sizing else bar.guest
        if shift:
            return address >> 32 & _ONES
        return address & _ONES | (0 if bar.kind == "mem32" else 4) | (8 if bar.prefetchable else 0)

    def _bar_written(self, index: int, shift: int, value: int) -> None:
        """guest_mem_bar_write."""
        bar = self.bars[index - 1 if shift else index]
        if not shift:
            value &= 0xFFFFFFF0
        if self.domain.rules.bars == "identity":
            bar.sizing = value in (_ONES, 0xFFFFFFF0)
            return
        guest = (bar.guest & ~(_ONES << shift) | value << shift) & ~(bar.size - 1)
        if not bar.enabled:
            bar.guest = guest
        elif guest != bar.guest:
            self.domain.printk(f"{self.device.name}: ignored guest BAR {index} write while mapped", vcpu=True)

    def _io_read(self, bar: Bar) -> int:
        return bar.guest | 1

    def _io_written(self, bar: Bar, value: int) -> None:
        bar.guest = value & 0xFFFFFFFC & -bar.size

    # --- the command -------------------------------------------------------------------------------------------------
    def _command_written(self, command: int) -> None:
        """cmd_write: what it returns is ignored, the guest may try again."""
        if self.interrupts():
            command |= INTX_DISABLE
        self.command = command
        if self.mapped != bool(command & COMMAND_MEMORY):
            self._modify_bars(command)
        else:
            self.hardware.write(COMMAND, 2, command)

    def switch_intx_off(self) -> None:
        """What enabling MSI or MSI-X does (pci_intx, and the guest's view of it)."""
        self.hardware.write(COMMAND, 2, self.hardware.read(COMMAND, 2) | INTX_DISABLE)
        self.command |= INTX_DISABLE

    def _modify_bars(self, command: int) -> None:
        """modify_bars: work out the pages of each BAR, and have them mapped or unmapped before the guest goes on."""
        on = bool(command & COMMAND_MEMORY)
        for index, bar in enumerate(self.bars):
            if not bar.mappable or bar.enabled == on:
                continue
            if not self.domain.on_host(bar.address, bar.size):
                first, last = bar.address >> 12, bar.address + bar.size - 1 >> 12
                name = self.device.name
                self.domain.printk(f"{name}: not mapping BAR [{first:x}, {last:x}] invalid position")
                continue
            if (bar.guest ^ bar.address) & 0xFFF:
                guest, host = special(bar.guest), special(bar.address)
                text = f"{self.device.name}: can't map BAR{index} - offset mismatch: {guest} vs {host}"
                self.domain.printk(text, vcpu=True)
                return
            pages = bar.guest_pages
            bar.pages = ranges.add(bar.pages, *pages)
            for earlier in self.bars[:index]:
                earlier.pages = ranges.remove(earlier.pages, *pages)
        taken = self._hole_pages()
        taken += [other.guest_pages for function in self.domain.functions if function is not self
                  for other in function.bars if other.enabled]  # fmt: skip
        for bar in self.bars:
            for pages in taken:
                bar.pages = ranges.remove(bar.pages, *pages)
        self.domain.defer(self, command)

    def carry_out(self, command: int) -> None:
        """vpci_process_pending: map or unmap; where that fails, decode is off and the guest crashed."""
        on = bool(command & COMMAND_MEMORY)
        for index, bar in enumerate(self.bars):
            while bar.pages:
                first, end = bar.pages[0]
                if not self._map(index, bar, first, end, on):
                    self._decode(command & ~COMMAND_MEMORY)
                    for each in self.bars:
                        each.pages = ()
                    self.domain.crash()
                    return
                bar.pages = bar.pages[1:]
        self._decode(command)

    def _map(self, index: int, bar: Bar, first: int, end: int, on: bool) -> bool:
        """map_range: one range of guest pages. Returns whether it could be."""
        domain, host = self.domain, (bar.address >> 12) + first - (bar.guest >> 12) & _ALL
        last = host + end - first - 1
        if not domain.permitted(host, last + 1):
            domain.printk(f"{domain.name} denied access to MMIO range [{special(host)}, {special(last)}]")
            return False
        try:
            if on:
                domain.stage2.map(Mapping(first << 12, host << 12, end - first << 12, self.device.sbdf, index))
            else:
                domain.stage2.unmap(first << 12, end - first << 12)
        except MapError as error:
            domain.printk(f"{domain.name}: {error.said}" if on else error.said, vcpu=not on)
            domain.printk(
                f"Failed to {'' if on else 'un'}map [{first:x} {end - 1:x}] -> [{host:x} {last + 1:x}]"
                f" for {domain.name}: {error.errno}"
            )
            return False
        return True

    def _decode(self, command: int) -> None:
        """modify_decoding: what is mapped now, and the command that the device gets."""
        on = bool(command & COMMAND_MEMORY)
        before = [self.bars[index].enabled for index, _, _ in self.hole]
        for bar in self.bars:
            if bar.mappable and self.domain.on_host(bar.address, bar.size):
                bar.enabled = on
        for was, (index, _, _), (first, end) in zip(before, self.hole, self._hole_pages(), strict=True):
            if was != self.bars[index].enabled:
                self.domain.trap(first << 12, end - first << 12, self.trapped if on else None)
        if on and not self._make_hole():
            return
        self.hardware.write(COMMAND, 2, command)
        self.mapped = on

    # --- MSI-X tables ------------------------------------------------------------------------------------------------
    def _hole_pages(self) -> list[tuple[int, int]]:
        found = []
        for index, offset, size in self.hole:
            start = self.bars[index].guest + offset
            found.append((start >> 12, (start + size - 1 >> 12) + 1))
        return found

    def _make_hole(self) -> bool:
        """vpci_make_msix_hole: where a table's page is mapped to another page of the host, it is not done."""
        stage2 = self.domain.stage2
        for (index, _, _), (first, end) in zip(self.hole, self._hole_pages(), strict=True):
            if not self.bars[index].enabled:
                continue
            for page in range(first, end):
                there = stage2.at(page << 12)
                if there is None:
                    continue
                host = there.host + (page << 12) - there.guest >> 12
                if host == page:
                    stage2.unmap(page << 12, 0x1000)
                    continue
                self.domain.printk(
                    f"{self.device.name}: existing mapping (mfn: {host:05x} type: 5) at {special(page)}"
                    " clobbers MSIX MMIO area",
                    vcpu=True,
                )
                return False
        return True
