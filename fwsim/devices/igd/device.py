"""What does the IGD consist of? Its register file, its GTT and its DDC pins, as arrays that native code works on."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviour import behaviours
from fwsim.devices.igd.rows import Row, compile_rows
from fwsim.native import address_of
from fwsim.registers.families import Family

DDC_PINS = {"crt": 2, "lvds": 3, "hdmi-c": 4, "dp-c": 4, "hdmi-b": 5, "dp-b": 5, "hdmi-d": 6, "dp-d": 6}
MAX_DMA = 32


class Igd:
    """One IGD of ``family`` with ``displays`` (port name to EDID bytes) attached.

    ``without`` names behaviours to leave out: what the ROM does then is how one learns what it needs.
    """

    def __init__(
        self, family: Family, displays: dict[str, bytes], gtt_size: int, without: frozenset[str] = frozenset()
    ) -> None:
        self.family = family
        self.displays = displays
        self.mmio = np.zeros(family.mmio_size // 4, np.uint32)
        self.first = np.zeros(family.mmio_size // 4, np.uint16)
        self.unknown = np.zeros(family.mmio_size // 4, np.uint8)
        self.gtt = np.zeros(gtt_size // 4, np.uint32)
        self.pages = np.zeros(gtt_size // family.pte_width, np.uint64)
        self.touched = np.zeros(self.pages.size, np.uint8)
        self.dma = np.zeros((MAX_DMA, 3), np.uint64)
        self.edid = np.zeros((8, 256), np.uint8)
        self.edid_size = np.zeros(8, np.uint64)
        self.bus = np.zeros(w.BUS_WORDS, np.uint64)
        self.block = np.zeros(w.IGD_WORDS, np.uint64)
        self.reset_values: dict[int, int] = {}
        self.clocks: set[int] = set()
        rows: list[Row] = []
        for behaviour in behaviours(family, displays):
            rows += [row for row in behaviour.rows if row.name not in without]
            if not {row.name for row in behaviour.rows} & without:
                self.reset_values |= behaviour.reset
            self.clocks |= set(behaviour.clocks)
        self.rows = compile_rows(rows, self.first)
        for port, edid in displays.items():
            pin = DDC_PINS.get(port)
            if pin is not None and edid:
                self.edid[pin, : len(edid)] = np.frombuffer(edid[:256], np.uint8)
                self.edid_size[pin] = len(edid)
        self._fill_block()
        self.reset()

    def _fill_block(self) -> None:
        block, fmt = self.block, self.family.pte_format
        for word, array in (
            (w.G_MMIO, self.mmio),
            (w.G_FIRST, self.first),
            (w.G_ROWS, self.rows),
            (w.G_GTT, self.gtt),
            (w.G_PAGES, self.pages),
            (w.G_DMA, self.dma),
            (w.G_EDID, self.edid),
            (w.G_EDID_SIZE, self.edid_size),
            (w.G_BUS, self.bus),
            (w.G_UNKNOWN, self.unknown),
            (w.G_TOUCHED, self.touched),
        ):
            block[word] = address_of(array)
        block[w.G_MMIO_SIZE] = self.mmio.nbytes
        block[w.G_GTT_SIZE] = self.gtt.nbytes
        block[w.G_GTT_AT] = self.family.gtt_offset if self.family.gtt_bar == self.family.mmio_bar else 1 << 40
        block[w.G_PTE_WIDTH] = fmt.width
        block[w.G_LOW_MASK] = fmt.low_mask
        block[w.G_HIGH_MASK] = fmt.high_mask
        block[w.G_HIGH_SHIFT] = fmt.high_shift

    def arrays(self) -> list[NDArray[np.generic]]:
        """What a snapshot keeps."""
        return [self.mmio, self.gtt, self.pages, self.dma, self.bus, self.block, self.unknown, self.touched]

    def reset(self) -> None:
        """Function level reset: registers go to their reset values, the GTT keeps its contents.

        That the GTT survives is why QEMU up to 9.1 zeroed it by hand (hw/vfio/igd.c, GTT clear at init).
        """
        self.mmio[:] = 0
        for offset, value in self.reset_values.items():
            self.mmio[offset >> 2] = value
        self.bus[:] = 0
        self.block[w.G_INDEX] = 0

    def set_dma(self, regions: list[tuple[int, int, int]]) -> None:
        """Where DMA reaches memory: (first bus address, past the end, host address of the first byte)."""
        self.dma[:] = 0
        for i, region in enumerate(regions):
            self.dma[i] = region
        self.block[w.G_DMA_COUNT] = len(regions)
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
        self.pages[valid] = pages

    def take_over(self, other: "Igd") -> None:
        """Be the device ``other`` was, after a function level reset: its GTT contents stay."""
        self.gtt[:] = other.gtt

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
