"""coreboot's placement: under QEMU it knows of no IGD; on Sandy and Ivy Bridge its own code lays out stolen memory.

Sources (coreboot f0f911824b): src/mainboard/emulation/qemu-i440fx/northbridge.c, cpu_pci_domain_read_resources;
src/northbridge/intel/sandybridge/raminit_common.c, dram_memorymap; src/drivers/intel/gma/opregion.c.
"""

from __future__ import annotations

from msgspec.structs import replace

from fwsim.exactness import Exactness, Known
from fwsim.firmware.callers import Caller
from fwsim.firmware.coreboot.options import CorebootOptions
from fwsim.firmware.interface import Allocator, SizeSource, typed
from fwsim.firmware.request import IGD_BDF, Function, Options, Placement, Request
from fwsim.firmware.seabios import SEABIOS
from fwsim.memory.e820 import E820Map, E820Type

_MIB = 1 << 20
_HOLE = 2048
"""DEFAULT_PCI_MMIO_SIZE: MiB below 4 GiB for PCI."""
_TSEG = 8
"""CONFIG_SMM_TSEG_SIZE's default (src/cpu/intel/model_206ax/Kconfig), in MiB."""
_OWN_BDSM, _VGA_HOLE = 0x5C, (0xA0000, 0x100000)


class Coreboot(Allocator):
    """The allocator's row."""

    name = "coreboot"
    title = "coreboot"
    options = CorebootOptions
    calls_vbios = True
    knows_igd = False

    def size_from(self, options: Options) -> SizeSource:
        """GGC, where the chipset's code lays out memory; nobody tells its port for QEMU of any."""
        return "ggc" if typed(options, CorebootOptions).chipset != "qemu" else "nobody"

    def callers(self, version: str, options: Options) -> tuple[Caller, ...]:
        """coreboot itself, and its payload."""
        return typed(options, CorebootOptions).callers()

    def exactness(self, version: str, options: Options) -> Exactness:
        """Its resource allocator is not modelled: BARs are SeaBIOS's. What the chipset's code lays out was read."""
        found = {"bars": Known("assumed", "as SeaBIOS places them: coreboot's resource allocator is not modelled")}
        if typed(options, CorebootOptions).chipset == "qemu":
            return found | {"e820": Known("assumed", "SeaBIOS's: coreboot's own tables (CBMEM) take the top of RAM")}
        read = Known("read", "coreboot src/northbridge/intel/sandybridge/raminit_common.c, dram_memorymap")
        e820 = Known(read.certainty, f"{read.source}; assumed: TSEG of 8 MiB, no ME memory")
        return found | {"bdsm": read, "e820": e820}

    def place(self, request: Request) -> Placement:
        """Place BARs as SeaBIOS does, and stolen memory where the chipset's code does. Raises FwsimError as SeaBIOS's
        rules do, for a machine other than pc and q35.
        """
        options = typed(request.options, CorebootOptions)
        out = SEABIOS.place(replace(request, opregion_size=None, bdsm_file=None, version="", options=None))
        out.log.clear()
        out.warnings.clear()
        out.post_e820, out.temporary = [], []
        out.notes.append("assumed: BARs as SeaBIOS places them; coreboot's resource allocator is not modelled")
        display = next((each for each in request.functions if each.bdf == IGD_BDF and each.ggc is not None), None)
        if options.chipset == "qemu":
            out.notes.append(
                "coreboot's port for QEMU reads no etc/igd-* file and has no driver for an IGD: BDSM and ASLS stay 0"
            )
        elif display is not None:
            _lay_out(request, display, out)
        return out


def layout(tom: int, ggc: int) -> tuple[int, ...]:
    """(TSEG, GTT's memory, stolen memory, TOLUD) of Sandy and Ivy Bridge, bytes, for ``tom`` bytes of RAM and GGC.

    The ME takes nothing here. GGC as raminit reads it: 32 MiB a step, none at all where bit 1 disables VGA.
    """
    enabled = not ggc & 2
    stolen = (ggc >> 3 & 0x1F) * 32 if enabled else 0
    gtt = ggc >> 8 & 3 if enabled else 0
    tolud = min(4096 - _HOLE + stolen + gtt + _TSEG, tom // _MIB)
    tseg = tolud - stolen - gtt - _TSEG
    delta = tseg & _TSEG - 1
    ends = (tseg, tolud - stolen - gtt, tolud - stolen, tolud)
    return tuple((end - delta) * _MIB for end in ends)


def _lay_out(request: Request, display: Function, out: Placement) -> None:
    tseg, gtt, base, tolud = layout(request.ram, display.ggc or 0)
    rows = E820Map([(0, tseg, E820Type.RAM), (tseg, tolud - tseg, E820Type.RESERVED)])
    rows.add(_VGA_HOLE[0], _VGA_HOLE[1] - _VGA_HOLE[0], E820Type.RESERVED)
    if request.ram > tolud:
        rows.add(1 << 32, request.ram - tolud, E820Type.RAM)
    out.e820 = rows.rows()
    out.notes.append(
        f"Sandy Bridge's raminit: TOLUD {tolud:#x}, stolen memory {base:#x}, its GTT's {gtt:#x}, TSEG {tseg:#x}; "
        "assumed: the ME takes no memory"
    )
    if tolud > base:
        out.bdsm[display.bdf], out.bdsm_register[display.bdf] = base, _OWN_BDSM
        out.bdsm_size[display.bdf] = tolud - base
        out.reserved.append((tseg, base - tseg))
    out.notes.append("ASLS is in CBMEM, which grows down from TSEG: where, is the build's; it stays 0 here")


COREBOOT = Coreboot()
