"""A mirror list is a hypervisor: what ``pci-mirror.toml`` names is the host's, all else is emulated or not there.

This is the design that the list asked for in 2014 would allow (A. Williamson on xen-devel, 2 July 2014: registers,
OpRegions and GTT mappings to be mirrored, and what needs write access). The guest around it is QEMU's PC. Ours, so
its definition is here and in docs/custom.md: headers are virtual as vfio has them (Linux
drivers/vfio/pci/vfio_pci_config.c), a register beyond them reads 0 where it is not listed, and takes no write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import (
    ASLS,
    BDSM_SIZE_FILE,
    HOST_BRIDGE,
    IGD,
    LPC_BRIDGE,
    Assignment,
    Choice,
    Copied,
    Device,
    GttPolicy,
    Hypervisor,
    Overlay,
    Register,
    Shown,
    Stub,
)
from fwsim.hypervisor.mirror.dangers import opened
from fwsim.hypervisor.mirror.model import CONFIG_END, HEADER_END, Mirror, Span
from fwsim.hypervisor.mirror.read import read_mirror
from fwsim.hypervisor.qemu.releases import release

_RELEASE = "10.2"
"""The QEMU release whose PC the guest is."""
_STATUS, _NO_LIST, _CAPABILITIES = 0x06, 0x80, 0x34
"""Status without its bit 4, Capabilities List, and the pointer (PCI Local Bus 3.0, 6.2.3): the list is hidden."""
_BDSM_MIRROR, _GGC = 0x1080C0, range(0x50, 0x52)
_CLASSES = {LPC_BRIDGE: (0x2918, 0x060100)}
"""What a function made for the guest shows where the list does not have the host's: at 00:1f.0 the id of QEMU's ICH9
(hw/isa/lpc_ich9.c); elsewhere no id, and the class of an unknown memory controller, which no driver takes."""
_NO_DRIVER = (0x0000, 0x058000)


class Custom(Hypervisor):
    """``custom``: made of the list that ``hypervisor.mirror`` names."""

    kind = "custom"
    chosen_by = "mirror"

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError where no list is named, and for one that cannot be."""
        super().__init__(choice)
        if not choice.mirror:
            raise FwsimError(
                "no list is named", where="hypervisor.mirror", found='""', expected="a file such as pci-mirror.toml",
                hint="fwsim needs RUN --out pci-mirror.toml makes one, from a run of the ROM on the host itself",
            )  # fmt: skip
        self._list: Mirror = read_mirror(choice.mirror)

    @property
    def title(self) -> str:
        """As sentences name it."""
        return "the mirror list"

    @property
    def known(self) -> Known:
        """It is a design of ours: the list is its definition."""
        return Known("assumed", f"a design of fwsim's own: the host's is what {self._list.path} lists")

    @property
    def story(self) -> str:
        """One sentence."""
        base = "a base of its own" if self._list.bdsm == "virtual" else "the host's own base"
        return f"A mirror list stands between: the guest sees what is listed of the host, and has {base}."

    @property
    def qemu_release(self) -> tuple[int, ...]:
        """10.2's."""
        return release(_RELEASE)

    @property
    def vapic(self) -> bool:
        """As with QEMU."""
        return self.choice.vapic != "off"

    def assign(self, device: Device) -> Assignment:
        """What is listed, with a warning for each register by which a guest could reach the host.

        Firmware that places at the host's base (EVE's, firmware.kind host-base) does nothing without an OpRegion and
        00:02.0's GGC: an identity mapping has both in any case.
        """
        mirror = self._list
        bridges = [bdf for bdf in mirror.functions if bdf != IGD]
        given = Assignment(
            generation=device.generation, opregion=mirror.bdsm == "identity" or _offers_opregion(mirror),
            own_bdsm=False, vga=bool(mirror.vga), vga_ports=mirror.vga, host_ports=mirror.ports,
            copies={bdf: tuple(_copied(mirror, bdf)) for bdf in bridges},
            stubs=tuple(Stub(bdf, *_CLASSES.get(bdf, _NO_DRIVER)) for bdf in bridges if bdf != HOST_BRIDGE),
            bar0=_shown(mirror.bar0), gtt=tuple(row for row in _shown(mirror.gtt) if row.writes),
        )  # fmt: skip
        given.messages += [f"warning: {each}" for each in opened(mirror)]
        if mirror.generation != device.generation:
            given.error_field = "mirror"
            given.error = f"a list of {mirror.cpu} (gen {mirror.generation}), for a device of gen {device.generation}"
        given.registers = list(self._igd(device, given))
        self._stolen(device, given)
        return given

    def _stolen(self, device: Device, given: Assignment) -> None:
        """What firmware is to place; the mirror of BDSM in BAR0 follows where it is listed.

        A base that the guest cannot see needs no memory, but that of an identity mapping is known without being read.
        """
        mirror, (at, width) = self._list, _bdsm(device)
        if mirror.bdsm == "virtual" and not mirror.shows(IGD, at, at + width):
            return
        given.stolen = device.stolen
        given.files[BDSM_SIZE_FILE] = device.stolen.to_bytes(8, "little")
        given.own_bdsm = mirror.bdsm == "virtual"
        mirrored = any(row.first <= _BDSM_MIRROR < row.end and row.access != "hidden" for row in mirror.bar0)
        if given.own_bdsm and mirrored:
            given.overlays = [Overlay(_BDSM_MIRROR, width, at)]

    def _igd(self, device: Device, given: Assignment) -> Iterator[Register]:
        """Configuration space of 00:02.0 beyond the header: answered, protected or hidden, byte by byte."""
        mirror, (bdsm, width) = self._list, _bdsm(device)
        own = {}
        if mirror.bdsm == "virtual" and mirror.shows(IGD, bdsm, bdsm + width):
            own[bdsm] = Register(bdsm, width, writable=(1 << 8 * width) - 1)
        if given.opregion:
            own[ASLS] = Register(ASLS, 4, writable=0xFFFFFFFF)
        yield from own.values()
        taken = {at for row in own.values() for at in range(row.offset, row.offset + row.width)}
        shown = dict.fromkeys(_GGC, False) if mirror.bdsm == "identity" and device.generation >= 6 else {}
        shown |= {at: "w" in row.access for row in mirror.shown(IGD) for at in range(row.first, row.end)}
        if _CAPABILITIES not in shown:
            yield Register(_STATUS, 1, "hidden", _NO_LIST)
            yield Register(_CAPABILITIES, 1, "hidden")
        for dword in range(HEADER_END, CONFIG_END, 4):
            lanes = [at for at in range(dword, dword + 4) if at not in taken]
            if len(lanes) == 4 and not any(at in shown for at in lanes):
                yield Register(dword, 4, "hidden")
                continue
            for at in lanes:
                if at not in shown:
                    yield Register(at, 1, "hidden")
                elif not shown[at]:
                    yield Register(at, 1, "kept")

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """The IGD's; of the bridges, what is listed was copied."""
        return given.registers if function.bdf == device.devfn else ()

    def gtt_policy(self, device: Device, given: Assignment, answer_at: Callable[[int], int]) -> GttPolicy:
        """A write outside of what the list lets the guest write maps nothing."""
        import numpy as np

        from fwsim.hypervisor import mirror_gtt as native

        rows = given.gtt or ()
        words = np.zeros(native.L_RANGES + 2 * len(rows), np.uint64)
        words[native.L_COUNT] = len(rows)
        words[native.L_RANGES :] = [edge for row in rows for edge in (row.first, row.end)]
        return GttPolicy(write=native.listed.address, words=words)

    def opregion(self, content: bytes, asls: int) -> bytes:
        """The header and the parts that are listed, the rest zeroes: a copy, which the guest may write."""
        shown = bytearray(len(content))
        shown[:_OPREGION_HEADER] = content[:_OPREGION_HEADER]
        for row in self._list.opregion:
            if row.access != "hidden":
                shown[row.first : row.end] = content[row.first : row.end]
        return bytes(shown[: len(content)])


_OPREGION_HEADER = 0x100


def _shown(rows: Sequence[Span]) -> tuple[Shown, ...]:
    return tuple(Shown(row.first, row.end, "w" in row.access) for row in rows if row.access != "hidden")


def _offers_opregion(mirror: Mirror) -> bool:
    """Whether the guest is told of an OpRegion, and has something of it."""
    return bool(mirror.opregion) and mirror.shows(IGD, ASLS, ASLS + 4)


def _bdsm(device: Device) -> tuple[int, int]:
    """Where BDSM is, and how wide."""
    return (0x5C, 4) if device.generation < 11 else (0xC0, 8)


def _copied(mirror: Mirror, bdf: int) -> Iterator[Copied]:
    for row in mirror.shown(bdf):
        yield Copied(row.offset, row.width, "w" in row.access)
