"""The IGD consists of a register file, a GTT, DDC pins and AUX sinks, as arrays that native code works on."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours import interrupt
from fwsim.devices.igd.behaviours.core import Site
from fwsim.devices.igd.behaviours.table import behaviours
from fwsim.devices.igd.behaviours.wiring import wiring
from fwsim.devices.igd.link import Link
from fwsim.devices.igd.rows import Row, compile_rows
from fwsim.devices.igd.sinks import board_panel_edid, dpcd_of
from fwsim.devices.igd.storage import form_table, storage
from fwsim.devices.vga.state import I2C_IDLE
from fwsim.errors import FwsimError
from fwsim.memory.ram import untouched
from fwsim.native import address_of
from fwsim.registers.family import Family

MAX_DMA = 32
_LOCAL = 3
"""An entry is valid, and its address is one in the device's own memory (pte.FORMATS, mtl)."""


class Stolen(Struct, frozen=True):
    """The host's stolen memory: GGC (GMCH_CTRL before generation 6) and its base."""

    ggc: int
    bdsm: int


class Igd:
    """One IGD of ``family`` with ``displays`` (port name to EDID bytes) attached.

    ``without`` names behaviours to leave out: what the ROM does then is how one learns what it needs. ``stolen``: what
    the host's registers say of its stolen memory; the family's defaults when left out. ``links``: by port, how a
    DisplayPort sink answers and trains where it does not do so at once.
    """

    def __init__(
        self, family: Family, displays: dict[str, bytes], gtt_size: int, without: frozenset[str] = frozenset(),
        stolen: Stolen | None = None, links: Mapping[str, Link] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.family = family
        self.displays = displays
        self.mmio: NDArray[np.uint32] = untouched(family.mmio_size // 4, np.uint32)
        self.unknown: NDArray[np.uint8] = untouched(family.mmio_size // 4, np.uint8)
        self.gtt: NDArray[np.uint32] = untouched(gtt_size // 4, np.uint32)
        self.pages: NDArray[np.uint64] = untouched(gtt_size // family.pte_width, np.uint64)
        self.raw_gtt: NDArray[np.uint32] = untouched(gtt_size // 4, np.uint32)
        self.touched: NDArray[np.uint8] = untouched(self.pages.size, np.uint8)
        self.used: NDArray[np.uint8] = untouched(self.pages.size, np.uint8)
        self.dma = np.zeros((MAX_DMA, 3), np.uint64)
        self.edid = np.zeros((w.PINS, 256), np.uint8)
        self.edid_size = np.zeros(w.PINS, np.uint64)
        self.wires = np.zeros((w.PINS, 2), np.uint64)
        self.sinks = np.zeros((8, w.SINK_WORDS), np.uint64)
        self.dpcd = np.zeros((8, w.DPCD_SIZE), np.uint8)
        self.sink_edid = np.zeros((8, 256), np.uint8)
        self.sideband = np.zeros((w.SIDEBAND_SLOTS, 2), np.uint64)
        self.bus = np.zeros(w.BUS_WORDS, np.uint64)
        self.block = np.zeros(w.IGD_WORDS, np.uint64)
        self._inherited = False
        """Whether the GTT's entries came from another device: at first it has none else, until DMA leads somewhere."""
        self.at_reset: dict[int, int] = {}
        self.unit_reset: dict[int, int] = {}
        stolen = stolen or Stolen(family.ggc, family.bdsm)
        self._behave(Site(family, wiring(family), frozenset(displays), stolen.ggc, stolen.bdsm), without)
        self._attach(links)
        self._fill_block()
        self._to_reset()

    def _behave(self, site: Site, without: frozenset[str]) -> None:
        self.behaviours = behaviours(site)
        names = {behaviour.name for behaviour in self.behaviours}
        if without - names:
            raise FwsimError(
                "no such behaviour", where=site.family.name, found=", ".join(sorted(without - names)),
                expected=", ".join(sorted(names)),
            )  # fmt: skip
        kept = [behaviour for behaviour in self.behaviours if behaviour.name not in without]
        gone = [at >> 2 for behaviour in self.behaviours if behaviour.name in without for at in behaviour.registers]
        self.wires_irq = interrupt.wires(site)
        rows = [row for behaviour in kept for row in behaviour.rows]
        self._store([*rows, *interrupt.rows(self.wires_irq)], gone)
        for behaviour in kept:
            for at, value in behaviour.reset.items():
                self.at_reset[at >> 2] = value
            self.unit_reset |= behaviour.unit_reset
        units = [unit for behaviour in kept for unit in behaviour.units]
        self.units = np.array(units, np.uint64).reshape(-1, w.UNIT_WORDS)

    def _store(self, rows: list[Row], gone: list[int]) -> None:
        """The register file: by the database, with the behaviours' ``rows``.

        Dwords whose behaviour is ``gone`` are storage: what is left out is not there.
        """
        stored = storage(self.family)
        self.kinds = stored.kinds.copy()
        self.kinds[gone] = 0
        self.at_reset = {at: value for at, value in stored.reset.items() if at not in gone}
        forms = list(stored.forms)
        first_rows: dict[int, int] = {}
        self.rows, first = compile_rows(rows)
        for dword, row in first.items():
            first_rows[len(forms)] = row
            forms.append(stored.forms[self.kinds[dword]])
            self.kinds[dword] = len(forms) - 1
        self.forms = form_table(forms, first_rows)
        self.state = np.zeros(w.STATE_ROWS + len(self.rows), np.uint64)

    def _attach(self, links: Mapping[str, Link]) -> None:
        """Put each display's EDID behind its GMBUS pins, or its sink on its AUX channel.

        A laptop's panel is wired to the PCH whether the scenario lights it or not: strap set, EEPROM answering.
        """
        wires = wiring(self.family)
        displays = dict(self.displays)
        if displays and self.family.panel == "lvds" and self.family.gen >= 5:
            displays.setdefault("lvds", board_panel_edid())
        for port, edid in displays.items():
            pin, channel = wires.pin(port), wires.channel(port)
            data = np.frombuffer(edid[:256], np.uint8)
            if pin is not None and edid:
                self.edid[pin, : len(data)] = data
                self.edid_size[pin] = len(data)
                self.wires[pin, 1] = address_of(self.edid) + 256 * pin
            if channel is not None:
                self.sink_edid[channel, : len(data)] = data
                self.sinks[channel, w.S_DPCD] = address_of(self.dpcd) + w.DPCD_SIZE * channel
                self.sinks[channel, w.S_EDID] = address_of(self.sink_edid) + 256 * channel
                self.sinks[channel, w.S_EDID_SIZE] = len(data)
                link = links.get(port, Link())
                self.sinks[channel, w.S_DEFERS] = link.defers
                self.sinks[channel, w.S_SWING] = link.swing
                self.sinks[channel, w.S_PRE] = link.pre_emphasis

    def _fill_block(self) -> None:
        block, fmt = self.block, self.family.pte_format
        for word, array in (
            (w.G_MMIO, self.mmio),
            (w.G_KINDS, self.kinds),
            (w.G_FORMS, self.forms),
            (w.G_ROWS, self.rows),
            (w.G_GTT, self.gtt),
            (w.G_PAGES, self.pages),
            (w.G_DMA, self.dma),
            (w.G_EDID, self.edid),
            (w.G_EDID_SIZE, self.edid_size),
            (w.G_BUS, self.bus),
            (w.G_UNKNOWN, self.unknown),
            (w.G_TOUCHED, self.touched),
            (w.G_USED, self.used),
            (w.G_RAW, self.raw_gtt),
            (w.G_STATE, self.state),
            (w.G_WIRES, self.wires),
            (w.G_SINKS, self.sinks),
            (w.G_SIDEBAND, self.sideband),
            (w.G_UNITS, self.units),
        ):
            block[word] = address_of(array)
        block[w.G_PLAIN_READS] = storage(self.family).plain_reads
        block[w.G_UNIT_COUNT] = len(self.units)
        block[w.G_MMIO_SIZE] = self.mmio.nbytes
        block[w.G_GTT_SIZE] = self.gtt.nbytes
        block[w.G_GTT_AT] = self.family.gtt_offset if self.family.gtt_bar == self.family.mmio_bar else 1 << 40
        block[w.G_PTE_WIDTH] = fmt.width
        block[w.G_PTE_SHIFT] = fmt.width.bit_length() - 1
        block[w.G_LOW_MASK] = fmt.low_mask
        block[w.G_HIGH_MASK] = fmt.high_mask
        block[w.G_HIGH_SHIFT] = fmt.high_shift

    def arrays(self) -> list[NDArray[np.generic]]:
        """What a snapshot keeps."""
        return [
            self.mmio, self.gtt, self.pages, self.dma, self.bus, self.block, self.unknown, self.touched, self.used,
            self.state, self.wires, self.sinks, self.dpcd, self.sideband, self.raw_gtt,
        ]  # fmt: skip

    def reset(self) -> None:
        """Function level reset: registers and engines go to their reset values, the GTT keeps its contents.

        The panel goes dark, for PP_CONTROL is a register too; a sink keeps its power but loses its link. What firmware
        set up before the ROM (clocks, straps, stolen memory's mirrors) counts as reset value. That the GTT survives is
        why QEMU up to 9.2 zeroed it by hand (hw/vfio/igd.c, GTT clear at init).
        """
        self.mmio[:] = 0
        self.bus[:] = 0
        self.state[:] = 0
        self.sinks[:, w.S_OFFSET] = 0
        self.sinks[:, w.S_DEFERRED] = 0
        self.sideband[:] = 0
        self.block[w.G_INDEX] = 0
        self._to_reset()

    def _to_reset(self) -> None:
        """What is not zero at reset; the rest is, and in a new device without being touched: it is two MiB."""
        self.mmio[list(self.at_reset)] = list(self.at_reset.values())
        self.wires[:, 0] = I2C_IDLE
        wires = wiring(self.family)
        for channel in np.flatnonzero(self.sinks[:, w.S_DPCD]):
            self.dpcd[channel] = dpcd_of(wires.lanes(int(channel)))
        for key, value in self.unit_reset.items():
            self._unit_put(key, value)

    def _unit_put(self, key: int, value: int) -> None:
        """A sideband unit's register, in the table that hot_sideband reads: an open hash of 4096 slots."""
        slot = key * 0x9E3779B97F4A7C15 % (1 << 64) >> 52
        while self.sideband[slot, 0] not in (0, key + 1):
            slot = (slot + 1) % w.SIDEBAND_SLOTS
        self.sideband[slot] = key + 1, value

    def set_local(self, address: int, size: int) -> None:
        """The device's own memory: host address of its first byte, and bytes of it.

        Entries with bit 1 lead there by their offset in it. It is stolen memory of the host, which the device reaches
        inside the chip: neither the IOMMU nor a guest's address map has a part in that.
        """
        self.block[w.G_LOCAL], self.block[w.G_LOCAL_SIZE] = address, size

    def local(self, entries: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of these entries lead into the device's own memory."""
        if not self.block[w.G_LOCAL_SIZE]:
            return np.zeros(entries.shape, np.bool_)
        leads: NDArray[np.bool_] = entries & np.uint64(_LOCAL) == np.uint64(_LOCAL)
        return leads

    def set_dma(self, regions: list[tuple[int, int, int]]) -> None:
        """Where DMA reaches memory: (first bus address, past the end, host address of the first byte)."""
        empty = not self.block[w.G_DMA_COUNT] and not self._inherited
        self.dma[:] = 0
        for i, region in enumerate(regions):
            self.dma[i] = region
        self.block[w.G_DMA_COUNT] = len(regions)
        if not empty:
            self._find_pages()

    def _find_pages(self) -> None:
        """Where every entry leads, worked out anew: after DMA changed, or the GTT's contents came from elsewhere."""
        self.pages[np.flatnonzero(self.pages)] = 0
        low = self.gtt[:: self.family.pte_width // 4]
        valid = np.flatnonzero(low & np.uint32(1))
        targets = self.targets(self.entries(valid))
        pages = np.zeros(valid.size, np.uint64)
        for first, end, host in reversed(self.dma[: int(self.block[w.G_DMA_COUNT])].tolist()):
            inside = (targets >= np.uint64(first)) & (targets < np.uint64(end))
            pages[inside] = targets[inside] - np.uint64(first) + np.uint64(host)
        local = self.local(self.entries(valid))
        pages[local] = np.where(targets < self.block[w.G_LOCAL_SIZE], targets + self.block[w.G_LOCAL], 0)[local]
        self.pages[valid] = pages

    def take_over(self, other: "Igd", *, reset: bool = True) -> None:
        """Be the device ``other`` was: after a function level reset, which the GTT's contents survive, or as it is.

        What is wired to it is this one's own, and so is where its DMA leads.
        """
        self.gtt[:] = other.gtt
        self._inherited = True
        if reset:
            return
        for name in ("mmio", "bus", "state", "dpcd", "sideband"):
            getattr(self, name)[:] = getattr(other, name)
        self.wires[:, 0] = other.wires[:, 0]
        for word in (w.S_OFFSET, w.S_DEFERRED):
            self.sinks[:, word] = other.sinks[:, word]
        self.block[w.G_INDEX] = other.block[w.G_INDEX]

    def entries(self, numbers: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.uint64]:
        """GTT entries, widened to 64 bits: those of these ``numbers``, or every one."""
        if self.family.pte_width == 8:
            return self.gtt.view(np.uint64)[numbers]
        return self.gtt[numbers].astype(np.uint64)

    def targets(self, entries: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The page address each entry points at, by the family's PTE format."""
        fmt = self.family.pte_format
        low = entries & np.uint64(fmt.low_mask)
        if not fmt.high_mask:
            return low
        return low | ((entries & np.uint64(fmt.high_mask)) << np.uint64(fmt.high_shift))

    def register(self, offset: int) -> int:
        """The register's stored value."""
        return int(self.mmio[offset >> 2])
